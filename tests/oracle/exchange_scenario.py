"""The neutral scenario of the exchange: what a core and its oracle are both given, and give back.

Prices are integer paise, quantities units, times ns. A driver `run(scenario) -> list[Event]` gives
one dict per event, in the order in which they happen, with every key of EVENT_KEYS.

What the contract leaves open, settled here for both sides:

* `Tick.believed` false: the quote exists (rests fill, triggers fire, volume and `taken` move) but
  nothing that arrives may take from it. A quote is believed if its tick was, no gap came after
  it, and the feed (ticks of any instrument) was never silent longer than `stale_after_s` since,
  the time from the last tick to now included. There is no other age limit.
* `bids`/`asks` None: the tick brings no depth; the book of the last tick with depth stays, its
  levels and `taken` with it (F1 dropped row); none so far today: `bid`/`ask`. [] : that side is
  absent.
* The book is valid as given, best first, unless best bid > best ask (crossed) or levels out of
  order: then the row counts as one without depth. `bid`/`ask` None: absent.
* A sliced order has no events of its own: its children are LABEL/1, LABEL/2 ... Child k (from 0)
  is due to be sent 100 ms x k after the request, at the first input from then on, in step 1. It is
  not sent from its contract's close on, nor, but for the first, if nothing is open for it in its
  group. A child takes the next number when it is sent.
  Replacements (escalation) take the next free number under the root label. A request for a label
  that never was an order (not sent yet, or the whole of a sliced one) is ignored.
* "accepted" (status NEW) when sending has passed; then "rejected" or "open"/"trigger_pending" at
  arrival. A refusal at sending is one "rejected" without "accepted". A trigger that fires is one
  "triggered" with status OPEN, without "open". IOC, F12 and group cancels are "cancelled" with
  their reason.
* `group` with LIMIT, SL or SL-M lies at the exchange with the others of its group (stop and
  target). `group` with MARKET is a new exit that takes its quantity from the others at its
  arrival. The first request of a group sets what is open (`open_units`). At arrival quantity =
  min(quantity, open), 0: rejected `not_open`. Others that shrink: "modified" with reason
  `exit_group` (after a fill) or `replaced` (after an arrival); at 0 "cancelled" with the same
  reason. A group order never is an entry (`is_exit` is true).
* `is_exit`: an exit of a trade (F12 second half, no `no_price`, not asked for
  `untraded_contract`).
* An escalation is sent at the first input at or after its time at which the quote is believed: at
  a tick of its contract after (c), at any other input in step 1; again only after a tick that
  changed ltp or book. It arrives like any new order (`enter_ms`); the old order is "cancelled"
  `replaced` when it arrives. It is for exits only (`is_exit`) that are MARKET, or SL/SL-M that were
  triggered.
* A Gap counts after what is due at its input.
* Step 1 takes what is due by time, one moment after the other; at one moment: ends of orders
  (TTL, `unfilled_rest`, `no_price`) and the close, by order of creation; slices; requests in the
  order sent; escalations by order of creation.
* A moment "after X s" is reached at ts >= start + X s.
* A contract closes at its `closes`: the first input from then on cancels every living order of it
  `day_over` in step 1, those in flight too; no tick of it follows, and a new order is refused
  `market_closed`. The Close input is for what listens to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

VERSION: Final = 1
MS: Final = 1_000_000
SECOND: Final = 1_000 * MS

Kind: TypeAlias = Literal["option", "future", "share"]
Side: TypeAlias = Literal["BUY", "SELL"]
OrderType: TypeAlias = Literal["MARKET", "LIMIT", "SL", "SL-M"]
Validity: TypeAlias = Literal["DAY", "IOC", "TTL"]
Event: TypeAlias = dict[str, Any]
Levels: TypeAlias = tuple[tuple[int, int], ...]
"""(price, size), best first, at most five."""

EVENT_KEYS: Final = (
    "ts",
    "input_no",
    "order",
    "event",
    "reason",
    "status",
    "quantity",
    "price",
    "rule",
    "filled",
    "pending",
    "ahead_before",
    "ahead_after",
    "market_before",
    "market_after",
    "growth",
    "ltq",
    "displayed",
    "numbers",
)
"""`quantity`, `price`, `rule`: of this fill, else None. `ahead_*`, `market_*`: of (a) to (c)
fills, else None; None too where unknown. `growth`, `ltq`, `displayed` (the size at the order's
price on its own side, 0 if not shown): of (a) to (c) fills, else None. `numbers` is for people:
never compared."""

COMPARED: Final = EVENT_KEYS[:-1]

EVENTS: Final = (
    "accepted",
    "rejected",
    "trigger_pending",
    "triggered",
    "open",
    "filled",
    "modified",
    "modify_refused",
    "cancel_refused",
    "cancelled",
)

# Every key is written out in every scenario.
EXECUTION: Final[dict[str, Any]] = {
    "fill_mode": "depth",
    "latency": {"enter_ms": 0, "modify_ms": 0, "cancel_ms": 0},
    "market_rest": "rest",
    "escalate": "market",
    "escalate_after_ms": 3000,
    "resting": "queue",
    "queue_evidence": "last_qty",
    "autoslice": True,
    "slippage_bps": 0,
    "slippage_ticks": 0,
    "stale_after_s": 15,
    "reject_after_s": 30,
    "refusals": {},
}
"""The defaults; `refusals` {reason: "on" | "off"}: missing means on, but `lpp` off, and all off
where `fill_mode` is not depth. Whatever lives without a switch (levels, lots, session) is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """An instrument; `freeze` units or None, `band` (low, high) both allowed, or None."""

    symbol: str
    lot: int
    step_paise: int
    kind: Kind
    opens: int
    closes: int
    freeze: int | None = None
    expiry_day: str = ""
    band: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What does not change during a scenario."""

    instruments: tuple[Contract, ...]
    execution: dict[str, Any] = field(default_factory=lambda: dict(EXECUTION))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """An accepted tick of an instrument; `volume` is cumulative, None if absent."""

    symbol: str
    ltp: int
    ltq: int | None = None
    volume: int | None = None
    bids: Levels | None = None
    asks: Levels | None = None
    bid: int | None = None
    ask: int | None = None
    believed: bool = True


@dataclass(frozen=True, slots=True)
class Clock:
    """Anything that is not a tick of an instrument."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap of the whole feed."""


@dataclass(frozen=True, slots=True)
class Close:
    """The close of a contract."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A new order; `open_units` counts for the first order of `group`."""

    label: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: int
    price: int | None = None
    trigger: int | None = None
    validity: Validity = "DAY"
    ttl_minutes: int | None = None
    product: str = "NRML"
    market_protection: float | None = None
    group: str | None = None
    open_units: int | None = None
    is_exit: bool = False
    is_api: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Modify:
    """A modification; None leaves a field as it is."""

    label: str
    quantity: int | None = None
    price: int | None = None
    trigger: int | None = None
    order_type: OrderType | None = None
    validity: Validity | None = None
    ttl_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A cancellation, and the reason that its event has."""

    label: str
    reason: str = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input at `ts`, and the requests sent after it, at its ts, in order."""

    ts: int
    input_no: int
    what: Tick | Clock | Gap | Close
    requests: tuple[New | Modify | Cancel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario: inputs by time, input_no from 1 without holes."""

    setup: Setup
    inputs: tuple[Input, ...]
