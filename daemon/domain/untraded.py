"""What orders without a trade hold and made: net positions by contract and product, and their sums.

A GTT, and later a program, sends orders that belong to no trade. Their fills are netted like a
broker's, at the proportional share of the cost. What an account holds of a contract is this and the
trades of it together (docs/decisions/0046).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from daemon.domain.dates import ist_day
from daemon.domain.events import ExchangeOrderMoved, Fill, PositionMarked
from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.open_cost import OpenCost
from daemon.domain.order import Side

SETTLED: Final = "settled"
"""The kind of event that closes a position without an order."""
API: Final = "api"
"""The strategy of orders without a trade that name none."""


class UntradedPosition(msgspec.Struct, kw_only=True, gc=False):
    """One open net position. `closing` is why orders of its own close it, empty if none do."""

    tradingsymbol: str
    product: ExchangeProduct
    cost: OpenCost
    closing: str = ""

    @property
    def key(self) -> str:
        """The name of the position among those of its account."""
        return key_of(self.tradingsymbol, self.product)

    @property
    def quantity(self) -> int:
        """The open quantity, below 0 for a short."""
        return self.cost.quantity

    @property
    def closing_side(self) -> Side:
        """The side of the orders that close it."""
        return "SELL" if self.quantity > 0 else "BUY"


class Untraded(msgspec.Struct, kw_only=True):
    """The fold of all fills of orders without a trade. Money in paise, charges in rupees."""

    positions: dict[str, UntradedPosition] = {}
    """Open ones by `key_of`."""
    realized_paise: int = 0
    cash_paise: int = 0
    """What selling brought less what buying cost, before charges."""
    charges: Decimal = Decimal(0)
    day: int = 0
    """The IST day of the sums of today (`ist_day`)."""
    realized_today_paise: int = 0
    charges_today: Decimal = Decimal(0)

    def take(self, event: ExchangeOrderMoved) -> None:
        """Fold an event of an order without a trade: its fill, or that it closes a position."""
        assert event.product is not None, event
        key = key_of(event.tradingsymbol, event.product)
        if event.fill is not None:
            self._book(key, event, event.fill)
        found = self.positions.get(key)
        if event.is_exit and found is not None:
            found.closing = event.tag

    def mark(self, event: PositionMarked) -> None:
        """Fold the daily mark of a carried future."""
        assert event.product is not None, event
        key = key_of(event.tradingsymbol, event.product)
        self.positions[key].cost.marked_paise += event.m2m_paise

    def realized_on(self, day: int) -> int:
        """Return the gross result of an IST day."""
        return self.realized_today_paise if self.day == day else 0

    def charges_on(self, day: int) -> Decimal:
        """Return the charges of an IST day, rupees."""
        return self.charges_today if self.day == day else Decimal(0)

    def _book(self, key: str, event: ExchangeOrderMoved, fill: Fill) -> None:
        assert event.product is not None
        found = self.positions.get(key)
        if found is None:
            found = self.positions[key] = UntradedPosition(
                tradingsymbol=event.tradingsymbol, product=event.product, cost=OpenCost()
            )
        sign = 1 if fill.transaction_type == "BUY" else -1
        cost, marked = found.cost, found.cost.marked_paise
        realized = cost.trade(sign * fill.quantity, fill.price_paise)
        realized += marked - cost.marked_paise  # a mark is no result
        self._turn_to(ist_day(event.due_ts or event.ts))
        self.realized_paise += realized
        self.realized_today_paise += realized
        self.cash_paise -= sign * fill.quantity * fill.price_paise
        self.charges += Decimal(fill.charges.total)
        self.charges_today += Decimal(fill.charges.total)
        if not cost.quantity:
            del self.positions[key]

    def _turn_to(self, day: int) -> None:
        if day != self.day:
            self.day, self.realized_today_paise, self.charges_today = day, 0, Decimal(0)


def strategy_of(event: ExchangeOrderMoved) -> str:
    """Return whose an order without a trade is: its tag, `api` of one without and of a close.

    The tag of a close says why it was sent, and what it closes may be of several programs.
    """
    return API if event.is_exit else event.tag or API


def key_of(tradingsymbol: str, product: str) -> str:
    """Return the name of a position without a trade."""
    return f"{tradingsymbol}/{product}"
