"""Positions without a trade moved from one product to the other, without an order.

A conversion is two events `settled`, out of the old product and into the new one, at the average
cost to the nearest paisa and without charges: nothing is bought or sold, and the result of both
positions together stays what it was.
"""

from __future__ import annotations

from typing import Final

from daemon.domain.events import Fill
from daemon.domain.exchange_order import ExchangeProduct, OrderTerms
from daemon.domain.order import Side
from daemon.domain.order_requests import ConvertPosition
from daemon.domain.untraded import UntradedPosition, key_of
from daemon.execution.admission import Admission
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.untraded_admission import UntradedAdmission
from daemon.execution.untraded_recorder import UntradedRecorder
from daemon.risk.gates import Refusal

CONVERTED: Final = "converted"


class Conversions:
    """Move parts of positions between MIS and NRML."""

    def __init__(self, recorder: Recorder, quotes: Quotes, admission: Admission) -> None:
        self._ledger = recorder.ledger
        self._untraded_recorder = UntradedRecorder(recorder)
        self._quotes = quotes
        self._admission = UntradedAdmission(admission, quotes.universe)

    def convert(self, asked: ConvertPosition, instrument: int) -> Refusal | None:
        """Convert a part of a position; return why not, None if it was done."""
        found = self._ledger.untraded.positions.get(key_of(asked.tradingsymbol, asked.old_product))
        refusal = self._fault(asked, found, instrument)
        if refusal is not None:
            return refusal
        assert found is not None
        price = (2 * found.cost.cost_paise + found.cost.units) // (2 * found.cost.units)
        other: Side = "SELL" if asked.side == "BUY" else "BUY"
        self._move(asked, instrument, other, asked.old_product, price)
        self._move(asked, instrument, asked.side, asked.new_product, price)
        return None

    def _fault(
        self, asked: ConvertPosition, found: UntradedPosition | None, instrument: int
    ) -> Refusal | None:
        """Return what is wrong with a conversion, and what the gates say of the new product."""
        if asked.old_product == asked.new_product:
            return Refusal("same_product", {"product": asked.new_product})
        held = 0 if found is None else found.quantity
        if asked.side == "SELL":
            held = -held
        if held <= 0:
            return Refusal("not_open", {"product": asked.old_product, "side": asked.side})
        assert found is not None
        lot = self._quotes.universe[instrument].lot_size
        if asked.quantity <= 0 or asked.quantity > held or asked.quantity % lot:
            numbers: dict[str, int | str] = {"quantity": asked.quantity, "open": held}
            return Refusal("bad_quantity", numbers | {"lot_size": lot})
        if found.closing:
            return Refusal("position_leaves", {"because": found.closing})
        return self._admission.refuse_conversion(
            OrderTerms(
                instrument=instrument,
                side=asked.side,
                quantity=asked.quantity,
                product=asked.new_product,
                is_api=True,
            )
        )

    def _move(
        self,
        asked: ConvertPosition,
        instrument: int,
        side: Side,
        product: ExchangeProduct,
        price: int,
    ) -> None:
        quote = self._quotes.quote_of(self._quotes.books[instrument])
        fill = Fill(
            transaction_type=side,
            quantity=asked.quantity,
            price_paise=price,
            rule=CONVERTED,
            base_half_paise=2 * price,
            slippage_half_paise=0,
            ltp_paise=0 if quote is None else quote.ltp,
            bid_paise=0,
            ask_paise=0,
            quote_ts=0 if quote is None else quote.ts,
            quote_age_ns=0,
            bid_ask_paise=price,
        )
        terms = OrderTerms(
            instrument=instrument,
            side=side,
            quantity=asked.quantity,
            product=product,
            is_api=True,
            tag=CONVERTED,
        )
        self._untraded_recorder.settled(terms, asked.tradingsymbol, fill)
