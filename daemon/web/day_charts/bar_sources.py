"""The ticks of a day: from an account's recordings, or from what a run replays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

import msgspec
import numpy as np
import pyarrow as pa

from daemon.domain.dates import DAY_NS
from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import Ticks
from daemon.errors import DaemonError, FeedError
from daemon.rules import Rulebook
from daemon.runtime.build import build_feed
from daemon.runtime.feed_kinds import kind_of
from daemon.runtime.recorded_run import recording_of
from daemon.runtime.recordings import recordings_of
from daemon.settings.config import Config
from daemon.web.day_charts.accepted import Accepted
from daemon.web.day_charts.bars import DayBars
from feeds.recording.compact import CompactedLog, open_recording
from feeds.recording.reader import InputLog

DAYS_KEPT: Final = 2
BLOCK_ROWS: Final = 8_192


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
            pa.default_memory_pool().release_unused()  # measured: 24 MB of a day's file
            return bars, missing

    def _source(self, day: str, config: Config | None, rules: Rulebook) -> TickSource:
        if self._is_account:
            has_other_dates = config is not None and config.feed.kite.clock == "exchange"
            return Recordings(self._directory, "" if has_other_dates else day, rules)
        return self._replayed(config, rules)

    def _replayed(self, config: Config | None, rules: Rulebook) -> TickSource:
        """Return what a run of its own takes: its recording, or what its configuration names."""
        try:
            recording = recording_of(self._directory)
            if recording is not None:
                return Replayed(*_of_recording(recording), rules)
            if config is None or kind_of(config.feed).is_live:
                return Missing("what this run replayed was not noted")
            return Replayed(*_of_feed(config, rules), rules)
        except DaemonError as error:  # the file was moved since
            return Missing(str(error))


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
            assert isinstance(recording, CompactedLog)
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


class Missing:
    """A day without ticks."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def read(self, bars: DayBars, until: int) -> str:
        """Return what is missing."""
        return self._problem


class Replayed:
    """What a run of its own reads or makes up, read again up to where the run is."""

    def __init__(
        self, instruments: tuple[Instrument, ...], inputs: Iterable[Input], rules: Rulebook
    ) -> None:
        self._problem = ""
        self._instruments = instruments
        self._rows: Iterator[Ticks] = Accepted(rules, instruments).of(inputs)
        self._left: Ticks | None = None
        """Rows that were read and are later than what was asked for."""

    def read(self, bars: DayBars, until: int) -> str:
        """Fold what is new and not after `until`."""
        end = min(until + 1, bars.begin + DAY_NS)
        while not self._problem:
            block = self._next()
            if block is None:
                break
            count = int(np.searchsorted(block.ts, end))
            bars.take(block.rows(0, count), self._instruments)
            if count < len(block):
                self._left = block.rows(count, len(block))
                break
        return self._problem

    def _next(self) -> Ticks | None:
        left, self._left = self._left, None
        if left is not None:
            return left
        try:
            return next(self._rows, None)
        except DaemonError as error:
            self._problem = str(error)
        return None


def _of_recording(path: Path) -> tuple[tuple[Instrument, ...], Iterable[Input]]:
    """Return the instruments and inputs of a live run's recording. Raises FeedError."""
    recording = open_recording(path)
    return tuple(recording.header.instruments), recording.inputs()


def _of_feed(config: Config, rules: Rulebook) -> tuple[tuple[Instrument, ...], Iterable[Input]]:
    """Return the same of a recorded or made-up feed. Raises DaemonError."""
    feed = build_feed(_in_small_blocks(config), rules)
    return feed.universe.instruments, feed.unpaced()  # type: ignore[attr-defined]


def _in_small_blocks(config: Config) -> Config:
    """Return the same feed read in blocks that the memory of a page holds."""
    replace = msgspec.structs.replace
    replay = replace(config.feed.replay, block_rows=BLOCK_ROWS)
    return replace(config, feed=replace(config.feed, replay=replay))
