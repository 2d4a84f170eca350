"""Sums over everything in an account: its trades, and its orders without one."""

from __future__ import annotations

from decimal import Decimal

from daemon.domain.ledger import Ledger
from daemon.domain.money import PAISE_PER_RUPEE, whole_paise
from daemon.domain.statistics import MarginStatus


def realized_paise(ledger: Ledger) -> int:
    """Return the gross result of all that was closed, paise."""
    return ledger.realized_paise + ledger.untraded.realized_paise


def charges(ledger: Ledger) -> Decimal:
    """Return all charges, rupees."""
    return ledger.charges + ledger.untraded.charges


def net_paise(ledger: Ledger) -> int:
    """Return the result of all that was closed, less all charges, paise."""
    return realized_paise(ledger) - whole_paise(charges(ledger))


def return_on_peak_margin(net_paise: int, margin: MarginStatus | None) -> float | None:
    """Return net P&L (paise) by the most that was blocked, None if nothing was."""
    if margin is None or not margin.peak_rupees:
        return None
    return net_paise / (margin.peak_rupees * PAISE_PER_RUPEE)
