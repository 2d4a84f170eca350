"""Closed trades and rounds by day, week, month, weekday, hour or days to expiry; and exposure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
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
    held: set[int] = set()
    for trade in trades:
        for date, (opens, close) in hours.items():
            if ist_date(trade.entry_ts) <= date <= ist_date(trade.closed_ts):
                first, last = max(trade.entry_ts, opens), min(trade.closed_ts, close - 1)
                held.update(range(first // MINUTE_NS, last // MINUTE_NS + 1))
    return len(held) / minutes if minutes else None


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
