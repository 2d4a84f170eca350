"""The exchange orders of trades, and those without a trade, from the events that tell of them.

A trade in a simple fill mode makes no events of its exchange orders (exchange contract): its entry
is one order, each exit another, and what they did follows from the trade's own moves. Their ids are
those that the paper exchange would have given: `X-`, the trade's day and number, and a count.
"""

from __future__ import annotations

import msgspec

from daemon.broker.executions import Execution
from daemon.broker.order_book import BrokerOrder, OrderBook
from daemon.domain.dates import ist_day
from daemon.domain.events import ExchangeOrderMoved, Fill, OrderCreated, OrderMoved
from daemon.domain.exchange_order import ExchangeOrderState
from daemon.domain.order import OrderState, Side
from daemon.domain.untraded import SETTLED

_S = ExchangeOrderState
_OF_EARLIER = frozenset({"cancelled", "modified", "alert", "modify_refused", "cancel_refused"})
"""What befalls orders that were sent earlier than the one that a trade's last move speaks of."""
_NEVER_FIRST = frozenset({"rejected", "alert", "modify_refused", "cancel_refused"})


class _Trade(msgspec.Struct, kw_only=True):
    """What the orders of a trade inherit from it."""

    created: OrderCreated
    orders: int = 0
    """How many exchange orders it has sent, slices and replacements not counted."""
    derived: BrokerOrder | None = None
    """The order that its moves speak of, unless events of the exchange do."""
    told: ExchangeOrderMoved | None = None
    """A fill at the exchange whose charges come with the move that it makes."""


class TradeOrders:
    """Turn events into moves of the order book and into executions."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book
        self._trades: dict[str, _Trade] = {}

    def created(self, event: OrderCreated) -> None:
        """Remember a trade."""
        self._trades[event.order_id] = _Trade(created=event)

    # events of a trade

    def moved(self, event: OrderMoved) -> Execution | None:
        """Take a move of a trade; return what was executed by it."""
        trade = self._trades[event.order_id]
        to = event.to_state
        if to is OrderState.ARCHIVED:
            del self._trades[event.order_id]
        elif to is OrderState.SUBMITTED:
            created = trade.created
            self._derive(trade, event, created.transaction_type, created.quantity, is_exit=False)
        elif event.demand is not None and not event.demand.settling:
            side = _opposite(trade.created.transaction_type)
            self._derive(trade, event, side, event.demand.quantity, is_exit=True)
        elif event.fill is not None:
            return self._filled(trade, event, event.fill)
        elif to in (OrderState.REJECTED, OrderState.CANCELLED):
            self._ended(trade, event, _S(to.value))
        return None

    def _derive(
        self, trade: _Trade, event: OrderMoved, side: Side, quantity: int, *, is_exit: bool
    ) -> BrokerOrder:
        created = trade.created
        trade.orders += 1
        order = BrokerOrder(
            exchange_id=f"X-{created.order_id.partition('-')[2]}-{trade.orders}",
            order_id=created.order_id,
            tradingsymbol=created.tradingsymbol,
            product=created.product,
            side=side,
            order_type="MARKET",
            quantity=quantity,
            sent_ts=event.ts,
            tag=created.tag,
            is_exit=is_exit,
            is_derived=True,
        )
        order.note(event, kind="open", state=_S.OPEN)
        trade.derived = self._book.add(order)
        return order

    def _filled(self, trade: _Trade, event: OrderMoved, fill: Fill) -> Execution:
        told, trade.told = trade.told, None
        if told is not None:
            return self._execution(told, trade.created, fill, told.exchange_id)
        if fill.rule == "settlement":
            self._forget_derived(trade)
            return self._execution(event, trade.created, fill, "")
        order = trade.derived
        if order is None:  # forced at the close although its order was at the exchange
            order = self._derive(trade, event, fill.transaction_type, fill.quantity, is_exit=True)
        trade.derived = None
        order.quantity = order.filled = fill.quantity
        order.note(event, kind="filled", state=_S.COMPLETE, reason=fill.rule)
        return self._execution(event, trade.created, fill, order.exchange_id)

    def _ended(self, trade: _Trade, event: OrderMoved, state: ExchangeOrderState) -> None:
        order, trade.derived = trade.derived, None
        if order is not None:
            order.note(event, kind=state.lower(), state=state, reason=event.reason)

    def _forget_derived(self, trade: _Trade) -> None:
        if trade.derived is not None:
            self._book.drop(trade.derived.exchange_id)
            trade.derived = None

    # events of an exchange order

    def exchange_moved(self, event: ExchangeOrderMoved) -> Execution | None:
        """Take what happened to an exchange order; return what was executed by it."""
        trade = self._trades.get(event.order_id)
        if event.kind == SETTLED:
            assert event.fill is not None, event
            return self._execution(event, event, event.fill, "")
        if trade is not None:
            if event.kind not in _OF_EARLIER:
                self._forget_derived(trade)
            trade.orders = max(trade.orders, _count_in(event.exchange_id))
        order = self._book.get(event.exchange_id)
        if order is None:
            if event.kind in _NEVER_FIRST:  # refused when it was sent: never an order
                return None
            order = self._book.add(_first_seen(event, None if trade is None else trade.created))
        self._note(order, event)
        if event.kind != "filled":
            return None
        if event.fill is None:
            assert trade is not None, event
            trade.told = event
            return None
        created = None if trade is None else trade.created
        return self._execution(event, created, event.fill, event.exchange_id)

    def _note(self, order: BrokerOrder, event: ExchangeOrderMoved) -> None:
        order.quantity = event.quantity
        order.filled = event.filled
        order.limit_paise = event.limit_paise
        order.trigger_paise = event.trigger_paise
        order.order_type = event.order_type
        if event.kind == "modified":
            order.validity, order.ttl_minutes = event.validity or "DAY", event.ttl_minutes
            order.disclosed_quantity = event.disclosed_quantity or order.disclosed_quantity
        order.note(event, kind=event.kind, state=_S(event.state), reason=event.reason)

    def _execution(
        self,
        event: ExchangeOrderMoved | OrderMoved,
        created: OrderCreated | ExchangeOrderMoved | None,
        fill: Fill,
        exchange_id: str,
    ) -> Execution:
        """Return an execution; `created` has its symbol and product, else its order does."""
        terms = created or self._book.get(exchange_id)
        assert terms is not None, event
        assert terms.product is not None, event
        return Execution(
            trade_id=str(event.seq),
            ts=event.ts,
            day=booked_day(event),
            order_id=event.order_id,
            exchange_id=exchange_id,
            tradingsymbol=terms.tradingsymbol,
            product=terms.product,
            side=fill.transaction_type,
            quantity=fill.quantity,
            price_paise=fill.price_paise,
            charges=fill.charges,
            rule=fill.rule,
        )


def _first_seen(event: ExchangeOrderMoved, created: OrderCreated | None) -> BrokerOrder:
    """Return the order that an event tells of for the first time."""
    return BrokerOrder(
        exchange_id=event.exchange_id,
        order_id=event.order_id,
        tradingsymbol=event.tradingsymbol if created is None else created.tradingsymbol,
        product=(event.product or "MIS") if created is None else created.product,
        side=event.side,
        order_type=event.order_type,
        quantity=event.quantity,
        sent_ts=event.ts,
        validity=event.validity or "DAY",
        ttl_minutes=event.ttl_minutes,
        disclosed_quantity=event.disclosed_quantity,
        market_protection=event.market_protection or 0.0,
        leg=event.leg,
        legs=event.legs,
        tag=event.tag if created is None else created.tag,
        is_exit=event.is_exit,
    )


def booked_day(event: ExchangeOrderMoved | OrderMoved) -> int:
    """Return the Indian day that a fill is booked in: that of what was due, else of its input."""
    return ist_day(event.due_ts or event.ts)


def _count_in(exchange_id: str) -> int:
    """Return the count in the id of a trade's exchange order, `X-20261118-000001-2/1`: 2."""
    return int(exchange_id.partition("/")[0].rpartition("-")[2])


def _opposite(side: Side) -> Side:
    return "SELL" if side == "BUY" else "BUY"
