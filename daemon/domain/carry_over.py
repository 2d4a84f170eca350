"""What an engine knows beyond its ledger and the market, for a start on another day."""

from __future__ import annotations

import msgspec


class RememberedDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Why a full exit begins when the partial exit that is pending has filled."""

    ltp_paise: int = 0
    bars_held: int = 0
    demand: str = ""


class CarryOver(msgspec.Struct, frozen=True, kw_only=True):
    """State that no event holds. Orders and positions by order id, prices in paise, times UTC ns.

    Within a day the recorded inputs are run again and give it; where they are lost it is taken
    from the journal.
    """

    killed: bool = False
    strategies_off: list[str] = []
    disabled: dict[str, int] = {}
    """Strategies that failed too often and are not called, and since when."""
    settlements: list[tuple[str, str, int, int]] = []
    """(underlying, expiry date, official close, when it became known)."""
    settling: list[str] = []
    """Expired positions whose official close is not known yet."""
    remembered: dict[str, RememberedDemand] = {}
    excursions: dict[str, tuple[int, int]] = {}
    """The highest and the lowest ltp that each open position has seen."""
    until: int = -1
    """The time of the last input: an intent written for then or before has had its turn."""

    def overnight(self) -> CarryOver:
        """Return what is left of it on the next day: switches and faults are of the day."""
        return msgspec.structs.replace(self, killed=False, strategies_off=[], disabled={})
