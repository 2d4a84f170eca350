"""Whether a rule and a latency can be suggested at all (K4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from daemon.lab.calibrate.calibration import Suggestion
from daemon.lab.calibrate.clock_offset import ClockOffset
from daemon.lab.calibrate.draws import Choice, Draws, choose
from daemon.lab.calibrate.fill_rules import PROFILES, Floats

MIN_ORDERS: Final = 30
MIN_DAYS: Final = 5


class Scores:
    """Mean |error| of every rule and latency: of the orders, and in each draw of their days.

    `distances` are of shape (orders, profiles, latencies), in ticks.
    """

    def __init__(self, distances: Floats, latencies_ms: Sequence[int], draws: Draws) -> None:
        self._latencies_ms = list(latencies_ms)
        self._means = distances.mean(axis=0)
        self._draws = np.array(
            [
                [
                    draws.means(distances[:, profile, latency])
                    for latency in range(len(latencies_ms))
                ]
                for profile in range(len(PROFILES))
            ]
        )

    def mode(self) -> Choice:
        """Return the nearest profile, each taken at the latency that suits it best."""
        means = self._means.min(axis=1).tolist()
        return choose(PROFILES, means, list(self._draws.min(axis=1)))

    def latency(self, modes: Sequence[str]) -> Choice:
        """Return the nearest latency, taken with the one of these profiles that suits it best."""
        rows = [PROFILES.index(mode) for mode in PROFILES if mode in modes]
        names = [str(latency) for latency in self._latencies_ms]
        means = self._means[rows].min(axis=0).tolist()
        return choose(names, means, list(self._draws[rows].min(axis=0)))


def suggest(
    scores: Scores,
    *,
    orders: int,
    days: int,
    clock: ClockOffset | None,
    has_latency: bool,
) -> Suggestion:
    """Return what is suggested, or why nothing is."""
    mode = scores.mode()
    because, withheld = _withheld(orders, days, clock)
    is_told = not withheld
    latency = scores.latency([mode.best, *mode.alike]) if has_latency else None
    return Suggestion(
        fill_mode=mode.best if is_told and not mode.alike else None,
        nearest_mode=mode.best, alike_modes=mode.alike,
        withheld=withheld, withheld_because=because,
        latency_ms=int(latency.best) if is_told and latency and not latency.alike else None,
        nearest_latency_ms=int(latency.best) if latency else None,
        alike_latencies_ms=[int(name) for name in latency.alike] if latency else [],
    )  # fmt: skip


def _withheld(orders: int, days: int, clock: ClockOffset | None) -> tuple[str, str]:
    """Return why nothing is suggested, as a code and in words; the clock is asked first."""
    if clock is not None and clock.spoils:
        return "clock", "the clocks do not agree (clock_offset), so settle that first"
    if orders < MIN_ORDERS or days < MIN_DAYS:
        return "few", f"it takes {MIN_ORDERS} orders on {MIN_DAYS} days"
    return "", ""
