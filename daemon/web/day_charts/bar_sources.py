"""The ticks of a day: from an account's recordings, or from what a run replays."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from daemon.domain.inputs import Input
from daemon.errors import FeedError
from daemon.rules import Rulebook
from daemon.runtime.recordings import recordings_of
from daemon.settings.config import Config
from daemon.web.day_charts.accepted import Accepted
from daemon.web.day_charts.bars import DayBars
from feeds.recording.opened import open_recording
from feeds.recording.reader import InputLog

DAYS_KEPT: Final = 2


class TickSource(Protocol):
    """The ticks of one day, as far as they are there."""

    def read(self, bars: DayBars, until: int) -> str:
        """Fold what is new and not after `until` (UTC ns); return what is missing, or empty."""


class Bars:
    """The candles of the days that were asked for last. Safe from any thread."""

    def __init__(self, directory: Path, *, is_account: bool) -> None:
        self._directory = directory
        self._is_account = is_account
        self._lock = Lock()
        self._days: dict[str, tuple[DayBars, TickSource]] = {}

    def of(
        self, day: str, config: Config | None, rules: Rulebook, until: int
    ) -> tuple[DayBars, str]:
        """Return the candles of a date up to `until` (UTC ns), and why some are missing."""
        with self._lock:
            found = self._days.pop(day, None)
            if found is None:
                date = dt.date.fromisoformat(day)
                found = (DayBars(date), self._source(day, config, rules))
            self._days[day] = found
            while len(self._days) > DAYS_KEPT:
                self._days.pop(next(iter(self._days)))
            bars, source = found
            missing = source.read(bars, until)
            _release_unused()
            return bars, missing

    def _source(self, day: str, config: Config | None, rules: Rulebook) -> TickSource:
        if self._is_account:
            has_other_dates = config is not None and config.feed.kite.clock == "exchange"
            return Recordings(self._directory, "" if has_other_dates else day, rules)
        from daemon.web.day_charts.replayed import replayed  # reads files as a daemon does: 40 MB

        return replayed(self._directory, config, rules)


class Recordings:
    """The recordings of an account, of which the newest may be written meanwhile.

    They are named by the machine's date, which `day` is; empty where the feed has dates of its own.
    """

    def __init__(self, directory: Path, day: str, rules: Rulebook) -> None:
        self._directory = directory
        self._day = day
        self._rules = rules
        self._logs: dict[str, _Followed] = {}
        """By name."""
        self._compacted: set[str] = set()

    def read(self, bars: DayBars, until: int) -> str:
        """Fold what is new; `until` is not needed, as nothing of the future is recorded."""
        paths = [p for p in recordings_of(self._directory) if p.stem.startswith(self._day)]
        if not paths and not self._logs:
            return "the recording of this day is not here"
        for path in paths:
            try:
                self._read(path, bars)
            except FeedError as error:
                return str(error)
        return ""

    def _read(self, path: Path, bars: DayBars) -> None:
        if path.suffix == ".inputs":
            log = self._logs.get(path.stem)
            if log is None:
                log = self._logs[path.stem] = _Followed(path, self._rules)
            log.read(bars)
        elif path.stem not in self._logs and path.stem not in self._compacted:
            recording = open_recording(path)
            instruments = tuple(recording.header.instruments)
            for rows in Accepted(self._rules, instruments).of(recording.inputs()):
                bars.take(rows, instruments)
            self._compacted.add(path.stem)


class _Followed:
    """A log that may be written meanwhile, read as far as it goes."""

    def __init__(self, path: Path, rules: Rulebook) -> None:
        self._log = InputLog(path)
        self._end = self._log.end_of_header
        self._instruments = tuple(self._log.header.instruments)
        self._accepted = Accepted(rules, self._instruments)

    def read(self, bars: DayBars) -> None:
        """Fold what is new."""
        for rows in self._accepted.of(self._inputs()):
            bars.take(rows, self._instruments)

    def _inputs(self) -> Iterator[Input]:
        for entry in self._log.entries(self._end):
            self._end = entry.end
            yield entry.item


def _release_unused() -> None:
    """Give back what Parquet's reader keeps: 24 MB of a day's file."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
