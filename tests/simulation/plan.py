"""What a seed means: a market, a configuration, and lives of the daemon with their ends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final, Literal

from daemon.domain.dates import SECOND_NS
from daemon.domain.intent import ExitOverrides
from daemon.settings.config import (
    Config,
    ExecutionConfig,
    FeedConfig,
    KiteConfig,
    LatencyConfig,
    LiveChange,
    MaxLotsConfig,
    MetricsConfig,
    RiskConfig,
    StrategiesConfig,
    StrategyConfig,
)
from daemon.settings.reload import encode_change
from tests.simulation.gtts import FILE as SCRIPT
from tests.simulation.gtts import script_of
from tests.simulation.market import SimMarket, at_time

End = Literal[
    "kill", "kill_flushed", "kill_committed", "kill_headless", "cancel", "stop", "signal",
    "feed_error", "token_refused", "disk_full", "io_error", "stall", "set_back", "calm",
]  # fmt: skip
_ENDS: Final[tuple[End, ...]] = (
    "kill", "kill", "kill_flushed", "kill_committed", "kill_headless", "cancel", "stop", "signal",
    "feed_error", "token_refused", "disk_full", "io_error", "stall", "set_back",
)  # fmt: skip
_ALWAYS: Final = ("dice", "ticks", "gtts")
# Times of a day at which something happens: the opening, the middle, square-off, the close.
_TIMES: Final = (
    (9, 14, 50), (9, 15, 50), (11, 0, 30), (13, 29, 30), (15, 8, 50), (15, 9, 50), (15, 29, 30),
)  # fmt: skip


@dataclass(frozen=True)
class Life:
    """One process: from its start until something ends it."""

    start_ns: int
    seconds: float
    end: End
    slow_s: float
    """How long a commit waits, at most."""
    reader_s: float
    """How long the observer takes for a fact."""
    faulty: float
    dropping: float
    commands: float
    suspended_s: float
    """How long the machine is suspended in mid-life."""
    set_ahead_s: float
    """How far its clock is set ahead in mid-life; behind by the same if that is the life's end."""


@dataclass(frozen=True)
class Plan:
    """All of a seed."""

    seed: int
    config: Config
    market: SimMarket
    lives: tuple[Life, ...]
    changes: tuple[str, ...]
    script: str
    """What is asked of GTTs, in the file `SCRIPT` next to the runs."""


def plan_of(seed: int, out: str) -> Plan:
    """The same plan for the same seed."""
    draw = random.Random(seed)
    market = SimMarket(draw)
    config = Config(
        account="sim",
        out=out,
        feed=FeedConfig(kind="kite", kite=KiteConfig(history=False)),
        execution=_execution(draw),
        risk=_risk(draw),
        strategies=_strategies(draw, market, f"{out}/{SCRIPT}"),
        capital_rupees=_capital(random.Random(f"{seed} capital")),
        metrics=MetricsConfig(interval_s=draw.choice((0.5, 1.0, 5.0))),
    )
    market.has_depth = config.execution.fill_mode == "depth" and draw.random() < 0.8
    changes = tuple(
        encode_change(each)
        for each in (
            LiveChange(risk=_risk(draw)),
            LiveChange(strategies={"dice": draw.random() < 0.5, "ticks": True}),
        )
    )
    lives = _lives(draw)
    spans = [(each.start_ns, each.seconds) for each in lives if each.end != "calm"]
    script = script_of(random.Random(f"{seed} gtts"), market, spans)
    return Plan(seed, config, market, lives, changes, script)


def _capital(draw: random.Random) -> float | None:
    """Return what the account began with: enough for much, for little, or no gate at all."""
    return draw.choice((None, 100_000.0, 500_000.0, 2_000_000.0, 50_000_000.0))


def _execution(draw: random.Random) -> ExecutionConfig:
    pick = draw.choice
    mode: Any = pick(("ltp", "mid", "bid_ask", "depth", "depth"))
    at_exchange = _at_exchange(draw) if mode == "depth" else {}
    return ExecutionConfig(
        engine=pick(("v3",) * 9 + ("v2",)),
        fill_mode=mode,
        **at_exchange,
        slippage_bps=pick((0, 0, 2.5, 5, 50)),
        latency_ms=pick((0, 0, 0, 200, 3000)),
        reject_after_s=pick((30, 10, 4.5)),
        stale_after_s=pick((5, 5, 2, 30)),
        quote_max_age_s=pick((60, 20, 5)),
        enable_partial_exit=draw.random() < 0.7,
        partial_exit_pct=pick((0.5, 0.3, 0.34, 0.9)),
        partial_exit_when=pick(("losing", "always")),
        enable_trailing=draw.random() < 0.8,
        trail_step_r=pick((0.5, 0.3, 1.5, 0.07)),
        enable_time_stop=draw.random() < 0.7,
        time_stop_bars=pick((20, 2, 1, 0)),
        square_off_before_close_min=pick((20, 20, 5, 0)),
        stop_style=pick(("engine_market", "engine_market", "sl_limit")),
        target_style=pick(("engine_market", "engine_market", "limit")),
        candle_grace_ms=pick((0, 1000)),
        charges=draw.random() < 0.8,
        on_stop=pick(("keep", "square_off")),
    )


def _at_exchange(draw: random.Random) -> dict[str, Any]:
    """What only orders at the paper exchange know."""
    pick = draw.choice
    return {
        "latency": LatencyConfig(
            enter_ms=pick((None, 0, 150, 900)), cancel_ms=pick((None, 0, 400))
        ),
        "market_rest": pick(("rest", "rest", "cancel")),
        "escalate": pick(("market",) * 4),  # with "never" an exit may stand where no price comes
        "escalate_after_ms": pick((500, 3000)),
        "resting": pick(("queue", "queue", "cross", "touch")),
        "queue_evidence": pick(("last_qty", "volume")),
        "slippage_ticks": pick((0, 0, 0, 1)),
    }


def _risk(draw: random.Random) -> RiskConfig:
    if draw.random() < 0.6:
        return RiskConfig()
    pick = draw.choice
    loss = pick((None, 500.5, 20_000.0))
    more: dict[str, Any] = {}
    if loss is not None:
        more = {
            "daily_loss_counts": pick(("realized", "net_open")),
            "on_daily_loss": pick(("halt", "flatten")),
        }
    return RiskConfig(
        daily_loss_rupees=loss,
        max_open_positions=pick((None, 1, 3)),
        max_order_quantity=pick((None, 65, 260)),
        max_lots=MaxLotsConfig(strategy=pick((None, None, 4)), underlying=pick((None, None, 8))),
        max_notional_rupees=pick((None, None, 4_000_000.0, 20_000_000.0)),
        cooldown_after_loss_s=pick((None, None, 3.0, 60.0)),
        max_orders_per_minute=pick((None, None, 2, 6)),
        **more,
    )


def _strategies(draw: random.Random, market: SimMarket, script: str) -> StrategiesConfig:
    symbols = list(market.universe.symbols)
    own = "tests.simulation.strategies"

    def some() -> list[str]:
        return draw.sample(symbols, draw.randint(1, len(symbols)))

    def made(name: str, module: str, class_: str, **params: Any) -> StrategyConfig:
        return StrategyConfig(
            id=name,
            module=module,
            class_=class_,
            timeframe=draw.choice(("1m", "1m", "1m", "2m", "5m")),
            symbols=some(),
            params=params,
            product=draw.choice(("MIS", "MIS", "NRML")),
            priority=draw.randint(0, 2),
            max_trades_per_day=draw.choice((None, None, 5)),
            max_loss_streak=draw.choice((None, None, 2)),
            exits=ExitOverrides(enable_trailing=draw.choice((None, True, False))),
        )

    every = [
        made("dice", own, "Dice", seed=draw.randrange(10**6), chance=0.8),
        made("ticks", own, "TickDice", seed=draw.randrange(10**6), chance=0.15),
        made("ema", "strategies.ema_trend", "EmaTrend", fast=1, slow=2, atr=1),
        made("orb", "strategies.opening_range", "OpeningRangeBreakout", minutes=1),
        made("straddle", "strategies.short_straddle", "ShortStraddle", at="09:15"),
        made("adversary", own, "Adversary", seed=draw.randrange(10**6)),
        StrategyConfig(
            id="gtts", module="strategies.scripted", class_="Scripted", params={"file": script}
        ),
    ]
    return StrategiesConfig(
        conflict=draw.choice(("highest_confidence", "priority", "net_out")),
        max_strategy_errors=draw.choice((1, 3, 100)),
        items=[each for each in every if each.id in _ALWAYS or draw.random() < 0.6],
    )


def _lives(draw: random.Random) -> tuple[Life, ...]:
    lives: list[Life] = []
    day = draw.choice((0, 0, 1))
    time = draw.randrange(len(_TIMES))
    start = at_time(day, *_TIMES[time])
    for _ in range(draw.choice((1, 1, 2, 2, 3))):
        seconds = draw.choice((15.0, 30.0, 50.0, 90.0))
        life = _life(draw, start, seconds, draw.choice(_ENDS))
        lives.append(life)
        start += round((seconds + life.suspended_s + life.set_ahead_s) * SECOND_NS)
        if draw.random() < 0.6:  # soon again, now and then by a clock that was set back
            start += draw.choice((1, 5, 40, -3600)) * SECOND_NS
            continue
        time += draw.randint(1, 3)
        if time >= len(_TIMES):
            time, day = 0, day + 1
        if day > 1:
            break
        start = max(start, at_time(day, *_TIMES[time]))
    last = at_time(2, 11, 0) if draw.random() < 0.5 else max(start, at_time(day, 9, 30))
    if last > at_time(day, 15, 0):
        last = at_time(2, 11, 0)
    return (*lives, _life(draw, last, 25.0, "calm"))


def _life(draw: random.Random, start: int, seconds: float, end: End) -> Life:
    return Life(
        start_ns=start,
        seconds=seconds,
        end=end,
        slow_s=draw.choice((0.0, 0.0, 0.005, 0.3, 1.2)),
        reader_s=draw.choice((0.0, 0.0, 0.0, 0.02)),
        faulty=draw.choice((0.0, 0.02, 0.1)),
        dropping=draw.choice((0.0, 0.0, 0.005)),
        commands=draw.choice((0.0, 0.005, 0.02)),
        suspended_s=draw.choice((0.0,) * 8 + (1.0, 5.0, 120.0)),
        set_ahead_s=draw.choice((0.0,) * 8 + (1.0, 3.0, 90.0)),
    )
