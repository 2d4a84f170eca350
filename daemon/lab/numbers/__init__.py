"""Numbers about a run, exactly defined (docs/LAB.md, Numbers): two programs agree on them."""

from daemon.lab.numbers.bootstrap import Interval, bootstrap
from daemon.lab.numbers.days import Days, days_of
from daemon.lab.numbers.deflated import deflated_sharpe, expected_best_sharpe
from daemon.lab.numbers.periods import PeriodRow, by_period, exposure
from daemon.lab.numbers.ratios import Ratios, ratios_of, sharpe, sortino, volatility
from daemon.lab.numbers.trades import (
    ClosedTrade,
    TradeFigures,
    closed_trades,
    trade_figures,
)
from daemon.lab.numbers.walk_forward import OutOfSample, Variant, WalkForward, walk_forward

__all__ = [
    "ClosedTrade",
    "Days",
    "Interval",
    "OutOfSample",
    "PeriodRow",
    "Ratios",
    "TradeFigures",
    "Variant",
    "WalkForward",
    "bootstrap",
    "by_period",
    "closed_trades",
    "days_of",
    "deflated_sharpe",
    "expected_best_sharpe",
    "exposure",
    "ratios_of",
    "sharpe",
    "sortino",
    "trade_figures",
    "volatility",
    "walk_forward",
]
