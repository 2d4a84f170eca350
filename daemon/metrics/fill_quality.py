"""Quality of a run's fills: how they were made, and how far to believe its P&L.

One block, shown by the metrics, the summary and the report alike, so that no two of them differ.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from daemon.domain.ledger import FillTally, Ledger
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.money import whole_paise as whole_paise
from daemon.settings.config import ExecutionConfig


class FillProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The fill settings of a run: without them a P&L means nothing. Basis points, milliseconds."""

    mode: str
    slippage_bps: float
    latency_ms: int

    @classmethod
    def of(cls, execution: ExecutionConfig) -> FillProfile:
        """Return the profile that a configuration asks for."""
        return cls(
            mode=execution.fill_mode,
            slippage_bps=execution.slippage,
            latency_ms=execution.latency_ms,
        )

    def text(self) -> str:
        """Return the profile in words."""
        latency = f"{self.latency_ms} ms latency" if self.latency_ms else "no latency"
        return f"{self.mode} fills, {self.slippage_bps:g} bps slippage, {latency}"


class FillQuality(msgspec.Struct, frozen=True, kw_only=True):
    """Booked money and fill quality of a run. Paise; charges are exact rupees."""

    profile: FillProfile
    fills: FillTally
    gross_paise: int
    charges: Decimal
    bid_ask_paise: int
    """Gross realized P&L that `bid_ask` fills would have given at the same moments."""

    @classmethod
    def of(cls, ledger: Ledger, profile: FillProfile) -> FillQuality:
        """Return the block of a ledger as it stands; later events do not change it."""
        return cls(
            profile=profile,
            fills=msgspec.structs.replace(ledger.fill_tally),
            gross_paise=ledger.realized_paise,
            charges=ledger.charges,
            bid_ask_paise=ledger.realized_bid_ask_paise,
        )

    @property
    def charges_paise(self) -> int:
        """Return charges in whole paise, half a paisa up."""
        return whole_paise(self.charges)

    @property
    def net_paise(self) -> int:
        """Return gross less charges, paise."""
        return self.gross_paise - self.charges_paise

    @property
    def is_optimistic(self) -> bool:
        """Return whether any fill took mid or ltp although the quote had a bid and ask."""
        return self.fills.optimistic > 0

    @property
    def knows_bid_ask(self) -> bool:
        """Return whether any fill had a bid or ask, without which the bid_ask figure is empty."""
        return self.fills.fills == 0 or self.fills.no_book < self.fills.fills - self.fills.settled

    def as_dict(self) -> dict[str, Any]:
        """Return the block under its stable names, rupees; never NaN."""
        return {
            "fill_profile": {
                "mode": self.profile.mode,
                "slippage_bps": self.profile.slippage_bps,
                "latency_ms": self.profile.latency_ms,
            },
            "optimistic_fills": self.is_optimistic,
            "fills": {
                "total": self.fills.fills,
                "optimistic": self.fills.optimistic,
                "quote_older_than_1s": self.fills.quote_older_than_1s,
                "stale": self.fills.stale,
                "candle_walked": self.fills.walked,
                "after_gap": self.fills.after_gap,
                "without_bid_ask": self.fills.no_book,
            },
            "gross_pnl": rupees_2dp(self.gross_paise),
            "charges": rupees_2dp(self.charges_paise),
            "net_pnl": rupees_2dp(self.net_paise),
            "bid_ask_pnl": rupees_2dp(self.bid_ask_paise) if self.knows_bid_ask else None,
        }


def rupees_2dp(paise: int) -> float:
    """Return paise as the rupee float that prints with at most two decimals, for JSON."""
    return paise / PAISE_PER_RUPEE


def m2m_in_rupees(*, paid: int, still_open: int) -> dict[str, float]:
    """Return what daily marks have paid as files show it; both in paise."""
    return {"paid": rupees_2dp(paid), "open": rupees_2dp(still_open)}
