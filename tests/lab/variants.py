"""Strategies and configurations drawn at random, for one pass against single runs."""

from __future__ import annotations

import random
from typing import Any

from daemon.domain.candle import Candle
from daemon.errors import ConfigError
from daemon.lab.configured import configured
from daemon.settings.config import Config
from strategies.strategy import Actions, BaseStrategy, TickView, View, pct
from tests.kit.cli import ROOT

SAMPLES = {
    name: ROOT / "configs" / f"{name}.parquet" for name in ("sample_session", "sample_depth")
}


class Dice(BaseStrategy):
    """Decides by a draw for each candle: every kind of order, exit and change."""

    def __init__(self, seed: int = 0, chance: float = 0.2, pct: float = 0.05) -> None:
        self._rng = random.Random(seed)
        self._chance = chance
        self._pct = pct / 100

    def on_candle(self, candle: Candle, view: View) -> Actions:
        draw, symbol = self._rng.random(), candle.tradingsymbol
        if draw > self._chance:
            return None
        if view.position(symbol) or view.waiting(symbol):
            return self._change(symbol, draw, view)
        close = candle.close
        tick = view.instrument(symbol).tick_paise / 100
        away = max(tick, round(close * self._pct / tick) * tick)
        sign = self._rng.choice((1, -1))
        make = self.buy if sign > 0 else self.sell
        levels: dict[str, Any] = {
            "stop": round(close - sign * away, 2), "target": round(close + 2 * sign * away, 2),
        }  # fmt: skip
        kind = self._rng.choice(("MARKET", "MARKET", "LIMIT", "SL"))
        if kind == "LIMIT":
            levels |= {"order_type": "LIMIT", "price": round(close - sign * tick, 2)}
        if kind == "SL":
            trigger = round(close + sign * tick, 2)
            levels |= {
                "order_type": "SL", "trigger_price": trigger,
                "price": round(trigger + sign * away, 2),
            }  # fmt: skip
        return make(symbol, view.instrument(symbol).lot_size, **levels)

    def _change(self, symbol: str, draw: float, view: View) -> Actions:
        trades = view.trades(symbol)
        if draw < self._chance / 3 or not trades:
            return self.exit(symbol)
        return self.modify(trades[-1].id, stop=None if draw < self._chance / 2 else pct(1))


class Raises(BaseStrategy):
    """Fails at each candle."""

    def on_candle(self, candle: Candle, view: View) -> Actions:
        raise ValueError("not today")


class DiceTicks(Dice):
    """The same, and it looks at every tick."""

    def __init__(self, seed: int = 0, chance: float = 0.2, pct: float = 0.05) -> None:
        super().__init__(seed, chance, pct)
        self._ticks = 0

    def on_tick(self, tick: TickView, view: View) -> Actions:
        self._ticks += 1
        if self._ticks % 997 or view.position(tick.tradingsymbol):
            return None
        return self.buy(tick.tradingsymbol, view.instrument(tick.tradingsymbol).lot_size)


def base(sample: str, end: str) -> Config:
    """Return a configuration of a shipped recording up to a time."""
    return configured(
        ROOT / "configs/sample.yaml",
        {
            "feed.replay.files": [{"path": str(ROOT / f"configs/{sample}.parquet")}],
            "feed.replay.end": f"2026-11-18T{end}",
            "strategies.list": [],
        },
    )


def drawn(config: Config, rng: random.Random) -> Config:
    """Return a configuration with strategies, fills, plans, exits and risk drawn."""
    while True:
        try:
            return _drawn(config, rng)
        except ConfigError:  # its parts contradict each other
            continue


def _drawn(config: Config, rng: random.Random) -> Config:
    has_depth = "depth" in config.feed.replay.files[0].path
    modes = ["mid", "bid_ask", "ltp", *(["depth", "depth"] if has_depth else [])]
    execution = {
        "fill_mode": rng.choice(modes),
        "slippage_bps": rng.choice([0, 5]),
        "latency_ms": rng.choice([0, 0, 150, 2_000]),
        "resting": rng.choice(["queue", "cross", "touch"]),
        "enable_trailing": rng.random() < 0.5,
        "enable_break_even": rng.random() < 0.3,
        "enable_partial_exit": rng.random() < 0.5,
        "time_stop_bars": rng.choice([3, 20]),
        "stop_style": rng.choice(["engine_market", "sl_limit"]),
        "target_style": rng.choice(["engine_market", "limit"]),
        "stop_basis": rng.choice(["ltp", "ltp", "candle_close"]),
        "candle_grace_ms": rng.choice([0, 0, 0, 2_000]),
        "stale_after_s": rng.choice([5, 5, 2]),
        "reject_after_s": 30,
    }
    risk: dict[str, Any] = {
        "max_open_positions": rng.choice([None, 1, 3]),
        "daily_loss_rupees": rng.choice([None, 2_000.0]),
        "cooldown_after_loss_s": rng.choice([None, 120]),
    }
    strategies = [
        {
            "id": f"dice{number}", "module": "tests.lab.variants",
            "class": "DiceTicks" if rng.random() < 0.1 else "Dice",
            "timeframe": rng.choice(["1m", "1m", "3m"]),
            "symbols": rng.choice([["NIFTY26NOVFUT"], []]),
            "params": {
                "seed": rng.randrange(1_000), "chance": rng.choice([0.1, 0.4]),
                "pct": rng.choice([0.02, 0.2]),
            },
        }
        for number in range(rng.randint(0, 2))
    ]  # fmt: skip
    plans = [_plan(rng)] if rng.random() < 0.5 else []
    return configured(
        config,
        {
            "execution": execution, "risk": risk, "strategies.list": strategies,
            "plans.list": plans, "capital_rupees": rng.choice([None, None, 3_000_000.0]),
        },
    )  # fmt: skip


def _plan(rng: random.Random) -> dict[str, Any]:
    leg = {"side": rng.choice(["sell", "buy"]), "expiry": "weekly", "strike": "ATM"}
    stop = {"stop": {"percent": rng.choice([3, 30])}}
    plan: dict[str, Any] = {
        "id": "straddle", "underlying": "NIFTY", "entry": {"at": "09:20:00"},
        "exit": {"at": rng.choice(["09:50:00", "15:00:00"])},
        "legs": [{"id": kind.lower(), "type": kind, **leg, **stop} for kind in ("CE", "PE")],
    }  # fmt: skip
    if rng.random() < 0.5:
        plan["overall"] = {"stop": {"premium_percent": rng.choice([2, 40])}}
    return plan
