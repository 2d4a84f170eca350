"""A fill in a trader's words."""

from __future__ import annotations

from daemon.domain.booked_fills import BookedFill
from daemon.journal.words import EXITS, money


def fill_words(booked: BookedFill, symbol: str = "") -> str:
    """Return what was bought or sold, of an exit why and what it made; without a symbol none."""
    fill = booked.fill
    verb = "bought" if fill.transaction_type == "BUY" else "sold"
    what = f"{fill.quantity} {symbol}".rstrip()
    done = f"{verb} {what} at {money(fill.price_paise)}"
    if booked.is_entry:
        return done
    why = EXITS.get(booked.reason, booked.reason)
    return f"{done}: {why}; {money(fill.realized_paise)} before charges"
