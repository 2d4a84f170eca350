"""What kinds of orders there are and how long they are valid, in Kite's words."""

from __future__ import annotations

from typing import Final, Literal

OrderKind = Literal["MARKET", "LIMIT", "SL", "SL-M"]
Validity = Literal["DAY", "IOC", "TTL"]
MARKET: Final = "MARKET"
DAY: Final = "DAY"
ORDER_KINDS: Final = ("MARKET", "LIMIT", "SL", "SL-M")
VALIDITIES: Final = ("DAY", "IOC", "TTL")
PRICED_KINDS: Final = frozenset({"LIMIT", "SL"})
"""Kinds that have a limit of their own."""
STOP_KINDS: Final = frozenset({"SL", "SL-M"})
"""Kinds that wait for a trigger."""
