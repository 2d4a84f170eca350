"""What a run of our own decided, and which real order followed each decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from daemon.domain.dates import SECOND_NS
from daemon.domain.events import ExchangeOrderMoved, OrderCreated, OrderMoved
from daemon.domain.order import OrderState, Side
from daemon.domain.order_kind import OrderKind
from daemon.journal.history import History
from daemon.lab.calibrate.real_order import Omission, RealOrder

BEFORE_NS: Final = 10 * SECOND_NS
"""How much earlier than its decision a fill may be stamped: clocks differ."""
AFTER_NS: Final = 30 * SECOND_NS
"""How much later."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a run sent: when (UTC ns), what, and whether paper filled any of it."""

    order_id: str
    symbol: str
    side: Side
    quantity: int
    sent_ts: int
    kind: OrderKind
    limit_paise: int = 0
    paper_filled: bool = False


class Matched(NamedTuple):
    """The real orders with the times of their decisions, and what has no partner."""

    orders: list[RealOrder]
    decided: list[Decision]
    """The decision of each order."""
    unanswered: list[Decision]
    omissions: list[Omission]


def decisions_of(history: History) -> list[Decision]:
    """Return the orders that a run or account sent, entries and exits, in their order.

    A decision that had not seen the tick of its own input is placed 1 ns earlier: one that was due
    before that input's time, or that filled at once on an older quote. Settlements are no orders,
    and neither is what lay at the exchange already.
    """
    created: dict[str, OrderCreated] = {}
    found: dict[str, Decision] = {}
    for event in history.events:
        history.ledger.apply(event)
        if isinstance(event, OrderCreated):
            created[event.order_id] = event
        elif isinstance(event, OrderMoved):
            _take_move(event, created, found)
        elif isinstance(event, ExchangeOrderMoved) and not event.order_id and event.exchange_id:
            _take_untraded(event, found)
    return sorted(found.values(), key=lambda decision: decision.sent_ts)


def _take_move(
    event: OrderMoved, created: dict[str, OrderCreated], found: dict[str, Decision]
) -> None:
    order = created.get(event.order_id)
    if order is None:  # its creation is in an archive that is not here
        return
    sent_ts, demand = event.ts - bool(event.due_ts), event.demand
    if event.to_state is OrderState.SUBMITTED:
        found[order.order_id] = Decision(
            order_id=order.order_id, symbol=order.tradingsymbol, side=order.transaction_type,
            quantity=order.quantity, sent_ts=sent_ts, kind=order.order_type,
            limit_paise=order.price_paise,
        )  # fmt: skip
    elif event.to_state is OrderState.FILLED:
        entry = found[order.order_id]
        found[order.order_id] = replace(
            entry, paper_filled=True, sent_ts=entry.sent_ts - _saw_older(event, entry)
        )
    elif demand is not None and not demand.settling and not demand.at_exchange:
        key = f"{order.order_id} exit {event.seq}"
        found[key] = Decision(
            order_id=order.order_id, symbol=order.tradingsymbol,
            side="SELL" if order.transaction_type == "BUY" else "BUY", quantity=demand.quantity,
            sent_ts=sent_ts, kind="MARKET", paper_filled=True,
        )  # fmt: skip


def _saw_older(event: OrderMoved, entry: Decision) -> bool:
    """Return whether an entry filled as it was sent, on a quote older than its input."""
    fill = event.fill
    return fill is not None and event.ts == entry.sent_ts and fill.quote_ts < event.ts


def _take_untraded(event: ExchangeOrderMoved, found: dict[str, Decision]) -> None:
    if event.kind == "accepted":
        found[event.exchange_id] = Decision(
            order_id=event.exchange_id, symbol=event.tradingsymbol, side=event.side,
            quantity=event.quantity, sent_ts=event.ts - bool(event.due_ts),
            kind=_kind_of(event), limit_paise=event.limit_paise,
        )  # fmt: skip
    elif event.kind == "filled" and event.exchange_id in found:
        found[event.exchange_id] = replace(found[event.exchange_id], paper_filled=True)


def _kind_of(event: ExchangeOrderMoved) -> OrderKind:
    kinds: dict[str, OrderKind] = {
        "MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "SL", "SL-M": "SL-M",
    }  # fmt: skip
    return kinds[event.order_type]


def match(orders: Sequence[RealOrder], decisions: Sequence[Decision]) -> Matched:
    """Give each real order the decision it came from: same symbol, side and quantity, in order.

    A fill is stamped from 10 s before to 30 s after its decision.
    """
    waiting: dict[tuple[str, str, int], list[Decision]] = defaultdict(list)
    for decision in decisions:
        waiting[decision.symbol, decision.side, decision.quantity].append(decision)
    pairs, omissions = list[tuple[RealOrder, Decision]](), list[Omission]()
    unanswered = list[Decision]()
    for order in orders:
        queue = waiting[order.symbol, order.side, order.quantity]
        unanswered += _too_old(queue, order)
        if queue and queue[0].sent_ts - BEFORE_NS <= order.filled_ts:
            pairs.append((order, queue.pop(0)))
        else:
            omissions.append(Omission(where=order.where, why="no decision of the run fits"))
    unanswered += [decision for queue in waiting.values() for decision in queue]
    return Matched(
        [_decided(order, decision) for order, decision in pairs],
        [decision for _, decision in pairs], unanswered, omissions,
    )  # fmt: skip


def _too_old(queue: list[Decision], order: RealOrder) -> Iterator[Decision]:
    while queue and queue[0].sent_ts + AFTER_NS < order.filled_ts:
        yield queue.pop(0)


def _decided(order: RealOrder, decision: Decision) -> RealOrder:
    return replace(
        order, sent_ts=decision.sent_ts, sent_is_exact=True, kind=decision.kind,
        ordered=decision.quantity, limit_paise=decision.limit_paise,
    )  # fmt: skip
