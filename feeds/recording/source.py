"""Read only the ticks of a live run's log, as a recording for any configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import UNKNOWN_INSTRUMENT, Ticks
from feeds.recording.gather import gather
from feeds.recording.reader import InputLog


class LogTicks:
    """A log's ticks, without gaps, commands and the passing of time.

    `replay` gives all inputs as they were; this is for trying something else on the same market.
    `depth` keeps the order book, `day` the day's figures.
    """

    def __init__(self, path: Path, *, depth: bool = False, day: bool = False) -> None:
        self._log = InputLog(path)
        self._depth = depth
        self._day = day

    @property
    def counts(self) -> dict[str, int]:
        """Return the bytes of a record that was never completed."""
        return {"torn_bytes": self._log.torn_bytes}

    @property
    def groups(self) -> frozenset[str]:
        """Return which of `depth` and `day` the log has; reads all of it."""
        found: set[str] = set()
        for item in self._log.inputs():
            if isinstance(item, Ticks):
                found |= {name for name in ("depth", "day") if getattr(item, name) is not None}
        return frozenset(found)

    def named(self) -> Sequence[Instrument]:
        """Return the log's own instruments."""
        return self._log.header.instruments

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """Yield the rows in order. Raises FeedError where the log is damaged."""
        own = [
            universe.index_of(instrument.tradingsymbol)
            for instrument in self._log.header.instruments
        ]
        remap = np.array(
            [UNKNOWN_INSTRUMENT if index is None else index for index in own], dtype=np.int32
        )
        for item in gather(self._log.inputs()):
            if isinstance(item, Ticks):
                item.instrument = remap[item.instrument]
                item.depth = item.depth if self._depth else None
                item.day = item.day if self._day else None
                yield item
