"""A summary as titled blocks of cells, before anyone decides how they look on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.domain.money import rupees_text
from daemon.metrics.fill_quality import FillQuality, whole_paise
from daemon.report.block import Block
from daemon.report.execution_block import execution_block, rules_block
from daemon.report.margin_rows import margin_rows
from daemon.report.plan_block import plan_blocks
from daemon.report.refused_block import refused_block
from daemon.report.strategy_block import strategy_block
from daemon.report.summary import RunSummary
from daemon.report.text import ABSENT, count, signed, span_text
from daemon.report.trade_blocks import open_block, trades_block
from daemon.report.untraded_block import untraded_block, untraded_totals

ROWS_MAX: Final = 60


def summary_blocks(summary: RunSummary, *, rows_max: int = ROWS_MAX) -> list[Block]:
    """Return all blocks in reading order; of a longer list of trades the first and the last."""
    blocks = [
        _run_block(summary),
        _notes_block(summary),
        trades_block(summary, rows_max),
        open_block(summary, rows_max),
        untraded_block(summary),
        refused_block(summary, rows_max),
        _counts_block("TICKS REFUSED", summary.facts.refused_ticks),
        _counts_block("DATA", summary.facts.quality),
        strategy_block(summary),
        *plan_blocks(summary),
        _totals_block(summary),
        fill_quality_block(summary.fill_quality),
        *_execution_blocks(summary),
        Block(title="WRITTEN", rows=[[path] for path in summary.paths]),
    ]
    return [block for block in blocks if block.rows or block.note]


def _execution_blocks(summary: RunSummary) -> list[Block]:
    """Return how a run at the exchange was filled; the page says it of every run."""
    execution = summary.execution
    if not execution.is_at_exchange:
        return []
    return [rules_block(execution), execution_block(execution)]


def _notes_block(summary: RunSummary) -> Block:
    """Return what must be known before the numbers are read."""
    rows = [[note] for note in summary.facts.notes]
    return Block(title="NOTES", rows=rows, warning=True, wraps=True)


def _with_spread_paid(quality: FillQuality) -> list[list[str]]:
    """Return what paying the spread would have given, where the fills did not."""
    if quality.profile.mode == "bid_ask":
        return []
    name = "gross P&L if every fill had paid the spread"
    if not quality.knows_bid_ask:
        return [[name, "unknown: the data has no bid and ask"]]
    return [
        [name, signed(quality.bid_ask_paise)],
        ["difference", signed(quality.bid_ask_paise - quality.gross_paise)],
    ]


def fill_quality_block(quality: FillQuality) -> Block:
    """Return how the fills were made, and what the strictest fills would have given."""
    fills = quality.fills
    rows = [
        ["fills", count(fills.fills)],
        ["optimistic: mid or last price, spread not paid", count(fills.optimistic)],
        ["on a quote older than 1 s", count(fills.quote_older_than_1s)],
        ["forced on a stale quote", count(fills.stale)],
        ["priced inside a candle, not at a tick", count(fills.walked)],
        ["first after a gap in the data", count(fills.after_gap)],
        ["no bid or ask to fill at: last price taken", count(fills.no_book)],
        [f"gross P&L, {quality.profile.mode} fills", signed(quality.gross_paise)],
        *_with_spread_paid(quality),
    ]
    return Block(
        title=f"HOW FAR TO TRUST THIS: {quality.profile.text()}",
        rows=rows,
        right=frozenset({1}),
        note="OPTIMISTIC FILLS: a real order would have paid the spread."
        if quality.is_optimistic
        else "",
        warning=quality.is_optimistic,
    )


def trading_text(summary: RunSummary) -> str:
    """Return the times of the first and the last trading event."""
    if not summary.seq:
        return "no orders"
    return span_text(summary.first_ts, summary.last_ts)


def data_text(summary: RunSummary) -> str:
    """Return from when to when the run had data; empty where that is not known."""
    facts = summary.facts
    return span_text(facts.data_from_ts, facts.data_to_ts) if facts.data_from_ts else ""


def _run_block(summary: RunSummary) -> Block:
    facts = summary.facts
    rows = [
        ["data", data_text(summary)],
        ["trading", trading_text(summary)],
        ["account", facts.account],
        ["engine", facts.engine],
        ["feed", facts.feed],
        ["ticks", count(facts.ticks)],
        ["journal", f"{count(summary.seq)} events"],
    ]
    return Block(title=f"RUN {facts.run_id}", rows=[row for row in rows if row[1]])


def _totals_block(summary: RunSummary) -> Block:
    judged, quality = summary.numbers, summary.fill_quality
    rate = ABSENT if judged.win_rate is None else f"{judged.win_rate:.1%}"
    factor = ABSENT if judged.profit_factor is None else f"{judged.profit_factor:.2f}"
    seen = "open positions at market" if summary.is_marked else "closed trades only"
    rows = [
        ["orders", count(summary.total_orders)],
        ["closed trades", count(judged.trades)],
        ["won / lost", f"{count(judged.wins)} / {count(judged.losses)}"],
        ["win rate", rate],
        ["profit factor", factor],
        [f"max drawdown ({seen})", rupees_text(summary.drawdown.depth_paise)],
        ["gross", signed(quality.gross_paise)],
        ["charges", rupees_text(quality.charges_paise)],
        *_as_noted(summary),
        ["net without open positions" if summary.open_rows else "net", signed(quality.net_paise)],
        *_with_open(summary),
        *untraded_totals(summary),
        *margin_rows(summary),
    ]
    return Block(title="TOTALS", rows=rows, right=frozenset({1}))


def _as_noted(summary: RunSummary) -> list[list[str]]:
    """Return the charges as contract notes round them, to be shown with the exact ones."""
    if not summary.contract_notes_total:
        return []
    noted = rupees_text(whole_paise(summary.contract_notes_total))
    whose = "" if summary.untraded.is_empty else ", whole account"
    return [[f"charges on contract notes{whose}", noted]]


def _with_open(summary: RunSummary) -> list[list[str]]:
    """Return net P&L with open positions, if there are any."""
    if not summary.open_rows:
        return []
    net = summary.net_with_open_paise
    if net is None:
        return [["open positions", "unknown: one has no price"]]
    return [
        ["open positions at the last price", signed(summary.unrealized_paise)],
        ["net with open positions", signed(net)],
    ]


def _counts_block(title: str, counts: Mapping[str, int]) -> Block:
    rows = [[name, count(number)] for name, number in sorted(counts.items()) if number]
    return Block(title=title, rows=rows, right=frozenset({1}))
