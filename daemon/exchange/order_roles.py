"""What an order is to its trade: an entry at the market, or an exit that must leave."""

from __future__ import annotations

from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState
from daemon.domain.order_kind import STOP_KINDS


def is_entry_market(order: ExchangeOrder) -> bool:
    """Return whether an order is a trade's entry at the market, whose rest lives briefly."""
    is_market = order.kind == "MARKET" or (order.kind == "SL-M" and order.triggered)
    return is_market and not order.terms.is_exit


def escalates(order: ExchangeOrder) -> bool:
    """Return whether what is left of an exit must leave: a MARKET, or a stop that was triggered."""
    return is_urgent(order) and order.state is ExchangeOrderState.OPEN


def is_urgent(order: ExchangeOrder) -> bool:
    """Return whether an order is an exit that must leave whatever it costs, once it is open."""
    leaves = order.kind == "MARKET" or (order.triggered and order.kind in STOP_KINDS)
    return order.terms.is_exit and leaves
