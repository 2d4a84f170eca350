"""What requests of programs did, read from the events that they made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from daemon.domain.events import ExchangeOrderMoved, GttMoved, TradingEvent
from daemon.domain.order_results import OrderResult, refused

_REFUSED_CHANGES = frozenset({"modify_refused", "cancel_refused"})


def result_of_sending(exchange_id: str, slices: int, events: Iterable[TradingEvent]) -> OrderResult:
    """Return the ids of an order that was sent under an id, or why it was refused before that.

    What the exchange refuses when it arrives is an order, with its id.
    """
    for event in _of(exchange_id, events):
        if event.kind == "rejected":
            return refused(event.reason, event.numbers)
        break
    if slices == 1:
        return OrderResult(order_ids=(exchange_id,))
    return OrderResult(order_ids=tuple(f"{exchange_id}/{at}" for at in range(1, slices + 1)))


def result_of_change(exchange_id: str, events: Iterable[TradingEvent]) -> OrderResult:
    """Return the id of an order that a modification or a cancel was sent for, or why it was not."""
    for event in _of(exchange_id, events):
        if event.kind in _REFUSED_CHANGES and event.exchange_id == exchange_id:
            return refused(event.reason, event.numbers)
    return OrderResult(order_ids=(exchange_id,))


def result_of_exit(tradingsymbol: str, events: Iterable[TradingEvent]) -> OrderResult:
    """Return the ids of the orders that close what is held of a contract, or why none was sent."""
    own = [event for event in _untraded(events) if event.tradingsymbol == tradingsymbol]
    closes = [event for event in own if event.is_exit]
    sent = tuple(event.exchange_id for event in closes if event.kind == "accepted")
    rejected = [event for event in closes if event.kind == "rejected"]
    if rejected and not sent:
        return refused(rejected[0].reason, rejected[0].numbers)
    return OrderResult(order_ids=sent)


def result_of_gtt(gtt_id: int, events: Sequence[TradingEvent]) -> OrderResult:
    """Return the id of a GTT, or why the request for it changed nothing."""
    for event in events:
        match event:
            case GttMoved(kind="refused"):
                return refused(event.reason, event.numbers)
    return OrderResult(gtt_id=gtt_id)


def _of(exchange_id: str, events: Iterable[TradingEvent]) -> Iterable[ExchangeOrderMoved]:
    root = exchange_id.partition("/")[0]
    return (event for event in _untraded(events) if event.exchange_id.partition("/")[0] == root)


def _untraded(events: Iterable[TradingEvent]) -> Iterator[ExchangeOrderMoved]:
    for event in events:
        match event:
            case ExchangeOrderMoved(order_id=""):
                yield event
