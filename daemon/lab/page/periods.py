"""When the best variant earned: its closed trades by month, weekday, hour and days to expiry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from daemon.lab.numbers.periods import Period, PeriodRow, by_period
from daemon.lab.page.columns import cell, column_of
from daemon.lab.page.judged import Judged
from daemon.report.markup import html_text
from daemon.report.tables import heading
from daemon.report.text import ABSENT
from daemon.rules.loader import load_rulebook

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHOWN: Final[Mapping[Period, str]] = {
    "month": "By month", "weekday": "By weekday", "hour": "By hour of the exit",
    "days_to_expiry": "By days to expiry at the entry",
}  # fmt: skip
_NAMES: Final[Mapping[str, Callable[[str], str]]] = {
    "weekday": lambda key: _WEEKDAYS[int(key) - 1],
    "hour": lambda key: f"{key}:00",
    "days_to_expiry": lambda key: key or ABSENT,
}


def periods_card(judged: Judged) -> str:
    """Return the tables of the best variant; "" without one, or without its trades."""
    if judged.best is None:
        return ""
    trades = judged.sweep.closed_of(judged.variants[judged.best].key)
    if not trades:
        return ""
    expiries = load_rulebook().expiries
    tables = "".join(
        _table(title, period, by_period(trades, period, expiries.of_symbol))
        for period, title in _SHOWN.items()
    )
    return f'<div class="pair-of-cards" id="periods">{tables}</div>'


def _table(title: str, period: Period, rows: Sequence[PeriodRow]) -> str:
    named = _NAMES.get(period, str)
    trades, net = column_of("trades"), column_of("net_rupees")
    lines = "".join(
        f'<tr><td data-v="{at}">{html_text(named(row.key))}</td>{cell(trades, row.trades)}'
        f"{cell(column_of('wins'), row.wins)}{cell(net, row.net_paise / 100)}</tr>"
        for at, row in enumerate(rows)
    )
    head = "".join(
        heading(name, kind)
        for name, kind in (("Best variant", ""), ("Trades", "n"), ("Won", "n"), ("Net", "n"))
    )
    return (
        f'<section class="card"><h3>{html_text(title)}</h3><div class="scroll" tabindex="0">'
        f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'
        "</div></section>"
    )
