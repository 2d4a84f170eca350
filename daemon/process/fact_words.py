"""Fills, exits and refusals as one sentence each, in a trader's words. Rupees."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.domain.events import ExitDemand, Fill, OrderCreated, OrderMoved
from daemon.domain.money import rupees_text
from daemon.domain.order import Order
from daemon.journal.words import numbers_text, why
from daemon.metrics.fill_quality import whole_paise
from daemon.report.text import count, signed

_BASES: Final = {
    "ltp": "last price",
    "mid": "mid",
    "bid": "bid",
    "ask": "ask",
    "ltp_for_mid": "last price, no mid",
    "ltp_for_bid": "last price, no bid",
    "ltp_for_ask": "last price, no ask",
    "settlement": "settlement",
    "last_quote": "last quote before the close",
    "depth": "level of the book",
    "cross": "limit, crossed",
    "through": "limit, traded through",
    "at": "limit, traded at",
    "touch": "limit, touched",
}


Asked = OrderCreated | Order
"""What is known of an order from its beginning; both have the fields that are used here."""


def entry_sentence(order_id: str, fill: Fill, asked: Asked) -> str:
    """Return `BUY 65 NIFTY26NOV24950CE filled at 198.75 (ask + 5 bps), strategy x, V3-...`."""
    return (
        f"{fill.transaction_type} {count(fill.quantity)} {asked.tradingsymbol} filled at "
        f"{rupees_text(fill.price_paise)} ({_how(fill)}){_whose(order_id, asked)}"
    )


def exit_sentence(
    order_id: str, reason: str, fill: Fill, asked: Asked, *, entry_charges: Decimal, left: int
) -> str:
    """Return `stop loss: sold 65 ... at ..., net -11,812.58, ...`; `left` units stay open."""
    verb = "bought" if fill.transaction_type == "BUY" else "sold"
    rest = f", {count(left)} stay open" if left else ""
    return (
        f"{_words(reason)}: {verb} {count(fill.quantity)} {asked.tradingsymbol} at "
        f"{rupees_text(fill.price_paise)} ({_how(fill)}), "
        f"net {signed(net_of_exit(fill, entry_charges))}{rest}{_whose(order_id, asked)}"
    )


def waiting_sentence(event: OrderMoved, demand: ExitDemand, asked: Asked) -> str:
    """Return the sentence of an exit that began and has no fill yet."""
    what = "the official close" if demand.settling else "a price"
    return (
        f"{_words(event.reason)}: the exit of {count(demand.quantity)} {asked.tradingsymbol} "
        f"waits for {what}{_whose(event.order_id, asked)}"
    )


def refusal_sentence(event: OrderMoved, asked: Asked) -> str:
    """Return `refused: BUY 65 ..., max_open_positions: why (open 3, limit 3), ...`."""
    verb = "refused" if event.to_state == "REJECTED" else "cancelled"
    words = why(event.reason)
    reason = f"{event.reason}: {words}" if words else event.reason
    numbers = numbers_text(event.numbers)
    return (
        f"{verb}: {asked.transaction_type} {count(asked.quantity)} {asked.tradingsymbol}, "
        f"{reason}{f' ({numbers})' if numbers else ''}{_whose(event.order_id, asked)}"
    )


def net_of_exit(fill: Fill, entry_charges: Decimal) -> int:
    """Return the P&L of an exit after its charges and its share of the entry's, paise."""
    return fill.realized_paise - whole_paise(Decimal(fill.charges.total) + entry_charges)


def _whose(order_id: str, asked: Asked) -> str:
    strategy = f", strategy {asked.strategy_id}" if asked.strategy_id else ""
    return f"{strategy}, {order_id}"


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _how(fill: Fill) -> str:
    """Return what the price came from, and what makes it doubtful."""
    text = _BASES.get(fill.rule, fill.rule)
    if fill.slippage_half_paise and fill.base_half_paise:
        bps = fill.slippage_half_paise * 10_000 / fill.base_half_paise
        sign = "+" if fill.transaction_type == "BUY" else "-"
        text += f" {sign} {f'{bps:.1f}'.removesuffix('.0')} bps"
    if fill.stale:
        text += ", stale quote"
    if fill.walked:
        text += ", inside a candle"
    if fill.after_gap:
        text += ", first after a gap"
    return text
