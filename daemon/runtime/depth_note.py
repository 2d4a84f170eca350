"""What a run says whose data shows more of the book than its fills look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.settings.config import Config
from feeds.stream.feed import Feed

_SOURCES: Final = {"replay": "recording"}


def kinder_than_depth(config: Config, feed: Feed) -> Iterator[str]:
    """Yield a sentence if the feed has five levels and the configured fills ignore them."""
    mode = config.execution.fill_mode
    source = _SOURCES.get(config.feed.kind, "feed")
    if mode != "depth" and feed.has_depth:
        yield (
            f"fills at {mode} although the {source} has five levels: `fill_mode: depth` is "
            "closer to the truth"
        )
