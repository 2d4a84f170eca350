"""The counters of a run: one set of names for metrics, summary and API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import asdict

from daemon.domain.money import PAISE_PER_RUPEE, rupees

StrategyStatus = Mapping[str, int | str | None]
"""A strategy's counters, and the times of its failures as text."""
BROKER: Final = "broker"
"""The source of a margin that is a broker's own figure."""
NO_COUNTS: Final[Mapping[str, int]] = {}


class MarginStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What positions and entries block, approximately, at the last passed minute or gate."""

    used_rupees: int = 0
    peak_rupees: int = 0
    """The most that the account ever used."""
    hedge_benefit_rupees: int = 0
    source: str = ""
    """`broker` or `model` where a broker is asked, else empty."""
    free_paise: int | None = None
    """What is left of the cash, None without a capital."""

    def in_rupees(self) -> dict[str, int | float | str | None]:
        """Return the figures as files show them; a free amount has two decimals."""
        free = self.free_paise
        return {
            "used": self.used_rupees,
            "peak": self.peak_rupees,
            "hedge_benefit": self.hedge_benefit_rupees,
            "free": None if free is None else round(rupees(free), 2),
            **({"source": self.source} if self.source else {}),
        }

    @classmethod
    def from_rupees(cls, told: Mapping[str, float | str | None]) -> MarginStatus:
        """Invert `in_rupees`; a name that is missing is 0, or no free amount."""
        numbers = {name: value for name, value in told.items() if not isinstance(value, str)}
        used, peak, benefit = (
            int(numbers.get(name) or 0) for name in ("used", "peak", "hedge_benefit")
        )
        free = numbers.get("free")
        return cls(
            used_rupees=used,
            peak_rupees=peak,
            hedge_benefit_rupees=benefit,
            free_paise=None if free is None else round(free * PAISE_PER_RUPEE),
            source=str(told.get("source") or ""),
        )


class EngineStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the market's rows by their outcome; a name may carry a unit."""

    engine: str
    """`v3` or `v2`."""
    ticks: int
    """Rows that were taken, without refused ones."""
    refused_rows: Mapping[str, int]
    """By reason, without reasons that did not occur."""
    dropped_books: int
    bad_sides: int
    outside_session: int
    late_for_candle: int
    gaps: int
    longest_gap_s: int
    candles: int
    settlements_pending: int
    round_valued_stale: int = 0
    """Decisions of rounds and watches by a result with a price older than `quote_max_age_s`."""
    margin: MarginStatus | None = None
    """None if no margin is computed, or none is known yet."""

    def counters(self) -> dict[str, int]:
        """Return all counts by name."""
        return {name: value for name, value in asdict(self).items() if isinstance(value, int)}


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The feed at one moment: its state and the seconds since its last tick."""

    state: str = ""
    age_s: float | None = None


class RunStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """All the counters of a run at one input."""

    engine: EngineStatistics | None = None
    """None before there is an engine."""
    session_ts: int | None = None
    """The engine's time, UTC ns."""
    feed: Mapping[str, int] = NO_COUNTS
    """The feed's own counters by its own names."""
    timing: Mapping[str, int] = NO_COUNTS
    """Late decisions, for feeds in this machine's time."""
    strategies: Mapping[str, StrategyStatus] = {}
    """By strategy id."""

    def counters(self) -> dict[str, int]:
        """Return the counters of engine, feed and timing by name."""
        engine = {} if self.engine is None else self.engine.counters()
        return {**engine, **self.feed, **self.timing}

    def oddities(self) -> dict[str, int]:
        """Return the counters above 0, except the plain numbers of rows."""
        return {k: v for k, v in self.counters().items() if v and k not in ("ticks", "rows")}
