"""The totals of the closed trades, which the page's filters narrow down."""

from __future__ import annotations

from daemon.domain.money import rupees_text
from daemon.metrics.fill_quality import whole_paise
from daemon.report.model import NO_CHARGES
from daemon.report.summary import RunSummary
from daemon.report.tables import money_class, money_text
from daemon.report.text import count


def totals_box(summary: RunSummary) -> str:
    """Return the card of totals; empty without an exit. The script adds the filters to it."""
    if not summary.exits:
        return ""
    exits, judged = summary.exits, summary.numbers
    gross = sum(row.gross_paise for row in exits)
    charges = whole_paise(sum((row.charges for row in exits), NO_CHARGES))
    shown = "".join(
        f'<div><dt>{name}</dt><dd id="total-{key}"{kind}>{text}</dd></div>'
        for key, name, text, kind in (
            ("trades", "Trades closed", count(judged.trades), ""),
            ("won", "Won", count(judged.wins), ""),
            ("exits", "Exit fills", count(len(exits)), ""),
            ("gross", "Gross", money_text(gross), f' class="{money_class(gross)}"'),
            ("charges", "Charges", rupees_text(charges), ""),
            ("net", "Net", money_text(gross - charges), f' class="{money_class(gross - charges)}"'),
        )
    )
    left = "; entry charges of open positions are apart" if summary.open_rows else ""
    return (
        '<section class="card" id="totals"><h2>Totals of closed trades</h2>'
        f'<p class="quiet" id="totals-of">All exits of the run{left}</p>'
        '<div id="filters" hidden></div>'
        f'<dl class="facts" aria-live="polite">{shown}</dl></section>'
    )
