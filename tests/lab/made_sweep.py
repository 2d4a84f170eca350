"""A made sweep of two parameters: a broad hill of good variants, and a lonely better one."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from daemon.lab.numbers.neighbours import Axis, Value
from daemon.lab.numbers.ratios import ratios_of
from daemon.lab.numbers.walk_forward import WalkForward
from daemon.lab.page.model import Sweep, SweptRun

FAST = Axis("strategies.ema_trend.params.fast", (5, 10, 15, 20, 25))
SLOW = Axis("strategies.ema_trend.params.slow", (30, 50, 70, 90))
LONELY = (25, 90)
"""The best of all, whose neighbours lose."""
FIRST_DAY = dt.date(2026, 6, 1)


def sessions(days: int) -> list[dt.date]:
    """The first weekdays from `FIRST_DAY` on."""
    dates = (FIRST_DAY + dt.timedelta(days=number) for number in range(days * 2))
    return [date for date in dates if date.weekday() < 5][:days]


def made_run(random: Random, params: dict[str, Value], drift: float, days: int) -> SweptRun:
    """A variant whose days are drawn around `drift` rupees."""
    changes = [round((drift + random.gauss(0, 3_000)) * 100) for _ in range(days)]
    ratios = ratios_of(changes, 500_000.0)
    net = sum(changes) / 100
    return SweptRun(
        key="-".join(map(str, params.values())), status="done",
        reproduce=f"run_fno_paper sweep show {'-'.join(map(str, params.values()))}",
        params=params, days=dict(zip(sessions(days), changes, strict=True)),
        trades=dict.fromkeys(sessions(days), 2),
        numbers={
            "net_rupees": net, "gross_rupees": net * 1.1,
            "sharpe": ratios.sharpe, "sortino": ratios.sortino,
            "calmar": ratios.calmar,
            "max_drawdown_rupees": 40_000 + abs(drift),
            "annual_return": ratios.annual_return, "trades": 2 * days, "win_rate": 0.45,
            "payoff": 1.6, "expectancy_r": 0.12, "days": days,
            "too_few_days": ratios.too_few_days, "doubtful_trades": 9,
            "doubtful_gross_rupees": net * 0.3, "doubtful_net_rupees": net * 0.28,
        },
    )  # fmt: skip


def drift_of(fast: int, slow: int) -> float:
    """Rupees a day: a hill around 10 and 50, a lonely peak, and a loss elsewhere."""
    if (fast, slow) == LONELY:
        return 1_900.0
    return 900.0 - 60 * abs(fast - 10) - 25 * abs(slow - 50)


def made_sweep(days: int = 80, **more: Any) -> Sweep:
    """The sweep with one variant that failed and two fill profiles of the best five."""
    random = Random(7)
    runs = [
        made_run(random, {FAST.key: fast, SLOW.key: slow}, drift_of(fast, slow), days)
        for fast in FAST.values
        for slow in SLOW.values
        if isinstance(fast, int) and isinstance(slow, int)
    ]
    failed = SweptRun(
        key="lost", status="failed", params={FAST.key: 5, SLOW.key: 110}, numbers={},
        cause="strategies.ema_trend: ZeroDivisionError: division by zero",
        reproduce="run_fno_paper sweep show lost",
    )  # fmt: skip
    profiled = [
        made_run(random, dict(run.params), drift_of(10, 50) - spread, days)
        for run in runs[:5]
        for spread in (0, 400)
    ]
    named = [
        _of(run, runs[at // 2].key, ("mid", "depth")[at % 2]) for at, run in enumerate(profiled)
    ]
    keys: dict[str, Any] = {
        "name": "ema", "axes": (FAST, SLOW), "runs": [*runs, failed, *named], "tries": 46,
        "variants": 21, "seed": 20_261_129, "capital_rupees": 500_000.0,
        "walk_forward": WalkForward(train=30, test=10, min_trades=10),
        "where": "trades >= 30 and max_drawdown < 50000", "about": {"Version": "0.3.0"},
    }  # fmt: skip
    return Sweep(**(keys | more))


def _of(run: SweptRun, key: str, profile: str) -> SweptRun:
    names = {name: getattr(run, name) for name in ("status", "params", "numbers", "days", "trades")}
    return SweptRun(key=key, profile=profile, **names)
