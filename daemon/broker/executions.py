"""What was executed: one fill of one exchange order, or a settlement, with all that books need."""

from __future__ import annotations

import msgspec

from daemon.domain.events import Charges
from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.order import Side


class Execution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A quantity that changed hands at one price, paise; `day` is the Indian day it is booked in.

    `order_id` is the trade's, empty for an order without a trade; `exchange_id` is the exchange
    order's, empty for a settlement at expiry, which is no order.
    """

    trade_id: str
    """The number of the event in its journal, as text: unique in an account."""
    ts: int
    day: int
    order_id: str
    exchange_id: str
    tradingsymbol: str
    product: ExchangeProduct
    side: Side
    quantity: int
    price_paise: int
    charges: Charges
    rule: str = ""

    @property
    def value_paise(self) -> int:
        """Return what the quantity was worth at the price."""
        return self.quantity * self.price_paise

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.side == "BUY" else -1

    @property
    def key(self) -> tuple[str, str]:
        """Return the position that it belongs to: (tradingsymbol, product)."""
        return self.tradingsymbol, self.product
