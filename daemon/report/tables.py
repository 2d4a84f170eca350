"""The tables of the page. Every name that came from outside is escaped here."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from daemon.domain.money import rupees_text
from daemon.domain.position_row import PositionRow
from daemon.metrics.fill_quality import whole_paise
from daemon.report.bars import bar
from daemon.report.markup import html_text
from daemon.report.model import NO_CHARGES, ExitRow, Group
from daemon.report.numbers import STILL_OPEN
from daemon.report.text import (
    ABSENT,
    count,
    duration,
    ist_day_text,
    ist_time,
    signed,
    typographic,
    words,
)
from daemon.rules.contract_note import LINES, ContractNote

_TRADE_HEADER = (
    ("In", ""), ("Out", ""), ("Symbol", ""), ("Side", ""), ("Qty", "n"),
    ("Entry", "n"), ("Exit", "n"), ("Reason", ""), ("Gross", "n"), ("Charges", "n"),
    ("Net", "n"), ("Strategy", ""), ("Order", ""), ("Fill", ""),
)  # fmt: skip
_OPEN_HEADER = (
    ("Since", ""), ("Symbol", ""), ("Side", ""), ("Qty", "n"), ("Entry", "n"), ("Last", "n"),
    ("Stop", "n"), ("Target", "n"), ("Open P&amp;L", "n"), ("State", ""),
    ("Strategy", ""), ("Order", ""),
)  # fmt: skip
_GROUP_HEADER = (("Name", ""), ("Exits", "n"), ("Gross", "n"), ("Charges", "n"), ("Net", "n"))

ROWS_FIRST = 200
"""Rows of trades that are laid out at once; the script brings the others, and without one all are
there: thousands take a browser seconds."""
MILLIONTHS = 1_000_000
"""Of a rupee: charges as the page's script adds them up, before they are rounded."""
_NOTE_LINES = ("Brokerage", "STT", "Exchange", "SEBI", "Stamp duty", "GST", "Total")


class Groups(enum.StrEnum):
    """By what a table groups; the page's script reads it to follow the filters."""

    DAY = enum.auto()
    MONTH = enum.auto()
    STRATEGY = enum.auto()
    SYMBOL = enum.auto()
    REASON = enum.auto()

    @property
    def has_codes(self) -> bool:
        """Return whether its names are codes of this program, to be shown as words."""
        return self is not Groups.STRATEGY and self is not Groups.SYMBOL


def money_class(paise: int) -> str:
    """Return the class that colours a gain or a loss; the sign says it too."""
    return "gain" if paise > 0 else "loss" if paise < 0 else "even"


def money_text(paise: int) -> str:
    """Return a signed amount for the page, rupees."""
    return typographic(signed(paise))


def trades_table(rows: Sequence[ExitRow], *, dated: bool) -> str:
    """Return one line per exit fill; a heading sorts by its column."""
    head = "".join(heading(name, kind) for name, kind in _TRADE_HEADER)
    closed = _nets(rows)
    body = "".join(
        _trade_row(row, closed, is_later=at >= ROWS_FIRST, dated=dated)
        for at, row in enumerate(rows)
    )
    return (
        '<div class="scroll" tabindex="0"><table class="sortable" id="trades">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def heading(name: str, kind: str = "") -> str:
    """Return a heading that sorts by its column; `name` is markup."""
    return f'<th class="{kind}" scope="col"><button type="button">{name}</button></th>'


def _nets(rows: Iterable[ExitRow]) -> dict[str, int]:
    """Return what each trade came to over all its exits, paise."""
    gross: dict[str, int] = {}
    charges: dict[str, Decimal] = {}
    for row in rows:
        gross[row.order_id] = gross.get(row.order_id, 0) + row.gross_paise
        charges[row.order_id] = charges.get(row.order_id, NO_CHARGES) + row.charges
    return {order: paise - whole_paise(charges[order]) for order, paise in gross.items()}


def _trade_row(row: ExitRow, nets: Mapping[str, int], *, is_later: bool, dated: bool) -> str:
    part = "" if row.is_last and row.part == 1 else f' <span class="tag">part {row.part}</span>'
    cells = [
        _time(row.entry_ts, dated=dated),
        _time(row.exit_ts, dated=dated),
        f'<td title="{html_text(_story(row))}">{html_text(row.tradingsymbol)}</td>',
        f"<td>{row.side.capitalize()}</td>",
        _number(count(row.quantity), row.quantity),
        _number(rupees_text(row.entry_paise), row.entry_paise),
        _number(rupees_text(row.exit_paise), row.exit_paise),
        f"<td>{html_text(words(row.reason))}{part}</td>",
        _money(row.gross_paise),
        _number(rupees_text(whole_paise(row.charges)), whole_paise(row.charges)),
        _money(row.net_paise),
        f"<td>{html_text(row.strategy_id)}</td>",
        f'<td><button type="button" class="link">{html_text(row.order_id)}</button></td>',
        f"<td>{_fill_tags(row)}</td>",
    ]
    won = f' data-won="{int(nets[row.order_id] > 0)}"' if row.is_last else ""
    exact = int(row.charges * MILLIONTHS)
    later = ' class="later"' if is_later else ""
    return f'<tr{later} data-charges="{exact}"{won}>{"".join(cells)}</tr>'


def _story(row: ExitRow) -> str:
    held = f"{row.order_id}, held {duration(row.exit_ts - row.entry_ts)}"
    if row.best_paise is None or row.worst_paise is None:
        return held
    return f"{held}, best {rupees_text(row.best_paise)}, worst {rupees_text(row.worst_paise)}"


def _fill_tags(row: ExitRow) -> str:
    seen = row.evidence
    doubts = {
        "old quote": seen.old,
        "stale": seen.stale,
        "candle": seen.walked,
        "after gap": seen.after_gap,
    }
    tags = "".join(
        f' <span class="tag warn">{name}</span>' for name, is_so in doubts.items() if is_so
    )
    return f"{html_text(seen.rule)}{tags}"


def open_table(rows: Sequence[PositionRow], *, dated: bool) -> str:
    """Return what the run left open, at the last prices."""
    head = "".join(heading(name, kind) for name, kind in _OPEN_HEADER)
    body = "".join(_open_row(row, dated=dated) for row in rows)
    return (
        f'<div class="scroll" tabindex="0"><table class="sortable"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _open_row(row: PositionRow, *, dated: bool) -> str:
    unrealized = row.unrealized_paise
    cells = [
        _time(row.entry_ts, dated=dated),
        f'<td title="{html_text(row.order_id)}">{html_text(row.tradingsymbol)}</td>',
        f"<td>{row.side.capitalize()}</td>",
        _number(count(row.quantity), row.quantity),
        *(
            _number(ABSENT if paise is None else rupees_text(paise), paise or 0)
            for paise in (row.entry_paise, row.ltp_paise, row.stop_paise, row.target_paise)
        ),
        _number(ABSENT, 0) if unrealized is None else _money(unrealized),
        f"<td>{html_text(row.state)}</td>",
        f"<td>{html_text(row.strategy_id)}</td>",
        f"<td>{html_text(row.order_id)}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def group_table(title: str, groups: Sequence[Group], by: Groups) -> str:
    """Return realized P&L by name, each with a bar on one scale that grows from the middle."""
    largest = max((abs(group.net_paise) for group in groups), default=0) or 1
    rows = "".join(_group_row(group, largest, has_codes=by.has_codes) for group in groups)
    head = "".join(heading(name, kind) for name, kind in _GROUP_HEADER)
    return (
        f'<section class="card"><h3>{html_text(title)}</h3><div class="scroll" tabindex="0">'
        f'<table class="groups sortable" data-by="{by}"><thead><tr>{head}'
        '<th class="barhead" scope="col"><span class="hide">Net as a bar</span></th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _group_row(group: Group, largest: int, *, has_codes: bool) -> str:
    name, kind = words(group.name) if has_codes else group.name, ""
    if has_codes and group.name == STILL_OPEN:
        name, kind = "Still open (entry charges)", ' class="still-open"'
    net, charges = group.net_paise, whole_paise(group.charges)
    width = max(0.8, 50 * abs(net) / largest) if net else 0
    left = 50.0 if net >= 0 else 50 - width
    return (
        f"<tr{kind}><td>{html_text(name)}</td>{_number(count(group.exits), group.exits)}"
        f"{_money(group.gross_paise)}{_number(rupees_text(charges), charges)}{_money(net)}"
        f'<td class="bar">{bar(money_class(net), left, width)}</td></tr>'
    )


def notes_table(notes: Sequence[tuple[dt.date, ContractNote]], total: Decimal) -> str:
    """Return the contract note of each day, rupees, and what they come to."""
    head = "".join(f'<th class="n" scope="col">{name}</th>' for name in _NOTE_LINES)
    rows = "".join(
        f"<tr><td>{date}</td>{_rupees(getattr(note, line) for line in LINES)}"
        f"{_rupees([note.total])}</tr>"
        for date, note in notes
    )
    last = f'<tr><td>All</td><td colspan="{len(LINES)}"></td>{_rupees([total])}</tr>'
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Day</th>{head}</tr>'
        f"</thead><tbody>{rows}{last if len(notes) > 1 else ''}</tbody></table></div>"
    )


def _rupees(amounts: Iterable[Decimal]) -> str:
    shown = map(whole_paise, amounts)
    return "".join(_number(rupees_text(paise), paise) for paise in shown)


def counts_table(title: str, empty: str, counts: Mapping[str, int]) -> str:
    """Return counters by reason, the largest first."""
    shown = sorted(((number, name) for name, number in counts.items() if number), reverse=True)
    rows = "".join(
        f"<tr><td>{html_text(words(name))}</td>{_number(count(number), number)}</tr>"
        for number, name in shown
    )
    inner = f"<table><tbody>{rows}</tbody></table>" if rows else f'<p class="quiet">{empty}</p>'
    return f'<section class="card"><h3>{html_text(title)}</h3>{inner}</section>'


def _time(ts: int, *, dated: bool) -> str:
    text = f"{ist_day_text(ts)[5:]} {ist_time(ts)}" if dated else ist_time(ts)
    return f'<td class="t" data-v="{ts // 1_000_000}">{text}</td>'


def _number(text: str, value: int) -> str:
    return f'<td class="n" data-v="{value}">{text}</td>'


def _money(paise: int) -> str:
    return f'<td class="n {money_class(paise)}" data-v="{paise}">{money_text(paise)}</td>'
