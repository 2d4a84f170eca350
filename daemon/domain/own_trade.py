"""What the engine tells a strategy of the market and of its own trades."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.depth import Depth
from daemon.domain.order import Order
from daemon.domain.position import Position


class OwnTrade(NamedTuple):
    """A trade of a strategy as the ledger has it, and what its open part would realize (paise)."""

    order: Order
    position: Position | None
    open_paise: int


class ShownMarket(NamedTuple):
    """What only some feeds show: the book, the volume and the open interest (-1 unknown)."""

    depth: Depth | None
    volume: int
    oi: int
