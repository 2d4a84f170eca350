"""Modifications and cancels of entries, asked for by a strategy or a program.

Only the entry of a trade is changed here: what it has bought stays, with its stop and target. An
order that is gone is answered `already_filled` or `not_open`, in the journal as well.
"""

from __future__ import annotations

from typing import Final

from daemon.domain.exchange_order import ExchangeOrderState, Modification
from daemon.domain.intent import EntryChange
from daemon.domain.order import Order, OrderState
from daemon.domain.order_kind import PRICED_KINDS
from daemon.execution.admission import Admission
from daemon.execution.changes_in_flight import Asked
from daemon.execution.entries import Entries
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.entry_terms import check_price, paise_or_0
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.recorder import Recorder
from daemon.execution.working_entries import WorkingEntries
from daemon.risk.gates import Refusal

CANCEL_ASKED: Final = "cancel_asked"
_S = ExchangeOrderState


class EntryChanges:
    """Send modifications and cancels of entries, or say why not."""

    def __init__(
        self,
        desk: ExchangeDesk,
        orders: EntryOrders,
        entries: Entries,
        recorder: Recorder,
        admission: Admission,
        working: WorkingEntries,
    ) -> None:
        self._desk = desk
        self._orders = orders
        self._entries = entries
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._admission = admission
        self._working = working

    def take(self, change: EntryChange) -> str:
        """Do what is asked of the strategy's latest order with a tag."""
        own = (change.strategy_id, change.tag)
        found = [
            order for order in self._ledger.orders.values() if (order.strategy_id, order.tag) == own
        ]
        if not found:
            return "not_open"
        order_id = max(found, key=_number).order_id
        if change.cancel:
            return self.cancel(order_id, CANCEL_ASKED)
        return self.modify(order_id, change)

    def cancel(self, order_id: str, reason: str) -> str:
        """Cancel what works of an entry; return why not, empty if that was sent."""
        order = self._ledger.orders.get(order_id)
        if order is None:
            return "not_open"
        if self._orders.drop_rest(order_id, reason):
            return ""
        if order.state is OrderState.SUBMITTED:
            self._entries.cancel(order, reason)
            return ""
        return self._refuse(order, "cancel_refused", _gone(order))

    def modify(self, order_id: str, change: EntryChange) -> str:
        """Modify an entry while it works; return why not, empty if that was sent."""
        order = self._ledger.orders.get(order_id)
        if order is None:
            return "not_open"
        root = self._orders.root_of(order_id)
        if root is None:
            return self._refuse(order, "modify_refused", _gone(order))
        refusal = self._fault(order, root, change)
        if refusal is not None:
            return self._refuse(order, "modify_refused", refusal)
        for each in self._desk.exchange.orders_of(root):
            if not each.is_over:
                quantity = each.quantity if change.qty is None else change.qty
                asked = Asked(quantity, self._limit(order, change) or each.limit_paise)
                self._orders.in_flight.reserve(each.order_id, asked)
        self._desk.modify(root, _modification(change))
        return ""

    def _fault(self, order: Order, root: str, change: EntryChange) -> Refusal | None:
        """Return what is wrong with a change by itself; the exchange asks about the rest."""
        for name, asked in (("price", change.price), ("trigger_price", change.trigger_price)):
            refusal = check_price(order, name, asked, needed=asked is not None)
            if refusal is not None:
                return refusal
        if change.qty is None:
            return self._check_more(order, 0, change)
        limit = self._admission.risk.max_order_quantity
        if limit is not None and change.qty > limit:
            return Refusal("max_order_quantity", {"quantity": change.qty, "limit": limit})
        if self._desk.is_sliced(root):
            return Refusal(
                "bad_quantity", {"quantity": change.qty, "asked_in_slices": order.quantity}
            )
        entry = self._working.of(order.order_id)
        most = entry.left + order.filled_quantity
        return self._check_more(order, change.qty - most, change)

    def _check_more(self, order: Order, added: int, change: EntryChange) -> Refusal | None:
        """Refuse units or premium that are added to an entry while they may not be."""
        index = self._desk.universe.index_of(order.tradingsymbol)
        assert index is not None
        limit, entry = self._limit(order, change), self._working.of(order.order_id)
        is_option_buy = order.transaction_type == "BUY" and self._desk.universe[index].is_option
        higher = max(0, limit - entry.limit_paise) if limit and is_option_buy else 0
        return self._admission.refuse_added(
            order, index, added, limit_paise=limit, more_premium=higher * entry.left
        )

    def _limit(self, order: Order, change: EntryChange) -> int:
        """Return the limit that an entry would have, paise; 0 for a MARKET."""
        kind = change.order_type or order.order_type
        asked = order.price_paise if change.price is None else paise_or_0(change.price)
        return asked if kind in PRICED_KINDS else 0

    def _refuse(self, order: Order, kind: str, refusal: Refusal) -> str:
        """Answer in the journal, for the first exchange order of the trade."""
        root = self._orders.root_of(order.order_id) or self._desk.first_id(order.order_id)
        self._recorder.answered(order, root, kind, _state(order), refusal)
        return refusal.reason


def _modification(change: EntryChange) -> Modification:
    return Modification(
        quantity=change.qty,
        price_paise=None if change.price is None else paise_or_0(change.price),
        trigger_paise=None if change.trigger_price is None else paise_or_0(change.trigger_price),
        kind=change.order_type,
        validity=change.validity,
        ttl_minutes=change.validity_ttl or 0,
    )


def _gone(order: Order) -> Refusal:
    """Return why nothing of an entry can be changed any more."""
    is_filled = order.filled_quantity >= order.quantity
    numbers: dict[str, int | str] = {
        "filled": order.filled_quantity, "quantity": order.quantity,
    }  # fmt: skip
    return Refusal("already_filled" if is_filled else "not_open", numbers)


def _state(order: Order) -> ExchangeOrderState:
    if order.state is OrderState.SUBMITTED:
        return _S.OPEN
    if order.filled_quantity >= order.quantity:
        return _S.COMPLETE
    was_refused = any(change.state is OrderState.REJECTED for change in order.history)
    return _S.REJECTED if was_refused else _S.CANCELLED


def _number(order: Order) -> int:
    return order.number
