"""What an order is to its trade: an entry at the market, or an exit that must leave."""

from __future__ import annotations

from daemon.domain.exchange_order import STOP_KINDS, ExchangeOrder, ExchangeOrderState


def is_entry_market(order: ExchangeOrder) -> bool:
    """Return whether an order is a trade's entry at the market, whose rest lives briefly."""
    is_market = order.kind == "MARKET" or (order.kind == "SL-M" and order.triggered)
    return is_market and not order.terms.is_exit


def escalates(order: ExchangeOrder) -> bool:
    """Return whether what is left of an exit must leave: a MARKET, or a stop that was triggered."""
    is_urgent = order.kind == "MARKET" or (order.triggered and order.kind in STOP_KINDS)
    return order.terms.is_exit and is_urgent and order.state is ExchangeOrderState.OPEN
