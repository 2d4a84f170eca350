"""Good-till-triggered orders (GTT): what they say, their states, and their fold."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from daemon.domain.errors import InvalidTransition
from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.order import Side


class GttStatus(StrEnum):
    """The status of a GTT; the values are Kite's words for it."""

    ACTIVE = "active"
    TRIGGERED = "triggered"
    DISABLED = "disabled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    DELETED = "deleted"


# The theory of the table. A GTT waits (ACTIVE) until one thing happens to it, and then it is over:
# nothing leads out of TRIGGERED, so no second leg and no second firing is possible. DISABLED is the
# one pause: it fires nothing, and a modification makes it ACTIVE again.
_G = GttStatus
NEXT_STATUS: Final[dict[GttStatus, frozenset[GttStatus]]] = {
    _G.ACTIVE: frozenset(
        {_G.ACTIVE, _G.TRIGGERED, _G.DISABLED, _G.EXPIRED, _G.CANCELLED, _G.REJECTED, _G.DELETED}
    ),
    _G.DISABLED: frozenset({_G.ACTIVE, _G.EXPIRED, _G.CANCELLED, _G.DELETED}),
    _G.TRIGGERED: frozenset(),
    _G.EXPIRED: frozenset(),
    _G.CANCELLED: frozenset(),
    _G.REJECTED: frozenset(),
    _G.DELETED: frozenset(),
}
assert set(NEXT_STATUS) == set(GttStatus)


class GttLeg(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The LIMIT order that a trigger sends; price in paise."""

    side: Side
    quantity: int
    price_paise: int
    product: ExchangeProduct


class GttTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a GTT says: one trigger and its leg, or two, the lower first (OCO). Prices in paise.

    `last_paise` is the last price that it was placed at: a single trigger below it waits for a
    price at or below, one above it for a price at or above.
    """

    tradingsymbol: str
    triggers: tuple[int, ...]
    legs: tuple[GttLeg, ...]
    last_paise: int

    @property
    def is_two_leg(self) -> bool:
        """True for an OCO."""
        return len(self.triggers) > 1

    def levels(self) -> tuple[int | None, int | None]:
        """Return the prices that it waits for: (at or below, at or above)."""
        if self.is_two_leg:
            return self.triggers[0], self.triggers[1]
        [trigger] = self.triggers
        return (trigger, None) if trigger < self.last_paise else (None, trigger)

    def leg_at(self, ltp_paise: int) -> int:
        """Return the number of the leg that a price fires, from 1; 0 for none."""
        below, above = self.levels()
        if below is not None and ltp_paise <= below:
            return 1
        if above is not None and ltp_paise >= above:
            return len(self.legs)
        return 0


class Gtt(msgspec.Struct, kw_only=True, gc=False):
    """One GTT and what became of it. Times UTC ns; `expires` is an ISO date, the last it lives."""

    gtt_id: int
    terms: GttTerms
    expires: str
    created_ts: int
    updated_ts: int
    status: GttStatus = _G.ACTIVE
    reason: str = ""
    leg: int = 0
    """The leg that was fired, from 1."""
    ltp_paise: int = 0
    """The price that fired it."""
    exchange_id: str = ""
    """The exchange order that it sent."""

    @property
    def is_over(self) -> bool:
        """True if nothing can happen to it any more."""
        return not NEXT_STATUS[self.status]

    def move(self, to: GttStatus, reason: str, ts: int) -> None:
        """Make a move of the table. Raises InvalidTransition, having changed nothing."""
        if to not in NEXT_STATUS[self.status]:
            raise InvalidTransition(str(self.gtt_id), self.status, to)
        self.status = to
        self.reason = reason
        self.updated_ts = ts
