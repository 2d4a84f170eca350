"""The page's table of refused orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.journal.words import numbers_text, why
from daemon.report.markup import html_text
from daemon.report.model import RefusedRow
from daemon.report.tables import heading
from daemon.report.text import count, time_text, words

ROWS_MAX: Final = 500
_HEADER: Final = ("Time", "Symbol", "Side", "Qty", "Refused by", "Numbers", "Strategy", "Order")


def refused_table(rows: Sequence[RefusedRow], *, dated: bool) -> str:
    """Return the card of the first `ROWS_MAX` refused orders; empty without any."""
    if not rows:
        return ""
    hidden = len(rows) - ROWS_MAX
    more = f'<p class="quiet">{count(hidden)} more are in the journal.</p>' if hidden > 0 else ""
    head = "".join(heading(name) for name in _HEADER)
    body = "".join(_row(row, dated=dated) for row in rows[:ROWS_MAX])
    return (
        '<section class="card long"><h2>Refused orders</h2>'
        '<div class="scroll" tabindex="0"><table class="sortable" id="refused">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}</section>"
    )


def _row(row: RefusedRow, *, dated: bool) -> str:
    return (
        f'<tr><td class="t" data-v="{row.ts // 1_000_000}">{time_text(row.ts, dated=dated)}</td>'
        f"<td>{html_text(row.tradingsymbol)}</td>"
        f"<td>{html_text(row.transaction_type.capitalize())}</td>"
        f'<td class="n" data-v="{row.quantity}">{count(row.quantity)}</td>'
        f"<td>{html_text(words(row.reason))}<small>{html_text(why(row.reason))}</small></td>"
        f"<td>{html_text(numbers_text(row.numbers))}</td>"
        f"<td>{html_text(row.strategy_id)}</td><td>{html_text(row.order_id)}</td></tr>"
    )
