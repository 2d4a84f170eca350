"""Counts that the ledger keeps: of each strategy, and of how believable the fills are."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from daemon.domain.events import Fill

OLD_QUOTE_NS = 1_000_000_000


class StrategyTally(msgspec.Struct, kw_only=True):
    """The counts of one strategy for gates and metrics. Money in paise."""

    day: int = 0
    """The IST day of the daily counters (`ist_day`)."""
    trades_today: int = 0
    loss_streak: int = 0
    entries: int = 0
    closed: int = 0
    realized_paise: int = 0
    realized_today_paise: int = 0
    charges: Decimal = Decimal(0)
    charges_today: Decimal = Decimal(0)
    lost_ts: int = 0
    """When a position of the strategy last closed with a loss, UTC ns."""

    def turn_to(self, day: int) -> StrategyTally:
        """Clear the counters of the day if they are of another IST day; return the tally."""
        if self.day != day:
            self.day = day
            self.trades_today = self.loss_streak = self.realized_today_paise = 0
            self.charges_today = Decimal(0)
        return self


class FillTally(msgspec.Struct, kw_only=True):
    """Counts that say how believable the fills are."""

    fills: int = 0
    quote_older_than_1s: int = 0
    stale: int = 0
    walked: int = 0
    after_gap: int = 0
    optimistic: int = 0
    """Fills at mid or ltp although the quote had the side that bid_ask would have paid."""
    settled: int = 0
    """Settlements at expiry, which cross no spread."""
    no_book: int = 0
    """Fills on a quote without that side: what bid_ask would have paid is not known."""

    def count(self, fill: Fill) -> None:
        """Count a fill."""
        self.fills += 1
        if fill.quote_age_ns > OLD_QUOTE_NS:
            self.quote_older_than_1s += 1
        if fill.stale:
            self.stale += 1
        if fill.walked:
            self.walked += 1
        if fill.after_gap:
            self.after_gap += 1
        has_side = has_book_side(fill)
        if has_side and is_optimistic(fill):
            self.optimistic += 1
        if fill.rule == "settlement":
            self.settled += 1
        elif not has_side:
            self.no_book += 1


def is_optimistic(fill: Fill) -> bool:
    """Return whether a mid or ltp fill ignored a side that bid_ask would have paid."""
    if not has_book_side(fill):
        return False
    if fill.rule == "last_quote":
        better = fill.bid_ask_paise - fill.price_paise
        return better > 0 if fill.transaction_type == "BUY" else better < 0
    return fill.rule in ("mid", "ltp", "ltp_for_mid")


def has_book_side(fill: Fill) -> bool:
    """Return whether the quote had the side of the book that the order would have crossed."""
    return (fill.ask_paise if fill.transaction_type == "BUY" else fill.bid_paise) > 0
