"""The only way for an order to change its state."""

from __future__ import annotations

from collections.abc import Callable

from daemon.domain.errors import InvalidTransition
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order, OrderState, can_move

Listener = Callable[[TradingEvent], None]


class TradeLifecycleManager:
    """Make a move by applying its event to the ledger, which has the table of legal moves.

    `events` gathers what was applied, in order, until the shell takes it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.events: list[TradingEvent] = []
        self._listeners: list[Listener] = []

    def tell(self, listener: Listener) -> None:
        """Tell a listener of every event from here on, once it was applied."""
        self._listeners.append(listener)

    def can_transition(self, order: Order, to: OrderState) -> bool:
        """Return whether the order may go to this state from where it is."""
        return can_move(order.state, to)

    def transition_state(self, event: OrderMoved) -> None:
        """Make a move. Raises InvalidTransition, having changed nothing, if it is not legal."""
        order = self.ledger.orders[event.order_id]
        if order.state is not event.from_state:
            raise InvalidTransition(order.order_id, order.state, event.to_state)
        self.record(event)  # which checks the table first of all

    def record(self, event: TradingEvent) -> None:
        """Apply an event to the ledger and keep it for the journal."""
        self.ledger.apply(event)
        self.events.append(event)
        for tell in self._listeners:
            tell(event)

    def take_events(self) -> list[TradingEvent]:
        """Return the events since the last call."""
        taken, self.events = self.events, []
        return taken
