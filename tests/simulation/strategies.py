"""Strategies for the simulator: they trade much, and some misbehave. All from a seed."""

from __future__ import annotations

import math
import random
from typing import Any

from daemon.domain.candle import Candle
from daemon.domain.intent import ExitOverrides, OrderIntent
from strategies.strategy import BaseStrategy, Intents, TickView, View


class Dice(BaseStrategy):
    """Throws dice at every candle: entries with near levels, exits, sometimes nonsense."""

    def __init__(self, *, seed: int = 0, chance: float = 0.5) -> None:
        self._draw = random.Random(seed)
        self._chance = chance

    def on_candle(self, candle: Candle, view: View) -> Intents:
        return self._throw(candle.tradingsymbol, candle.close, view)

    def _throw(self, symbol: str, price: float, view: View) -> Intents:
        draw = self._draw
        if draw.random() >= self._chance:
            return None
        if draw.random() < 0.15:
            return self.exit(symbol, reason="dice")
        contract = view.instrument(symbol)
        if contract.is_index and draw.random() < 0.95:
            return None
        sign = draw.choice((1, -1))
        lots = draw.choice((1, 1, 2, 3, 4, 4, 0, -1, 300))
        stop = self._level(price, -sign)
        order = self.buy if sign > 0 else self.sell
        return order(
            symbol,
            lots * contract.lot_size + draw.choice((0,) * 30 + (1,)),
            stop=stop,
            target=self._level(price, sign),
            time_stop_bars=draw.choice((None, None, 0, 1, 2)),
            confidence=draw.choice((0.0, 0.5, 1.0)),
            exits=self._exits(),
            **self._terms(price, sign),
        )

    def _terms(self, price: float, sign: int) -> dict[str, Any]:
        """Return how an entry is sent: mostly at the market, else with a price or a trigger."""
        draw = self._draw
        if draw.random() < 0.6:
            return {}
        near = round(price * (1 + sign * draw.choice((-0.002, -0.0005, 0, 0.001))), 1)
        kind = draw.choice(("LIMIT", "LIMIT", "SL", "SL-M"))
        terms: dict[str, Any] = {"order_type": kind, "validity": draw.choice(("DAY", "DAY", "IOC"))}
        if draw.random() < 0.3:
            terms |= {"validity": "TTL", "validity_ttl": draw.choice((0, 1, 5))}
        if kind != "SL-M":
            terms["price"] = near
        if kind != "LIMIT":
            terms["trigger_price"] = round(near - sign * draw.choice((0, 0.1, 1, 20)), 1)
        return terms

    def _level(self, price: float, direction: int) -> float | None:
        draw = self._draw
        if draw.random() < 0.1:
            return None
        if draw.random() < 0.03:
            return draw.choice((math.nan, math.inf, -1.0, 0.0, 1e300, price))
        return round(price * (1 + direction * draw.choice((0.0005, 0.002, 0.004, 0.01))), 1)

    def _exits(self) -> ExitOverrides | None:
        draw = self._draw
        if draw.random() < 0.6:
            return None
        return ExitOverrides(
            enable_partial_exit=draw.choice((None, True, False)),
            partial_exit_pct=draw.choice((None, 0.3, 0.67)),
            partial_exit_when=draw.choice((None, "losing", "always")),
            trail_step_r=draw.choice((None, 0.3, 1.0)),
        )


class TickDice(Dice):
    """The same at some ticks."""

    def on_candle(self, candle: Candle, view: View) -> Intents:
        return None

    def on_tick(self, tick: TickView, view: View) -> Intents:
        if view.position(tick.tradingsymbol) or view.waiting(tick.tradingsymbol):
            return self.exit(tick.tradingsymbol) if self._draw.random() < 0.05 else None
        return self._throw(tick.tradingsymbol, tick.ltp, view)


class Adversary(BaseStrategy):
    """Raises, and returns what is no intent."""

    def __init__(self, *, seed: int = 0) -> None:
        self._draw = random.Random(seed)

    def on_candle(self, candle: Candle, view: View) -> Any:
        kind = self._draw.randrange(8)
        if kind == 0:
            raise RuntimeError("made up")
        if kind == 1:
            return "BUY"
        if kind == 2:
            return view.ltp("NO SUCH SYMBOL")
        if kind == 3:
            return OrderIntent(symbol="NO SUCH SYMBOL", signal="BUY", qty=1)  # type: ignore[arg-type]
        if kind == 4:
            return [self.buy(candle.tradingsymbol, 10**15), None]
        if kind == 5:
            return self.sell(candle.tradingsymbol, math.nan)  # type: ignore[arg-type]
        return None
