"""Write rows into a lake: a part for each date and underlying, and `_day.json` when all are there.

Only what `_day.json` lists counts. A process that is killed leaves at most files that it does not
list.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, ist_date
from daemon.domain.instrument import Universe
from daemon.domain.ticks import UNKNOWN_INSTRUMENT, Int32s, Int64s, Ticks
from daemon.errors import FeedError
from daemon.files.replace import rename_durably, replacing, sync_to_disk
from feeds.files.native_writer import Kept, NativeWriter
from feeds.lake.layout import (
    DAY_FILE,
    OTHER,
    DayFacts,
    GapFacts,
    PartFacts,
    day_directory,
    part_directory,
    part_numbers,
    part_path,
    read_day,
    underlying_of,
)
from feeds.stream.blocks import RunningTime


class AlreadyThere(FeedError):
    """The rows are in the lake already."""


class WrittenDay(NamedTuple):
    """A date that was written."""

    date: dt.date
    rows: int
    parts: int


class Source(NamedTuple):
    """Where rows come from, for `_day.json`."""

    names: tuple[str, ...]
    gaps: tuple[GapFacts, ...] = ()


class _Member(NamedTuple):
    """The instruments of one underlying, and their numbers in its parts."""

    name: str
    universe: Universe
    numbers: Int32s
    """The number in this underlying's table by the number in the whole universe, -1 if another's;
    the last is that of unknown instruments."""


def write_lake(
    root: Path,
    universe: Universe,
    blocks: Iterable[Ticks],
    kept: Kept,
    source: Source,
    *,
    replace: bool = False,
) -> Iterator[WrittenDay]:
    """Yield the dates as they are written. Dates follow each other as the rows do.

    A date that the lake has gets further parts; with `replace`, these take the place of the old
    ones. Raises AlreadyThere where the lake has the same rows, and FeedError if it cannot be
    written.
    """
    members = _members(universe)
    day: _Day | None = None
    try:
        for date, rows in _by_date(blocks):
            if day is None or day.date != date:
                if day is not None:
                    yield day.finish(source, replace=replace)
                first = int(rows.ts[0])
                day = _Day(root, date, members, kept, first, replace=replace)
            day.add(rows)
        if day is not None:
            yield day.finish(source, replace=replace)
            day = None
    except OSError as error:
        raise FeedError(f"{root}: cannot be written ({error}); choose another lake") from error
    finally:
        if day is not None:
            day.discard()


class _Day:
    """The parts of one date while they grow."""

    def __init__(
        self, root: Path, date: dt.date, members: list[_Member], kept: Kept, first_ts: int, *,
        replace: bool,
    ) -> None:  # fmt: skip
        self.date = date
        self._directory = day_directory(root, date)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._before = _existing(self._directory)
        self._members = members
        self._seq = 0 if replace else _next_seq(self._before, first_ts)
        self._kept = kept._replace(seq=self._seq is not None)
        self._parts: dict[str, _Part] = {}

    def add(self, block: Ticks) -> None:
        """Append rows of this date, each to its underlying's part."""
        seq = None
        if self._seq is not None:
            seq = np.arange(self._seq, self._seq + len(block), dtype=np.int64)
            self._seq += len(block)
        for member in self._members:
            numbers = member.numbers[block.instrument]
            mine = numbers >= 0 if member.name != OTHER else numbers >= UNKNOWN_INSTRUMENT
            if not mine.any():
                continue
            part = self._parts.get(member.name)
            if part is None:
                part = self._parts[member.name] = _Part(self._directory, member, self._kept)
            own = block.take(mine)
            own.instrument = numbers[mine]
            part.add(own, None if seq is None else seq[mine])

    def finish(self, source: Source, *, replace: bool) -> WrittenDay:
        """Give the parts their names and list them. Raises AlreadyThere or OSError."""
        try:
            written = [part.close() for part in self._parts.values()]
            old = [] if self._before is None else self._before.parts
            if not replace:
                for facts in written:
                    _refuse_again(self._directory, facts, old)
            for part in self._parts.values():
                part.name_it()
        except BaseException:
            self.discard()
            raise
        kept = [] if replace else old
        of_day = _facts(self.date, [*kept, *written], self._before, source)
        with replacing(self._directory / DAY_FILE) as file:
            file.write(msgspec.json.format(msgspec.json.encode(of_day)) + b"\n")
        for former in old if replace else ():
            part_path(self._directory, former).unlink(missing_ok=True)
        return WrittenDay(self.date, sum(facts.rows for facts in written), len(written))

    def discard(self) -> None:
        """Remove what has no name yet."""
        for part in self._parts.values():
            part.discard()
        with suppress(OSError):  # a date that was there before is not empty
            self._directory.rmdir()


class _Part:
    """One growing file."""

    def __init__(self, day: Path, member: _Member, kept: Kept) -> None:
        self._directory = part_directory(day, member.name)
        self._directory.mkdir(exist_ok=True)
        self._underlying = member.name
        self._number = max(part_numbers(self._directory), default=-1) + 1
        self._building = self._directory / f".part-{self._number}.tmp"
        self._writer = NativeWriter(self._building, member.universe, kept)
        self._first_ts = self._last_ts = 0
        self._seq: tuple[int, int] | None = None
        self._is_empty = True

    def add(self, block: Ticks, seq: Int64s | None) -> None:
        """Append rows with their numbers."""
        first, last = int(block.ts.min()), int(block.ts.max())
        self._first_ts = first if self._is_empty else min(self._first_ts, first)
        self._last_ts = last if self._is_empty else max(self._last_ts, last)
        self._is_empty = False
        if seq is not None:
            self._seq = (int(seq[0]) if self._seq is None else self._seq[0], int(seq[-1]))
        self._writer.add(block, seq)

    def close(self) -> PartFacts:
        """Put the rows on disk and return what is to be said of them."""
        self._writer.close()
        sync_to_disk(self._building)
        first_seq, last_seq = self._seq or (None, None)
        return PartFacts(
            underlying=self._underlying, part=self._number, rows=self._writer.rows,
            bytes=self._building.stat().st_size, sha256=sha256_of(self._building),
            first_ts=self._first_ts, last_ts=self._last_ts, first_seq=first_seq, last_seq=last_seq,
        )  # fmt: skip

    def name_it(self) -> None:
        """Give the file its name."""
        rename_durably(self._building, self._directory / f"part-{self._number}.parquet")

    def discard(self) -> None:
        """Remove the file if it has no name yet."""
        with suppress(OSError):
            self._writer.close(whole=False)
        self._building.unlink(missing_ok=True)
        with suppress(OSError):
            self._directory.rmdir()


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _members(universe: Universe) -> list[_Member]:
    """Return the underlyings of a universe, with `_other` for the rest and for unknown rows."""
    names = [underlying_of(instrument) for instrument in universe]
    members = []
    for name in [*sorted(set(names) - {OTHER}), OTHER]:
        own = [at for at, each in enumerate(names) if each == name]
        numbers = np.full(len(names) + 1, UNKNOWN_INSTRUMENT - 1, dtype=np.int32)
        numbers[own] = np.arange(len(own), dtype=np.int32)
        if name == OTHER:
            numbers[-1] = UNKNOWN_INSTRUMENT
        members.append(_Member(name, Universe(universe[at] for at in own), numbers))
    return members


def _by_date(blocks: Iterable[Ticks]) -> Iterator[tuple[dt.date, Ticks]]:
    """Yield the rows by Indian date; a row whose time goes back stays in the date of its place."""
    time = RunningTime()
    for block in blocks:
        if not len(block):
            continue
        days = (time.keys(block.ts) + IST_OFFSET_NS) // DAY_NS
        starts = [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist(), len(block)]
        for start, stop in itertools.pairwise(starts):
            yield ist_date(int(days[start]) * DAY_NS - IST_OFFSET_NS), block.rows(start, stop)


def _existing(day: Path) -> DayFacts | None:
    return read_day(day) if (day / DAY_FILE).exists() else None


def _next_seq(before: DayFacts | None, first_ts: int) -> int | None:
    """Return the number of the next row, None for rows of another recording of the same time."""
    if before is None:
        return 0
    numbers = [part.last_seq for part in before.parts]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or first_ts < before.last_ts:
        return None
    return max(known, default=-1) + 1


def _refuse_again(day: Path, part: PartFacts, before: Collection[PartFacts]) -> None:
    for old in before:
        same = ("underlying", "rows", "first_ts", "last_ts")
        if all(getattr(part, name) == getattr(old, name) for name in same):
            raise AlreadyThere(
                f"{part_path(day, old)}: has these rows already ({part.rows} from the same first to"
                " the same last time); leave that date out, or remove its directory first"
            )


def _facts(
    date: dt.date, parts: list[PartFacts], before: DayFacts | None, source: Source
) -> DayFacts:
    sources = [*(before.source if before else ()), *source.names]
    gaps = [gap for gap in source.gaps if ist_date(gap.ts) == date]
    return DayFacts(
        date=date.isoformat(),
        rows=sum(part.rows for part in parts),
        first_ts=min(part.first_ts for part in parts),
        last_ts=max(part.last_ts for part in parts),
        parts=sorted(parts, key=lambda part: (part.underlying, part.part)),
        gaps=[*(before.gaps if before else ()), *gaps],
        source=list(dict.fromkeys(sources)),
    )
