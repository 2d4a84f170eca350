"""A tick as a strategy sees it."""

from __future__ import annotations

import msgspec


class TickView(msgspec.Struct, frozen=True, gc=False):
    """One tick in rupees (bid and ask None if absent); `ts` UTC ns."""

    tradingsymbol: str
    ts: int
    ltp: float
    bid: float | None = None
    ask: float | None = None
