"""What the errors of some orders come to: mean, median and bad tail."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from daemon.lab.calibrate.fill_rules import Floats
from daemon.lab.calibrate.quotes import Places
from daemon.lab.calibrate.real_order import RealOrder


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Mean, median and ninetieth percentile of side x (real - paper), in one unit."""

    mean: float
    median: float
    p90: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Errors in price steps, in basis points of the paper price, and in rupees an order."""

    ticks: Spread
    bps: Spread
    rupees: Spread


class Units:
    """Turn errors in paise a unit into the units that they are told in."""

    def __init__(self, orders: Sequence[RealOrder], ticks_paise: Sequence[int]) -> None:
        self._ticks = np.array(ticks_paise, dtype=np.float64)
        self._quantity = np.array([order.quantity for order in orders], dtype=np.float64)
        self._real = np.array([order.price_paise for order in orders])
        self._sign = np.array([order.sign for order in orders])

    def figures(self, errors: Floats, chosen: Places | None = None) -> Figures:
        """Return the figures of the errors (paise a unit), of the chosen orders alone."""
        rows = np.arange(len(errors)) if chosen is None else chosen
        paper = self._real - self._sign * errors
        return Figures(
            ticks=spread((errors / self._ticks)[rows]),
            bps=spread((errors / paper * 10_000)[rows]),
            rupees=spread((errors * self._quantity / 100)[rows]),
        )


def spread(values: Floats) -> Spread:
    """Return mean, median and ninetieth percentile."""
    return Spread(
        mean=float(values.mean()), median=float(np.median(values)),
        p90=float(np.percentile(values, 90)),
    )  # fmt: skip
