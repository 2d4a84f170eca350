"""Closed trades and rounds by day, week, month, weekday, hour or days to expiry; and exposure."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, get_args

import msgspec

from daemon.domain.dates import IST_OFFSET_NS, MINUTE_NS, SECOND_NS, ist_date
from daemon.lab.numbers.trades import ClosedTrade, joined_rounds

Period = Literal["day", "week", "month", "weekday", "hour", "days_to_expiry"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
ExpiryOf = Callable[[str], dt.date | None]
"""The expiry of a contract by its symbol, None if it has none."""
_KEYS: Final[Mapping[str, Callable[[dt.datetime], str]]] = {
    "day": lambda at: at.date().isoformat(),
    "week": lambda at: f"{at.isocalendar().year}-W{at.isocalendar().week:02d}",
    "month": lambda at: f"{at:%Y-%m}",
    "weekday": lambda at: f"{at.isoweekday()}",
    "hour": lambda at: f"{at:%H}",
}
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - Indian wall time


class PeriodRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the trades and rounds of one period came to, paise."""

    key: str
    """2026-11-18, 2026-W47, 2026-11, a weekday from 1 (Monday), an hour from 00, or days to expiry;
    empty for what does not expire."""
    trades: int
    wins: int
    net_paise: int


def by_period(
    trades: Iterable[ClosedTrade], period: Period, expiry_of: ExpiryOf | None = None
) -> list[PeriodRow]:
    """Return a row for each period that has a closed trade or round, in order.

    Each is in the period of its last exit, IST. Days to expiry are calendar days from the entry to
    the nearest expiry of its contracts, which `expiry_of` knows.
    """
    nets: dict[tuple[int, str], list[int]] = {}
    for unit in joined_rounds(trades):
        nets.setdefault(_key(unit, period, expiry_of), []).append(unit.net_paise)
    return [
        PeriodRow(
            key=key, trades=len(found), wins=sum(net > 0 for net in found), net_paise=sum(found)
        )
        for (_, key), found in sorted(nets.items())
    ]


def exposure(
    trades: Iterable[ClosedTrade], hours: Mapping[dt.date, tuple[int, int]]
) -> float | None:
    """Return the share of the sessions' minutes in which a trade was open.

    A minute counts if a trade was open in any part of it. `hours` are open and close (UTC ns) of
    each session. None without any.
    """
    minutes = sum((close - opens) // MINUTE_NS for opens, close in hours.values())
    if not minutes:
        return None
    held, until = 0, -1
    for first, last in sorted(_held(trades, hours)):
        held += max(last - max(first, until + 1) + 1, 0)
        until = max(until, last)
    return held / minutes


def _held(
    trades: Iterable[ClosedTrade], hours: Mapping[dt.date, tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the first and the last minute of each trade in each session that it was open in."""
    dates = sorted(hours)
    for trade in trades:
        begin = bisect_left(dates, ist_date(trade.entry_ts))
        end = bisect_right(dates, ist_date(trade.closed_ts))
        for date in dates[begin:end]:
            opens, close = hours[date]
            first = max(trade.entry_ts, opens) // MINUTE_NS
            last = min(trade.closed_ts, close - 1) // MINUTE_NS
            if first <= last:
                yield first, last


def _key(unit: ClosedTrade, period: Period, expiry_of: ExpiryOf | None) -> tuple[int, str]:
    """Return what is sorted by, and the text."""
    if period != "days_to_expiry":
        wall = _EPOCH + dt.timedelta(seconds=(unit.closed_ts + IST_OFFSET_NS) // SECOND_NS)
        return 0, _KEYS[period](wall)
    symbols = [trade.tradingsymbol for trade in unit.trades or (unit,)]
    found = [] if expiry_of is None else [expiry_of(symbol) for symbol in symbols]
    known = [expiry for expiry in found if expiry is not None]
    if not known:
        return -1, ""
    days = (min(known) - ist_date(unit.entry_ts)).days
    return days, f"{days}"
