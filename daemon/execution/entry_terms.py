"""The terms of an entry: kind, prices and validity, as asked for and what is wrong with them.

A wrong combination is a refusal with its numbers, never an error. What only the market can judge
(the band, a far limit, a trigger that is met) is asked by the exchange.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from daemon.domain.errors import BadNumber
from daemon.domain.intent import OrderIntent
from daemon.domain.money import decimal_from, paise_exact
from daemon.domain.order import Order
from daemon.domain.order_kind import (
    DAY,
    MARKET,
    PRICED_KINDS,
    STOP_KINDS,
    OrderKind,
    Validity,
)
from daemon.risk.gates import Refusal

_EXCHANGES_OWN: Final = -1
_PERCENT_MAX: Final = 100
_NONE: Final = "none"


class EntryTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an entry is sent. Paise (0 = not given, or not usable), minutes, a percentage."""

    order_type: OrderKind = MARKET
    price_paise: int = 0
    trigger_paise: int = 0
    validity: Validity = DAY
    validity_ttl: int = 0
    market_protection: float | None = None


AT_MARKET: Final = EntryTerms()


def terms_of(intent: OrderIntent) -> EntryTerms:
    """Return the terms that an intent asks for; what cannot be a price is 0."""
    if intent.order_type == MARKET and intent.validity == DAY and _is_plain(intent):
        return AT_MARKET
    protection = intent.market_protection
    if protection is not None:
        protection = float(protection)
    return EntryTerms(
        order_type=intent.order_type,
        price_paise=paise_or_0(intent.price),
        trigger_paise=paise_or_0(intent.trigger_price),
        validity=intent.validity,
        validity_ttl=intent.validity_ttl or 0,
        market_protection=protection if is_percentage(protection) else None,
    )


def check_terms(order: Order, intent: OrderIntent) -> Refusal | None:
    """Refuse prices and validities that are missing, of no use, or do not belong together."""
    if intent.order_type == MARKET and intent.validity == DAY and _is_plain(intent):
        return None
    return (
        check_price(order, "price", intent.price, order.order_type in PRICED_KINDS)
        or check_price(order, "trigger_price", intent.trigger_price, order.order_type in STOP_KINDS)
        or _check_sides(order)
        or check_validity(order.order_type, order.validity, intent.validity_ttl)
        or _check_protection(order, intent.market_protection)
    )


def check_price(order: Order, name: str, asked: float | None, needed: bool) -> Refusal | None:
    """Refuse a price that is missing or too much, under a step, or no whole number of paise."""
    if (asked is not None) is not needed:
        written = _NONE if asked is None else repr(asked)
        return Refusal("bad_level", {"order_type": order.order_type, name: written})
    if asked is None:
        return None
    numbers: dict[str, int | str] = {name: repr(asked), "tick_paise": order.tick_paise}
    paise = paise_or_0(asked)
    if paise < order.tick_paise:
        is_price = not paise and _is_above_a_step(asked, order.tick_paise)
        return Refusal("price_step" if is_price else "bad_level", numbers)
    return None


def check_validity(kind: OrderKind, validity: Validity, minutes: int | None) -> Refusal | None:
    """Refuse IOC with a trigger, TTL without minutes, and minutes without TTL."""
    if validity == "IOC" and kind in STOP_KINDS:
        return Refusal("bad_validity", {"validity": validity, "order_type": kind})
    if (validity == "TTL") is not ((minutes or 0) > 0) or (minutes or 0) < 0:
        written = _NONE if minutes is None else minutes
        return Refusal("bad_validity", {"validity": validity, "validity_ttl": written})
    return None


def paise_or_0(rupees: float | None) -> int:
    """Return a price in paise, 0 without one or if it is not a whole number of paise above 0."""
    if rupees is None:
        return 0
    try:
        return max(paise_exact(rupees), 0)
    except BadNumber:
        return 0


def is_percentage(value: float | None) -> bool:
    """Return whether a protection is above 0 and at most 100, or -1 for the exchange's own."""
    return value is not None and (value == _EXCHANGES_OWN or 0 < value <= _PERCENT_MAX)


def _is_plain(intent: OrderIntent) -> bool:
    given = (intent.price, intent.trigger_price, intent.validity_ttl, intent.market_protection)
    return given == (None, None, None, None)


def _is_above_a_step(asked: float, tick_paise: int) -> bool:
    """Return whether a number could be a price, were it not for its fraction of a paisa."""
    try:
        exact = decimal_from(asked)
    except BadNumber:
        return False
    return 100 * exact > tick_paise and exact < math.inf and exact < 10**13


def _check_sides(order: Order) -> Refusal | None:
    """Refuse an SL whose limit is on the near side of its trigger (F30)."""
    limit, trigger = order.price_paise, order.trigger_paise
    if order.order_type != "SL" or order.sign * (limit - trigger) >= 0:
        return None
    return Refusal("bad_level", {"price_paise": limit, "trigger_paise": trigger})


def _check_protection(order: Order, asked: float | None) -> Refusal | None:
    """Refuse a protection of an order that has a limit, and one that does not protect."""
    if asked is None:
        return None
    if order.order_type in PRICED_KINDS:
        numbers: dict[str, int | str] = {
            "order_type": order.order_type, "market_protection": repr(asked),
        }  # fmt: skip
        return Refusal("bad_level", numbers)
    if asked == 0:
        return Refusal("no_protection", {"market_protection": 0})
    if not is_percentage(asked):
        return Refusal("bad_level", {"market_protection": repr(asked)})
    return None
