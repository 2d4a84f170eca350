"""Sharpe, Sortino, annual return, drawdown and Calmar of daily P&L, without compounding.

null (None) where a number has no meaning, never infinite and never 0 for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from daemon.domain.drawdown import Drawdown
from daemon.domain.money import PAISE_PER_RUPEE

SESSIONS_A_YEAR: Final = 252
FEW_DAYS: Final = 20
"""Under this many days the ratios say little."""


class Ratios(msgspec.Struct, frozen=True, kw_only=True):
    """The ratios of a run; percentages are shares (0.1 for 10 %) and need a capital."""

    days: int
    too_few_days: bool
    sharpe: float | None
    sortino: float | None
    volatility: float | None
    """Of a year, a share of the capital."""
    annual_return: float | None
    max_drawdown_rupees: float | None
    """From every minute; null where no minute was told."""
    max_drawdown_percent: float | None
    """Of the capital and the P&L at the peak."""
    calmar: float | None
    drawdown_sessions: int | None
    """Of the deepest fall of daily closes: sessions from its peak until the peak was reached again,
    or until now; null without a fall."""
    drawdown_is_open: bool


class DailyDrawdown(msgspec.Struct, frozen=True, kw_only=True):
    """The deepest fall of the daily closes, whose peak starts at 0."""

    depth_paise: int = 0
    sessions: int = 0
    is_open: bool = False


def sharpe(returns: Sequence[float]) -> float | None:
    """Return the annual Sharpe ratio of daily returns (or of daily P&L in any unit)."""
    deviation = _stdev(returns)
    if not deviation:
        return None
    return _mean(returns) / deviation * math.sqrt(SESSIONS_A_YEAR)


def sortino(returns: Sequence[float]) -> float | None:
    """Return the annual Sortino ratio: the deviation is that of all days below 0."""
    if len(returns) < 2:
        return None
    below = math.sqrt(math.fsum(min(each, 0.0) ** 2 for each in returns) / len(returns))
    return _mean(returns) / below * math.sqrt(SESSIONS_A_YEAR) if below else None


def volatility(returns: Sequence[float]) -> float | None:
    """Return the annual standard deviation of daily returns."""
    deviation = _stdev(returns)
    return None if deviation is None else deviation * math.sqrt(SESSIONS_A_YEAR)


def annual_return(returns: Sequence[float]) -> float | None:
    """Return the return of a year of 252 sessions, not compounded."""
    return math.fsum(returns) * SESSIONS_A_YEAR / len(returns) if len(returns) > 1 else None


def daily_drawdown(changes_paise: Sequence[int]) -> DailyDrawdown:
    """Return the deepest fall of the closes, the first one where two are equal."""
    deepest = DailyDrawdown()
    net = peak = 0
    peak_at = -1
    found_at = -1
    for at, change in enumerate(changes_paise):
        net += change
        if net >= peak:
            if deepest.is_open and found_at == peak_at:
                deepest = msgspec.structs.replace(deepest, sessions=at - peak_at, is_open=False)
            peak, peak_at = net, at
        elif peak - net > deepest.depth_paise:
            found_at = peak_at
            deepest = DailyDrawdown(depth_paise=peak - net, is_open=True)
    if deepest.is_open:
        sessions = len(changes_paise) - 1 - found_at
        deepest = msgspec.structs.replace(deepest, sessions=sessions)
    return deepest


def ratios_of(
    changes_paise: Sequence[int],
    capital_rupees: float | None = None,
    drawdown: Drawdown | None = None,
) -> Ratios:
    """Return all ratios of daily changes of net P&L; `drawdown` is that of every minute.

    Without a capital the percentages are null, and Sharpe and Sortino are those of rupees.
    """
    rupees = [change / PAISE_PER_RUPEE for change in changes_paise]
    capital = capital_rupees or None
    returns = rupees if capital is None else [each / capital for each in rupees]
    fall = daily_drawdown(changes_paise)
    yearly = annual_return(returns) if capital else None
    share = fall.depth_paise / PAISE_PER_RUPEE / capital if capital else 0.0
    return Ratios(
        days=len(rupees), too_few_days=len(rupees) < FEW_DAYS,
        sharpe=sharpe(returns), sortino=sortino(returns),
        volatility=volatility(returns) if capital else None,
        annual_return=yearly,
        max_drawdown_rupees=drawdown.depth_paise / PAISE_PER_RUPEE if drawdown else None,
        max_drawdown_percent=_percent(drawdown, capital),
        calmar=yearly / share if yearly is not None and share else None,
        drawdown_sessions=fall.sessions if fall.depth_paise else None,
        drawdown_is_open=fall.is_open,
    )  # fmt: skip


def _percent(drawdown: Drawdown | None, capital: float | None) -> float | None:
    if drawdown is None or capital is None:
        return None
    at_peak = capital + drawdown.peak_paise / PAISE_PER_RUPEE
    return drawdown.depth_paise / PAISE_PER_RUPEE / at_peak if at_peak > 0 else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _stdev(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation, None for fewer than two values, 0 for equal ones."""
    if len(values) < 2:
        return None
    if all(value == values[0] for value in values):
        return 0.0
    mean = _mean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
