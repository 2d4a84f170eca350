"""An open position as the helpers, metrics, summary and report show it.

`as_dict` has the standard names, for every new reader. The files of version 0.2.0 call some fields
differently; only `in_metrics` and `in_summary` know those names.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from daemon.domain.dates import iso_ist
from daemon.domain.intent import Product
from daemon.domain.money import rupees
from daemon.domain.position import Position


class PositionRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One open position at one moment. Money in paise, `quantity` unsigned in units, UTC ns.

    None: there is no such level or price, or it is not known here.
    """

    order_id: str
    strategy_id: str
    tradingsymbol: str
    product: Product
    sign: int
    quantity: int
    entry_ts: int
    entry_paise: int
    ltp_paise: int | None
    stop_paise: int | None
    target_paise: int | None
    unrealized_paise: int | None
    realized_paise: int
    charges: Decimal
    """Charges of all its fills so far, rupees."""
    open_charges: Decimal | None = None
    """Charges of its entry less the share that exits have taken over, rupees."""
    bars_held: int | None = None
    best_paise: int | None = None
    worst_paise: int | None = None
    state: str

    @property
    def side(self) -> str:
        """Return LONG or SHORT."""
        return "LONG" if self.sign > 0 else "SHORT"

    def as_dict(self) -> dict[str, Any]:
        """Return the row in rupees, the quantity signed, the time in IST."""
        return {
            "order_id": self.order_id,
            "tradingsymbol": self.tradingsymbol,
            "strategy_id": self.strategy_id,
            "product": self.product,
            "side": self.side,
            "quantity": self.sign * self.quantity,
            "entry_time": iso_ist(self.entry_ts),
            "average_price": rupees(self.entry_paise),
            "last_price": _rupees(self.ltp_paise),
            "stop_price": _rupees(self.stop_paise),
            "target_price": _rupees(self.target_paise),
            "unrealized_pnl": _rupees(self.unrealized_paise),
            "realized_pnl": rupees(self.realized_paise),
            "charges": float(round(self.charges, 2)),
            "bars_held": self.bars_held,
            "best_price": _rupees(self.best_paise),
            "worst_price": _rupees(self.worst_paise),
            "state": self.state,
        }

    def in_metrics(self) -> dict[str, Any]:
        """Return the row for the metrics file, which is written up to ten times a second."""
        return {
            "order_id": self.order_id,
            "tradingsymbol": self.tradingsymbol,
            "quantity": self.sign * self.quantity,
            "average_price": rupees(self.entry_paise),
            "ltp": _rupees(self.ltp_paise),
            "stop": _rupees(self.stop_paise),
            "target": _rupees(self.target_paise),
            "unrealized": _rupees(self.unrealized_paise),
            "state": self.state,
        }

    def in_summary(self) -> dict[str, Any]:
        """Return the row for summary.json, where the side replaces the quantity's sign."""
        return {
            "order_id": self.order_id,
            "strategy_id": self.strategy_id,
            "tradingsymbol": self.tradingsymbol,
            "side": self.side,
            "quantity": self.quantity,
            "entry_time": iso_ist(self.entry_ts),
            "entry_price": rupees(self.entry_paise),
            "ltp": _rupees(self.ltp_paise),
            "stop": _rupees(self.stop_paise),
            "target": _rupees(self.target_paise),
            "unrealized_pnl": _rupees(self.unrealized_paise),
            "state": self.state,
        }


def position_row(
    position: Position,
    *,
    state: str,
    ltp_paise: int | None,
    open_charges: Decimal | None = None,
    bars_held: int | None = None,
    best_paise: int | None = None,
    worst_paise: int | None = None,
) -> PositionRow:
    """Return a position's row at the last price `ltp_paise`, which is None before the first."""
    return PositionRow(
        order_id=position.order_id,
        strategy_id=position.strategy_id,
        tradingsymbol=position.tradingsymbol,
        product=position.product,
        sign=position.sign,
        quantity=position.quantity,
        entry_ts=position.entry_ts,
        entry_paise=position.entry_paise,
        ltp_paise=ltp_paise,
        stop_paise=position.stop_paise,
        target_paise=position.target_paise,
        unrealized_paise=None if ltp_paise is None else position.unrealized_paise(ltp_paise),
        realized_paise=position.realized_paise,
        charges=position.charges,
        open_charges=open_charges,
        bars_held=bars_held,
        best_paise=best_paise,
        worst_paise=worst_paise,
        state=state,
    )


def _rupees(paise: int | None) -> float | None:
    return None if paise is None else rupees(paise)
