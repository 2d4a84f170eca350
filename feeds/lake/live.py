"""Put a live run's finished recording into a lake as well; the recording itself stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from daemon.domain.inputs import Gap
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from feeds.files.native_writer import Kept
from feeds.lake.layout import GapFacts
from feeds.lake.writer import AlreadyThere, Source, write_lake
from feeds.recording.gather import gather
from feeds.recording.reader import InputLog


def add_log(root: Path, log: InputLog) -> None:
    """Write a log's ticks into the lake; one that is there already changes nothing.

    Raises FeedError if the log is damaged or the lake cannot be written.
    """
    kept, gaps = _look_through(log)
    blocks = (item for item in gather(log.inputs()) if isinstance(item, Ticks))
    source = Source((f"{log.header.account}/{log.path.stem}",), tuple(gaps))
    with suppress(AlreadyThere):
        for _ in write_lake(root, Universe(log.header.instruments), blocks, kept, source):
            pass


def _look_through(log: InputLog) -> tuple[Kept, list[GapFacts]]:
    """Return which columns the log has, and its gaps."""
    depth = day = False
    gaps: list[GapFacts] = []
    for item in _inputs(log):
        if isinstance(item, Ticks):
            depth = depth or item.depth is not None
            day = day or item.day is not None
        else:
            gaps.append(GapFacts(since=item.since, ts=item.ts, symbols=item.symbols))
    return Kept(depth=depth, day=day), gaps


def _inputs(log: InputLog) -> Iterator[Ticks | Gap]:
    return (item for item in log.inputs() if isinstance(item, Ticks | Gap))
