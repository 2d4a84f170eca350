"""What must hold after every event of an exchange order, and between it and its trade."""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.domain.events import ExchangeOrderMoved, Fill, OrderCreated, OrderMoved
from daemon.domain.order import OrderState

# SEMANTICS, "The exchange", written again
MOVES = {
    "": {"NEW", "REJECTED"},
    "NEW": {"TRIGGER PENDING", "OPEN", "CANCELLED", "REJECTED"},
    "TRIGGER PENDING": {"TRIGGER PENDING", "OPEN", "CANCELLED", "REJECTED"},
    "OPEN": {"OPEN", "COMPLETE", "CANCELLED"},
}
OVER = {"COMPLETE", "CANCELLED", "REJECTED"}
ANSWERS = {"modify_refused", "cancel_refused", "alert"}
"""What may still be said of an order that is over: a stop whose replacement is on its way, too."""


@dataclass
class Seen:
    """One exchange order, as its events tell it."""

    trade: str
    is_exit: bool
    state: str = ""
    filled: int = 0


@dataclass
class Trade:
    """What the exchange orders of a trade filled, and what of it the trade has booked."""

    side: str
    lot: int
    wanted: int
    entered: int = 0
    left: int = 0
    booked_in: int = 0
    booked_out: int = 0
    closes: int = 0
    waiting: list[ExchangeOrderMoved] = field(default_factory=list)
    """Fills whose move of the trade has not come yet: at most one, and that comes next."""


class ExchangeWatch:
    """Follows the exchange orders of every trade; a trade without one is not looked at."""

    def __init__(self) -> None:
        self.orders: dict[str, Seen] = {}
        self.trades: dict[str, Trade] = {}

    def created(self, event: OrderCreated) -> None:
        side = event.transaction_type
        self.trades[event.order_id] = Trade(side, event.lot_size, event.quantity)

    def told(self, event: ExchangeOrderMoved) -> None:
        """One event of an exchange order."""
        trade = self.trades[event.order_id]
        assert not trade.waiting, "a fill whose move of the trade does not come"
        order = self.orders.setdefault(event.exchange_id, Seen(event.order_id, event.is_exit))
        assert (order.trade, order.is_exit) == (event.order_id, event.is_exit)
        assert event.is_exit == (event.side != trade.side), "an exit on the side of its entry"
        if event.kind in ANSWERS:
            assert event.state == order.state
        else:
            assert event.state in MOVES.get(order.state, set()), f"from {order.state!r}"
        order.state = event.state
        if event.kind == "filled":
            self._filled(trade, order, event)
        assert event.filled == order.filled <= event.quantity, "its fills do not add up"
        assert event.kind == "filled" or (not event.last_quantity and event.fill is None)
        assert (event.state == "COMPLETE") == (event.filled == event.quantity > 0)

    def _filled(self, trade: Trade, order: Seen, event: ExchangeOrderMoved) -> None:
        quantity = event.last_quantity
        assert quantity > 0
        assert quantity % trade.lot == 0, "expected whole lots"
        self._check_price(event)
        order.filled += quantity
        if event.is_exit:
            trade.left += quantity
            assert trade.left <= trade.entered, "its exits reverse the position"
        else:
            trade.entered += quantity
            assert trade.entered <= trade.wanted, "more than was asked for"
        if event.fill is None:
            trade.waiting.append(event)
        else:
            assert (event.fill.quantity, event.fill.price_paise) == (quantity, event.last_paise)
            self._book(trade, event.fill, is_exit=event.is_exit)

    def _check_price(self, event: ExchangeOrderMoved) -> None:
        assert event.limit_paise > 0
        if event.rule != "take":
            assert event.last_paise == event.limit_paise, "a rest fills at its limit"
        elif event.side == "BUY":
            assert event.last_paise <= event.limit_paise, "beyond its limit"
        else:
            assert event.last_paise >= event.limit_paise, "beyond its limit"

    def moved(self, event: OrderMoved) -> None:
        """One move of a trade: a fill of it is the exchange's fill that came just before."""
        trade = self.trades[event.order_id]
        fill = event.fill
        if fill is not None:
            is_exit = event.to_state is not OrderState.FILLED
            if trade.waiting:
                told = trade.waiting.pop()
                assert told.is_exit == is_exit
                assert (told.last_quantity, told.last_paise) == (fill.quantity, fill.price_paise)
            else:
                assert fill.stale or fill.rule == "settlement" or not trade.entered, "from nowhere"
                trade.entered += 0 if is_exit else fill.quantity
                trade.left += fill.quantity if is_exit else 0
            self._book(trade, fill, is_exit=is_exit)
        assert not trade.waiting, "a fill whose move of the trade does not come"
        if event.to_state is OrderState.CLOSED:
            trade.closes += 1
            assert trade.closes == 1, "closed twice"
            assert trade.booked_out == trade.booked_in == trade.entered == trade.left

    def _book(self, trade: Trade, fill: Fill, *, is_exit: bool) -> None:
        trade.booked_in += 0 if is_exit else fill.quantity
        trade.booked_out += fill.quantity if is_exit else 0
        assert trade.booked_in <= trade.entered
        assert trade.booked_out <= trade.left
