"""The kinds of feeds: a new one is a section of the settings and a line in `KINDS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.rules import Rulebook
from daemon.settings.config import Config, FeedConfig
from feeds.stream.feed import Feed
from feeds.synthetic import SyntheticFeed

if TYPE_CHECKING:
    from daemon.runtime.warmup import Reading

MakeFeed = Callable[[Config, Rulebook, "Reading"], Feed]
"""Raises ConfigError or FeedError."""


class FeedKind(NamedTuple):
    """One kind of feed as the program knows it."""

    make: MakeFeed | None
    """None: it is live. Its run is opened with its account, see `daemon.runtime.live`."""
    speed: Callable[[FeedConfig], str]
    """`max`, or a factor of real time."""

    @property
    def is_live(self) -> bool:
        """Return whether ticks come as they happen, for an account that lasts from day to day."""
        return self.make is None


def kind_of(feed: FeedConfig) -> FeedKind:
    """Return the kind of the feed that is configured."""
    return KINDS[feed.kind]


def _replay(config: Config, rules: Rulebook, reading: Reading) -> Feed:
    from feeds.replay import ReplayFeed  # reads Parquet, which who asks for a kind does not

    # a paced replay keeps a map of quotes, which shows them; at full speed only the exchange reads
    is_paced = config.feed.replay.speed != "max"
    depth = is_paced or config.execution.fill_mode == "depth"
    return ReplayFeed(
        config.feed.replay, config.universe, grace_ns=config.execution.candle_grace_ns,
        depth=depth, day=is_paced, **reading,
    )  # fmt: skip


def _synthetic(config: Config, rules: Rulebook, reading: Reading) -> Feed:
    settings = config.feed.synthetic
    session_of = reading["session"]
    assert session_of is not None
    return SyntheticFeed(
        settings,
        session=lambda date, instrument: session_of(instrument, date),
        shift=lambda date: rules.expiries.trading_day_on_or_before(date) or date,
        speed=settings.speed,
        depth=settings.depth,
        grace_ns=config.execution.candle_grace_ns,
    )


KINDS: Final[dict[str, FeedKind]] = {
    "synthetic": FeedKind(_synthetic, speed=lambda feed: feed.synthetic.speed),
    "replay": FeedKind(_replay, speed=lambda feed: feed.replay.speed),
    "kite": FeedKind(None, speed=lambda feed: "1"),
}
