"""Sixteen ways a market may go in a day, and what a unit of each contract loses in them.

A price moves by thirds of its scan range, each with the volatility four points up and down; two
extremes move it twice the range, and a part of their loss counts. All losses are against the
market's price, not against the model's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daemon.domain.margin_rates import MarginRates
from daemon.margin.portfolio import HALF_PAISE, Contract, far_after
from daemon.pricing.black76 import (
    DAY_YEARS,
    SIGMA_MIN,
    YEAR_SECONDS,
    deltas,
    implied_volatilities,
    values,
)

MICRO: Final = 1_000_000
"""Parts of a rupee that an option's value is rounded to, and parts of a delta."""
MICRO_PER_HALF_PAISA: Final = MICRO // HALF_PAISE
THIRDS: Final = 3
"""Steps of a scenario's move in one scan range."""
_YEAR_NS: Final = YEAR_SECONDS * 10**9

Ints = NDArray[np.int64]


class Scenario(NamedTuple):
    """A move in thirds of the scan range, and the direction of the volatility."""

    thirds: int
    volatility: int
    is_extreme: bool = False


ORDINARY: Final = tuple(
    Scenario(thirds, way) for thirds in (0, 1, -1, 2, -2, 3, -3) for way in (1, -1)
)
EXTREME: Final = (Scenario(6, 0, is_extreme=True), Scenario(-6, 0, is_extreme=True))
SCENARIOS: Final = ORDINARY + EXTREME


class OptionRisks(NamedTuple):
    """What a long unit of each option loses in each scenario (micro rupees), and its delta."""

    losses: Ints
    deltas: Ints
    """In millionths."""


def scan_ppm(contract: Contract, rates: MarginRates, today: str) -> int:
    """Return how far the scenarios move a contract's price."""
    if rates.is_index and contract.kind in ("CE", "PE") and contract.expiry > far_after(today):
        return rates.far_option_scan_ppm
    return rates.scan_ppm


def option_risks(options: Sequence[tuple[Contract, MarginRates, str]]) -> OptionRisks:
    """Return the losses and deltas of options, each with its underlying's rates and the date."""
    if not options:
        return OptionRisks(
            np.zeros((0, len(SCENARIOS)), dtype=np.int64), np.zeros(0, dtype=np.int64)
        )
    prices = np.array([contract.price_half for contract, _, _ in options], dtype=np.int64)
    forwards = np.array([contract.forward_half for contract, _, _ in options], dtype=np.int64)
    strike = np.array([contract.strike_paise for contract, _, _ in options]) / 100
    sign = np.array([1.0 if contract.kind == "CE" else -1.0 for contract, _, _ in options])
    years = np.array([max(0, contract.left_ns) / _YEAR_NS for contract, _, _ in options])
    ranges = np.array([scan_ppm(*option) for option in options], dtype=np.int64)
    shifts = np.array([rates.volatility_ppm for _, rates, _ in options]) / MICRO
    forward = forwards / HALF_PAISE
    sigma = implied_volatilities(prices / HALF_PAISE, forward, strike, years, sign)
    thirds = np.array([scenario.thirds for scenario in SCENARIOS], dtype=np.int64)
    ways = np.array([scenario.volatility for scenario in SCENARIOS], dtype=np.float64)
    whole = THIRDS * MICRO
    moved = (forwards[:, None] * (whole + ranges[:, None] * thirds)) / (whole * HALF_PAISE)
    found = values(
        moved,
        strike[:, None],
        np.maximum(years - DAY_YEARS, 0.0)[:, None],
        np.maximum(sigma[:, None] + shifts[:, None] * ways, SIGMA_MIN),
        sign[:, None],
    )
    losses = (prices * MICRO_PER_HALF_PAISA)[:, None] - in_micro(found)
    return OptionRisks(losses, in_micro(deltas(forward, strike, years, sigma, sign)))


def in_micro(numbers: NDArray[np.float64]) -> Ints:
    """Return numbers in whole millionths, the nearest; of two, the even one."""
    return np.rint(numbers * MICRO).astype(np.int64)
