"""The trading events: what the engine decided, the only thing that changes the ledger.

There are three kinds of trading events (SEMANTICS, "Orders and states"), in `fill_mode: depth`
a fourth for exchange orders; others for GTTs, daily marks, watches, rounds of plans, the risk
state and the margin. Every event has `seq` (from 1 in its journal), `ts` (UTC ns of the input it
was decided at), `input_no` and `order_id`; `due_ts` if something was due before `ts`, else 0. No
event can be part of a cycle, so the garbage collector does not track events or their parts
(`gc=False`).

Fields at their defaults are omitted from an event's bytes, so a new optional field changes no byte
of a run that does not use it. msgspec recognises a default by identity: only None, booleans, small
integers and "" may be plain defaults here. `written` declares any other default, which is then
always encoded; `__post_init__` replaces a value that equals the default by the default object
itself. Unknown fields and kinds of events are refused: they may change what the known ones mean.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, Literal

import msgspec

from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.gtt import GttLeg
from daemon.domain.intent import Product, Rel
from daemon.domain.order import TRAILING_STOP, ExitRules, OrderState, Side
from daemon.domain.order_kind import DAY, MARKET, OrderKind, Validity
from daemon.domain.plan_round import LegWait, Told
from daemon.domain.tag_watch import WatchTerms
from daemon.domain.written import written

EVENT_VERSION: Final = 2


class Charges(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """Charges of one executed order in rupees, exact decimals as text, Kite's names."""

    brokerage: str = written("0")
    transaction_tax: str = written("0")
    exchange_turnover_charge: str = written("0")
    sebi_turnover_charge: str = written("0")
    stamp_duty: str = written("0")
    gst: str = written("0")
    total: str = written("0")


class Fill(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A fill and its evidence: the quote it used, the quote's age, the rule and the slippage.

    `rule` is the base price: `ltp`, `mid`, `bid`, `ask`, `ltp_for_mid`, `ltp_for_bid`,
    `ltp_for_ask` (the side was absent), `settlement` or `last_quote` (forced at the close). The
    base and the slippage are in half paise because a mid can fall between two paise. Bid and ask
    are 0 where absent. `bid_ask_paise` is what `fill_mode: bid_ask` would have paid.
    """

    transaction_type: Side
    quantity: int
    price_paise: int
    rule: str
    base_half_paise: int
    slippage_half_paise: int
    ltp_paise: int
    bid_paise: int
    ask_paise: int
    quote_ts: int
    quote_age_ns: int
    bid_ask_paise: int
    stale: bool = False
    walked: bool = False
    after_gap: bool = False
    charges: Charges = written(Charges())
    realized_paise: int = 0
    """Gross profit of this exit fill; 0 for an entry."""
    realized_bid_ask_paise: int = 0


class ExitDemand(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """Why an exit began: its quantity and the numbers that were compared (0 = not involved).

    `basis_paise` is the price that the level was compared with where that is not the last;
    `at_exchange` says that an order that lay at the exchange began it, by itself.
    """

    quantity: int
    partial: bool = False
    settling: bool = False
    level_paise: int = 0
    ltp_paise: int = 0
    bars_held: int = 0
    basis_paise: int = 0
    at_exchange: bool = False


class Levels(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The levels of a position from this event on, paise; None = no such level."""

    stop_paise: int | None = None
    target_paise: int | None = None
    anchor_paise: int = 0
    r_paise: int = 0


class Excursion(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The best and worst ltp that a position saw from its entry to its end, paise, exact."""

    best_paise: int
    worst_paise: int


class OrderCreated(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="created",
):
    """An intent became an order (from nothing to CREATED), as requested.

    Price and trigger are paise, 0 where not given; `validity_ttl` is minutes, `market_protection` a
    percentage. An order of a plan says which `attempt` of which leg it is, and in `basis` what its
    contract was chosen from (rupees).
    """

    seq: int
    ts: int
    input_no: int
    order_id: str
    due_ts: int = 0
    tradingsymbol: str
    transaction_type: Side
    quantity: int
    product: Product
    lot_size: int
    tick_paise: int
    sl_paise: int | None
    tp_paise: int | None
    exits: ExitRules
    strategy_id: str
    timeframe: str
    tag: str = ""
    note: str = ""
    confidence: float = written(1.0)
    order_type: OrderKind = MARKET
    price_paise: int = 0
    trigger_paise: int = 0
    validity: Validity = DAY
    validity_ttl: int = 0
    market_protection: float | None = None
    sl_rel: Rel | None = None
    tp_rel: Rel | None = None
    plan: str = ""
    round: str = ""
    leg: str = ""
    attempt: int = 0
    basis: dict[str, int | float | str] | None = None

    def __post_init__(self) -> None:
        if self.order_type == MARKET:
            msgspec.structs.force_setattr(self, "order_type", MARKET)
        if self.validity == DAY:
            msgspec.structs.force_setattr(self, "validity", DAY)


class OrderMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="moved",
):
    """One transition with its reason and the numbers behind it.

    `fill` is set on moves made by a fill, `demand` on those that begin an exit, `levels` on those
    that set levels, `excursion` on the closing fill, `numbers` on refusals (what was compared,
    paise or units).
    """

    seq: int
    ts: int
    input_no: int
    order_id: str
    due_ts: int = 0
    from_state: OrderState
    to_state: OrderState
    reason: str
    fill: Fill | None = None
    demand: ExitDemand | None = None
    levels: Levels | None = None
    excursion: Excursion | None = None
    numbers: dict[str, int | str] | None = None


class StopMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="stop_moved",
):
    """A rule moved a stop: the ladder, or the one that `reason` names.

    `steps` whole steps are gained over the ladder's anchor at `ltp_paise`. `entry_fill` makes the
    levels that are relative to the entry again, the target (`target_to_paise`) too; 0 is no level.
    `modified` sets both as the strategy asked, also of an entry that waits; a level that is
    relative to the entry is in `stop_rel` or `target_rel` as well.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str
    due_ts: int = 0
    stop_from_paise: int
    stop_to_paise: int
    steps: int
    ltp_paise: int
    reason: str = TRAILING_STOP
    target_to_paise: int = 0
    stop_rel: Rel | None = None
    target_rel: Rel | None = None

    def __post_init__(self) -> None:
        if self.reason == TRAILING_STOP:
            msgspec.structs.force_setattr(self, "reason", TRAILING_STOP)


class QueuePlace(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The place of an order in the queue, in units, and the row's numbers that changed it.

    On a fill: before it and after it. On an order that begins to rest: `market_after`.
    `market_*` is the part of other people, None if unknown; `ahead_*` adds our own earlier orders.
    """

    market_before: int | None = None
    market_after: int | None = None
    ahead_before: int | None = None
    ahead_after: int | None = None
    growth: int = 0
    ltq: int = 0
    displayed: int | None = None


class ExchangeOrderMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="exchange",
):
    """Something happened to an exchange order of a trade (SEMANTICS, "The exchange").

    `order_id` is the trade's, `exchange_id` the exchange order's; `kind` says what happened, and
    `state` is the state after it. `quantity` is the order's total; prices are paise, 0 where not
    known.
    `fill` is set on a fill that makes no move of the trade: a further part of the entry, or a part
    of an exit that is not its last. The fill that moves the trade is with that move.
    `exit_quantity` is what an exit that has widened still has to close. `replaces` is the order
    whose rest this one is sent for again. While `taking`, what is left takes from a book that
    continues beyond the fifth level; else it rests, or waits for its trigger. `validity` is "" for
    DAY.
    An order without a trade has an empty `order_id`; what a trade would say of it is then here:
    `tradingsymbol`, `product` and `tag`, and every fill is with its own event. `is_exit` says that
    it closes the position that such orders have made, and `tag` why. `settled` is such a close that
    was no order (`exchange_id` is empty): an expiry, what a session's end forced, or one side of a
    conversion to another product. With `accepted` comes what no other event needs: the protection
    that was asked for, and which `leg` of an iceberg's `legs` it is; with it and with `modified`
    the disclosed quantity.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str
    due_ts: int = 0
    exchange_id: str
    kind: str
    state: str
    side: Side
    order_type: str
    quantity: int
    filled: int = 0
    limit_paise: int = 0
    trigger_paise: int = 0
    reason: str = ""
    rule: str = ""
    last_quantity: int = 0
    last_paise: int = 0
    near_misses: int = 0
    queue: QueuePlace | None = None
    fill: Fill | None = None
    is_exit: bool = False
    exit_quantity: int = 0
    numbers: dict[str, int | str] | None = None
    validity: str = ""
    ttl_minutes: int = 0
    replaces: str = ""
    taking: bool = False
    tradingsymbol: str = ""
    product: ExchangeProduct | None = None
    tag: str = ""
    disclosed_quantity: int = 0
    market_protection: float | None = None
    leg: int = 0
    legs: int = 0


class PositionMarked(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="marked",
):
    """A future carried over night was marked to its contract's close.

    Cash moves by `m2m_paise`, the difference to what earlier marks have paid; the position, its
    cost and its result stay as they are. A position without a trade has an empty `order_id`, its
    `tradingsymbol` and `product`, and a signed quantity.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str
    due_ts: int = 0
    quantity: int
    close_paise: int
    m2m_paise: int = 0
    tradingsymbol: str = ""
    product: ExchangeProduct | None = None


class RiskMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="risk",
):
    """The risk state of the account changed; it belongs to no trade, so `order_id` is empty.

    `until_ts` is when it ends by itself (UTC ns), 0 = when a person says so.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str = ""
    due_ts: int = 0
    state: str
    reason: str
    until_ts: int = 0
    numbers: dict[str, int | str] | None = None


class MarginMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="margin",
):
    """What is used of the cash passed a level, up or down; `order_id` is empty, as of `risk`.

    A level is a percentage of the cash (90 or 100), 0 below the first. What is used is
    `blocked_rupees` and the premium of waiting buys (`reserved_paise`). `peak_rupees` is the most
    that the account has had blocked.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str = ""
    due_ts: int = 0
    from_level: int = 0
    level: int = 0
    blocked_rupees: int = 0
    reserved_paise: int = 0
    cash_paise: int = 0
    peak_rupees: int = 0

    @property
    def is_alert(self) -> bool:
        """Return whether it passed the level upwards."""
        return self.level > self.from_level


class GttMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="gtt",
):
    """Something happened to a GTT; it belongs to no trade, so `order_id` is empty.

    `kind` is created, modified, triggered, deleted, cancelled, expired, disabled, or refused (a
    request that changed nothing; `gtt_id` is 0 if it would have been a new one). `status` is the
    status after it. Terms are with created and modified, the leg (from 1), the price and the
    exchange order that is sent next with triggered. Prices in paise; `expires` is an ISO date.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str = ""
    due_ts: int = 0
    gtt_id: int
    kind: str
    status: str
    tradingsymbol: str = ""
    triggers: tuple[int, ...] | None = None
    legs: tuple[GttLeg, ...] | None = None
    last_paise: int = 0
    expires: str = ""
    leg: int = 0
    ltp_paise: int = 0
    exchange_id: str = ""
    reason: str = ""
    numbers: dict[str, int | str] | None = None


class RoundMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="round",
):
    """A round of a plan moved, or said something of a leg; `order_id` is empty.

    `batch` has the legs that enter at once and their contracts, "" until chosen, `bases` from what
    those were chosen that wait for their hedges; `waits` are those that a leg waits for from this
    event on, in place of what it waited for. `numbers` are paise, counts or texts.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str = ""
    due_ts: int = 0
    plan: str
    round: str
    from_state: str
    to_state: str
    reason: str
    leg: str = ""
    batch: dict[str, str] | None = None
    bases: dict[str, Told] | None = None
    waits: tuple[LegWait, ...] | None = None
    numbers: dict[str, int | str] | None = None


WatchKind = Literal["set", "stepped", "reached", "ended"]


class WatchMoved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="event",
    tag="watch",
):
    """Something happened to a watch; it belongs to no single trade, so `order_id` is empty.

    `terms` and what its trades had realized are with set, the steps of its floor with stepped.
    `reached` has the level as its reason, `ended` why without one. Result and level are paise,
    gross; `oldest_age_ns` is the age of the oldest price in the result.
    """

    seq: int
    ts: int
    input_no: int
    order_id: str = ""
    due_ts: int = 0
    strategy_id: str
    tag: str
    kind: WatchKind
    terms: WatchTerms | None = None
    realized_paise: int = 0
    trail_steps: int = 0
    lock_steps: int = 0
    is_locked: bool = False
    result_paise: int = 0
    level_paise: int = 0
    oldest_age_ns: int = 0
    reason: str = ""


TradingEvent = (
    OrderCreated
    | OrderMoved
    | StopMoved
    | ExchangeOrderMoved
    | GttMoved
    | MarginMoved
    | PositionMarked
    | RiskMoved
    | RoundMoved
    | WatchMoved
)

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: Final[msgspec.json.Decoder[TradingEvent]] = msgspec.json.Decoder(TradingEvent)


def encode_event(event: TradingEvent) -> bytes:
    """Encode an event as a line of JSON without its newline; equal events give equal bytes."""
    return _encoder.encode(event)


def decode_event(line: bytes | str) -> TradingEvent:
    """Invert encode_event. Raises msgspec.ValidationError or DecodeError."""
    return _decoder.decode(line)


def event_fields(event: TradingEvent) -> dict[str, Any]:
    """Return an event's fields as plain values by name, defaults included."""
    return {"event": type(event).__struct_config__.tag, **_plain(event)}


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, dict) else value
