"""What happened to an exchange order, as `explain` says it."""

from __future__ import annotations

from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.money import rupees_text

_KINDS = {
    "accepted": "sent",
    "rejected": "refused",
    "trigger_pending": "waits for its trigger",
    "triggered": "triggered",
    "open": "at the exchange",
    "filled": "filled",
    "modified": "modified",
    "modify_refused": "modification refused",
    "cancel_refused": "cancel refused",
    "cancelled": "cancelled",
}


def exchange_text(event: ExchangeOrderMoved) -> str:
    """Describe an event of an exchange order in one sentence."""
    said = _KINDS.get(event.kind, event.kind)
    why = f" ({event.reason})" if event.reason else ""
    text = f"Exchange order {event.exchange_id}, {event.side} {event.order_type}: {said}{why}"
    if event.kind == "filled":
        text += f" {event.last_quantity} at {rupees_text(event.last_paise)} by `{event.rule}`"
        text += _queue(event)
    elif event.limit_paise:
        text += f", limit {rupees_text(event.limit_paise)}"
    text += f"; {event.filled} of {event.quantity} filled."
    if event.near_misses:
        text += f" Near misses so far: {event.near_misses}."
    return text


def _queue(event: ExchangeOrderMoved) -> str:
    queue = event.queue
    if queue is None or queue.ahead_before is None:
        return ""
    return f", {queue.ahead_before} ahead of it before"
