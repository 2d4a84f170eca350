"""Narrow protocols for what an engine needs from outside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from daemon.domain.candle import Candle
from daemon.domain.dates import parse_timeframe
from daemon.domain.events import Charges
from daemon.domain.gtt_requests import TimedGtt
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import StrategyLimits
from daemon.domain.order import Side
from daemon.domain.position import Position
from daemon.domain.strategy_actions import Wanted
from daemon.domain.tick_view import TickView
from daemon.execution.desk import Desk
from daemon.execution.hooks import Hooks
from daemon.market.schedule import Schedule, Sessions
from daemon.risk.gates import NO_LIMITS


class Rules(Sessions, Protocol):
    """The part of the rulebook that an engine needs."""

    def charges(
        self,
        date: dt.date,
        instrument: Instrument,
        /,
        *,
        transaction_type: Side,
        quantity: int,
        price_paise: int,
    ) -> Charges:
        """Return the charges of one executed order."""

    def exercise_charges(
        self,
        date: dt.date,
        instrument: Instrument,
        /,
        *,
        sign: int,
        quantity: int,
        intrinsic_paise: int,
    ) -> Charges:
        """Return the charges of a settlement at expiry."""

    def freeze_quantity(self, date: dt.date, instrument: Instrument, /) -> int:
        """Return the largest order of a contract, 0 if unknown."""


class BarCounter(Protocol):
    """Count the bars that a position has been held."""

    def due(self, position: Position, bars: int) -> int | None:
        """Return when `bars` bars will have been held (UTC ns), None if that is not known ahead."""

    def held(self, position: Position, until: int) -> int:
        """Return the bars held by `until` (UTC ns)."""

    def forget(self, position: Position) -> None:
        """Forget a position."""

    def close(self, tradingsymbol: str, timeframe: str) -> bool:
        """Count a bar that the caller has closed; return False where bars go by the calendar."""


class CalendarBars:
    """Count bars by the calendar: boundaries passed in sessions, ticks or not.

    See SEMANTICS, "Exits of one position".
    """

    def __init__(self, schedule: Schedule, universe: Universe, grace_ns: int) -> None:
        self._schedule = schedule
        self._universe = universe
        self._grace_ns = grace_ns

    def due(self, position: Position, bars: int) -> int | None:
        """Return the boundary that completes the count, plus the candle grace."""
        boundary = self._schedule.nth_boundary_after(
            self._index(position), parse_timeframe(position.timeframe), position.entry_ts, bars
        )
        return None if boundary is None else boundary + self._grace_ns

    def held(self, position: Position, until: int) -> int:
        """Return the boundaries after the entry that have been passed by `until`."""
        return self._schedule.boundaries_between(
            self._index(position),
            parse_timeframe(position.timeframe),
            position.entry_ts,
            until - self._grace_ns,
        )

    def forget(self, position: Position) -> None:
        """Do nothing: no state is kept."""

    def close(self, tradingsymbol: str, timeframe: str) -> bool:
        """Return False: the calendar knows when bars close."""
        return False

    def _index(self, position: Position) -> int:
        index = self._universe.index_of(position.tradingsymbol)
        assert index is not None, position
        return index


class CountedBars:
    """Count the caller's own candle closes, for an engine embedded in another loop."""

    def __init__(self) -> None:
        self._closed: dict[tuple[str, str], int] = {}
        self._base: dict[str, int] = {}

    def close(self, tradingsymbol: str, timeframe: str) -> bool:
        """Count a bar of this symbol."""
        key = (tradingsymbol, timeframe)
        self._closed[key] = self._closed.get(key, 0) + 1
        return True

    def due(self, position: Position, bars: int) -> int | None:
        """Return None, as nothing is known ahead; remember where the position's count began."""
        self._base[position.order_id] = self._count(position)
        return None

    def held(self, position: Position, until: int) -> int:
        """Return the closes of the position's symbol and timeframe since its entry."""
        return self._count(position) - self._base.get(position.order_id, 0)

    def forget(self, position: Position) -> None:
        """Drop where the position's count began."""
        self._base.pop(position.order_id, None)

    def _count(self, position: Position) -> int:
        return self._closed.get((position.tradingsymbol, position.timeframe), 0)


class Strategies(Protocol):
    """The strategies as an engine sees them; `StrategyEngineV2` is one.

    Intents for candles and ticks have passed `check_intent`; the engine does not check them again.
    """

    subscriptions: dict[str, frozenset[int]]
    tick_instruments: frozenset[int]
    timed_intents: list[TimedIntent]
    timed_gtts: list[TimedGtt]

    @property
    def hooks(self) -> Hooks | None:
        """Return what they hear besides; None costs nothing."""

    def limits(self, strategy_id: str, /) -> StrategyLimits | None:
        """Return the strategy's own limits."""

    def warm(self, candles: Sequence[Candle], /) -> None:
        """Show closed candles from another source, as warm-up; no intents follow."""

    def on_candles(self, candles: Sequence[Candle], desk: Desk, /) -> Sequence[Wanted]:
        """Return intents for the candles closed at one boundary, conflicts resolved."""

    def on_tick(self, tick: TickView, desk: Desk, /) -> Sequence[Wanted]:
        """Return intents for one tick."""

    def set_enabled(self, strategy_id: str, on: bool, /) -> None:
        """Switch a strategy on or off."""

    def disabled(self) -> dict[str, int]:
        """Return the strategies that failed too often, and since when (UTC ns)."""

    def disable(self, strategy_id: str, since: int, /) -> None:
        """Disable a strategy that had failed too often before."""


class NoStrategies:
    """No strategies: intents come from outside, or at known times."""

    def __init__(self, timed: Sequence[TimedIntent] = ()) -> None:
        self.subscriptions: dict[str, frozenset[int]] = {}
        self.tick_instruments: frozenset[int] = frozenset()
        self.timed_intents = list(timed)
        self.timed_gtts: list[TimedGtt] = []
        self.hooks: Hooks | None = None

    def limits(self, strategy_id: str, /) -> StrategyLimits | None:
        """Return no limits."""
        return NO_LIMITS

    def warm(self, candles: Sequence[Candle], /) -> None:
        """Ignore them."""

    def on_candles(self, candles: Sequence[Candle], desk: Desk, /) -> Sequence[Wanted]:
        """Return no intents."""
        return []

    def on_tick(self, tick: TickView, desk: Desk, /) -> Sequence[Wanted]:
        """Return no intents."""
        return []

    def set_enabled(self, strategy_id: str, on: bool, /) -> None:
        """Switch nothing."""

    def disabled(self) -> dict[str, int]:
        """Return none."""
        return {}

    def disable(self, strategy_id: str, since: int, /) -> None:
        """Disable nothing."""
