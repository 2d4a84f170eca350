"""Modifications and cancels that this process has asked for and the exchange has not answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from daemon.domain.order_requests import CancelOrder, ModifyOrder, OrderRequest

MODIFY_PENDING: Final = "MODIFY PENDING"
CANCEL_PENDING: Final = "CANCEL PENDING"
"""Kite's words for an order between such a request and its effect."""
ANSWERS: Final = frozenset({"modified", "modify_refused", "cancel_refused"})
"""Kinds of events that answer a request; a cancel that acts ends the order."""
_ORDERS_MAX: Final = 1_000


class _Change(NamedTuple):
    """A request by the number of its input, and what its order is called until it acts."""

    input_no: int
    status: str


class PendingChanges:
    """What is on its way, by order. A process that was started since knows of none.

    The journal has no event of a request that was sent, only of what became of it.
    """

    def __init__(self) -> None:
        self._sent: dict[str, tuple[_Change, ...]] = {}
        self._refused: dict[str, frozenset[int]] = {}
        """Inputs whose event answers no request that was sent: it was refused before that."""

    def took(self, order: OrderRequest, input_no: int, *, is_sent: bool) -> None:
        """Note the input that a request became (0: none), and whether the daemon sent it."""
        if not isinstance(order, ModifyOrder | CancelOrder) or not input_no:
            return
        key = order.order_id
        if is_sent:
            status = MODIFY_PENDING if isinstance(order, ModifyOrder) else CANCEL_PENDING
            self._sent[key] = (*self._sent.pop(key, ()), _Change(input_no, status))
        elif key in self._sent:
            self._refused[key] = self._refused.get(key, frozenset()) | {input_no}
        while len(self._sent) > _ORDERS_MAX:
            oldest = next(iter(self._sent))
            del self._sent[oldest]
            self._refused.pop(oldest, None)

    def status_of(self, exchange_id: str, answers: Sequence[int]) -> str | None:
        """Return what an order that is not over is called, None where nothing is on its way.

        `answers` are the inputs of its events of the kinds ANSWERS. Requests of one order act in
        the order in which they were sent, so each answer is that of the first that is left.
        """
        sent = self._sent.get(exchange_id)
        if not sent:
            return None
        refused = self._refused.get(exchange_id, frozenset())
        done = sum(each >= sent[0].input_no and each not in refused for each in answers)
        return sent[-1].status if done < len(sent) else None
