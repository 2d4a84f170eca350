"""Turns committed events into the numbers of the metrics file.

The collector keeps a ledger of its own and feeds it with committed facts only, so that what it
shows is always the journal at one `seq` and is never lost in a crash (ARCHITECTURE, promise R1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from daemon.domain.booked_fills import fill_of, untraded_fill
from daemon.domain.dates import iso_ist
from daemon.domain.events import Fill, OrderMoved, StopMoved, TradingEvent
from daemon.domain.exchange_tally import ExchangeTally
from daemon.domain.ledger import Ledger, RiskStanding
from daemon.domain.order import OPEN_STATES
from daemon.domain.position import Position
from daemon.domain.position_row import position_row
from daemon.domain.statistics import FeedStatus, RunStatistics
from daemon.metrics.fill_quality import (
    FillProfile,
    FillQuality,
    m2m_in_rupees,
    rupees_2dp,
    whole_paise,
)
from daemon.metrics.plan_results import plan_results
from daemon.metrics.untraded import UntradedResult

SCHEMA_VERSION: Final = 1
NO_MARKS: Final[Mapping[str, int]] = {}
NO_FEED: Final = FeedStatus()


class MetricsCollector:
    """A replica ledger of what is on disk, and the newest prices and statistics."""

    def __init__(self, profile: FillProfile, *, ledger: Ledger | None = None) -> None:
        """Start empty, or take over a recovered ledger that nothing else will change."""
        self._profile = profile
        self._ledger = ledger if ledger is not None else Ledger()
        self._marks: dict[str, int] = {}
        self._statistics = RunStatistics()

    @property
    def seq(self) -> int:
        """Return the last committed event that the numbers contain."""
        return self._ledger.seq

    def on_committed(
        self,
        events: Sequence[TradingEvent],
        *,
        seq: int,
        marks: Mapping[str, int] = NO_MARKS,
        statistics: RunStatistics | None = None,
    ) -> bool:
        """Fold events that are on disk up to `seq`; True if a position changed.

        `marks` are last prices by tradingsymbol, paise; those left out keep their last value, and
        so do statistics that are not given.
        """
        changed = False
        for event in events:
            self._ledger.apply(event)
            self._mark_fill(event)
            changed = changed or changes_position(event)
        assert self._ledger.seq == seq, (self._ledger.seq, seq)
        self.refresh(marks=marks, statistics=statistics)
        return changed

    def refresh(self, *, marks: Mapping[str, int], statistics: RunStatistics | None) -> None:
        """Take newer prices and statistics when no event was decided."""
        self._marks.update(marks)
        if statistics is not None:
            self._statistics = statistics

    def unrealized_paise(self) -> int:
        """Return gross P&L of all open quantity at the last prices, paise."""
        return self._unrealized(self._ledger.open_positions())

    def snapshot(
        self, *, now_ts: int, decided_seq: int | None = None, feed: FeedStatus = NO_FEED
    ) -> dict[str, Any]:
        """Return everything that is shown, rupees, in the order that dashboards read.

        `now_ts` UTC ns is the `as_of`; `decided_seq` is the engine's own last event, of which
        the journal may lag behind.
        """
        ledger, statistics, engine = self._ledger, self._statistics, self._statistics.engine
        positions = ledger.open_positions()
        unrealized = self._unrealized(positions)
        lag = 0 if decided_seq is None else max(0, decided_seq - ledger.seq)
        session_ts = statistics.session_ts
        return {
            "total_orders": ledger.total_orders,
            "active_positions": len(positions),
            "realized_pnl": rupees_2dp(ledger.realized_paise),
            "unrealized_pnl": rupees_2dp(unrealized),
            "total_pnl": rupees_2dp(ledger.realized_paise + unrealized),
            "engine": "" if engine is None else engine.engine,
            "feed_state": feed.state,
            "feed_age_s": finite(feed.age_s),
            "ticks": 0 if engine is None else engine.ticks,
            "refusals": dict(sorted(ledger.refusals.items())),
            "refused_ticks": {} if engine is None else dict(sorted(engine.refused_rows.items())),
            "orders_by_state": dict(sorted(ledger.orders_by_state().items())),
            "pnl_by_strategy": self._by_strategy(positions),
            "journal_lag": lag,
            "as_of": iso_ist(now_ts),
            "seq": ledger.seq,
            "schema_version": SCHEMA_VERSION,
            **FillQuality.of(ledger, self._profile).as_dict(),
            "session_time": None if session_ts is None else iso_ist(session_ts),
            "exits": dict(sorted(ledger.exits.items())),
            "counters": dict(sorted(statistics.counters().items())),
            "strategies": dict(sorted(statistics.strategies.items())),
            "exchange": _exchange(ledger.exchange),
            "unmarked_positions": sum(row.tradingsymbol not in self._marks for row in positions),
            "positions": [self._position_row(position) for position in positions],
            "untraded": UntradedResult.of(ledger.untraded, self._marks).in_rupees(),
            "margin": None if engine is None or not engine.margin else engine.margin.in_rupees(),
            "m2m": m2m_in_rupees(paid=ledger.m2m_paise, still_open=ledger.m2m_open_paise()),
            "risk": _risk(ledger.risk),
            "plans": {each.plan: each.in_rupees() for each in plan_results(ledger)},
        }

    def _mark_fill(self, event: TradingEvent) -> None:
        found = untraded_fill(event)
        if found is not None:
            self._mark(found[0].tradingsymbol, found[1])
            return
        fill = fill_of(event)
        if fill is not None:
            self._mark(self._ledger.orders[event.order_id].tradingsymbol, fill)

    def _mark(self, symbol: str, fill: Fill) -> None:
        if fill.ltp_paise > 0:
            self._marks[symbol] = fill.ltp_paise

    def _unrealized(self, positions: Iterable[Position]) -> int:
        marks = self._marks
        return sum(
            position.unrealized_paise(marks[position.tradingsymbol])
            for position in positions
            if position.tradingsymbol in marks
        )

    def _by_strategy(self, positions: list[Position]) -> dict[str, dict[str, float | int]]:
        return {
            strategy_id: {
                "realized": rupees_2dp(tally.realized_paise),
                "unrealized": rupees_2dp(
                    self._unrealized(
                        position for position in positions if position.strategy_id == strategy_id
                    )
                ),
                "charges": rupees_2dp(whole_paise(tally.charges)),
                "net": rupees_2dp(tally.realized_paise - whole_paise(tally.charges)),
                "trades": tally.closed,
            }
            for strategy_id, tally in sorted(self._ledger.strategies.items())
        }

    def _position_row(self, position: Position) -> dict[str, Any]:
        return position_row(
            position,
            state=str(self._ledger.orders[position.order_id].state),
            ltp_paise=self._marks.get(position.tradingsymbol),
        ).in_metrics()


def changes_position(event: TradingEvent) -> bool:
    """Return whether the event opened, closed or changed a position, which readers must see now."""
    if isinstance(event, OrderMoved):
        return event.from_state in OPEN_STATES or event.to_state in OPEN_STATES
    has_fill = fill_of(event) is not None or untraded_fill(event) is not None
    return isinstance(event, StopMoved) or has_fill


def _risk(standing: RiskStanding) -> dict[str, str | None]:
    """Return the risk state, why, and when it ends by itself (null: a person's command ends it)."""
    until = iso_ist(standing.until_ts) if standing.until_ts else None
    return {"state": standing.state.value, "reason": standing.reason, "until": until}


def _exchange(tally: ExchangeTally) -> dict[str, Any]:
    return {
        "working": len(tally.working),
        "fills": dict(sorted(tally.fills.items())),
        "refused": dict(sorted(tally.refused.items())),
        "cancelled": dict(sorted(tally.cancelled.items())),
    }


def finite(value: float | None) -> float | None:
    """Return a float that JSON can hold, to the millisecond: NaN and infinity become null."""
    return None if value is None or not math.isfinite(value) else round(value, 3)
