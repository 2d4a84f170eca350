"""What lies where in a lake, and what `_day.json` says of a date (DATA_FORMATS, "Lake")."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote, unquote

import msgspec

from daemon.domain.instrument import Instrument
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.errors import FeedError
from feeds.files.recorded_files import file_error

TICKS: Final = "ticks"
DAY_FILE: Final = "_day.json"
VERSION: Final = 1
OTHER: Final = "_other"
"""The underlying of what has none: shares, and rows of unknown instruments."""
_PART: Final = re.compile(r"part-(\d+)\.parquet")
_UNDERLYING_OF: Final[Mapping[str, str]] = {index: name for name, index in INDEX_SYMBOLS.items()}


class PartFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part as it was when it was written."""

    underlying: str
    part: int
    rows: int
    bytes: int
    sha256: str
    first_ts: int
    """The earliest time of its rows, UTC ns; `last_ts` the latest."""
    last_ts: int
    first_seq: int | None = None
    """Its first row's number in the day's recording, None where it has none."""
    last_seq: int | None = None

    @property
    def name(self) -> str:
        """Return the file's name."""
        return f"part-{self.part}.parquet"


class GapFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time without data that the recorder knew of, UTC ns; no symbols means the whole feed."""

    since: int
    ts: int
    symbols: tuple[str, ...] = ()


class DayFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `_day.json` says; what is missing, cut or damaged is judged by it."""

    version: Literal[1] = VERSION
    date: str
    rows: int
    first_ts: int
    last_ts: int
    parts: list[PartFacts]
    gaps: list[GapFacts] = []
    source: list[str] = []
    """The recordings that the rows came from."""


def underlying_of(instrument: Instrument) -> str:
    """Return the underlying whose parts hold an instrument's rows."""
    if instrument.is_contract:
        return instrument.name or OTHER
    if instrument.is_index:
        return _UNDERLYING_OF.get(instrument.tradingsymbol, instrument.tradingsymbol)
    return OTHER


def day_directory(root: Path, date: dt.date) -> Path:
    """Return the directory of a date."""
    return root / TICKS / f"date={date.isoformat()}"


def part_directory(day: Path, underlying: str) -> Path:
    """Return the directory of an underlying's parts; any name is one step of a path."""
    return day / f"underlying={quote(underlying, safe=' ')}"


def part_path(day: Path, part: PartFacts) -> Path:
    """Return where a part is."""
    return part_directory(day, part.underlying) / part.name


def part_numbers(directory: Path) -> list[int]:
    """Return the numbers of the parts that lie in a directory, listed or not."""
    if not directory.is_dir():
        return []
    return sorted(int(m[1]) for path in directory.iterdir() if (m := _PART.fullmatch(path.name)))


def dates_in(root: Path) -> list[dt.date]:
    """Return the lake's dates in order. Raises FeedError if `root` is no lake."""
    ticks = root / TICKS
    if not ticks.is_dir():
        raise file_error(
            root, f"expected a lake: a directory with {TICKS}/date=...", "check the path"
        )
    found = []
    for path in ticks.iterdir():
        key, _, text = path.name.partition("=")
        if key != "date":  # dot and underscore names are others' business, as everywhere in lakes
            continue
        try:
            found.append(dt.date.fromisoformat(unquote(text)))
        except ValueError as error:
            raise file_error(
                path, "expected a name such as date=2026-11-18", "rename it"
            ) from error
    return sorted(found)


def read_day(day: Path) -> DayFacts:
    """Return what `_day.json` says. Raises FeedError if it is missing, damaged or of another
    version.
    """
    path = day / DAY_FILE
    todo = "write that day again with `convert --lake`"
    try:
        return msgspec.json.decode(path.read_bytes(), type=DayFacts)
    except FileNotFoundError as error:
        raise FeedError(f"{day}: has no {DAY_FILE}; {todo}") from error
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise file_error(path, f"cannot be used ({error})", todo) from error
