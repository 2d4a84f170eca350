"""Cache the day's contracts: downloaded once, checked in full, kept for offline use and later.

Expired contracts disappear from Kite's dump, so older files are kept: a recording is read with the
dump of its day.
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
"""Kite's columns; additional ones are accepted.

See Kite Connect's documentation, market quotes and instruments.
"""
FILES_MAX: Final = 400
READY_NS: Final = 8 * HOUR_NS + 30 * MINUTE_NS
"""Kite writes the day's dump in the morning; before 08:30 IST it may still be yesterday's."""
_NAME: Final = re.compile(r"([A-Z]+)-(\d{4}-\d{2}-\d{2})\.csv\Z", re.ASCII)


class BadDump(FeedError):
    """A dump that is cut, has duplicates, or is not a dump."""


class Dump(NamedTuple):
    """A good instruments file; `warning` is empty if it is the one that was wanted."""

    path: Path
    date: dt.date
    warning: str


class InstrumentsCache:
    """A directory of instruments files, one per exchange and day (`NFO-2026-11-23.csv`).

    With `http` None it is offline and uses the files it has. `today` is the Indian date whose dump
    is wanted (see `dump_date`).
    """

    def __init__(self, directory: Path, http: KiteHttp | None, today: dt.date) -> None:
        self._directory = directory
        self._http = http
        self._today = today

    def get(self, exchange: Exchange) -> Dump:
        """Return today's dump, downloaded if missing, else the newest good one with a warning.

        Raises FeedError without one, and TokenRefused or BadRequest from the download, which do not
        pass by themselves.
        """
        path = self._directory / f"{exchange}-{self._today.isoformat()}.csv"
        refused: list[str] = []
        if path.exists():
            reason = _fault_of(path, exchange)
            if not reason:
                return Dump(path, self._today, "")
            refused.append(reason)
        try:
            self._download(exchange, path)
        except FeedError as error:
            return self._older(exchange, str(error), refused)
        self._prune()
        return Dump(path, self._today, "; ".join(refused))

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

    def _older(self, exchange: Exchange, cause: str, refused: list[str]) -> Dump:
        """Return the newest good file from before today."""
        for date, path in reversed(self._files(exchange)):
            if date >= self._today:
                continue
            reason = _fault_of(path, exchange)
            if not reason:
                causes = "; ".join([f"no {exchange} dump of {self._today}: {cause}", *refused])
                days = (self._today - date).days
                age = f"{days} day{'s' if days > 1 else ''} old"
                warning = f"{causes}; using {path.name}, {age}: newer contracts are unknown"
                return Dump(path, date, warning)
            refused.append(reason)
        causes = "; ".join([cause, *refused])
        raise FeedError(
            f"{self._directory}: no instruments of {exchange} ({causes});"
            " connect once, or put a dump there by hand"
        )

    def _files(self, exchange: str = "") -> list[tuple[dt.date, Path]]:
        """Return (date, path) of the files, oldest first."""
        found = []
        for path in self._directory.glob("*.csv"):
            match = _NAME.fullmatch(path.name)
            if match is None or (exchange and match[1] != exchange):
                continue
            try:
                found.append((dt.date.fromisoformat(match[2]), path))
            except ValueError:
                continue  # not a date, such as 2026-02-30, so not one of these files
        return sorted(found)

    def _prune(self) -> None:
        """Remove the oldest files beyond the limit."""
        for _, path in self._files()[:-FILES_MAX]:
            path.unlink(missing_ok=True)


def dump_date(now: int) -> dt.date:
    """Return the date of the newest dump that Kite is sure to have at `now` (UTC ns)."""
    return ist_date(now - READY_NS)


def check_dump(data: bytes, exchange: str) -> int:
    """Return the number of contracts in a whole dump. Raises BadDump for anything else."""
    if not data.endswith(b"\n"):
        raise BadDump(f"instruments of {exchange}: the last line is cut")
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(rows, [])
        missing = [column for column in COLUMNS if column not in header]
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
    """Return why a cached file is refused, empty if it is good."""
    try:
        check_dump(read_stored(path), exchange)
    except (OSError, ValueError, BadDump) as error:
        return f"{path.name} is not used ({error})"
    return ""
