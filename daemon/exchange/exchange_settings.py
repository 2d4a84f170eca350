"""What can be chosen about the paper exchange."""

from __future__ import annotations

from typing import Literal

import msgspec

DepthMode = Literal["mid", "bid_ask", "ltp", "depth"]


class ExchangeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of fills, requests and refusals; times in ns. `refusals` says what differs."""

    fill_mode: DepthMode = "depth"
    slippage_bps: float = 0
    slippage_ticks: int = 0
    enter_ns: int = 0
    modify_ns: int = 0
    cancel_ns: int = 0
    reject_after_ns: int = 30_000_000_000
    stale_after_ns: int = 5_000_000_000
    market_rest: Literal["rest", "cancel"] = "rest"
    escalate: Literal["market", "never"] = "market"
    escalate_after_ns: int = 3_000_000_000
    resting: Literal["queue", "cross", "touch"] = "queue"
    queue_evidence: Literal["last_qty", "volume"] = "last_qty"
    autoslice: bool = True
    refusals: dict[str, bool] = {}

    @property
    def is_simple(self) -> bool:
        """True for the modes that fill whole at one price."""
        return self.fill_mode != "depth"
