"""What plans came to, by plan and by leg and attempt: for terminal and page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.domain.money import rupees_text
from daemon.metrics.plan_results import AttemptResult, Money, PlanResult
from daemon.report.block import Block
from daemon.report.markup import html_text
from daemon.report.summary import RunSummary
from daemon.report.tables import money_class
from daemon.report.text import ABSENT, count, plain_words, signed, typographic

_MONEY: Final = ("gross", "charges", "net", "worst")
_PLAN: Final = ("plan", "rounds", "skipped", "running", "won", "stops", *_MONEY)
_PLAN_NARROW: Final = ("plan", "rounds", "skipped", "won", "net", "worst")
_LEG: Final = ("plan", "leg", "attempt", "trades", "won", "stops", "open", *_MONEY)
_LEG_NARROW: Final = ("leg", "attempt", "trades", "won", "net", "worst")
_NAMES: Final = frozenset({"plan", "leg"})
_COLOURED: Final = frozenset({"gross", "net", "worst"})
Cells = dict[str, str]


def plan_blocks(summary: RunSummary) -> list[Block]:
    """Return a block with a line for each plan, and one with a line for each leg and attempt."""
    plans = [_plan_cells(each) for each in summary.plans]
    legs = _all_leg_cells(summary)
    skips = "; ".join(filter(None, map(_skips, summary.plans)))
    return [
        _block("BY PLAN", plans, _PLAN, _PLAN_NARROW, f"skipped: {skips}" if skips else ""),
        _block("BY LEG AND ATTEMPT", legs, _LEG, _LEG_NARROW, ""),
    ]


def plan_card(summary: RunSummary) -> str:
    """Return both tables as a card of the page; empty without plans."""
    if not summary.plans:
        return ""
    plans = "".join(_row(_PLAN, _plan_cells(each)) for each in summary.plans)
    skips = "; ".join(filter(None, map(_skips, summary.plans)))
    legs = "".join(_row(_LEG, cells) for cells in _all_leg_cells(summary))
    told = f'<p class="quiet">Skipped: {html_text(skips)}</p>' if skips else ""
    return (
        '<section class="card long" id="plans"><h2>Plans</h2>'
        '<p class="quiet">Since the account\u2019s journal began. A round that traded nothing is '
        "skipped; won and worst are of rounds that are over, after charges. Attempt 0 is a "
        f"leg\u2019s first entry in its round</p>{told}"
        f"{_table(_PLAN, plans)}{_table(_LEG, legs) if legs else ''}</section>"
    )


def _block(
    title: str, cells: Sequence[Cells], wide: Sequence[str], narrow: Sequence[str], note: str
) -> Block:
    def table(header: Sequence[str], below: Block | None = None) -> Block:
        return Block(
            title=title,
            header=header,
            rows=[[row[name] for name in header] for row in cells],
            right=frozenset(at for at, name in enumerate(header) if name not in _NAMES),
            note=note,
            narrow=below,
        )

    return table(wide, table(narrow))


def _plan_cells(result: PlanResult) -> Cells:
    return {
        "plan": result.plan,
        "rounds": count(result.rounds),
        "skipped": count(result.skips),
        "running": count(result.running),
        "won": f"{count(result.won)} of {count(result.done)}",
        "stops": count(result.stops),
        **_money_cells(result.money),
    }


def _all_leg_cells(summary: RunSummary) -> list[Cells]:
    return [_leg_cells(plan, result) for plan in summary.plans for result in plan.legs]


def _leg_cells(plan: PlanResult, result: AttemptResult) -> Cells:
    return {
        "plan": plan.plan,
        "leg": result.leg,
        "attempt": count(result.attempt),
        "trades": count(result.trades),
        "won": count(result.won),
        "stops": count(result.stops),
        "open": count(result.open),
        **_money_cells(result.money),
    }


def _money_cells(money: Money) -> Cells:
    worst = money.worst_paise
    return {
        "gross": signed(money.gross_paise),
        "charges": rupees_text(money.charges_paise),
        "net": signed(money.net_paise),
        "worst": ABSENT if worst is None else signed(worst),
    }


def _skips(result: PlanResult) -> str:
    """Return why rounds of a plan traded nothing; empty if each did."""
    told = ", ".join(f"{plain_words(why)} {count(n)}" for why, n in result.skipped.items())
    return f"{result.plan}: {told}" if told else ""


# the page


def _table(header: Sequence[str], body: str) -> str:
    head = "".join(f'<th{_kind(name)} scope="col">{name.capitalize()}</th>' for name in header)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(header: Sequence[str], cells: Cells) -> str:
    shown = {
        name: html_text(text if name in _NAMES else typographic(text))
        for name, text in cells.items()
    }
    return f"<tr>{''.join(f'<td{_tone(name, cells)}>{shown[name]}</td>' for name in header)}</tr>"


def _kind(name: str) -> str:
    return "" if name in _NAMES else ' class="n"'


def _tone(name: str, cells: Cells) -> str:
    if name not in _COLOURED:
        return _kind(name)
    return f' class="n {_sign(cells[name])}"'


def _sign(text: str) -> str:
    return money_class(1 if text.startswith("+") else -1 if text.startswith("-") else 0)
