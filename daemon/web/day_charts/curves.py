"""A day's P&L, minute by minute with open positions at market, and how far it fell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from daemon.domain import account_totals
from daemon.domain.dates import DAY_NS, MINUTE_NS, SECOND_NS, ist_midnight
from daemon.domain.ledger import Ledger
from daemon.domain.money import rupees, rupees_text
from daemon.metrics.equity import EquityFold
from daemon.metrics.fill_quality import whole_paise
from daemon.report.model import Point
from daemon.report.numbers import drawdown_curve
from daemon.runtime.series import Series
from daemon.visible import visible
from daemon.web.day_charts.bars import MINUTES, DayBars
from daemon.web.day_charts.day_facts import DayFacts

Curve = dict[str, Any]


def booked_before(ledger: Ledger) -> int:
    """Return the realized net P&L that a day began with, paise."""
    return account_totals.realized_paise(ledger) - whole_paise(account_totals.charges(ledger))


def day_curve(bars: DayBars, facts: DayFacts, until: int) -> list[Point]:
    """Return the day's net P&L at the end of each minute up to `until` (UTC ns)."""
    equity, base = EquityFold(facts.ledger), booked_before(facts.ledger)
    prices = {symbol: found.last_prices() for symbol, found in bars.symbols.items()}
    traded = [found.minutes() for found in bars.symbols.values()]
    first = min((int(found[0]) for found in traded if len(found)), default=MINUTES)
    last = min(MINUTES - 1, (min(until, bars.until) - bars.begin) // MINUTE_NS)
    waiting = iter(facts.events)
    event = next(waiting, None)
    for minute in range(first, last + 1):
        end = bars.begin + (minute + 1) * MINUTE_NS
        while event is not None and event.ts < end:
            equity.book(event)
            event = next(waiting, None)

        def price_of(symbol: str, at: int = minute) -> int:
            found = prices.get(symbol)
            return 0 if found is None else int(found[at])

        equity.close_minute(min(end - 1, until), price_of)
    state = equity.points_at(0, lambda _: 0) if first <= last else []
    return [(ts, paise - base) for ts, paise in state if ts]


def kept_curve(series: Series | None, day: dt.date, base: int) -> list[Point]:
    """Return the same from what a run kept, empty where it kept none."""
    if series is None or series.drawdown is None:
        return []
    begin = ist_midnight(day)
    return [(ts, paise - base) for ts, paise in series.equity if begin <= ts < begin + DAY_NS]


def closed_curve(facts: DayFacts) -> list[Point]:
    """Return the day's realized net P&L after each fill."""
    ledger, base = facts.ledger, booked_before(facts.ledger)
    points: list[Point] = []
    for event in facts.events:
        ledger.apply(event)
        if getattr(event, "fill", None) is not None:
            points.append((event.ts, booked_before(ledger) - base))
    return points


def curves_data(
    day: str, net: Sequence[Point], closed: Sequence[Point], missing: str
) -> dict[str, Curve]:
    """Return what the charts of curves take: P&L, and its fall below the day's high."""
    fall = drawdown_curve(net or closed)
    last = (net or closed or [(0, 0)])[-1][1]
    low = min((paise for _, paise in net or closed), default=0)
    deepest = min((paise for _, paise in fall), default=0)
    note = f"; {missing}" if missing else ""
    return {
        "equity": curve(
            f"P&L of {day}",
            f"net Rs {rupees_text(last)}, lowest Rs {rupees_text(low)}{note}",
            [("net, open positions at market", "net", net), ("closed trades", "closed", closed)],
        ),
        "drawdown": curve(
            f"Drawdown of {day}",
            f"deepest fall below the day's high: Rs {rupees_text(-deepest)}{note}",
            [("below the high", "drawdown", fall)],
        ),
    }


def curve(title: str, line: str, series: Sequence[tuple[str, str, Sequence[Point]]]) -> Curve:
    """Return the data of one chart; series without a point are left out."""
    return {
        "title": title,
        "line": visible(line),
        "unit": "rupees",
        "series": [
            {"name": name, "kind": kind, "points": _points(points)}
            for name, kind, points in series
            if points
        ],
    }


def _points(points: Sequence[Point]) -> list[tuple[int, float]]:
    """Return points in seconds, of several in one second the last."""
    return list({ts // SECOND_NS: rupees(paise) for ts, paise in points}.items())
