"""An order as the exchange sees it, and the moves that its state can make."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

import msgspec

from daemon.domain.errors import InvalidTransition
from daemon.domain.order import Side
from daemon.domain.order_kind import OrderKind, Validity

ExchangeProduct = Literal["MIS", "NRML", "CNC"]
MAX_MODIFICATIONS: Final = 25


class ExchangeOrderState(StrEnum):
    """The state of an order at the exchange; the values are Kite's words for it."""

    NEW = "NEW"
    TRIGGER_PENDING = "TRIGGER PENDING"
    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"

    __hash__ = str.__hash__
    """As fast as a string's hash; Enum's own is a Python function."""


# The theory of the table. An order is on its way (NEW), or at the exchange, or over. At the
# exchange it either waits for its trigger, where no price fills it, or is OPEN, where every fill,
# reduction and modification leaves it OPEN until nothing is pending. A trigger fires once: no move
# leads back from OPEN to TRIGGER_PENDING, so an order that was triggered is a limit order for good.
# What is over never moves, so a cancel and the last fill cannot both win. An order reaches COMPLETE
# only through OPEN, because only what is open can fill. An order that was open is never REJECTED:
# what is left of it can only be CANCELLED.
_S = ExchangeOrderState
NEXT_STATES: Final[dict[ExchangeOrderState, frozenset[ExchangeOrderState]]] = {
    _S.NEW: frozenset({_S.REJECTED, _S.CANCELLED, _S.TRIGGER_PENDING, _S.OPEN}),
    _S.TRIGGER_PENDING: frozenset({_S.TRIGGER_PENDING, _S.OPEN, _S.CANCELLED, _S.REJECTED}),
    _S.OPEN: frozenset({_S.OPEN, _S.COMPLETE, _S.CANCELLED}),
    _S.COMPLETE: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.REJECTED: frozenset(),
}
assert set(NEXT_STATES) == set(ExchangeOrderState)

WORKING_STATES: Final = frozenset({_S.TRIGGER_PENDING, _S.OPEN})
OVER_STATES: Final = frozenset({_S.COMPLETE, _S.CANCELLED, _S.REJECTED})


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an order says when it is sent. Prices in paise (0 = not given), quantity in units.

    `market_protection` is a percentage, -1 or None for the slab of the price. `group` names the
    trade whose exit this is; exits of one group never fill more than is open together. `autoslice`
    is whether it may go in slices, None as it is configured. `leg` counts the `legs` of an iceberg.
    """

    instrument: int
    side: Side
    quantity: int
    kind: OrderKind = "MARKET"
    price_paise: int = 0
    trigger_paise: int = 0
    validity: Validity = "DAY"
    ttl_minutes: int = 0
    product: ExchangeProduct = "MIS"
    disclosed_quantity: int = 0
    """Kept for the order book, without effect."""
    market_protection: float | None = None
    group: str = ""
    is_exit: bool = False
    is_api: bool = False
    tag: str = ""
    autoslice: bool | None = None
    leg: int = 0
    legs: int = 0


class Modification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a modification changes; None leaves a field as it is. `quantity` is the new total.

    `market_protection` is asked for where an order of the API becomes a MARKET or an SL-M.
    """

    quantity: int | None = None
    price_paise: int | None = None
    trigger_paise: int | None = None
    kind: OrderKind | None = None
    validity: Validity | None = None
    ttl_minutes: int = 0
    disclosed_quantity: int | None = None
    market_protection: float | None = None


class ExchangeOrder(msgspec.Struct, kw_only=True, gc=False):
    """One order at the exchange, with its place in the queue. Times UTC ns, prices paise.

    `root` is the id of the order that it is a slice or a replacement of, else its own.
    `limit_paise` is the price that it works at: its own, or the protection of a MARKET, 0 until
    that is known.
    """

    order_id: str
    number: int
    """Counts the orders of the exchange, from 1."""
    root: str
    terms: OrderTerms
    kind: OrderKind
    quantity: int
    limit_paise: int
    trigger_paise: int
    validity: Validity
    sent_ts: int
    state: ExchangeOrderState = ExchangeOrderState.NEW
    filled: int = 0
    triggered: bool = False
    protected_from_paise: int = 0
    """The price that its protection is counted from, 0 = the last price when it is sent."""
    replaces: str = ""
    status_message: str = ""
    modifications: int = 0
    near_misses: int = 0
    # its place at the exchange
    arrival: int = 0
    """Counts arrivals, triggers and modifications that lost the queue."""
    market_part: int | None = None
    """Units of other people ahead of it, below 0 a credit under a lot, None = unknown."""
    taking: bool = False
    """Whether it still takes from a book that continues unseen beyond the fifth level."""
    market_since: int = 0
    """When it became a MARKET: its sending, its trigger, or the sending of its modification."""
    moved_ts: int = 0
    """When it last arrived, was triggered or filled."""
    ends_ts: int = 0
    """When its TTL ends."""

    @property
    def is_buy(self) -> bool:
        """True for a buy."""
        return self.terms.side == "BUY"

    @property
    def pending(self) -> int:
        """Return the units that are neither filled nor over."""
        return self.quantity - self.filled

    @property
    def is_over(self) -> bool:
        """True if nothing can happen to it any more."""
        return self.state in OVER_STATES

    def move(self, to: ExchangeOrderState, reason: str = "") -> None:
        """Make a move of the table. Raises InvalidTransition, having changed nothing."""
        if to not in NEXT_STATES[self.state]:
            raise InvalidTransition(self.order_id, self.state, to)
        self.state = to
        self.status_message = reason

    def work_at(self, limit_paise: int) -> None:
        """Set the limit that a MARKET is protected by."""
        self.limit_paise = limit_paise

    def take_pending(self, units: int) -> None:
        """Have exactly `units` pending: what the order that this one replaces has left."""
        self.quantity = self.filled + units

    def keep_pending(self, units: int) -> None:
        """Reduce what is pending to at most `units`."""
        self.quantity = self.filled + min(units, self.pending)

    def take_place(self, arrival: int, ts: int) -> None:
        """Take the last place among all arrivals, at `ts` (UTC ns)."""
        self.arrival = arrival
        self.moved_ts = ts

    def trigger(self, ts: int) -> None:
        """Become a limit order for good, at `ts` (UTC ns)."""
        self.triggered = True
        self.market_since = ts
        self.move(ExchangeOrderState.OPEN, "triggered")

    def fill(self, quantity: int, ts: int, reason: str) -> None:
        """Count a fill of an OPEN order at `ts` (UTC ns); the last one completes it."""
        self.filled += quantity
        self.moved_ts = ts
        states = ExchangeOrderState
        self.move(states.OPEN if self.pending else states.COMPLETE, reason)

    def stand(self, *, taking: bool, market_part: int | None = None) -> None:
        """Stand in the queue, or still take from a book that continues unseen."""
        self.taking = taking
        self.market_part = market_part

    def see_queue(self, market_part: int | None) -> None:
        """Remember what is left of other people in the queue."""
        self.market_part = market_part

    def end_at(self, ts: int) -> None:
        """Set when its TTL ends, UTC ns."""
        self.ends_ts = ts

    def miss(self, ticks: int = 1) -> None:
        """Count ticks that nearly filled the order."""
        self.near_misses += ticks

    def count_modification(self) -> None:
        """Count a modification that was accepted."""
        self.modifications += 1

    def rewrite(
        self, terms: OrderTerms, kind: OrderKind, pending: int, limit_paise: int, sent_ts: int
    ) -> None:
        """Take the terms of a modification sent at `sent_ts`, with `pending` units left.

        A stop that was triggered keeps its kind unless `kind` says otherwise.
        """
        if kind == "MARKET" and self.kind != "MARKET":
            self.market_since = sent_ts
        self.quantity = self.filled + pending
        self.validity = terms.validity
        self.trigger_paise = terms.trigger_paise
        self.limit_paise = limit_paise
        self.terms = msgspec.structs.replace(
            self.terms,
            ttl_minutes=terms.ttl_minutes,
            disclosed_quantity=terms.disclosed_quantity,
            market_protection=terms.market_protection,
        )
        self.kind = kind


def number_of(exchange_id: str) -> int:
    """Return which of its trade's exchange orders one is, or the order that it is a part of."""
    return int(exchange_id.partition("/")[0].rpartition("-")[2])
