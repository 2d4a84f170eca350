"""Sums over everything in an account: its trades, and its orders without one."""

from __future__ import annotations

from decimal import Decimal

from daemon.domain.ledger import Ledger


def realized_paise(ledger: Ledger) -> int:
    """Return the gross result of all that was closed, paise."""
    return ledger.realized_paise + ledger.untraded.realized_paise


def charges(ledger: Ledger) -> Decimal:
    """Return all charges, rupees."""
    return ledger.charges + ledger.untraded.charges
