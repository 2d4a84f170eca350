"""What a strategy wants, in rupees, before anything has been checked."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from daemon.domain.errors import BadIntent
from daemon.domain.order_kind import DAY, MARKET, ORDER_KINDS, VALIDITIES, OrderKind, Validity

QUANTITY_MAX: Final = 10**9
Product = Literal["MIS", "NRML"]

PartialExitPct = Annotated[float, Meta(gt=0, lt=1)]
"""The share of a position that is closed at the first stop, 0.5 for half of it."""
PartialExitWhen = Literal["losing", "always"]
TrailStepR = Annotated[float, Meta(gt=0, le=100)]
"""One step of a trailing stop in R, the risk at entry."""
BreakEvenAtR = Annotated[float, Meta(gt=0, le=100)]
"""The distance beyond the entry, in R, from which the stop moves to cost."""
TrailAfterR = Annotated[float, Meta(ge=0, le=100)]
"""The distance beyond the entry, in R, from which the stop trails."""
StopStyle = Literal["engine_market", "sl_limit"]
TargetStyle = Literal["engine_market", "limit"]
StopBasis = Literal["ltp", "exit_side", "candle_close"]
CANDLE_CLOSE: Final = "candle_close"
TimeStopBars = Annotated[int, Meta(ge=0, le=10**9)]
"""Bars of the order's timeframe; 0 = no time stop."""


TAG_MAX: Final = 20
"""Characters of a tag by which a strategy knows its orders, as at brokers (plans, rule 1)."""


class Signal(StrEnum):
    """BUY and SELL open a position, EXIT closes the strategy's own, HOLD is dropped."""

    BUY = "BUY"
    SELL = "SELL"
    EXIT = "EXIT"
    HOLD = "HOLD"


class SlLimitBuffer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the limit of a stop at the exchange lies beyond its trigger: the larger of both."""

    percent: Annotated[float, Meta(ge=0, le=50)] = 1.0
    """Of the trigger."""
    min_ticks: Annotated[int, Meta(ge=0, le=10_000)] = 20
    """Price steps."""


class ExitOverrides(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exit settings of one strategy or intent; None inherits from the level above."""

    enable_partial_exit: bool | None = None
    partial_exit_pct: PartialExitPct | None = None
    partial_exit_when: PartialExitWhen | None = None
    enable_trailing: bool | None = None
    trail_step_r: TrailStepR | None = None
    enable_time_stop: bool | None = None
    time_stop_bars: TimeStopBars | None = None
    enable_break_even: bool | None = None
    break_even_at_r: BreakEvenAtR | None = None
    break_even_with_charges: bool | None = None
    trail_after_r: TrailAfterR | None = None
    stop_style: StopStyle | None = None
    target_style: TargetStyle | None = None
    sl_limit_buffer: SlLimitBuffer | None = None
    stop_basis: StopBasis | None = None


class Rel(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A level relative to the entry: `x` percent of it, points (rupees), or R (a target only)."""

    unit: Literal["pct", "points", "r"]
    x: float

    def __post_init__(self) -> None:
        if type(self.x) is int:  # as a journal gives it back: `30` in code is 30.0
            msgspec.structs.force_setattr(self, "x", float(self.x))


Level = float | Rel
"""A level in rupees, or relative to the entry."""


def as_price(level: Level | None) -> float | None:
    """Return a level that is a price in rupees, None for any other."""
    return None if isinstance(level, Rel) else level


def as_relative(level: Level | None) -> Rel | None:
    """Return a level that is relative to the entry, None for any other."""
    return level if isinstance(level, Rel) else None


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A strategy's wish. `qty` in units, prices and levels in rupees.

    See SEMANTICS, "From an intent to an order".

    `time_stop_bars` None means the configured number, 0 means off. `timeframe` empty means the
    strategy's own. `validity_ttl` is in minutes, `market_protection` a percentage (-1 or None: the
    exchange's own). The engine checks everything; nothing here is trusted.
    """

    symbol: str
    signal: Signal
    qty: int = 0
    sl_price: Level | None = None
    tp_price: Level | None = None
    time_stop_bars: int | None = None
    strategy_id: str = ""
    timeframe: str = ""
    product: Product = "MIS"
    reason: str = ""
    tag: str = ""
    confidence: float = 1.0
    exits: ExitOverrides | None = None
    order_type: OrderKind = MARKET
    price: float | None = None
    trigger_price: float | None = None
    validity: Validity = DAY
    validity_ttl: int | None = None
    market_protection: float | None = None


class EntryChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A modification or the cancel of an entry that a strategy sent; None leaves a field as it is.

    `tag` names the strategy's latest order with it. `qty` is the new total in units; prices in
    rupees, `validity_ttl` in minutes.
    """

    tag: str = ""
    strategy_id: str = ""
    cancel: bool = False
    qty: int | None = None
    order_type: OrderKind | None = None
    price: float | None = None
    trigger_price: float | None = None
    validity: Validity | None = None
    validity_ttl: int | None = None


class StrategyLimits(msgspec.Struct, frozen=True, gc=False):
    """A strategy's own limits per session day; None = no limit."""

    max_trades_per_day: int | None = None
    max_loss_streak: int | None = None


_SIGNALS: Final = tuple(Signal)
_TEXTS: Final = ("symbol", "strategy_id", "timeframe", "reason", "tag")
_NUMBERS: Final = {
    "sl_price": "a price in rupees", "tp_price": "a price in rupees", "price": "a price in rupees",
    "trigger_price": "a price in rupees", "market_protection": "a percentage",
}  # fmt: skip


def check_intent(intent: OrderIntent) -> None:
    """Raise BadIntent if a field has a wrong type or an exit setting is out of its range.

    Constructing a struct checks nothing. This catches what no event could carry; a value that is
    merely unacceptable (a lot size, a level that is not a number) is refused by a gate.
    """
    for name in _TEXTS:
        if not _is_text(getattr(intent, name)):
            raise _bad(intent, name, "text")
    if intent.signal not in _SIGNALS:
        raise _bad(intent, "signal", "BUY, SELL, EXIT or HOLD")
    if intent.product not in ("MIS", "NRML"):
        raise _bad(intent, "product", "MIS or NRML")
    if intent.order_type not in ORDER_KINDS:
        raise _bad(intent, "order_type", "MARKET, LIMIT, SL or SL-M")
    if intent.validity not in VALIDITIES:
        raise _bad(intent, "validity", "DAY, IOC or TTL")
    if not _is_whole(intent.qty):
        raise _bad(intent, "qty", "a whole number")
    for name in ("time_stop_bars", "validity_ttl"):
        number = getattr(intent, name)
        if number is not None and not _is_whole(number):
            raise _bad(intent, name, "a whole number or None")
    for name, expected in _NUMBERS.items():
        number = getattr(intent, name)
        if number is not None and not _is_number(number) and not _is_relative(name, number):
            raise _bad(intent, name, f"{expected} or None")
    if type(intent.confidence) not in (int, float) or not math.isfinite(intent.confidence):
        raise _bad(intent, "confidence", "a finite number")
    check_exits(intent.exits)


def check_change(change: EntryChange) -> None:
    """Raise BadIntent if a field has a wrong type; whether the change will do is for a refusal."""
    for name in ("tag", "strategy_id"):
        if not _is_text(getattr(change, name)):
            raise _bad(change, name, "text")
    if change.order_type not in (None, *ORDER_KINDS):
        raise _bad(change, "order_type", "MARKET, LIMIT, SL, SL-M or None")
    if change.validity not in (None, *VALIDITIES):
        raise _bad(change, "validity", "DAY, IOC, TTL or None")
    for name in ("qty", "validity_ttl"):
        number = getattr(change, name)
        if number is not None and not _is_whole(number):
            raise _bad(change, name, "a whole number or None")
    for name in ("price", "trigger_price"):
        number = getattr(change, name)
        if number is not None and not _is_number(number):
            raise _bad(change, name, "a price in rupees or None")


def check_exits(exits: ExitOverrides | None) -> None:
    """Raise BadIntent if a setting is outside the range that its type declares.

    Decoding has checked a setting already; constructing has not.
    """
    if exits is None:
        return
    if not isinstance(exits, ExitOverrides):
        raise BadIntent(f"exits: expected ExitOverrides or None, was {exits!r}")
    try:
        msgspec.convert(msgspec.to_builtins(exits), ExitOverrides)
    except (msgspec.ValidationError, TypeError, OverflowError) as error:
        raise BadIntent(f"exits: expected every setting in its range: {error}") from error


def _is_text(value: object) -> bool:
    """Return whether a journal can hold the text: a lone surrogate cannot be encoded."""
    return type(value) is str and (
        value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)
    )


def _is_whole(value: object) -> bool:
    return type(value) is int and abs(value) <= QUANTITY_MAX


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_relative(name: str, value: object) -> bool:
    is_level = name in ("sl_price", "tp_price") and isinstance(value, Rel)
    return is_level and value.unit in ("pct", "points", "r") and _is_number(value.x)  # type: ignore[attr-defined]


def _bad(owner: object, name: str, expected: str) -> BadIntent:
    return BadIntent(f"{name}: expected {expected}, was {getattr(owner, name)!r}")
