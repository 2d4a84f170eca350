"""Compare our ratios with those of quantstats 0.0.86 and empyrical-reloaded (not installed here).

Run where these are: `python tests/lab/compare_libraries.py`. It prints the constants that
`test_numbers.py` holds our numbers against. Both libraries get the daily returns r_i = d_i / C; for
drawdown and Calmar, which compound, d_i / (C + the sum before), so that they see the same equity.
"""

from __future__ import annotations

import importlib
import json
from itertools import accumulate
from typing import Any, Final

CAPITAL: Final = 500_000.0
CHANGES: Final = (
    4_100.5, -2_300.25, 0.0, 7_812.75, -9_050.0, 1_220.0, -3_340.6, 5_005.05, 0.0, 2_750.0,
    -1_111.1, 6_400.0, -8_200.35, 3_075.5, 940.0, -450.45, 2_222.2, -5_600.0, 4_444.4, 1_010.1,
)  # fmt: skip
"""Rupees of twenty sessions."""


def returns() -> list[float]:
    """Return each day's result as a share of the capital."""
    return [change / CAPITAL for change in CHANGES]


def compounding_returns() -> list[float]:
    """Return each day's result as a share of the capital and the results before it."""
    before = [0.0, *accumulate(CHANGES)][:-1]
    return [change / (CAPITAL + sum_) for change, sum_ in zip(CHANGES, before, strict=True)]


def main() -> None:
    """Print what the libraries say."""
    pandas: Any = importlib.import_module("pandas")
    quantstats: Any = importlib.import_module("quantstats.stats")
    empyrical: Any = importlib.import_module("empyrical")
    dates = pandas.bdate_range("2026-11-02", periods=len(CHANGES))
    plain = pandas.Series(returns(), dates)
    compounding = pandas.Series(compounding_returns(), dates)
    found = {
        "quantstats": {
            "sharpe": quantstats.sharpe(plain),
            "sortino": quantstats.sortino(plain),
            "volatility": quantstats.volatility(plain),
            "max_drawdown": quantstats.max_drawdown(compounding),
        },
        "empyrical": {
            "sharpe": empyrical.sharpe_ratio(plain),
            "sortino": empyrical.sortino_ratio(plain),
            "volatility": empyrical.annual_volatility(plain),
            "max_drawdown": empyrical.max_drawdown(compounding),
        },
    }
    rounded = {
        library: {name: float(value) for name, value in numbers.items()}
        for library, numbers in found.items()
    }
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
