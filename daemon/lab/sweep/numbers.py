"""The numbers of a variant, as `runs.parquet` names them (docs/LAB.md, Numbers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Kind = Literal["whole", "real", "flag"]
Number = int | float | bool | None

NUMBERS: Final[Mapping[str, Kind]] = {
    # money of the run
    "net_rupees": "real",
    "gross_rupees": "real",
    # by session: those of `Ratios`
    "days": "whole",
    "missing_days": "whole",
    "too_few_days": "flag",
    "sharpe": "real",
    "sortino": "real",
    "volatility": "real",
    "annual_return": "real",
    "max_drawdown_rupees": "real",
    "max_drawdown_percent": "real",
    "calmar": "real",
    "drawdown_sessions": "whole",
    "drawdown_is_open": "flag",
    # by trade: those of `TradeFigures`
    "trades": "whole",
    "wins": "whole",
    "losses": "whole",
    "flat": "whole",
    "win_rate": "real",
    "payoff": "real",
    "expectancy_r": "real",
    "trades_without_stop": "whole",
    "mean_adverse_rupees": "real",
    "mean_favourable_rupees": "real",
    "exposure": "real",
    # by the account's margin
    "return_on_peak_margin": "real",
    # closed trades with a fill at a stale or an optimistic price
    "doubtful_trades": "whole",
    "doubtful_gross_rupees": "real",
    "doubtful_net_rupees": "real",
}
"""Name -> kind, in the order of the columns. Each may be null; money in rupees, shares as 0.1."""
ALSO_CALLED: Final[Mapping[str, str]] = {
    "net": "net_rupees",
    "gross": "gross_rupees",
    "max_drawdown": "max_drawdown_rupees",
}
"""What a condition may call them as well."""
