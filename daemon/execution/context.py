"""What the engines are given from outside, as narrow protocols."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Protocol

from daemon.domain.candle import Candle
from daemon.domain.dates import parse_timeframe
from daemon.domain.events import Charges
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, StrategyLimits
from daemon.domain.order import Side
from daemon.domain.position import Position
from daemon.domain.tick_view import TickView
from daemon.market.schedule import Schedule, Sessions
from daemon.risk.gates import NO_LIMITS


class Rules(Sessions, Protocol):
    """The part of the rulebook that the engines need."""

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
        """Charges of one executed order."""

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
        """Charges of a settlement at expiry."""

    def freeze_quantity(self, date: dt.date, instrument: Instrument, /) -> int:
        """The largest order of a contract, 0 if unknown."""


class BarClock(Protocol):
    """Counts the bars that a position has been held."""

    def due(self, position: Position, bars: int) -> int | None:
        """When `bars` bars will have been held (UTC ns), None if that is not known ahead."""

    def held(self, position: Position, until: int) -> int:
        """Bars held by `until` (UTC ns)."""

    def forget(self, position: Position) -> None:
        """The position is not watched any more."""


class CalendarBars:
    """Bars by the calendar: boundaries passed in sessions, ticks or not (semantics.md 7)."""

    def __init__(self, schedule: Schedule, universe: Universe, grace_ns: int) -> None:
        self._schedule = schedule
        self._universe = universe
        self._grace_ns = grace_ns

    def due(self, position: Position, bars: int) -> int | None:
        """The boundary that completes the count, plus the candle grace."""
        boundary = self._schedule.nth_boundary_after(
            self._index(position), parse_timeframe(position.timeframe), position.entry_ts, bars
        )
        return None if boundary is None else boundary + self._grace_ns

    def held(self, position: Position, until: int) -> int:
        """Boundaries after the entry that have been passed by `until`."""
        return self._schedule.boundaries_between(
            self._index(position),
            parse_timeframe(position.timeframe),
            position.entry_ts,
            until - self._grace_ns,
        )

    def forget(self, position: Position) -> None:
        """Nothing is kept."""

    def _index(self, position: Position) -> int:
        index = self._universe.index_of(position.tradingsymbol)
        assert index is not None, position
        return index


class CountedBars:
    """Bars counted by the caller's own candle closes, for an engine embedded in another loop."""

    def __init__(self) -> None:
        self._closed: dict[tuple[str, str], int] = {}
        self._base: dict[str, int] = {}

    def close(self, tradingsymbol: str, timeframe: str) -> None:
        """A bar of this symbol has closed."""
        key = (tradingsymbol, timeframe)
        self._closed[key] = self._closed.get(key, 0) + 1

    def due(self, position: Position, bars: int) -> int | None:
        """Never known ahead; remembers where the position's count began."""
        self._base[position.order_id] = self._count(position)
        return None

    def held(self, position: Position, until: int) -> int:
        """Closes of the position's symbol and timeframe since its entry."""
        return self._count(position) - self._base.get(position.order_id, 0)

    def forget(self, position: Position) -> None:
        """Drop where the position's count began."""
        self._base.pop(position.order_id, None)

    def _count(self, position: Position) -> int:
        return self._closed.get((position.tradingsymbol, position.timeframe), 0)


class Strategies(Protocol):
    """What the engine asks of the strategies; `StrategyEngineV2` is one."""

    subscriptions: dict[str, frozenset[int]]
    tick_instruments: frozenset[int]
    timed_intents: list[TimedIntent]

    def limits(self, strategy_id: str, /) -> StrategyLimits | None:
        """The strategy's own limits."""

    def warm(self, candles: Sequence[Candle], /) -> None:
        """Show closed candles from elsewhere; nothing comes of them."""

    def on_candles(self, candles: Sequence[Candle], desk: Any, /) -> list[OrderIntent]:
        """Intents for the candles closed at one boundary, conflicts resolved."""

    def on_tick(self, tick: TickView, desk: Any, /) -> list[OrderIntent]:
        """Intents for one tick."""

    def set_enabled(self, strategy_id: str, on: bool, /) -> None:
        """Switch a strategy on or off."""

    def disabled(self) -> dict[str, int]:
        """The strategies that failed too often, and since when (UTC ns)."""

    def disable(self, strategy_id: str, since: int, /) -> None:
        """Take up a strategy that had failed too often."""


class NoStrategies:
    """Nobody trades by itself: intents come from outside."""

    def __init__(self, timed: Sequence[TimedIntent] = ()) -> None:
        self.subscriptions: dict[str, frozenset[int]] = {}
        self.tick_instruments: frozenset[int] = frozenset()
        self.timed_intents = list(timed)

    def limits(self, strategy_id: str, /) -> StrategyLimits | None:
        """No limits."""
        return NO_LIMITS

    def warm(self, candles: Sequence[Candle], /) -> None:
        """Nobody looks."""

    def on_candles(self, candles: Sequence[Candle], desk: Any, /) -> list[OrderIntent]:
        """No intents."""
        return []

    def on_tick(self, tick: TickView, desk: Any, /) -> list[OrderIntent]:
        """No intents."""
        return []

    def set_enabled(self, strategy_id: str, on: bool, /) -> None:
        """Nothing to switch."""

    def disabled(self) -> dict[str, int]:
        """None."""
        return {}

    def disable(self, strategy_id: str, since: int, /) -> None:
        """Nobody to disable."""
