"""What is refused of a GTT when it is placed or modified."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.gtt import GttTerms
from daemon.domain.instrument import Instrument

Numbers = dict[str, int | str]
MOST_LEGS = 2


class GttFault(NamedTuple):
    """Why a request is refused, with the numbers that were compared (paise, units)."""

    reason: str
    numbers: Numbers


def first_gtt_fault(terms: GttTerms, instrument: Instrument | None, date: str) -> GttFault | None:
    """Return what is wrong with the terms of a GTT on a date (ISO), None if nothing is.

    `last_paise` of the terms is the price that they are compared with.
    """
    if instrument is None:
        return GttFault("unknown_symbol", {"symbol": terms.tradingsymbol})
    if instrument.is_index:
        return GttFault("not_tradable", {"symbol": terms.tradingsymbol})
    if instrument.expiry and instrument.expiry < date:
        return GttFault("expired", {"expiry": instrument.expiry})
    return _shape_fault(terms) or _leg_fault(terms, instrument) or _trigger_fault(terms)


def _shape_fault(terms: GttTerms) -> GttFault | None:
    if not 1 <= len(terms.triggers) <= MOST_LEGS or len(terms.triggers) != len(terms.legs):
        return GttFault("bad_gtt", {"triggers": len(terms.triggers), "orders": len(terms.legs)})
    return None


def _leg_fault(terms: GttTerms, instrument: Instrument) -> GttFault | None:
    """Return what is wrong with a leg: its quantity, its prices, its product."""
    lot, step = instrument.lot_size, instrument.tick_paise
    for leg, trigger in zip(terms.legs, terms.triggers, strict=True):
        if leg.quantity <= 0 or leg.quantity % lot:
            return GttFault("lot_size", {"quantity": leg.quantity, "lot_size": lot})
        for price in (trigger, leg.price_paise):
            if price <= 0 or price % step:
                return GttFault("price_step", {"price_paise": price, "step_paise": step})
        if instrument.is_contract and leg.product != "NRML":
            return GttFault("bad_product", {"product": leg.product})
    return None


def _trigger_fault(terms: GttTerms) -> GttFault | None:
    """Return what is wrong with the triggers at the last price."""
    last = terms.last_paise
    if last <= 0:
        return GttFault("no_price", {"symbol": terms.tradingsymbol})
    numbers: Numbers = {"last_paise": last}
    numbers |= {f"trigger_{at}_paise": each for at, each in enumerate(terms.triggers, 1)}
    if last in terms.triggers:
        return GttFault("trigger_already_met", numbers)
    if terms.is_two_leg and not terms.triggers[0] < last < terms.triggers[1]:
        return GttFault("bad_level", numbers)
    return None
