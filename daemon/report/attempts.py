"""Which orders are attempts of a plan's legs, as long as they are alive."""

from __future__ import annotations

from daemon.domain.events import OrderCreated, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.plan_round import AttemptName


class Attempts:
    """The attempts by order, those of rounds that the ledger already has included."""

    def __init__(self, ledger: Ledger) -> None:
        self._names = {
            attempt.order_id: AttemptName(round_.plan, round_.round_id, attempt.leg, attempt.number)
            for round_ in ledger.rounds.values()
            for attempt in round_.attempts
        }

    def take(self, event: TradingEvent) -> None:
        """Note the order that an event begins, if it is of a plan."""
        if isinstance(event, OrderCreated) and event.round:
            self._names[event.order_id] = AttemptName(
                event.plan, event.round, event.leg, event.attempt
            )

    def of(self, order_id: str) -> AttemptName | None:
        """Return which attempt an order is, None if it is of no plan."""
        return self._names.get(order_id)

    def forget(self, order_id: str) -> None:
        """Forget an order that nothing is asked of any more."""
        self._names.pop(order_id, None)
