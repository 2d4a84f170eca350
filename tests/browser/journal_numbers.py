"""What a page must show, from the journal's own fold, and what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from daemon.domain import account_totals
from daemon.journal.store import JournalStore
from daemon.metrics.fill_quality import whole_paise
from daemon.report.fold import RunFold

Numbers = dict[str, dict[str, str]]
OPEN = ("entry_paise", "quantity", "stop_paise", "target_paise", "realized_paise", "charges_paise")
CLOSED = ("quantity", "entry_paise", "exit_paise", "gross_paise", "charges_paise", "net_paise")
STRATEGY = ("open", "trades", "gross_paise", "charges_paise", "net_paise")
READ = """([body, fields]) => Object.fromEntries(
  [...document.querySelectorAll(`#${body} > tr`)].map(row => [row.id, Object.fromEntries(fields.map(
    field => [field, row.querySelector(`[data-field="${field}"]`).dataset.value]))]))"""


def fold_of(run: Path) -> RunFold:
    """Return the fold of what is on disk now."""
    with JournalStore.open(run) as store:
        return RunFold(store.events())


def expected(fold: RunFold) -> Numbers:
    """Return the totals, open positions, exits, strategies and refusals of a fold."""
    ledger = fold.ledger
    gross = account_totals.realized_paise(ledger)
    charges = whole_paise(account_totals.charges(ledger))
    totals = {"pnl-gross": gross, "pnl-charges": charges, "pnl-net": gross - charges}
    return {
        "totals": {name: str(paise) for name, paise in totals.items()},
        **{f"open-{row.order_id}": _open(row) for row in fold.open_rows({})},
        **{f"closed-{row.order_id}-{row.part}": _closed(row) for row in fold.exits},
        **{f"strategies-{name}": _strategy(fold, name) for name in ledger.strategies},
        **{f"refused-{row.order_id}": {"quantity": str(row.quantity)} for row in fold.refused},
    }


def _open(row: Any) -> dict[str, str]:
    known = {name: getattr(row, name) for name in OPEN if name != "charges_paise"}
    known["charges_paise"] = whole_paise(row.charges)
    return {name: "" if value is None else str(value) for name, value in known.items()}


def _closed(row: Any) -> dict[str, str]:
    known = {name: getattr(row, name) for name in CLOSED if name != "charges_paise"}
    return {name: str(value) for name, value in known.items()} | {
        "charges_paise": str(row.gross_paise - row.net_paise)
    }


def _strategy(fold: RunFold, name: str) -> dict[str, str]:
    tally, charges = fold.ledger.strategies[name], whole_paise(fold.ledger.strategies[name].charges)
    held = sum(each.strategy_id == name for each in fold.ledger.open_positions())
    gross = tally.realized_paise
    numbers = (held, tally.closed, gross, charges, gross - charges)
    return dict(zip(STRATEGY, map(str, numbers), strict=True))


def shown(page: Page) -> Numbers:
    """Return the same numbers as the page has them."""
    totals = {
        name: page.locator(f"#{name}").get_attribute("data-value") or ""
        for name in ("pnl-gross", "pnl-charges", "pnl-net")
    }
    found: Numbers = {"totals": totals}
    for body, fields in (
        ("open-rows", OPEN), ("closed-rows", CLOSED), ("strategies-rows", STRATEGY),
        ("refused-rows", ("quantity",)),
    ):  # fmt: skip
        found |= page.evaluate(READ, [body, list(fields)])
    return found
