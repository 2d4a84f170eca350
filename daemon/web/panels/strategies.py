"""The strategies: on or off and why, their trades, P&L and errors."""

from __future__ import annotations

from collections import Counter

from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import iso_ist
from daemon.domain.ledger import StrategyTally
from daemon.metrics.fill_quality import whole_paise
from daemon.visible import visible
from daemon.web.fold.rows import Row
from daemon.web.panels.view import View


def strategies_panel(view: View) -> list[Row]:
    """Return the configured strategies, then those that traded and are configured no more.

    Plans have a panel of their own.
    """
    config, ledger = view.setup.config, view.book.ledger
    configured = {} if config is None else {each.id: each for each in config.strategies.items}
    plans = view.plans.keys() | ledger.plans.keys()
    others = ledger.strategies.keys() - configured.keys() - plans
    names = [*configured, *sorted(others)]
    held = Counter(position.strategy_id for position in view.positions())
    switches = view.book.process.switches(view.clock)
    rows = []
    for name in names:
        is_enabled = config is None or (name in configured and configured[name].enabled)
        why_off = _why_off(name, switches, is_enabled=is_enabled)
        rows.append(_row(view, name, held[name], why_off))
    return rows


def _row(view: View, name: str, held: int, why_off: str | None) -> Row:
    book = view.book
    tally = book.ledger.strategies.get(name) or StrategyTally()
    charges = whole_paise(tally.charges)
    return {
        "id": visible(name),
        "is_on": why_off is None,
        "why_off": why_off,
        "open": held,
        "trades": tally.closed,
        "won": book.won.get(name, 0) if book.counted.get(name, 0) == tally.closed else None,
        "gross_paise": tally.realized_paise,
        "charges_paise": charges,
        "net_paise": tally.realized_paise - charges,
        "errors": book.process.faults[name],
    }


def _why_off(name: str, switches: CarryOver, *, is_enabled: bool) -> str | None:
    if name in switches.disabled:
        since = iso_ist(switches.disabled[name])[11:16]
        return f"failed too often, not called since {since}"
    if name in switches.strategies_off:
        return "switched off by a person"
    return None if is_enabled else "not enabled in the configuration"
