"""What a strategy hears of its own orders and trades: one journal event, or one refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

UpdateKind = Literal["trade", "order", "round"]
UpdateSide = Literal["BUY", "SELL", ""]


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a strategy's trade: prices and money in rupees, quantities in units.

    `trade` is a move of a trade, `order` an event of one of its exchange orders (`filled` is then
    cumulative and `price` that of this fill). `new` is the state after it; a level that moved has
    `stop_moved`. A refusal of an action has `old` equal to `new` and its code in `reason`; `seq` is
    then that of the last event before it. `realized` and `open_pnl` are the trade's, gross, right
    after the event. `replayed` marks what an earlier process has answered already.
    """

    seq: int
    ts: int
    kind: UpdateKind
    id: str
    tag: str
    symbol: str
    side: UpdateSide
    old: str
    new: str
    reason: str
    quantity: int
    filled: int
    price: float | None = None
    realized: float = 0.0
    open_pnl: float = 0.0
    numbers: Mapping[str, float] = {}
    replayed: bool = False

    @property
    def is_refusal(self) -> bool:
        """Return whether an action was refused: nothing has changed."""
        return self.old == self.new
