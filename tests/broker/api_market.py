"""A market in which a program asks for orders, as the inputs that its requests become."""

from __future__ import annotations

from typing import Any

from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.inputs import Command
from daemon.domain.money import paise_exact
from daemon.domain.order import Side
from daemon.domain.order_requests import (
    CancelOrder,
    ConvertPosition,
    ExitPosition,
    ModifyOrder,
    OrderRequest,
    PlaceOrder,
)
from daemon.domain.order_results import OrderResult
from tests.broker.test_gtt import GttMarket
from tests.kit.market import CALL

BIDS, ASKS = ((99.95, 650),), ((100.05, 650),)


class RequestMarket(GttMarket):
    """Requests go in as commands; what became of each is its result."""

    def request(self, request: OrderRequest) -> OrderResult:
        """Ask; return the result."""
        item = Command(ts=self.now, command="order", order=request)
        self._keep(self.engine.handle(item))
        return self.engine.engine.account.api.result

    def order(self, side: Side = "BUY", quantity: int = 65, **more: Any) -> OrderResult:
        """Place an order on the call, by itself a protected MARKET; prices in rupees."""
        fields: dict[str, Any] = {"product": "NRML", "order_type": "MARKET"} | more
        for name in ("price", "trigger"):
            if name in fields:
                fields[f"{name}_paise"] = paise_exact(fields.pop(name))
        if fields["order_type"] in ("MARKET", "SL-M"):
            fields = {"market_protection": -1} | fields
        terms: dict[str, Any] = {"tradingsymbol": CALL, "side": side, "quantity": quantity}
        return self.request(PlaceOrder(**(terms | fields)))

    def placed(self, *args: Any, **more: Any) -> str:
        """Place an order that must be taken; return its id."""
        result = self.order(*args, **more)
        assert result.refusal is None, result
        return result.order_ids[0]

    def limit(self, price: float, side: Side = "BUY", quantity: int = 65, **more: Any) -> str:
        """Place a LIMIT that must be taken."""
        return self.placed(side, quantity, order_type="LIMIT", price=price, **more)

    def change(self, order_id: str, **more: Any) -> OrderResult:
        """Modify an order, prices in rupees."""
        for name in ("price", "trigger"):
            if name in more:
                more[f"{name}_paise"] = paise_exact(more.pop(name))
        return self.request(ModifyOrder(order_id=order_id, **more))

    def withdraw(self, order_id: str) -> OrderResult:
        """Cancel an order."""
        return self.request(CancelOrder(order_id=order_id))

    def leave(self, product: Any = "NRML") -> OrderResult:
        """Exit the net position of the call."""
        return self.request(ExitPosition(tradingsymbol=CALL, product=product))

    def convert(self, quantity: int, old: Any, new: Any, side: Side = "BUY") -> OrderResult:
        """Convert a part of the position in the call."""
        return self.request(
            ConvertPosition(
                tradingsymbol=CALL, side=side, quantity=quantity, old_product=old, new_product=new
            )
        )

    def book(self, ltp: float = 100, **more: Any) -> None:
        """A tick with enough on both sides."""
        self.depth_tick(ltp, **({"bids": BIDS, "asks": ASKS} | more))

    def held(self) -> dict[str, int]:
        """Return the open quantity of each position without a trade."""
        found = self.engine.ledger.untraded.positions
        return {key: position.quantity for key, position in found.items()}

    def untraded(self) -> list[ExchangeOrderMoved]:
        """Return every event of an order without a trade."""
        return [e for e in self.events if isinstance(e, ExchangeOrderMoved) and not e.order_id]

    def told_of(self, order_id: str) -> list[tuple[str, str]]:
        """Return (kind, reason) of every event of an order."""
        return [(e.kind, e.reason) for e in self.untraded() if e.exchange_id == order_id]


def opened(**config: Any) -> RequestMarket:
    """A market that has shown one tick."""
    market = RequestMarket(**config)
    market.book()
    return market
