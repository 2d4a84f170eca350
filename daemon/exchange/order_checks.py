"""What an order must be before any refusal of the exchange is asked: whole, valid, in session."""

from __future__ import annotations

from daemon.domain.exchange_order import OrderTerms
from daemon.domain.order_kind import STOP_KINDS
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.refusals import Refused
from daemon.exchange.slices import MAX_SLICES, slice_quantities


def first_fault(terms: OrderTerms, book: DepthBook, now: int) -> Refused | None:
    """Return what is wrong with an order by itself, None if nothing is."""
    day = book.day
    if not day.opens <= now < day.closes:
        return Refused("market_closed", {"opens": day.opens, "closes": day.closes})
    if terms.quantity <= 0 or terms.quantity % book.lot:
        return Refused("lot_size", {"quantity": terms.quantity, "lot_size": book.lot})
    return bad_validity(terms) or bad_level(terms, book.step)


def bad_validity(terms: OrderTerms) -> Refused | None:
    """Refuse IOC with a trigger, and TTL without minutes."""
    if terms.validity == "IOC" and terms.kind in STOP_KINDS:
        return Refused("bad_validity", {"validity": terms.validity, "order_type": terms.kind})
    if terms.validity == "TTL" and terms.ttl_minutes <= 0:
        return Refused("bad_validity", {"validity": "TTL", "minutes": terms.ttl_minutes})
    return None


def bad_level(terms: OrderTerms, step: int) -> Refused | None:
    """Refuse a price or trigger that is missing, and an SL whose limit is on the wrong side."""
    price, trigger = terms.price_paise, terms.trigger_paise
    numbers: dict[str, int | str] = {"price_paise": price, "trigger_paise": trigger}
    if terms.kind in ("LIMIT", "SL") and price < step:
        return Refused("bad_level", numbers)
    if terms.kind in STOP_KINDS and trigger < step:
        return Refused("bad_level", numbers)
    if terms.kind == "SL" and (trigger > price if terms.side == "BUY" else trigger < price):
        return Refused("bad_level", numbers)
    return None


def too_large(terms: OrderTerms, book: DepthBook, *, autoslice: bool) -> Refused | None:
    """Refuse what is above the freeze quantity and cannot go in slices (F60).

    What the order says of slices comes before what is configured.
    """
    freeze = book.day.freeze_quantity
    if not freeze or terms.quantity <= freeze:
        return None
    numbers: dict[str, int | str] = {"quantity": terms.quantity, "freeze_quantity": freeze}
    may_slice = autoslice if terms.autoslice is None else terms.autoslice
    if not may_slice or freeze < book.lot:
        return Refused("freeze_quantity", numbers)
    slices = len(slice_quantities(terms.quantity, freeze, book.lot))
    if slices > MAX_SLICES:
        return Refused("too_many_slices", {**numbers, "slices": slices})
    return None
