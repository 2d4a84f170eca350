"""Orders that a program places, modifies and cancels: checked, gated, sent, answered."""

from __future__ import annotations

from typing import Final

from daemon.domain.exchange_order import ExchangeOrder, Modification, OrderTerms
from daemon.domain.instrument import Instrument
from daemon.domain.order_kind import PRICED_KINDS
from daemon.domain.order_requests import MAX_LEGS, CancelOrder, ModifyOrder, PlaceOrder
from daemon.domain.order_results import OrderResult, refused
from daemon.exchange.slices import slice_quantities
from daemon.execution.admission import Admission
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.execution.request_results import result_of_change, result_of_sending
from daemon.execution.untraded_admission import UntradedAdmission
from daemon.execution.untraded_orders import UntradedOrders
from daemon.risk.gates import Refusal

CANCEL_ASKED: Final = "cancel_asked"
UNKNOWN: Final = -1
"""The instrument of an order for a contract that is not in the universe: it is never sent."""


class ApiOrders:
    """Serve requests for orders; every refusal of one is an event with its numbers."""

    def __init__(
        self,
        desk: ExchangeDesk,
        orders: UntradedOrders,
        admission: Admission,
        lifecycle: TradeLifecycleManager,
    ) -> None:
        self._desk = desk
        self._orders = orders
        self._admission = UntradedAdmission(admission, desk.universe)
        self._lifecycle = lifecycle

    # new orders

    def place(self, asked: PlaceOrder, instrument: int | None) -> OrderResult:
        """Send a new order on an instrument, None if the contract is not known."""
        exchange_id, mark = self._orders.next_id(), len(self._lifecycle.events)
        terms = _terms(asked, UNKNOWN if instrument is None else instrument)
        refusal = self._fault(asked, instrument)
        if refusal is not None:
            self._orders.refuse(exchange_id, terms, asked.tradingsymbol, refusal)
        else:
            self._orders.send(exchange_id, terms)
        slices = 1 if instrument is None else self._slices(terms)
        return result_of_sending(exchange_id, slices, self._lifecycle.events[mark:])

    def _fault(self, asked: PlaceOrder, instrument: int | None) -> Refusal | None:
        if instrument is None:
            return Refusal("unknown_symbol", {"symbol": asked.tradingsymbol})
        known = self._desk.universe[instrument]
        return _iceberg_fault(asked, known) if asked.iceberg_legs else None

    def _slices(self, terms: OrderTerms) -> int:
        """Return in how many slices an order goes."""
        lot = self._desk.universe[terms.instrument].lot_size
        freeze = self._desk.freeze_quantity(terms.instrument)
        if not terms.autoslice or not lot <= freeze:
            return 1
        return len(slice_quantities(terms.quantity, freeze, lot))

    # those that work

    def modify(self, asked: ModifyOrder) -> OrderResult:
        """Send a modification of an order."""
        order = self._changeable(asked.order_id)
        if order is None:
            return self._not_to_change(asked.order_id)
        mark, change = len(self._lifecycle.events), _change(asked)
        refusal = None if order.is_over else self._gate(order, change)
        if refusal is not None:
            self._orders.refuse_change(order, refusal)
        else:
            self._orders.modify_one(order, change)
        return result_of_change(asked.order_id, self._lifecycle.events[mark:])

    def cancel(self, asked: CancelOrder) -> OrderResult:
        """Send a cancel of an order."""
        order = self._changeable(asked.order_id)
        if order is None:
            return self._not_to_change(asked.order_id)
        mark = len(self._lifecycle.events)
        self._orders.cancel_one(order, CANCEL_ASKED)
        return result_of_change(asked.order_id, self._lifecycle.events[mark:])

    def _changeable(self, order_id: str) -> ExchangeOrder | None:
        """Return an order that a program may change, None if it may not."""
        if self._desk.trade_of(order_id) != "":
            return None
        order = self._desk.exchange.orders[order_id]
        return None if order.terms.is_exit else order

    def _not_to_change(self, order_id: str) -> OrderResult:
        """Return why an order is not a program's to change."""
        numbers: dict[str, int | str] = {"order_id": order_id}
        trade = self._desk.trade_of(order_id)
        if trade:
            return refused("order_of_trade", numbers | {"trade": trade})
        if trade == "":
            return refused("position_leaves", numbers)
        root, _, part = order_id.partition("/")
        is_unsent = part and self._desk.is_sliced(root) and self._desk.exchange.works(root)
        return refused("not_sent_yet" if is_unsent else "unknown_order", numbers)

    def _gate(self, order: ExchangeOrder, change: Modification) -> Refusal | None:
        """Ask the gates about units that are added, and about a higher limit of a bought option."""
        quantity = order.quantity if change.quantity is None else change.quantity
        kind = change.kind or order.kind
        price = order.limit_paise if change.price_paise is None else change.price_paise
        limit = price if kind in PRICED_KINDS else 0
        terms = _changed(order, quantity)
        is_option_buy = order.is_buy and self._desk.universe[terms.instrument].is_option
        higher = max(0, limit - order.limit_paise) if limit and is_option_buy else 0
        added = quantity - order.quantity
        if added <= 0 and not higher:
            return None
        return self._admission.refuse_more(
            terms, added, limit_paise=limit, more_premium=higher * order.pending
        )


def _terms(asked: PlaceOrder, instrument: int) -> OrderTerms:
    legs = asked.iceberg_legs
    return OrderTerms(
        instrument=instrument,
        side=asked.side,
        quantity=asked.quantity // legs if legs else asked.quantity,
        kind=asked.order_type,
        price_paise=asked.price_paise if asked.order_type in PRICED_KINDS else 0,
        trigger_paise=asked.trigger_paise if asked.order_type in ("SL", "SL-M") else 0,
        validity=asked.validity,
        ttl_minutes=asked.ttl_minutes if asked.validity == "TTL" else 0,
        product=asked.product,
        disclosed_quantity=asked.disclosed_quantity,
        market_protection=asked.market_protection,
        is_api=True,
        tag=asked.tag,
        autoslice=asked.autoslice,
        leg=1 if legs else 0,
        legs=legs,
    )


def _iceberg_fault(asked: PlaceOrder, instrument: Instrument) -> Refusal | None:
    """Refuse legs that are not 2 to 10 equal ones of whole lots, and what cannot go in legs."""
    legs, lot = asked.iceberg_legs, instrument.lot_size
    numbers: dict[str, int | str] = {"quantity": asked.quantity, "legs": legs, "lot_size": lot}
    is_equal = 2 <= legs <= MAX_LEGS and asked.quantity % (legs * lot) == 0
    leg = asked.iceberg_quantity
    if not is_equal or (leg and leg * legs != asked.quantity) or asked.autoslice:
        return Refusal("bad_iceberg", numbers)
    if asked.order_type not in ("MARKET", "LIMIT"):
        return Refusal("bad_iceberg", numbers | {"order_type": asked.order_type})
    return None


def _change(asked: ModifyOrder) -> Modification:
    """Return a modification; 0 is a price that was not given."""
    becomes = asked.order_type in ("MARKET", "SL-M")
    return Modification(
        quantity=asked.quantity,
        price_paise=asked.price_paise or None,
        trigger_paise=asked.trigger_paise or None,
        kind=asked.order_type,
        validity=asked.validity,
        ttl_minutes=asked.ttl_minutes,
        disclosed_quantity=asked.disclosed_quantity,
        market_protection=asked.market_protection if becomes else None,
    )


def _changed(order: ExchangeOrder, quantity: int) -> OrderTerms:
    return OrderTerms(
        instrument=order.terms.instrument,
        side=order.terms.side,
        quantity=quantity,
        kind=order.kind,
        product=order.terms.product,
        price_paise=order.limit_paise,
        is_api=True,
    )
