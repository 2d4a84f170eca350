"""Try a strategy in a test: show it candles and see what it wants. Nothing is traded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from daemon.domain.candle import Candle
from daemon.domain.dates import parse_timeframe, parse_ts
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import paise_exact
from strategies.desks import WarmDesk
from strategies.intents import as_actions
from strategies.strategy import Strategy
from strategies.views import History, SharedMarket, StrategyView


def candles(
    symbol: str,
    closes: Iterable[float],
    *,
    start: str = "2026-11-18T09:15:00",
    timeframe: str = "1m",
    volume: int = 0,
) -> list[Candle]:
    """Return consecutive candles, each from the previous close to its own; prices in rupees.

    `start` is ISO, Indian time unless it names a zone. The first candle opens at its close.
    """
    step = parse_timeframe(timeframe)
    first = parse_ts(start)
    found: list[Candle] = []
    for number, close in enumerate(closes):
        before = found[-1].close if found else close
        found.append(
            Candle(
                tradingsymbol=symbol,
                timeframe=timeframe,
                ts=first + number * step,
                end_ts=first + (number + 1) * step,
                open=before,
                high=max(before, close),
                low=min(before, close),
                close=close,
                volume=volume,
                bar=number + 1,
            )
        )
    return found


def decide(
    strategy: Strategy,
    shown: Sequence[Candle],
    *,
    positions: Mapping[str, int] | None = None,
    instruments: Iterable[Instrument] = (),
) -> list[Any]:
    """Show a strategy closed candles, one boundary each, and return all that it asks for.

    `positions` is what it holds throughout (signed units by symbol). Symbols that `instruments`
    does not describe are futures with a lot of 1. `view.ltp` is the last close. Errors of the
    strategy come through; so does TypeError if it returns something other than actions.
    """
    described = {instrument.tradingsymbol: instrument for instrument in instruments}
    for candle in shown:
        if candle.tradingsymbol not in described:
            described[candle.tradingsymbol] = Instrument(
                instrument_token=-1 - len(described), tradingsymbol=candle.tradingsymbol
            )
    universe = Universe(described.values())
    market = SharedMarket(universe, History(1000))
    desk = _Desk(shown, universe, positions or {})
    wanted: list[Any] = []
    for candle in shown:
        view = StrategyView("test", (candle.timeframe,), universe.symbols, market)
        market.add(candle)
        desk.show(candle)
        view.show(candle, desk)
        wanted += as_actions(strategy.on_candle(candle, view))
    return wanted


class _Desk(WarmDesk):
    """A desk with the last closes and the test's positions."""

    def __init__(
        self, shown: Sequence[Candle], universe: Universe, positions: Mapping[str, int]
    ) -> None:
        super().__init__(shown, universe)
        self._names = universe
        self._positions = positions
        self._closes: dict[str, float] = {}

    def show(self, candle: Candle) -> None:
        """Move on to a candle."""
        super().show(candle)
        self._closes[candle.tradingsymbol] = candle.close

    def ltp_paise(self, index: int) -> int | None:
        """Return the last close."""
        close = self._closes.get(self._names[index].tradingsymbol)
        return None if close is None else paise_exact(close)

    def position(self, strategy_id: str, symbol: str) -> int:
        """Return the test's position."""
        return self._positions.get(symbol, 0)
