"""The margin of underlyings by scenarios: span and exposure, exact to the last step.

Option values come in whole micro rupees; from there on everything is integers. SPAN_SCALE and
EXPOSURE_SCALE are the parts of a rupee in which both are whole numbers, so sums have no order, and
only the last step rounds: up, to whole rupees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import mul
from typing import Final, NamedTuple

from daemon.domain.margin_rates import MarginRates
from daemon.margin.portfolio import HALF_PAISE, Contract, Holding, Underlying
from daemon.margin.scenarios import (
    MICRO,
    SCENARIOS,
    THIRDS,
    option_risks,
    scan_ppm,
)

SPAN_SCALE: Final = MICRO * MICRO * HALF_PAISE * THIRDS
EXPOSURE_SCALE: Final = MICRO * HALF_PAISE
_MICRO_RUPEE: Final = SPAN_SCALE // MICRO
_HALF_PAISA: Final = SPAN_SCALE // HALF_PAISE
_OPTIONS: Final = ("CE", "PE")
_WORKING_CASES: Final = (1, 2, 3)
"""All buys, all sells, all of them; 0 is none."""


class Margin(NamedTuple):
    """Span and exposure in their exact parts; what shares block is with the exposure."""

    span_parts: int = 0
    exposure_parts: int = 0

    @property
    def span(self) -> int:
        """The span in whole rupees."""
        return -(-self.span_parts // SPAN_SCALE)

    @property
    def exposure(self) -> int:
        """The exposure in whole rupees."""
        return -(-self.exposure_parts // EXPOSURE_SCALE)

    @property
    def blocked(self) -> int:
        """Both, rupees."""
        return self.span + self.exposure


class UnderlyingMargin(NamedTuple):
    """The margin of one underlying."""

    held: Margin
    """Of the positions alone."""
    working: Margin
    """With the entries that work, in the case that blocks most."""
    hedge_benefit: int
    """Rupees: what the span of each position alone adds up to, less the span of all of them."""


class _Leg(NamedTuple):
    """A contract that expires, with its quantity in each case and the risk of one long unit."""

    contract: Contract
    quantities: tuple[int, ...]
    losses: list[int]
    """In each scenario, as far as it counts there; parts of SPAN_SCALE."""
    delta: int
    """Millionths."""


def margins(underlyings: Sequence[Underlying]) -> list[UnderlyingMargin]:
    """Return the margin of each underlying; all their options are valued in one go."""
    options = [
        (holding.contract, underlying.rates, underlying.today)
        for underlying in underlyings
        for holding in underlying.holdings
        if holding.contract.kind in _OPTIONS
    ]
    risks = option_risks(options)
    rows = zip(risks.losses.tolist(), risks.deltas.tolist(), strict=True)
    return [_of_underlying(underlying, rows) for underlying in underlyings]


def margin_of(underlying: Underlying) -> UnderlyingMargin:
    """Return the margin of one underlying."""
    return margins([underlying])[0]


def _of_underlying(
    underlying: Underlying, risks: Iterator[tuple[list[int], int]]
) -> UnderlyingMargin:
    """Return the margin of an underlying, taking its options' rows from `risks`."""
    legs = [
        _leg(holding, underlying, risks)
        for holding in underlying.holdings
        if holding.contract.kind != "EQ"
    ]
    held = Margin(_span(legs, 0, underlying), _exposure(underlying, 0))
    is_idle = not any(holding.buys or holding.sells for holding in underlying.holdings)
    others = (
        Margin(_span(legs, case, underlying), _exposure(underlying, case))
        for case in (() if is_idle else _WORKING_CASES)
    )
    working = max((held, *others), key=lambda margin: margin.blocked)
    alone = sum(Margin(_span([leg], 0, underlying)).span for leg in legs if leg.quantities[0])
    return UnderlyingMargin(held, working, max(0, alone - held.span))


def _leg(holding: Holding, underlying: Underlying, risks: Iterator[tuple[list[int], int]]) -> _Leg:
    contract, rates = holding.contract, underlying.rates
    if contract.kind in _OPTIONS:
        losses, delta = next(risks)
        parts = [loss * _MICRO_RUPEE for loss in losses]
    else:
        delta = MICRO
        moved = contract.forward_half * scan_ppm(contract, rates, underlying.today) * MICRO
        parts = [-moved * scenario.thirds for scenario in SCENARIOS]
    counted = [
        loss * rates.extreme_cover_ppm // MICRO if scenario.is_extreme else loss
        for loss, scenario in zip(parts, SCENARIOS, strict=True)
    ]
    return _Leg(contract, holding.quantities(), counted, delta)


def _span(legs: Sequence[_Leg], case: int, underlying: Underlying) -> int:
    """Return max(0, scan + calendar charge - net option value), parts of SPAN_SCALE."""
    expiries: dict[str, list[_Leg]] = {}
    for leg in legs:
        if leg.quantities[case]:
            expiries.setdefault(leg.contract.expiry, []).append(leg)
    if not expiries:
        return 0
    near, *far = (expiries[expiry] for expiry in sorted(expiries))
    rates = underlying.rates
    if (
        far
        and near[0].contract.expiry == underlying.today.isoformat()
        and not (rates.calendar_on_expiry_day)
    ):
        scan = sum(_scan(group, case) for group in (near, *far))
        calendar = 0
    else:
        rest = [leg for group in far for leg in group]
        scan = _scan([*near, *rest], case)
        calendar = _calendar(near, rest, case, rates)
    return max(0, scan + calendar - _option_value(legs, case))


def _scan(legs: Sequence[_Leg], case: int) -> int:
    """Return the largest loss over the scenarios; less than 0 if all of them gain."""
    quantities = [leg.quantities[case] for leg in legs]
    by_scenario = zip(*(leg.losses for leg in legs), strict=True)
    totals: list[int] = [sum(map(mul, quantities, losses)) for losses in by_scenario]
    return max(totals)


def _calendar(near: Sequence[_Leg], far: Sequence[_Leg], case: int, rates: MarginRates) -> int:
    """Return the charge for opposite deltas in two expiries, which move alike in the scan."""
    first, second = (sum(leg.quantities[case] * leg.delta for leg in legs) for legs in (near, far))
    if first * second >= 0:
        return 0
    forward = near[0].contract.forward_half
    return min(abs(first), abs(second)) * forward * rates.calendar_ppm * THIRDS


def _option_value(legs: Sequence[_Leg], case: int) -> int:
    return sum(
        leg.quantities[case] * leg.contract.price_half * _HALF_PAISA
        for leg in legs
        if leg.contract.kind in _OPTIONS
    )


def _exposure(underlying: Underlying, case: int) -> int:
    """Return the exposure and what shares block, parts of EXPOSURE_SCALE."""
    return sum(
        _exposure_of(holding.contract, holding.quantities()[case], underlying)
        for holding in underlying.holdings
    )


def _exposure_of(contract: Contract, quantity: int, underlying: Underlying) -> int:
    rates = underlying.rates
    if contract.kind == "FUT":
        return contract.forward_half * abs(quantity) * rates.exposure_ppm
    if contract.kind == "EQ":
        ppm = rates.delivery_ppm if contract.is_delivery else rates.intraday_ppm
        return contract.price_half * abs(quantity) * ppm
    ppm = rates.exposure_ppm
    if contract.expiry == underlying.today.isoformat():
        ppm += rates.expiry_day_ppm
    return (underlying.spot_half or contract.forward_half) * max(0, -quantity) * ppm
