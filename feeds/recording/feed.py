"""Replay a live run's recording as a feed: exactly the inputs the engine took, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from daemon.domain.inputs import Input
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from feeds.recording.compact import CompactedLog
from feeds.recording.gather import gather
from feeds.recording.reader import InputLog
from feeds.stream.feed import OfflineFeed
from feeds.stream.pacing import Pace, Pacer, parse_speed
from feeds.stream.quality import DataQuality


class RecordedFeed(OfflineFeed):
    """Yields ticks, the passing of time, gaps and commands as they were. Raises FeedError."""

    name: Final = "recorded"

    def __init__(self, recording: InputLog | CompactedLog, *, speed: str = "max") -> None:
        self.universe = Universe(recording.header.instruments)
        self._recording = recording
        self.pace: Pace = Pace(parse_speed(speed))
        self._quality = DataQuality()

    async def inputs(self) -> AsyncIterator[Input]:
        """Yield the recorded inputs. Raises FeedError where the recording is damaged."""
        pacer = Pacer(self.pace)
        for item in gather(self._recording.inputs()):
            if not isinstance(item, Ticks):
                await pacer.wait(item.ts, item.ts)
                yield item
                continue
            for since, due, piece in pacer.pieces(item):
                await pacer.wait(since, due)
                self._quality.observe(piece)
                yield piece

    def quality(self) -> dict[str, int]:
        """Return counts of anomalies in the rows given so far."""
        torn = self._recording.torn_bytes if isinstance(self._recording, InputLog) else 0
        return self._quality.counters() | {"torn_bytes": torn}
