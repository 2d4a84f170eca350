"""An open quantity with its levels and its money."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from daemon.domain.intent import Product
from daemon.domain.order import TRAILING_STOP, ExitRules, Side


class PendingExit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An exit waiting for its fill. `seq` is the event that began the wait."""

    seq: int
    ts: int
    reason: str
    quantity: int
    partial: bool = False
    settling: bool = False
    """It waits for the official close of the underlying, not for a tick."""


class Position(msgspec.Struct, kw_only=True, gc=False):
    """One position: never netted with another (SEMANTICS, "Orders and states").

    `sign` +1 long, -1 short. Money in paise, exact. `cost_paise` is what the open quantity
    cost. `anchor_paise` is A of the ladder, `on_rest` whether a partial exit has been made
    (then D is one step, else D is R), `ladder_steps` the whole steps gained so far, `stop_moved_by`
    the rule that moved the stop last ("" = it stands where it was set).
    """

    order_id: str
    number: int
    tradingsymbol: str
    strategy_id: str
    timeframe: str
    product: Product
    sign: int
    lot_size: int
    tick_paise: int
    exits: ExitRules
    opened_quantity: int
    quantity: int
    entry_paise: int
    entry_ts: int
    entry_input_no: int
    cost_paise: int
    entry_bid_ask_paise: int
    initial_stop_paise: int | None = None
    stop_paise: int | None = None
    target_paise: int | None = None
    anchor_paise: int = 0
    ladder_steps: int = 0
    stop_moved_by: str = ""
    on_rest: bool = False
    pending: PendingExit | None = None
    realized_paise: int = 0
    realized_bid_ask_paise: int = 0
    cash_paise: int = 0
    charges: Decimal = Decimal(0)
    exit_fills: int = 0
    opened_cost_paise: int = 0
    """What all parts of an entry in parts cost, 0 while it has one part."""
    marked_paise: int = 0
    """What daily marks have paid for the open quantity; below 0 = they took it."""
    closed_ts: int = 0
    exit_reason: str = ""

    def __post_init__(self) -> None:
        if self.ladder_steps and not self.stop_moved_by:  # written by a version before 0.3.0
            self.stop_moved_by = TRAILING_STOP

    @property
    def r_paise(self) -> int:
        """The risk per unit at entry, fixed for life; 0 without a stop."""
        if self.initial_stop_paise is None:
            return 0
        return abs(self.entry_paise - self.initial_stop_paise)

    @property
    def closing_side(self) -> Side:
        """The side of the orders that close it."""
        return "SELL" if self.sign > 0 else "BUY"

    def cost_share(self, quantity: int) -> int:
        """Return the cost of `quantity` of the open units: the proportional share, rounded down."""
        return self.cost_paise * quantity // self.quantity

    def marked_share(self, quantity: int) -> int:
        """Return what marks have paid for `quantity` of the open units, rounded down."""
        return self.marked_paise * quantity // self.quantity

    def unrealized_paise(self, ltp_paise: int) -> int:
        """Return what closing the open quantity at `ltp_paise` would add, gross."""
        return self.sign * (ltp_paise * self.quantity - self.cost_paise)
