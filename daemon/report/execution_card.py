"""How a run was filled, as a card of the page."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.report.execution import Execution
from daemon.report.execution_block import execution_rows, rules_block
from daemon.report.markup import html_text


def execution_card(execution: Execution) -> str:
    """Return fills by rule, how deep they went and what was missed; empty without any of it."""
    rules, rows = rules_block(execution), execution_rows(execution)
    if not rules.rows and not rows:
        return ""
    head = "".join(f'<th scope="col">{html_text(name.capitalize())}</th>' for name in rules.header)
    body = "".join(_row(row) for row in rules.rows)
    by_rule = (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    more = "".join(_row(row) for row in rows)
    return (
        '<section class="card long" id="execution"><h2>How it was filled</h2>'
        '<p class="quiet">Fills at once are compared with what the other fill modes would have '
        "made of them, in rupees of P&amp;L</p>"
        f"{by_rule if rules.rows else ''}"
        f"{f'<table><tbody>{more}</tbody></table>' if more else ''}</section>"
    )


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    numbers = "".join(f'<td class="n">{html_text(text)}</td>' for text in rest)
    return f"<tr><td>{html_text(first)}</td>{numbers}</tr>"
