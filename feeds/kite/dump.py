"""The day's contracts: downloaded once, checked whole, kept for offline use and for later.

Expired contracts vanish from Kite's dump, so older files stay: they are what a recording of
their day is read with.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from daemon.domain.dates import HOUR_NS, MINUTE_NS, ist_date
from daemon.errors import FeedError
from daemon.files.replace import replace_private
from daemon.files.text_lines import read_stored
from feeds.kite.http import Exchange, KiteHttp

COLUMNS: Final = (
    "instrument_token", "exchange_token", "tradingsymbol", "name", "last_price", "expiry",
    "strike", "tick_size", "lot_size", "instrument_type", "segment", "exchange",
)  # fmt: skip
"""Kite's columns (domain.md 2); more of them are no fault."""
FILES_MAX: Final = 400
READY_NS: Final = 8 * HOUR_NS + 30 * MINUTE_NS
"""Kite makes the day's dump in the morning; before 08:30 IST it may still be yesterday's."""
_NAME: Final = re.compile(r"([A-Z]+)-(\d{4}-\d{2}-\d{2})\.csv\Z", re.ASCII)


class BadDump(FeedError):
    """A dump that is cut, doubled or something else altogether."""


class Dump(NamedTuple):
    """A good instruments file. `warning` is empty unless it is not the one that was wanted."""

    path: Path
    date: dt.date
    is_fresh: bool
    warning: str


class InstrumentsCache:
    """Instruments files of a directory, one per exchange and day (`NFO-2026-11-23.csv`).

    `http` None means offline: what is there is used. `today` is the Indian date whose dump is
    wanted (see `dump_date`).
    """

    def __init__(self, directory: Path, http: KiteHttp | None, today: dt.date) -> None:
        self._directory = directory
        self._http = http
        self._today = today

    def get(self, exchange: Exchange) -> Dump:
        """Today's dump, downloaded if it is not there, else the newest good one with a warning.

        Raises FeedError if there is none at all, and TokenRefused or BadRequest from the
        download: those do not pass by themselves.
        """
        path = self._directory / f"{exchange}-{self._today.isoformat()}.csv"
        spoilt: list[str] = []
        if path.exists():
            reason = _fault_of(path, exchange)
            if not reason:
                return Dump(path, self._today, True, "")
            spoilt.append(reason)
        try:
            self._download(exchange, path)
        except FeedError as error:
            return self._older(exchange, str(error), spoilt)
        self._prune()
        return Dump(path, self._today, True, "; ".join(spoilt))

    def _download(self, exchange: Exchange, path: Path) -> None:
        if self._http is None:
            raise FeedError("offline")
        data = self._http.instruments(exchange)
        check_dump(data, exchange)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_private(path, data)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise FeedError(
                f"{path}: cannot be written ({reason}); choose another place with"
                " feed.kite.instruments_cache"
            ) from error

    def _older(self, exchange: Exchange, cause: str, spoilt: list[str]) -> Dump:
        """The newest good file of another day before today."""
        for date, path in reversed(self._files(exchange)):
            if date >= self._today:
                continue
            reason = _fault_of(path, exchange)
            if not reason:
                told = "; ".join([f"no {exchange} dump of {self._today}: {cause}", *spoilt])
                days = (self._today - date).days
                age = f"{days} day{'s' if days > 1 else ''} old"
                warning = f"{told}; using {path.name}, {age}: newer contracts are unknown"
                return Dump(path, date, False, warning)
            spoilt.append(reason)
        told = "; ".join([cause, *spoilt])
        raise FeedError(
            f"{self._directory}: no instruments of {exchange} ({told});"
            " connect once, or put a dump there by hand"
        )

    def _files(self, exchange: str = "") -> list[tuple[dt.date, Path]]:
        """(date, path) of the files, oldest first."""
        found = []
        for path in self._directory.glob("*.csv"):
            match = _NAME.fullmatch(path.name)
            if match is None or (exchange and match[1] != exchange):
                continue
            try:
                found.append((dt.date.fromisoformat(match[2]), path))
            except ValueError:
                continue  # such as 2026-02-30: not a file of ours
        return sorted(found)

    def _prune(self) -> None:
        """Remove the oldest files beyond the limit."""
        for _, path in self._files()[:-FILES_MAX]:
            path.unlink(missing_ok=True)


def dump_date(now: int) -> dt.date:
    """The date of the newest dump that Kite surely has at `now` (UTC ns)."""
    return ist_date(now - READY_NS)


def check_dump(data: bytes, exchange: str) -> int:
    """The number of contracts of a whole dump. Raises BadDump for any other."""
    if not data.endswith(b"\n"):
        raise BadDump(f"instruments of {exchange}: the last line is cut")
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(rows, [])
        missing = [each for each in COLUMNS if each not in header]
        if missing:
            raise BadDump(f"instruments of {exchange}: no column {', '.join(missing)}")
        count = _check_rows(rows, header, exchange)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadDump(f"instruments of {exchange}: not a whole CSV ({error})") from error
    if not count:
        raise BadDump(f"instruments of {exchange}: no contract in it")
    return count


def _check_rows(rows: Iterator[list[str]], header: list[str], exchange: str) -> int:
    symbol, place = header.index("tradingsymbol"), header.index("exchange")
    token = header.index("instrument_token")
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        where = f"instruments of {exchange}: line {line}"
        if len(row) != len(header):
            raise BadDump(f"{where}: {len(row)} values for {len(header)} columns")
        if row[place] != exchange:
            raise BadDump(f"{where}: a contract of the exchange {row[place][:20]!r}")
        name = row[symbol]
        if not name or not row[token].isascii() or not row[token].isdigit():
            raise BadDump(f"{where}: no tradingsymbol or no instrument_token")
        if name in seen:
            raise BadDump(f"{where}: {name[:40]!r} is there twice")
        seen.add(name)
    return len(seen)


def _fault_of(path: Path, exchange: str) -> str:
    """What is wrong with a cached file, empty if nothing is."""
    try:
        check_dump(read_stored(path), exchange)
    except (OSError, ValueError, BadDump) as error:
        return f"{path.name} is not used ({error})"
    return ""
