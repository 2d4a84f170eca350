"""The report: one HTML file that needs nothing else, to be opened, kept or printed.

Nothing in it can run but the page's own script, which its content policy names by hash; a symbol
or strategy id that looks like markup is text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from daemon.files.replace import replace_file
from daemon.report import sections, tables
from daemon.report.assets import SCRIPT, STYLE
from daemon.report.charts import drawdown_chart, equity_chart, price_chart
from daemon.report.markup import html_text
from daemon.report.model import ExitRow, Marker, Point
from daemon.report.numbers import drawdown_curve
from daemon.report.refused_table import refused_table
from daemon.report.summary import RunSummary
from daemon.report.svg import TimeAxis
from daemon.report.text import count, one_day

CHARTS_MAX: Final = 24
"""Price charts on one page; the table has the trades of every symbol."""
PRICE_POINTS: Final = 12_000
"""Of all price charts together, so that the page stays small."""
QUIET_CHARTS_MAX: Final = 6
"""Price charts of a run without fills."""
MARKED_TITLE: Final = (
    '<h2>Trades on the price</h2><div class="legend">'
    '<span class="accent">\u25b2 buy, \u25bc sell: entry</span>'
    '<span class="gain">\u25b2\u25bc exit with a gain</span>'
    '<span class="loss">\u25b2\u25bc exit with a loss</span></div>'
)


class ReportData(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page is made of. Paise and UTC ns."""

    summary: RunSummary
    markers: Sequence[Marker] = ()
    booked: Sequence[Point] = ()
    """Realized P&L less charges after each fill."""
    equity: Sequence[Point] = ()
    """Net P&L with open positions marked to market, if the run kept it."""
    prices: Mapping[str, Sequence[Point]] = {}
    """Last prices by tradingsymbol, already thinned."""


def write_report(out: Path, data: ReportData) -> Path:
    """Write the page to `out` in one step and return its path. Raises OSError."""
    replace_file(out, render_page(data).encode("utf-8", "replace"))
    return out


def render_page(data: ReportData) -> str:
    """Return the page as text: the same data, the same text."""
    summary = data.summary
    axis = TimeAxis(_times(data))
    dated = not one_day(summary.first_ts, summary.last_ts)
    body = [
        sections.header(summary),
        sections.tiles(summary),
        sections.fill_quality_box(summary),
        _curves(axis, data),
        _prices(axis, data),
        _trades(summary, dated=dated),
        _open(summary, dated=dated),
        _groups(summary),
        _notes(summary),
        refused_table(summary.refused, dated=dated),
        _refusals(summary),
        "<footer>Paper trading: no order was sent to an exchange. Times are Indian Standard Time, "
        "amounts are rupees. Realized P&amp;L is gross when each exit fills; charges are counted "
        "apart, per executed order.</footer>",
    ]
    return _document(summary.facts.run_id, "".join(body))


def _document(run_id: str, body: str) -> str:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!doctype html><html lang="en-IN"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html_text(run_id)}: paper trading report</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main><script>{SCRIPT}</script></body></html>\n"
    )


def _times(data: ReportData) -> list[int]:
    series = [data.booked, data.equity, *data.prices.values()]
    return [ts for points in series for ts, _ in points] + [marker.ts for marker in data.markers]


def _curves(axis: TimeAxis, data: ReportData) -> str:
    shown = data.equity or data.booked
    if not data.booked:
        return (
            '<section class="card empty"><h2>No fills in this run</h2>'
            "<p>Nothing was bought or sold, so there is no equity curve. "
            "What was refused, if anything was, is listed below.</p></section>"
        )
    kinds = '<span><i class="accent"></i>closed trades, net of charges</span>'
    if data.equity:
        kinds = '<span><i class="accent"></i>marked to market, net of charges</span>'
        kinds += '<span><i class="mute dash"></i>closed trades</span>'
    fall = "open positions at market" if data.equity else "closed trades only"
    return (
        f'<section class="card"><h2>Equity</h2><div class="legend">{kinds}</div>'
        f"{equity_chart(axis, data.booked, data.equity)}"
        f'<h3>Drawdown</h3><div class="legend"><span>below the highest equity so far, {fall}</span>'
        f"</div>{drawdown_chart(axis, drawdown_curve(shown))}</section>"
    )


def _prices(axis: TimeAxis, data: ReportData) -> str:
    markers, exits = _by_symbol(data.markers), _exits_by_symbol(data.summary.exits)
    traded = sorted(markers, key=lambda symbol: (-len(markers[symbol]), symbol))
    shown = traded[:CHARTS_MAX] or sorted(data.prices)[:QUIET_CHARTS_MAX]
    if not shown:
        return ""
    points_max = max(150, min(800, PRICE_POINTS // len(shown)))
    charts = [
        f'<div class="priced"><h3>{html_text(symbol)}</h3><span class="quiet">'
        f"{count(len(markers.get(symbol, ())))} fills</span></div>"
        + price_chart(
            axis,
            symbol,
            data.prices.get(symbol, ()),
            markers.get(symbol, ()),
            exits.get(symbol, ()),
            points_max=points_max,
        )
        for symbol in shown
        if markers.get(symbol) or data.prices.get(symbol)
    ]
    hidden = len(traded) - len(shown)
    more = f'<p class="quiet">{count(hidden)} more symbols are in the tables only.</p>'
    title = MARKED_TITLE if traded else "<h2>Prices</h2>"
    return (
        f'<section class="card long">{title}{"".join(charts)}'
        f"{more if hidden > 0 and traded else ''}</section>"
    )


def _trades(summary: RunSummary, *, dated: bool) -> str:
    if not summary.exits:
        return ""
    title = f"{count(summary.numbers.trades)} closed, {count(len(summary.exits))} exit fills"
    return (
        '<section class="card long"><div class="titled"><div><h2>Trades</h2>'
        f'<p class="quiet">{title}; charges include the share of the entry</p></div>'
        '<input id="filter" type="search" placeholder="Filter by any text" '
        'aria-label="Filter trades" hidden></div>'
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
        + tables.group_table("By strategy", summary.by_strategy, are_codes=False)
        + tables.group_table("By symbol", summary.by_symbol, are_codes=False)
        + tables.group_table("By exit reason", summary.by_reason, are_codes=True)
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


def _by_symbol(markers: Sequence[Marker]) -> dict[str, list[Marker]]:
    found: dict[str, list[Marker]] = {}
    for marker in markers:
        found.setdefault(marker.tradingsymbol, []).append(marker)
    return found


def _exits_by_symbol(exits: Sequence[ExitRow]) -> dict[str, list[ExitRow]]:
    found: dict[str, list[ExitRow]] = {}
    for row in exits:
        found.setdefault(row.tradingsymbol, []).append(row)
    return found
