"""The records of the exchange's oracle: an order, a request on its way, a group of exits."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.oracle.exchange_market import Market
from tests.oracle.exchange_scenario import Cancel, Modify, New

DONE = ("COMPLETE", "CANCELLED", "REJECTED")


@dataclass(eq=False)
class Group:
    """F34: what is open of one trade, for all its exits together."""

    open: int
    orders: list[Order] = field(default_factory=list)


@dataclass(eq=False)
class Order:
    """One exchange order; `number` is the order of creation."""

    number: int
    label: str
    root: str
    market: Market
    sign: int
    kind: str
    quantity: int
    price: int | None
    trigger: int | None
    validity: str
    ttl_minutes: int | None
    protection: float | None
    is_exit: bool
    is_api: bool
    group: Group | None
    sent: int
    limit: int | None = None
    """Where it takes and rests: the price, or the protection of a MARKET."""
    status: str = "NEW"
    mode: str = "flight"
    """flight, pending, taking, resting or done."""
    filled: int = 0
    arrival: int = 0
    """Its place in time: the sequence number of arrival, trigger or lost queue."""
    arrived_input: int = 0
    arrived_ts: int = 0
    triggered: bool = False
    market_part: int | None = None
    modifications: int = 0
    market_since: int | None = None
    """F12: submission (or trigger) of what became a market order."""
    quiet_since: int = 0
    """F12: arrival, trigger or the last fill."""
    ends: int = 0
    """F6: when its TTL is over."""
    escalated_at: int | None = None
    """F12: the changes of the market when it was last replaced, or sent as a replacement."""
    replaces: Order | None = None
    replaced_by: Order | None = None

    @property
    def rest(self) -> int:
        return self.quantity - self.filled

    @property
    def done(self) -> bool:
        return self.status in DONE

    @property
    def working(self) -> bool:
        """Whether it is in the book's queue."""
        return self.mode in ("taking", "resting")


@dataclass(eq=False)
class Waiting:
    """A request on its way to the exchange."""

    due: int
    sent: int
    order: Order
    what: New | Modify | Cancel


@dataclass(eq=False)
class Slice:
    """F60: a child that is not sent yet."""

    due: int
    new: New
    root: str
    quantity: int
