"""What an engine knows beyond its ledger and the market, for a start on another day."""

from __future__ import annotations

import msgspec

from daemon.domain.strategy_actions import Basket
from daemon.domain.update import Update


class RememberedDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Why a full exit begins as soon as the pending partial exit has filled."""

    ltp_paise: int = 0
    bars_held: int = 0
    demand: str = ""


class SavedState(msgspec.Struct, frozen=True):
    """What a strategy saved (JSON), after the update `seq` and the candles of `boundary` (ns)."""

    seq: int
    boundary: int
    state: str


class HeardUpdate(msgspec.Struct, frozen=True):
    """An update of today that a strategy had heard in an earlier process."""

    strategy_id: str
    update: Update


class OpenBasket(msgspec.Struct, frozen=True, kw_only=True):
    """A basket in work: its orders so far, how many of its last entries wait, its end (UTC ns)."""

    number: int
    strategy_id: str
    basket: Basket
    order_ids: list[str]
    waiting: int
    due: int


class CarryOver(msgspec.Struct, frozen=True, kw_only=True):
    """Engine state that no event holds, by order id. Prices in paise, times UTC ns.

    Within a day it is rebuilt by running the recorded inputs again; if they are lost, it is read
    from the journal.
    """

    killed: bool = False
    strategies_off: list[str] = []
    disabled: dict[str, int] = {}
    """Strategies that failed too often and are no longer called, with the time since when."""
    settlements: list[tuple[str, str, int, int]] = []
    """(underlying, expiry date, official close, when it became known)."""
    settling: list[str] = []
    """Expired positions whose official close is not known yet."""
    remembered: dict[str, RememberedDemand] = {}
    excursions: dict[str, tuple[int, int]] = {}
    """The highest and the lowest ltp that each open position has seen."""
    peak_margin_rupees: int = 0
    """The most that the account has had blocked."""
    saved: dict[str, SavedState] = {}
    """What strategies saved, by their id."""
    heard: list[HeardUpdate] = []
    """Today's updates, where the recording that held them cannot be run again."""
    baskets: list[OpenBasket] = []
    basket_count: int = 0
    until: int = -1
    """The time of the last input: intents due at or before it have been handled."""

    def overnight(self) -> CarryOver:
        """Return what remains on the next day: switches and failures last for one day."""
        return msgspec.structs.replace(
            self, killed=False, strategies_off=[], disabled={}, heard=[], baskets=[]
        )
