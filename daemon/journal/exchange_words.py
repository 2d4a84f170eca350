"""What happened to an exchange order, as `explain` says it: one event, one or two sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daemon.domain.events import ExchangeOrderMoved, OrderCreated, QueuePlace
from daemon.domain.money import rupees_text
from daemon.domain.order_kind import DAY, MARKET
from daemon.journal.exchange_reasons import ENDED, kite_sentence
from daemon.journal.words import count_of, money, numbers_text, why

STOP_KINDS: Final = ("SL", "SL-M")


def entry_text(event: OrderCreated) -> str:
    """Describe how an entry is sent, empty for a plain market order."""
    parts = [] if event.order_type == MARKET else [f"as {event.order_type}"]
    if event.trigger_paise:
        parts.append(f"trigger Rs {rupees_text(event.trigger_paise)}")
    if event.price_paise:
        parts.append(f"limit Rs {rupees_text(event.price_paise)}")
    if event.validity == "TTL":
        parts.append(f"valid for {event.validity_ttl} min")
    elif event.validity != DAY:
        parts.append(f"valid {event.validity}")
    if event.market_protection is not None:
        parts.append(f"protected by {event.market_protection:g} %")
    return ", ".join(parts)


def exchange_lines(event: ExchangeOrderMoved, ahead_at_first: int | None = None) -> list[str]:
    """Describe an event of an exchange order in one or more sentences.

    `ahead_at_first` is how many units of others were ahead when it came to rest, None if unknown.
    """
    tell = _KINDS.get(event.kind, _unknown)
    lines = tell(event)
    lines[0] = f"EXCHANGE {event.exchange_id}: {lines[0]}"
    if event.kind == "cancelled" and _rest(event):
        lines.append(_why_unfilled(event, ahead_at_first))
    return lines


def standing_text(event: ExchangeOrderMoved) -> str:
    """Describe an order that is not over, as its newest event leaves it."""
    left = f"{_rest(event)} of {event.quantity} left"
    return f"Not over: {event.exchange_id}, {event.side} {_terms(event)}, {left} ({event.state})."


def _sent(event: ExchangeOrderMoved) -> list[str]:
    lines = [f"sent {event.side} {event.quantity} {_terms(event)}{_validity(event)}."]
    if event.replaces:
        lines.append(f"It takes the place of {event.replaces}, which stood unfilled for too long.")
    elif "/" in event.exchange_id:
        lines.append("It is a slice of an order above the exchange's freeze quantity.")
    return lines


def _terms(event: ExchangeOrderMoved) -> str:
    kind = event.order_type
    if kind == "MARKET":
        return f"{kind}, protected at {money(event.limit_paise)}" if event.limit_paise else kind
    if kind == "SL":
        trigger, limit = money(event.trigger_paise), money(event.limit_paise)
        return f"{kind}, trigger {trigger}, limit {limit}"
    if kind == "SL-M":
        return f"{kind}, trigger {money(event.trigger_paise)}"
    return f"{kind} at {money(event.limit_paise)}"


def _validity(event: ExchangeOrderMoved) -> str:
    if event.validity == "TTL":
        return f", for {count_of(event.ttl_minutes, 'minute')} (TTL)"
    if event.validity == "IOC":
        return ", at once or not at all (IOC)"
    return ""


def _open(event: ExchangeOrderMoved) -> list[str]:
    return [f"arrived at the exchange{_place(event)}."]


def _place(event: ExchangeOrderMoved) -> str:
    """Return how what is left of an order stands there."""
    if event.taking:
        return "; what is left takes on, as the book continues beyond the five levels shown"
    if event.queue is None or event.queue.market_after is None:
        return ""
    ahead = max(event.queue.market_after, 0)
    at = f" at {money(event.limit_paise)}" if event.limit_paise else ""
    return f"; what is left rests{at}, {_units(ahead)} of others ahead of it"


def _waits(event: ExchangeOrderMoved) -> list[str]:
    side = "or above" if event.side == "BUY" else "or below"
    return [f"waits for a last price at {money(event.trigger_paise)} {side}."]


def _triggered(event: ExchangeOrderMoved) -> list[str]:
    ltp = (event.numbers or {}).get("ltp_paise")
    at = f" at a last price of {money(ltp)}" if isinstance(ltp, int) else ""
    limit = f" at {money(event.limit_paise)}" if event.limit_paise else ""
    return [f"triggered{at}: a limit order{limit} from here on{_place(event)}."]


def _filled(event: ExchangeOrderMoved) -> list[str]:
    """Tell a fill with the rule that made it, and its evidence."""
    done = f"filled {event.last_quantity} at {money(event.last_paise)}"
    lines = [f"{done}, {event.filled} of {event.quantity}: {_rule(event)}."]
    if event.near_misses and event.filled == event.quantity:
        lines.append(_near_misses(event))
    return lines


def _rule(event: ExchangeOrderMoved) -> str:
    queue = event.queue or QueuePlace()
    if event.rule == "take":
        shown = "the offers" if event.side == "BUY" else "the bids"
        if queue.displayed is None:
            return f"taken from {shown}, of which no size is shown"
        return f"taken from {shown}, which showed {queue.displayed} there"
    if event.rule == "cross":
        other = "offers" if event.side == "BUY" else "bids"
        return f"the {other} came to its price{_ahead(queue)}"
    if event.rule == "through":
        return f"the market traded {queue.growth} beyond its price{_ahead(queue)}"
    if event.rule == "at":
        last = f", the last trade {queue.ltq}" if queue.ltq else ""
        return f"{queue.growth} traded at its price{last}{_ahead(queue)}"
    if event.rule == "touch":
        return "the market traded at its price, and `resting: touch` knows no queue"
    return event.rule


def _ahead(queue: QueuePlace) -> str:
    """Return the queue before and after a fill: what was ahead, and of that the market's part."""
    if queue.ahead_before is None:
        return ""
    text = f"; ahead of it {queue.ahead_before} before"
    if queue.market_before is not None and queue.ahead_before != max(queue.market_before, 0):
        text += f" ({max(queue.market_before, 0)} of others)"
    return text if queue.ahead_after is None else f"{text}, {queue.ahead_after} after"


def _modified(event: ExchangeOrderMoved) -> list[str]:
    if event.reason:
        return [f"reduced to {event.quantity}: {_end(event.reason)}."]
    return [f"modified to {event.quantity} {_terms(event)}{_validity(event)}{_place(event)}."]


def _refused(event: ExchangeOrderMoved) -> list[str]:
    request = {"modify_refused": "modification refused", "cancel_refused": "cancel refused"}
    lines = [f"{request.get(event.kind, 'refused')}, {_reason(event)}"]
    said = kite_sentence(event.reason, event.numbers)
    return [*lines, f"Kite says: {said}"] if said else lines


def _reason(event: ExchangeOrderMoved) -> str:
    words = why(event.reason)
    text = f"{event.reason}: {words}" if words else event.reason
    behind = numbers_text(event.numbers)
    return f"{text} ({behind})." if behind else f"{text}."


def _cancelled(event: ExchangeOrderMoved) -> list[str]:
    rest = _rest(event)
    return [f"{rest} of {event.quantity} cancelled, {event.reason}: {_end(event.reason)}."]


def _end(reason: str) -> str:
    return ENDED.get(reason) or why(reason) or reason


def _rest(event: ExchangeOrderMoved) -> int:
    return event.quantity - event.filled


def _why_unfilled(event: ExchangeOrderMoved, ahead_at_first: int | None) -> str:
    """Return why a resting order did not fill, as far as the ticks show it."""
    if event.state != "CANCELLED" or event.order_type == "MARKET":
        return _near_misses(event)
    ahead = "" if ahead_at_first is None else f", with {_units(ahead_at_first)} ahead at first"
    if event.near_misses:
        return f"{_near_misses(event)[:-1]}{ahead}."
    return f"The market never came within a step of its price after it rested{ahead}."


def _near_misses(event: ExchangeOrderMoved) -> str:
    if not event.near_misses:
        return "No tick came near to filling it."
    times = count_of(event.near_misses, "tick")
    return f"Near misses: {times} came to its price or within one step of it without a fill."


def _units(units: int) -> str:
    return "nothing" if not units else str(units)


def _unknown(event: ExchangeOrderMoved) -> list[str]:
    """Tell what has no words of its own by its reason, or else by its name."""
    return [_reason(event)] if event.reason else [f"{event.kind}: {why(event.kind)}".rstrip(": ")]


_KINDS: Final[dict[str, Callable[[ExchangeOrderMoved], list[str]]]] = {
    "accepted": _sent,
    "rejected": _refused,
    "trigger_pending": _waits,
    "triggered": _triggered,
    "open": _open,
    "filled": _filled,
    "modified": _modified,
    "modify_refused": _refused,
    "cancel_refused": _refused,
    "cancelled": _cancelled,
}
