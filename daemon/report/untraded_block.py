"""Positions without a trade and what they made, apart from trades: for terminal and page."""

from __future__ import annotations

from typing import Final

from daemon.domain.money import rupees_text
from daemon.domain.untraded import API
from daemon.metrics.untraded import UntradedRow
from daemon.report.block import Block
from daemon.report.markup import html_text
from daemon.report.summary import RunSummary
from daemon.report.tables import money_class
from daemon.report.text import ABSENT, count, plain_words, signed, typographic

_HEADER: Final = ("symbol", "product", "side", "qty", "average", "last", "open P&L", "state")
_NUMBERS: Final = frozenset({3, 4, 5, 6})
_RESULT: Final = _HEADER.index("open P&L")


def untraded_block(summary: RunSummary) -> Block:
    """Return the open positions without a trade."""
    rows = [_cells(row) for row in summary.untraded.rows]
    title = f"OPEN POSITIONS WITHOUT A TRADE (strategy {API})"
    return Block(title=title, header=_HEADER, rows=rows, right=_NUMBERS)


def untraded_totals(summary: RunSummary) -> list[list[str]]:
    """Return what orders without a trade made, and the account's net; empty without such orders."""
    found = summary.untraded
    if found.is_empty:
        return []
    rows = [
        ["gross without a trade", signed(found.realized_paise)],
        ["charges without a trade", rupees_text(found.charges_paise)],
        ["net without a trade", signed(found.net_paise)],
    ]
    if found.rows:
        rows.append(["open without a trade, at the last price", _money(found.unrealized_paise)])
    rows.append(["net of the account", signed(summary.account_net_paise)])
    if found.rows or summary.open_rows:
        rows.append(["net of the account with open", _money(summary.account_net_with_open_paise)])
    return rows


def untraded_card(summary: RunSummary) -> str:
    """Return the positions and the figures as a card of the page; empty without such orders."""
    rows = untraded_totals(summary)
    if not rows:
        return ""
    facts = "".join(
        f"<div><dt>{html_text(name.capitalize())}</dt><dd>{html_text(typographic(text))}</dd></div>"
        for name, text in rows
    )
    return (
        '<section class="card" id="untraded"><h2>Without a trade</h2>'
        '<p class="quiet">What GTTs and other orders without a trade bought and sold: in no '
        f"figure of trades. In tables its strategy is the order\u2019s tag, or {API}. Equity, "
        "drawdown and margin are the account\u2019s and have it</p>"
        f'<dl class="facts">{facts}</dl>{_table(summary)}</section>'
    )


def _table(summary: RunSummary) -> str:
    if not summary.untraded.rows:
        return ""
    head = "".join(
        f'<th{_kind(at)} scope="col">{html_text(_heading(name))}</th>'
        for at, name in enumerate(_HEADER)
    )
    body = "".join(f"<tr>{_table_row(row)}</tr>" for row in summary.untraded.rows)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _table_row(row: UntradedRow) -> str:
    kinds = [_kind(at) for at in range(len(_HEADER))]
    if row.unrealized_paise is not None:
        kinds[_RESULT] = f' class="n {money_class(row.unrealized_paise)}"'
    cells = [typographic(cell) if at in _NUMBERS else cell for at, cell in enumerate(_cells(row))]
    return "".join(
        f"<td{kind}>{html_text(cell)}</td>" for kind, cell in zip(kinds, cells, strict=True)
    )


def _heading(name: str) -> str:
    return name[:1].upper() + name[1:]


def _kind(at: int) -> str:
    return ' class="n"' if at in _NUMBERS else ""


def _cells(row: UntradedRow) -> list[str]:
    return [
        row.tradingsymbol,
        row.product,
        row.side,
        count(abs(row.quantity)),
        rupees_text(row.average_paise),
        ABSENT if row.ltp_paise is None else rupees_text(row.ltp_paise),
        _money(row.unrealized_paise),
        f"closing: {plain_words(row.closing)}" if row.closing else "open",
    ]


def _money(paise: int | None) -> str:
    return ABSENT if paise is None else signed(paise)
