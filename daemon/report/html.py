"""The report: one HTML file that needs nothing else, to be opened, kept or printed.

Nothing in it can run but its own scripts, which its content policy names by hash; a symbol or
strategy id that looks like markup is text. Tables and totals are there without any script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.files.replace import replace_file
from daemon.report import sections, tables
from daemon.report.curve_data import curves_of
from daemon.report.document import document
from daemon.report.execution_card import execution_card
from daemon.report.levels import LevelStep
from daemon.report.margin_rows import margin_card
from daemon.report.model import Marker, Point
from daemon.report.periods import by_day, by_month
from daemon.report.plan_block import plan_card
from daemon.report.refused_table import refused_table
from daemon.report.summary import RunSummary
from daemon.report.text import count, one_day
from daemon.report.totals import totals_box
from daemon.report.trade_charts import charts_data, trade_charts
from daemon.report.untraded_block import untraded_card

DATA_VERSION: Final = 1
"""Of the block of data that the page's script reads."""
NO_SCRIPT: Final = (
    "<noscript><p>Charts need JavaScript; the tables have every number.</p></noscript>"
)


class ReportData(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page is made of. Paise and UTC ns."""

    summary: RunSummary
    markers: Sequence[Marker] = ()
    booked: Sequence[Point] = ()
    """Realized P&L less charges of the account after each fill."""
    equity: Sequence[Point] = ()
    """Net P&L with open positions marked to market, if the run kept it."""
    prices: Mapping[str, Sequence[Point]] = {}
    """Last prices by tradingsymbol, already thinned."""
    levels: Mapping[str, Sequence[LevelStep]] = {}
    """Stop and target of each trade, in order."""


def write_report(out: Path, data: ReportData) -> Path:
    """Write the page to `out` in one step and return its path. Raises OSError."""
    replace_file(out, render_page(data).encode("utf-8", "replace"))
    return out


def render_page(data: ReportData) -> str:
    """Return the page as text: the same data, the same text."""
    summary = data.summary
    dated = not one_day(summary.first_ts, summary.last_ts)
    charts = _charts(data)
    body = [
        sections.header(summary),
        sections.tiles(summary),
        sections.fill_quality_box(summary),
        execution_card(summary.execution),
        _curves(data),
        totals_box(summary),
        margin_card(summary),
        _periods(summary),
        _trades(summary, dated=dated),
        _prices(data, len(charts)),
        _open(summary, dated=dated),
        untraded_card(summary),
        plan_card(summary),
        _groups(summary),
        _notes(summary),
        refused_table(summary.refused, dated=dated),
        _refusals(summary),
        "<footer>Paper trading: no order was sent to an exchange. Times are Indian Standard Time, "
        "amounts are rupees. Realized P&amp;L is gross when each exit fills; charges are counted "
        "apart, per executed order.</footer>",
    ]
    block = {
        "version": DATA_VERSION,
        "curves": curves_of(data.booked, data.equity) if data.booked else {},
        "charts": charts,
    }
    return document(f"{summary.facts.run_id}: paper trading report", "".join(body), block)


def _charts(data: ReportData) -> list[dict[str, Any]]:
    """Return the price charts, as the page's script reads them."""
    ends = [points[-1][0] for points in data.prices.values() if points]
    last_ts = max([data.summary.last_ts, *ends])
    charts = trade_charts(data.markers, data.summary.exits, data.prices, last_ts)
    return charts_data(charts, data.prices, data.levels)


def _curves(data: ReportData) -> str:
    if not data.booked:
        return (
            '<section class="card empty"><h2>No fills in this run</h2>'
            "<p>Nothing was bought or sold, so there is no equity curve. "
            "What was refused, if anything was, is listed below.</p></section>"
        )
    known = (
        "Marked to market, net of charges; closed trades apart"
        if data.equity
        else "Closed trades, net of charges"
    )
    fall = "open positions at market" if data.equity else "closed trades only"
    return (
        '<section class="card"><h2>Equity and drawdown</h2>'
        f'<div class="slot" id="equity" data-line="{known}."></div>'
        f'<div class="slot" id="drawdown" data-line="Below the highest equity so far, {fall}.">'
        f"</div>{NO_SCRIPT}</section>"
    )


def _prices(data: ReportData, charts: int) -> str:
    if not charts:
        return ""
    title = "Trades on the price" if data.markers else "Prices"
    line = (
        f"{count(charts)} charts, one for each symbol and day of entry, as long as its trades lived"
        if data.markers
        else "Last prices of the run"
    )
    return (
        f'<section class="card long" id="prices"><h2>{title}</h2><p class="quiet">{line}</p>'
        f'<div id="slots"></div>{NO_SCRIPT}</section>'
    )


def _periods(summary: RunSummary) -> str:
    if not summary.exits:
        return ""
    days, months = (made(summary.exits, summary.open_rows) for made in (by_day, by_month))
    return (
        '<div class="pair-of-cards">'
        + tables.group_table("By month", months, tables.Groups.MONTH)
        + tables.group_table("By day", days, tables.Groups.DAY)
        + "</div>"
    )


def _trades(summary: RunSummary, *, dated: bool) -> str:
    if not summary.exits:
        return ""
    title = f"{count(summary.numbers.trades)} closed, {count(len(summary.exits))} exit fills"
    return (
        '<section class="card long"><div class="titled"><div><h2>Trades</h2>'
        f'<p class="quiet">{title}; charges include the share of the entry</p></div></div>'
        '<section id="trade" aria-label="The trade that was chosen" hidden></section>'
        f"{tables.trades_table(summary.exits, dated=dated)}</section>"
    )


def _open(summary: RunSummary, *, dated: bool) -> str:
    if not summary.open_rows:
        return ""
    return (
        '<section class="card long"><h2>Open at the end</h2>'
        '<p class="quiet">Marked to the last price; not in net P&amp;L</p>'
        f"{tables.open_table(summary.open_rows, dated=dated)}</section>"
    )


def _groups(summary: RunSummary) -> str:
    if not summary.by_symbol:
        return ""
    return (
        '<div class="three">'
        + tables.group_table("By strategy", summary.by_strategy, tables.Groups.STRATEGY)
        + tables.group_table("By symbol", summary.by_symbol, tables.Groups.SYMBOL)
        + tables.group_table("By exit reason", summary.by_reason, tables.Groups.REASON)
        + "</div>"
    )


def _notes(summary: RunSummary) -> str:
    if not summary.contract_notes_total:
        return ""
    return (
        '<section class="card long"><h2>Contract notes</h2>'
        '<p class="quiet">The charges of each day as a broker\u2019s note rounds them: STT to the '
        "rupee, other lines to the paisa. Net P&amp;L uses the exact charges</p>"
        f"{tables.notes_table(summary.contract_notes, summary.contract_notes_total)}</section>"
    )


def _refusals(summary: RunSummary) -> str:
    facts = summary.facts
    return (
        '<div class="two">'
        + tables.counts_table("Orders refused", "No order was refused.", summary.refusals)
        + tables.counts_table("Ticks refused", "No tick was refused.", facts.refused_ticks)
        + tables.counts_table("Data quality", "Nothing to report.", facts.quality)
        + "</div>"
    )
