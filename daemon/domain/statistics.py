"""What a run counts beside its journal: one set of names for metrics, summary and API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import asdict

StrategyStatus = Mapping[str, int | str | None]
"""A strategy's counters, and its failures' times as text."""
NO_COUNTS: Final[Mapping[str, int]] = {}


class EngineStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the market's rows; counts, unless the name says a unit."""

    engine: str
    """`v3` or `v2`."""
    ticks: int
    """Rows that were taken, refused ones not among them."""
    refused_rows: Mapping[str, int]
    """By reason; reasons without a row are left out."""
    dropped_books: int
    bad_sides: int
    outside_session: int
    late_for_candle: int
    gaps: int
    longest_gap_s: int
    candles: int
    settlements_pending: int

    def counters(self) -> dict[str, int]:
        """Return every count by its name."""
        return {name: value for name, value in asdict(self).items() if isinstance(value, int)}


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The feed at one moment: its state, and the seconds since its last tick."""

    state: str = ""
    age_s: float | None = None


class RunStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """All the counters of a run at one input."""

    engine: EngineStatistics | None = None
    """None before there is an engine."""
    session_ts: int | None = None
    """The engine's time, UTC ns."""
    feed: Mapping[str, int] = NO_COUNTS
    """What the feed counts, under names of its own."""
    timing: Mapping[str, int] = NO_COUNTS
    """Decisions that were late, where time is this machine's."""
    strategies: Mapping[str, StrategyStatus] = {}
    """By strategy id."""

    def counters(self) -> dict[str, int]:
        """Return the counters of engine, feed and timing by name."""
        engine = {} if self.engine is None else self.engine.counters()
        return {**engine, **self.feed, **self.timing}

    def oddities(self) -> dict[str, int]:
        """Return the counters above 0 but for the plain numbers of rows."""
        return {k: v for k, v in self.counters().items() if v and k not in ("ticks", "rows")}
