"""What strategies have heard of a day's orders, from its events alone."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from daemon.domain.carry_over import HeardUpdate
from daemon.domain.events import OrderCreated, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.execution.updates import Updates
from daemon.market.moment import Moment


def heard_of(events: Iterable[TradingEvent], ledger: Ledger) -> list[HeardUpdate]:
    """Return the updates that events say, in order, from the `ledger` before them, which follows.

    Those of an order that it does not know are left out: its trade is in the view.
    """
    updates = Updates(ledger, Moment(), None)
    heard: list[HeardUpdate] = []
    for event in events:
        if not event.order_id or not _is_known(event, ledger):
            continue
        ledger.apply(structs.replace(event, seq=ledger.seq + 1))
        order = ledger.orders.get(event.order_id)
        update = None if order is None else updates.update_of(event, order)
        if order is not None and update is not None:
            heard.append(HeardUpdate(order.strategy_id, update))
    return heard


def _is_known(event: TradingEvent, ledger: Ledger) -> bool:
    match event:
        case OrderCreated():
            return True
        case _:
            return event.order_id in ledger.orders
