"""What a run of its own took, read again: the recording or the files that it replayed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from daemon.domain.dates import DAY_NS
from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import Ticks
from daemon.errors import DaemonError
from daemon.rules import Rulebook
from daemon.runtime.build import build_feed
from daemon.runtime.feed_kinds import kind_of
from daemon.runtime.recorded_run import recording_of
from daemon.settings.config import Config
from daemon.web.day_charts.accepted import Accepted
from daemon.web.day_charts.bars import DayBars
from feeds.recording.opened import open_recording

BLOCK_ROWS: Final = 8_192


def replayed(run: Path, config: Config | None, rules: Rulebook) -> Replayed | Missing:
    """Return what a run took: its recording, or what its configuration names."""
    try:
        recording = recording_of(run)
        if recording is not None:
            return Replayed(*_of_recording(recording), rules)
        if config is None or kind_of(config.feed).is_live:
            return Missing("what this run replayed was not noted")
        return Replayed(*_of_feed(config, rules), rules)
    except DaemonError as error:  # the file was moved since
        return Missing(str(error))


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
