"""Builders and tiny strategies for the tests of `strategies`; no tests of its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

from daemon.domain.candle import Candle
from daemon.domain.dates import MINUTE_NS, ist_ns
from daemon.domain.instrument import Instrument, InstrumentType, Universe
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from daemon.settings.config import StrategiesConfig, StrategyConfig
from strategies.desks import QuietDesk
from strategies.engine import StrategyEngineV2
from strategies.strategy import BaseStrategy, Intents, TickView, View

DAY = dt.date(2026, 11, 18)
FUT, CE, PE, INDEX = "NIFTY26NOVFUT", "NIFTY26NOV25000CE", "NIFTY26NOV25000PE", "NIFTY 50"
KIT = "tests.unit.test_strategies_kit"


def at(time: str, date: dt.date = DAY) -> int:
    return ist_ns(date, dt.time.fromisoformat(time))


def option(symbol: str, strike: int, kind: InstrumentType, expiry: str, token: int) -> Instrument:
    return Instrument(
        instrument_token=token, tradingsymbol=symbol, name="NIFTY", instrument_type=kind,
        expiry=expiry, strike_paise=strike * 100, lot_size=65,
    )  # fmt: skip


def universe() -> Universe:
    month = "2026-11-24"
    return Universe(
        [
            Instrument(
                instrument_token=1, tradingsymbol=INDEX, name=INDEX, exchange="NSE",
                instrument_type="INDEX", lot_size=1,
            ),
            Instrument(
                instrument_token=2, tradingsymbol=FUT, name="NIFTY", expiry=month, lot_size=65
            ),
            option(CE, 25_000, "CE", month, 3),
            option(PE, 25_000, "PE", month, 4),
            option("NIFTY26NOV25050CE", 25_050, "CE", month, 5),
            option("NIFTY26NOV25050PE", 25_050, "PE", month, 6),
            option("NIFTY26NOV25100CE", 25_100, "CE", month, 7),
            option("NIFTY26D0125000CE", 25_000, "CE", "2026-12-01", 8),
            option("NIFTY26D0125000PE", 25_000, "PE", "2026-12-01", 9),
        ]
    )  # fmt: skip


def candle(
    start: str,
    close: float,
    *,
    symbol: str = FUT,
    high: float | None = None,
    low: float | None = None,
    timeframe: str = "1m",
    minutes: int = 1,
    date: dt.date = DAY,
) -> Candle:
    ts = at(start, date)
    return Candle(
        tradingsymbol=symbol, timeframe=timeframe, ts=ts, end_ts=ts + minutes * MINUTE_NS,
        open=close, high=close if high is None else high, low=close if low is None else low,
        close=close, volume=65, bar=1,
    )  # fmt: skip


class FakeDesk(QuietDesk):
    """The execution side as a table."""

    def __init__(self) -> None:
        self.now = 0
        self.ltps: dict[str, int] = {}
        self.positions: dict[tuple[str, str], int] = {}
        self.entries: dict[tuple[str, str], int] = {}
        self.open_at = "09:15"
        self._universe = universe()

    def ltp_paise(self, index: int) -> int | None:
        return self.ltps.get(self._universe[index].tradingsymbol)

    def position(self, strategy_id: str, symbol: str) -> int:
        return self.positions.get((strategy_id, symbol), 0)

    def waiting(self, strategy_id: str, symbol: str) -> int:
        return self.entries.get((strategy_id, symbol), 0)

    def session_open(self, index: int) -> int:
        midnight = self.now - (self.now - at("00:00")) % (1440 * MINUTE_NS)
        return midnight + at(self.open_at) - at("00:00")


def config(id: str, class_: str, module: str = KIT, **more: Any) -> StrategyConfig:
    return StrategyConfig(id=id, module=module, class_=class_, **more)


def engine(*items: StrategyConfig, **more: Any) -> StrategyEngineV2:
    return StrategyEngineV2(StrategiesConfig(items=list(items), **more), universe())


def feed(runs: StrategyEngineV2, desk: FakeDesk, *candles: Candle) -> list[Any]:
    """Each candle at a boundary of its own."""
    intents: list[Any] = []
    for each in candles:
        desk.now = each.end_ts
        intents += runs.on_candles([each], desk)
    return intents


def on_candles(runs: StrategyEngineV2, candles: list[Candle], desk: FakeDesk) -> list[Any]:
    """What the strategies want at one boundary."""
    return list(runs.on_candles(candles, desk))


def on_tick(runs: StrategyEngineV2, tick: TickView, desk: FakeDesk) -> list[Any]:
    """What the strategies want at a tick."""
    return list(runs.on_tick(tick, desk))


class Says(BaseStrategy):
    """Returns the same intent on every candle."""

    def __init__(
        self,
        *,
        signal: str = "BUY",
        qty: int = 65,
        confidence: float = 1.0,
        stop: float | None = None,
        symbol: str = "",
        product: str = "MIS",
        strategy_id: str = "",
        partial_exit_pct: float | None = None,
    ) -> None:
        self._symbol = symbol
        self._intent = OrderIntent(
            symbol="", signal=Signal(signal), qty=qty, confidence=confidence, sl_price=stop,
            product="NRML" if product == "NRML" else "MIS", strategy_id=strategy_id,
            exits=ExitOverrides(partial_exit_pct=partial_exit_pct),
        )  # fmt: skip

    def on_candle(self, candle: Candle, view: View) -> Intents:
        changes = {"symbol": self._symbol or candle.tradingsymbol}
        return OrderIntent(**{**_fields(self._intent), **changes})


def _fields(intent: OrderIntent) -> dict[str, Any]:
    return {name: getattr(intent, name) for name in intent.__struct_fields__}


class Returns(BaseStrategy):
    """Returns or raises what each candle's close selects from `values`."""

    values: dict[float, Any] = {}

    def on_candle(self, candle: Candle, view: View) -> Any:
        value = self.values.get(candle.close)
        if isinstance(value, Exception):
            raise value
        return value(self, candle, view) if callable(value) else value


class Quick(Says):
    """Declares exit settings of its own."""

    default_exits = ExitOverrides(enable_time_stop=True, time_stop_bars=2)


class WrongExits(Says):
    default_exits = {"enable_trailing": False}  # type: ignore[assignment]


class Ticking(BaseStrategy):
    """Buys on every tick and on no candle."""

    def on_candle(self, candle: Candle, view: View) -> Intents:
        return None

    def on_tick(self, tick: TickView, view: View) -> Intents:
        return self.buy(tick.tradingsymbol, 65, stop=tick.ltp - 10)


class Plain:
    """Inherits nothing and takes typed parameters."""

    def __init__(self, *, bars: int, name: str = "x") -> None:
        if bars > 100:
            raise ValueError("expected at most 100 bars")

    def on_candle(self, candle: Candle, view: View) -> Intents:
        return None


class Asynchronous:
    async def on_candle(self, candle: Candle, view: View) -> Intents:
        return None


class Armless:
    def on_candle(self, candle: Candle) -> Intents:
        return None


class AnyParams:
    def __init__(self, **params: Any) -> None:
        self.params = params

    def on_candle(self, candle: Candle, view: View) -> Intents:
        return None


class Breakout(BaseStrategy):
    """The README's example."""

    def __init__(self, *, bars: int = 20, quantity: int = 65) -> None:
        self.bars, self.quantity = bars, quantity

    def on_candle(self, candle: Candle, view: View) -> Intents:
        past = view.history(candle.tradingsymbol)[-self.bars - 1 : -1]
        if len(past) < self.bars or view.position(candle.tradingsymbol):
            return None
        if candle.close > max(bar.high for bar in past):
            stop = min(bar.low for bar in past)
            return self.buy(candle.tradingsymbol, self.quantity, stop=stop)
        return None
