"""Admission of orders without a trade, which belong to no strategy: GTTs, programs, by hand."""

from __future__ import annotations

from typing import cast

from msgspec import structs

from daemon.domain.exchange_order import OrderTerms
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import Product
from daemon.domain.order import Order
from daemon.execution.admission import Admission
from daemon.margin.funds import Ask
from daemon.risk.gates import (
    AFTER_LEVELS,
    BEFORE_LEVELS,
    Refusal,
    first_refusal,
    insufficient_margin,
)


class UntradedAdmission:
    """Ask the gates about orders without a trade; what reduces the account is let through."""

    def __init__(self, admission: Admission, universe: Universe) -> None:
        self._admission = admission
        self._universe = universe

    def refuse(self, terms: OrderTerms) -> Refusal | None:
        """Return why an order without a trade is refused, None to admit it.

        One that reduces what the account holds of its contract is never refused here.
        """
        if self._admission.untraded.reduces(terms):
            return None
        order = _as_order(terms, self._universe[terms.instrument])
        at = self._admission.situation(order, terms.instrument, slices=terms.autoslice)
        refusal = (
            first_refusal(BEFORE_LEVELS, at)
            or first_refusal(AFTER_LEVELS, at)
            or self._admission.check_margin(order, terms.instrument)
        )
        if refusal is None:
            self._admission.note_submitted()
        return refusal

    def refuse_more(
        self, terms: OrderTerms, added: int, *, limit_paise: int, more_premium: int
    ) -> Refusal | None:
        """Return why an order without a trade may not get more units, or a higher limit.

        `terms` are those that it would have; what only reduces the account is not asked.
        """
        limit = self._admission.risk.max_order_quantity
        if added > 0 and limit is not None and terms.quantity > limit:
            return Refusal("max_order_quantity", {"quantity": terms.quantity, "limit": limit})
        if self._admission.untraded.reduces(structs.replace(terms, quantity=max(added, 0))):
            return None
        order = _as_order(terms, self._universe[terms.instrument])
        return self._admission.refuse_added(
            order, terms.instrument, added, limit_paise=limit_paise, more_premium=more_premium
        )

    def refuse_conversion(self, terms: OrderTerms) -> Refusal | None:
        """Return why a position may not be moved to the product of `terms`, None if it may.

        Contracts of all products are one position, so it blocks neither more nor less: it is
        refused for want of margin only while the account is short already.
        """
        order = _as_order(terms, self._universe[terms.instrument])
        at = self._admission.situation(order, terms.instrument)
        refusal = first_refusal(BEFORE_LEVELS, at)
        if (
            refusal is not None
            or (margin := self._admission.margin) is None
            or (use := margin.compute()) is None
        ):
            return refusal
        ask = Ask(blocked_before=use.blocked, blocked_after=use.blocked, premium=0, charges=0)
        return insufficient_margin(ask, cash=use.cash, reserved=use.reserved)


def _as_order(terms: OrderTerms, instrument: Instrument) -> Order:
    """Return an order without a trade as the gates look at one; it has no strategy."""
    return Order(
        order_id="",
        number=0,
        tradingsymbol=instrument.tradingsymbol,
        transaction_type=terms.side,
        quantity=terms.quantity,
        product=cast("Product", terms.product),  # shares have a third that no gate knows
        lot_size=instrument.lot_size,
        tick_paise=instrument.tick_paise,
        order_type=terms.kind,
        price_paise=terms.price_paise,
        trigger_paise=terms.trigger_paise,
    )
