"""A summary as titled blocks of cells, before anyone decides how they look on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from daemon.domain.money import rupees_text
from daemon.metrics.honesty import Honesty, whole_paise
from daemon.report.model import ExitRow, OpenRow
from daemon.report.summary import RunSummary
from daemon.report.text import ABSENT, count, ist_day_text, ist_time, signed

ROWS_MAX: Final = 60


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A title over a table; `right` says which columns hold numbers."""

    title: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    right: frozenset[int] = frozenset()
    note: str = ""
    warning: bool = False


TRADE_HEADER: Final = (
    "in", "out", "symbol", "side", "qty", "entry", "exit", "reason", "gross", "charges", "net",
)  # fmt: skip
OPEN_HEADER: Final = (
    "since", "symbol", "side", "qty", "entry", "ltp", "stop", "target", "unrealized", "state",
)  # fmt: skip


def summary_blocks(summary: RunSummary, *, rows_max: int = ROWS_MAX) -> list[Block]:
    """All blocks in reading order; of a longer list of trades the first and last are shown."""
    blocks = [
        _run_block(summary),
        _trades_block(summary, rows_max),
        _open_block(summary, rows_max),
        _counts_block("ORDERS REFUSED", summary.refusals),
        _counts_block("TICKS REFUSED", summary.facts.refused_ticks),
        _counts_block("DATA", summary.facts.quality),
        Block(title="NOTES", rows=[[note] for note in summary.facts.notes], warning=True),
        _totals_block(summary),
        honesty_block(summary.honesty),
        Block(title="WRITTEN", rows=[[path] for path in summary.paths]),
    ]
    return [each for each in blocks if each.rows or each.note]


def _beside(honesty: Honesty) -> list[list[str]]:
    """What bid_ask fills would have given, where they are not what was chosen."""
    if honesty.profile.mode == "bid_ask":
        return []
    if not honesty.knows_bid_ask:
        return [["gross with bid_ask fills", "unknown: the data has no bid and ask"]]
    return [
        ["gross with bid_ask fills", signed(honesty.bid_ask_paise)],
        ["difference", signed(honesty.bid_ask_paise - honesty.gross_paise)],
    ]


def honesty_block(honesty: Honesty) -> Block:
    """How the fills were made, and what the strictest fills would have given."""
    fills = honesty.fills
    rows = [
        ["fills made", count(fills.fills)],
        ["optimistic (mid or ltp, the side was there)", count(fills.optimistic)],
        ["on a quote older than 1 s", count(fills.quote_older_than_1s)],
        ["on a stale quote", count(fills.stale)],
        ["walked through a candle", count(fills.walked)],
        ["first after a gap", count(fills.after_gap)],
        ["without the side to cross (no bid or no ask)", count(fills.no_book)],
        [f"gross with {honesty.profile.mode} fills", signed(honesty.gross_paise)],
        *_beside(honesty),
    ]
    return Block(
        title=f"HOW FAR TO TRUST THIS: {honesty.profile.text()}",
        rows=rows,
        right=frozenset({1}),
        note="OPTIMISTIC FILLS: a real order would have paid the spread."
        if honesty.is_optimistic
        else "",
        warning=honesty.is_optimistic,
    )


def span_text(summary: RunSummary) -> str:
    """From the first event to the last, Indian time."""
    if not summary.seq:
        return "no trading events"
    first, last = summary.first_ts, summary.last_ts
    until = ist_time(last) if one_day(summary) else f"{ist_day_text(last)} {ist_time(last)}"
    return f"{ist_day_text(first)} {ist_time(first)} to {until} IST"


def one_day(summary: RunSummary) -> bool:
    """Whether times alone are enough, without dates."""
    return ist_day_text(summary.first_ts) == ist_day_text(summary.last_ts)


def _run_block(summary: RunSummary) -> Block:
    facts = summary.facts
    rows = [
        ["span", span_text(summary)],
        ["account", facts.account],
        ["engine", facts.engine],
        ["feed", facts.feed],
        ["ticks", count(facts.ticks)],
        ["journal", f"{count(summary.seq)} events"],
    ]
    return Block(title=f"RUN {facts.run_id}", rows=[row for row in rows if row[1]])


def _trades_block(summary: RunSummary, rows_max: int) -> Block:
    rows = [_trade_cells(each, dated=not one_day(summary)) for each in summary.exits]
    hidden = len(rows) - rows_max
    if hidden > 0:
        half = rows_max // 2
        rows = [*rows[:half], *rows[len(rows) - (rows_max - half) :]]
    note = "" if rows else "no exits"
    if hidden > 0:
        note = f"{count(hidden)} rows between the first and the last are not shown here"
    return Block(
        title="TRADES",
        header=TRADE_HEADER,
        rows=rows,
        right=frozenset({4, 5, 6, 8, 9, 10}),
        note=note,
    )


def _trade_cells(row: ExitRow, *, dated: bool) -> list[str]:
    return [
        _time(row.entry_ts, dated=dated),
        _time(row.exit_ts, dated=dated),
        row.tradingsymbol,
        row.side,
        count(row.quantity),
        rupees_text(row.entry_paise),
        rupees_text(row.exit_paise),
        row.reason if row.is_last else f"{row.reason} (part)",
        signed(row.gross_paise),
        rupees_text(whole_paise(row.charges)),
        signed(row.net_paise),
    ]


def _totals_block(summary: RunSummary) -> Block:
    judged, honesty = summary.numbers, summary.honesty
    rate = ABSENT if judged.win_rate is None else f"{judged.win_rate:.1%}"
    factor = ABSENT if judged.profit_factor is None else f"{judged.profit_factor:.2f}"
    seen = "marked to market" if summary.is_marked else "booked only"
    rows = [
        ["orders", count(summary.total_orders)],
        ["closed positions", count(judged.trades)],
        ["won / lost", f"{count(judged.wins)} / {count(judged.losses)}"],
        ["win rate", rate],
        ["profit factor", factor],
        [f"max drawdown ({seen})", rupees_text(summary.drawdown.depth_paise)],
        ["gross", signed(honesty.gross_paise)],
        ["charges", rupees_text(honesty.charges_paise)],
        *_as_noted(summary),
        ["net", signed(honesty.net_paise)],
        ["unrealized, still open", signed(summary.unrealized_paise)],
    ]
    return Block(title="TOTALS", rows=rows, right=frozenset({1}))


def _as_noted(summary: RunSummary) -> list[list[str]]:
    """The charges as contract notes round them, beside the exact ones."""
    if not summary.contract_notes_total:
        return []
    noted = rupees_text(whole_paise(summary.contract_notes_total))
    return [["charges on contract notes", noted]]


def _open_block(summary: RunSummary, rows_max: int) -> Block:
    dated = not one_day(summary)
    rows = [_open_cells(each, dated=dated) for each in summary.open_rows[:rows_max]]
    hidden = len(summary.open_rows) - len(rows)
    return Block(
        title="OPEN POSITIONS",
        header=OPEN_HEADER,
        rows=rows,
        right=frozenset({3, 4, 5, 6, 7, 8}),
        note=f"{count(hidden)} more are not shown here" if hidden else "",
    )


def _open_cells(row: OpenRow, *, dated: bool) -> list[str]:
    def price(paise: int | None) -> str:
        return ABSENT if paise is None else rupees_text(paise)

    return [
        _time(row.entry_ts, dated=dated),
        row.tradingsymbol,
        row.side,
        count(row.quantity),
        rupees_text(row.entry_paise),
        price(row.ltp_paise),
        price(row.stop_paise),
        price(row.target_paise),
        ABSENT if row.unrealized_paise is None else signed(row.unrealized_paise),
        row.state,
    ]


def _counts_block(title: str, counts: Mapping[str, int]) -> Block:
    rows = [[name, count(number)] for name, number in sorted(counts.items()) if number]
    return Block(title=title, rows=rows, right=frozenset({1}))


def _time(ts: int, *, dated: bool) -> str:
    return f"{ist_day_text(ts)[5:]} {ist_time(ts)}" if dated else ist_time(ts)
