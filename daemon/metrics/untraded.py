"""What orders without a trade hold and made, as metrics, summary, report and page show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.money import rupees
from daemon.domain.untraded import Untraded, UntradedPosition
from daemon.metrics.fill_quality import rupees_2dp, whole_paise

_NOTHING = Decimal(0)


class UntradedRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One open position without a trade. Paise; `quantity` is signed, in units."""

    tradingsymbol: str
    product: ExchangeProduct
    quantity: int
    average_paise: int
    """What a unit cost, to the paisa."""
    ltp_paise: int | None
    """None if it has no price."""
    unrealized_paise: int | None
    closing: str
    """Why an order closes it, empty if none does."""

    @property
    def key(self) -> str:
        """Return what names it among the positions without a trade."""
        return f"{self.tradingsymbol}/{self.product}"

    @property
    def side(self) -> str:
        """Return LONG or SHORT."""
        return "LONG" if self.quantity > 0 else "SHORT"

    def in_rupees(self) -> dict[str, Any]:
        """Return the row with the names of files, rupees."""
        return {
            "tradingsymbol": self.tradingsymbol,
            "product": self.product,
            "quantity": self.quantity,
            "average_price": rupees(self.average_paise),
            "last_price": None if self.ltp_paise is None else rupees(self.ltp_paise),
            "unrealized_pnl": _rupees(self.unrealized_paise),
            "closing": self.closing,
        }


class UntradedResult(msgspec.Struct, frozen=True, kw_only=True):
    """Open positions without a trade, by name, and what all of them came to so far."""

    rows: Sequence[UntradedRow] = ()
    realized_paise: int = 0
    charges: Decimal = _NOTHING

    @classmethod
    def of(cls, found: Untraded, marks: Mapping[str, int]) -> UntradedResult:
        """Return what a ledger has, at last prices by tradingsymbol (paise)."""
        rows = [_row(each, marks) for _, each in sorted(found.positions.items())]
        return cls(rows=rows, realized_paise=found.realized_paise, charges=found.charges)

    @property
    def is_empty(self) -> bool:
        """Return whether no order without a trade was ever filled."""
        return not self.rows and not self.realized_paise and not self.charges

    @property
    def charges_paise(self) -> int:
        """Return all charges, whole paise."""
        return whole_paise(self.charges)

    @property
    def net_paise(self) -> int:
        """Return what was realized less all charges."""
        return self.realized_paise - self.charges_paise

    @property
    def unrealized_paise(self) -> int | None:
        """Return the gross result of what is open, None if a position has no price."""
        known = [each.unrealized_paise for each in self.rows if each.unrealized_paise is not None]
        return sum(known) if len(known) == len(self.rows) else None

    def in_rupees(self) -> dict[str, Any]:
        """Return it as metrics and summary.json keep it; no figure of trades has any of it."""
        return {
            "positions": [row.in_rupees() for row in self.rows],
            "realized_pnl": rupees_2dp(self.realized_paise),
            "charges": rupees_2dp(self.charges_paise),
            "net_pnl": rupees_2dp(self.net_paise),
            "unrealized_pnl": _rupees(self.unrealized_paise),
        }


def _row(position: UntradedPosition, marks: Mapping[str, int]) -> UntradedRow:
    ltp = marks.get(position.tradingsymbol)
    cost = position.cost
    return UntradedRow(
        tradingsymbol=position.tradingsymbol,
        product=position.product,
        quantity=position.quantity,
        average_paise=(2 * cost.cost_paise + cost.units) // (2 * cost.units),
        ltp_paise=ltp,
        unrealized_paise=None if ltp is None else cost.result_paise(ltp),
        closing=position.closing,
    )


def _rupees(paise: int | None) -> float | None:
    return None if paise is None else rupees_2dp(paise)
