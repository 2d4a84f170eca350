"""The margin of underlyings by scenarios: span and exposure, exact to the last step.

Option values come in whole micro rupees; from there on everything is integers. SPAN_SCALE and
EXPOSURE_SCALE are the parts of a rupee in which both are whole numbers, so sums have no order, and
only the last step rounds: up, to whole rupees.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import Final, NamedTuple

import numpy as np

from daemon.domain.margin_rates import MarginRates
from daemon.margin.portfolio import HALF_PAISE, Contract, Holding, Underlying
from daemon.margin.scenarios import (
    MICRO,
    ORDINARY,
    SCENARIOS,
    THIRDS,
    Ints,
    OptionRisks,
    option_risks,
)

SPAN_SCALE: Final = MICRO * MICRO * HALF_PAISE * THIRDS
EXPOSURE_SCALE: Final = MICRO * HALF_PAISE
MICRO_RUPEE: Final = SPAN_SCALE // MICRO
_HALF_PAISA: Final = SPAN_SCALE // HALF_PAISE
_OPTIONS: Final = ("CE", "PE")
HELD_ALONE: Final = (0,)
ALL_CASES: Final = (0, 1, 2, 3)
"""No entry fills, all buys, all sells, all of them."""
_INT64_SAFE: Final = 1 << 62
_NO_LOSSES: Final = (0,) * len(SCENARIOS)


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


class _Expiry(NamedTuple):
    """The contracts of one expiry, by case. Losses and values in parts of SPAN_SCALE."""

    expiry: str
    forward_half: int
    is_open: list[bool]
    """Whether any contract has a quantity."""
    losses: list[list[int]]
    """In each scenario, as far as they count there."""
    deltas: list[int]
    """Millionths."""
    option_values: list[int]


def margins(underlyings: Sequence[Underlying]) -> list[UnderlyingMargin]:
    """Return the margin of each underlying; all their options are valued in one go."""
    return [
        margin_with(underlying, risks)
        for underlying, risks in zip(underlyings, risks_of(underlyings), strict=True)
    ]


def margin_of(underlying: Underlying) -> UnderlyingMargin:
    """Return the margin of one underlying."""
    return margins([underlying])[0]


def risks_of(underlyings: Sequence[Underlying]) -> list[OptionRisks]:
    """Return the risks of the options of each underlying, whatever their quantities."""
    options = [
        (holding.contract, underlying.rates, underlying.today)
        for underlying in underlyings
        for holding in underlying.holdings
        if holding.contract.kind in _OPTIONS
    ]
    risks = option_risks(options)
    found, first = [], 0
    for underlying in underlyings:
        count = sum(holding.contract.kind in _OPTIONS for holding in underlying.holdings)
        found.append(OptionRisks(*(part[first : first + count] for part in risks)))
        first += count
    return found


def margin_with(underlying: Underlying, risks: OptionRisks) -> UnderlyingMargin:
    """Return the margin of an underlying whose options have these risks."""
    is_idle = not any(holding.buys or holding.sells for holding in underlying.holdings)
    cases = HELD_ALONE if is_idle else ALL_CASES
    expiries = _expiries(underlying, risks, cases)
    held, *others = (
        Margin(_span(expiries, case, underlying), exposure_parts(underlying, case))
        for case in cases
    )
    working = max((held, *others), key=lambda margin: margin.blocked)
    return UnderlyingMargin(held, working, max(0, _spans_alone(underlying, risks) - held.span))


def _expiries(underlying: Underlying, risks: OptionRisks, cases: Sequence[int]) -> list[_Expiry]:
    """Return the expiries of an underlying, nearest first."""
    options: dict[str, list[int]] = {}
    futures: dict[str, list[Holding]] = {}
    listed = [holding for holding in underlying.holdings if holding.contract.kind in _OPTIONS]
    for row, holding in enumerate(listed):
        options.setdefault(holding.contract.expiry, []).append(row)
    for holding in underlying.holdings:
        if holding.contract.kind == "FUT":
            futures.setdefault(holding.contract.expiry, []).append(holding)
    return [
        _expiry(
            [listed[row] for row in options.get(expiry, ())],
            OptionRisks(*(part[options.get(expiry, [])] for part in risks)),
            futures.get(expiry, ()),
            underlying.rates,
            cases,
        )
        for expiry in sorted({*options, *futures})
    ]


def _expiry(
    options: Sequence[Holding],
    risks: OptionRisks,
    futures: Sequence[Holding],
    rates: MarginRates,
    cases: Sequence[int],
) -> _Expiry:
    contract = (*futures, *options)[0].contract
    quantities = [[holding.quantities()[case] for holding in options] for case in cases]
    prices = [holding.contract.price_half for holding in options]
    of_futures = [[holding.quantities()[case] for holding in futures] for case in cases]
    forwards = [holding.contract.forward_half for holding in futures]
    losses = _sums(quantities, risks.losses)
    deltas = _sums(quantities, risks.deltas[:, None])
    return _Expiry(
        expiry=contract.expiry,
        forward_half=contract.forward_half,
        is_open=[any(own) or any(other) for own, other in zip(quantities, of_futures, strict=True)],
        losses=[
            _counted(own, sum(map(mul, other, forwards)), rates)
            for own, other in zip(losses, of_futures, strict=True)
        ],
        deltas=[own[0] + MICRO * sum(other) for own, other in zip(deltas, of_futures, strict=True)],
        option_values=[_HALF_PAISA * sum(map(mul, own, prices)) for own in quantities],
    )


def _sums(quantities: Sequence[Sequence[int]], numbers: Ints) -> list[list[int]]:
    """Return the sum of the rows of `numbers` for each list of quantities, exact."""
    most = max(sum(map(abs, own)) for own in quantities) * int(np.abs(numbers).max(initial=0))
    exact = numbers if most < _INT64_SAFE else numbers.astype(object)
    weights = np.array(quantities, dtype=exact.dtype).reshape(len(quantities), len(numbers))
    found: list[list[int]] = (weights @ exact).tolist()
    return found


def _counted(option_losses: Sequence[int], futures_half: int, rates: MarginRates) -> list[int]:
    """Return what counts of each scenario's loss, of options (micro rupees) and of futures.

    `futures_half` is the value of the futures, half paise.
    """
    third = futures_half * rates.scan_ppm * MICRO
    whole = [
        loss * MICRO_RUPEE - third * scenario.thirds
        for loss, scenario in zip(option_losses, SCENARIOS, strict=True)
    ]
    return [
        loss * rates.extreme_cover_ppm // MICRO if scenario.is_extreme else loss
        for loss, scenario in zip(whole, SCENARIOS, strict=True)
    ]


def _span(expiries: Sequence[_Expiry], case: int, underlying: Underlying) -> int:
    """Return max(0, scan + calendar charge - net option value), parts of SPAN_SCALE."""
    open_ones = [expiry for expiry in expiries if expiry.is_open[case]]
    if not open_ones:
        return 0
    near, *far = open_ones
    rates = underlying.rates
    ends_today = near.expiry == underlying.today
    if ends_today and not rates.calendar_on_expiry_day:
        scan = sum(max(expiry.losses[case]) for expiry in open_ones)
    else:
        by_scenario = zip(*(expiry.losses[case] for expiry in open_ones), strict=True)
        scan = max(map(sum, by_scenario)) + _calendar(near, far, case, rates)
    return max(0, scan - sum(expiry.option_values[case] for expiry in open_ones))


def _calendar(near: _Expiry, far: Sequence[_Expiry], case: int, rates: MarginRates) -> int:
    """Return the charge for opposite deltas in two expiries, which move alike in the scan."""
    first, second = near.deltas[case], sum(expiry.deltas[case] for expiry in far)
    if first * second >= 0:
        return 0
    return min(abs(first), abs(second)) * near.forward_half * rates.calendar_ppm * THIRDS


def _spans_alone(underlying: Underlying, risks: OptionRisks) -> int:
    """Return the spans of the positions, each as if it were the only one, rupees."""
    ordinary, extreme = risks.losses[:, : len(ORDINARY)], risks.losses[:, len(ORDINARY) :]
    ends = (ordinary.min(1), ordinary.max(1), extreme.min(1), extreme.max(1))
    rows = zip(*(end.tolist() for end in ends), strict=True)
    rates, total = underlying.rates, 0
    for holding in underlying.holdings:
        contract, held = holding.contract, holding.held
        if contract.kind == "FUT":
            parts = max(_counted(_NO_LOSSES, held * contract.forward_half, rates))
        elif contract.kind in _OPTIONS:
            low, high, low_extreme, high_extreme = next(rows)
            worst = held * (high if held > 0 else low) * MICRO_RUPEE
            extremes = held * (high_extreme if held > 0 else low_extreme) * MICRO_RUPEE
            scan = max(worst, extremes * rates.extreme_cover_ppm // MICRO)
            parts = max(0, scan - held * contract.price_half * _HALF_PAISA)
        else:
            continue
        total += Margin(parts).span
    return total


def exposure_parts(underlying: Underlying, case: int) -> int:
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
    if contract.expiry == underlying.today:
        ppm += rates.expiry_day_ppm
    return (underlying.spot_half or contract.forward_half) * max(0, -quantity) * ppm
