"""Price a synthetic session: the path of the spot, and the futures and options on it."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from daemon.domain.dates import SECOND_NS

Floats = npt.NDArray[np.float64]

STEP_NS: Final = SECOND_NS // 4
YEAR_NS: Final = 365 * 86_400 * SECOND_NS
RATE: Final = 0.065
TRADING_DAYS: Final = 252
_VOL_PULL: Final = 0.03
_VOL_NOISE: Final = 0.05
_MINUTE_STEPS: Final = 240
_OVERNIGHT: Final = 0.3


class Path(msgspec.Struct, frozen=True):
    """The spot (rupees) and annual volatility on a grid of quarter seconds from `open`."""

    open: int
    close: int
    spot: Floats
    volatility: Floats

    def at(self, ts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the grid points in force at the given times (UTC ns)."""
        return np.clip((ts - self.open) // STEP_NS, 0, len(self.spot) - 1)


def generator(*seed: int) -> np.random.Generator:
    """Return the generator of one part of a market; equal seeds give equal numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(seed))))


def daily_levels(spot: float, volatility: float, sessions: int, seed: int) -> list[Floats]:
    """Return the log of each session's open and close, drawn ahead so that chains can be listed."""
    rng = generator(seed, 0)
    daily = volatility / np.sqrt(TRADING_DAYS)
    level = float(np.log(spot))
    levels = []
    for move, night in rng.standard_normal((sessions, 2)):
        levels.append(np.array([level, level + daily * move]))
        level += daily * (move + _OVERNIGHT * night)
    return levels


def activity(part: Floats) -> Floats:
    """Return how busy the market is at a fraction (0 to 1) of the session: a U with mean 1."""
    shape: Floats = 0.6 + 1.2 * (2 * part - 1) ** 2
    return shape


def draw_path(
    rng: np.random.Generator,
    ends: Floats,
    times: tuple[int, int],
    volatility: float,
    *,
    calm: float = 1.0,
) -> Path:
    """Draw a path from the open's log level to the close's, with mean-reverting volatility.

    `calm` is the share of the volatility with which the spot moves.
    """
    steps = max(2, (times[1] - times[0]) // STEP_NS + 1)
    wander = _wander(rng, steps // _MINUTE_STEPS + 2)
    factor = np.repeat(np.exp(wander), _MINUTE_STEPS)[:steps]
    shape = activity(np.linspace(0, 1, steps))
    variance = factor**2 * shape
    sigma = volatility * calm / np.sqrt(TRADING_DAYS * steps)
    walk = np.cumsum(sigma * np.sqrt(variance) * rng.standard_normal(steps))
    passed = np.cumsum(variance)
    bridge = (
        walk
        - walk[0]
        - (passed - passed[0])
        / (passed[-1] - passed[0])
        * (walk[-1] - walk[0] - (ends[1] - ends[0]))
    )
    implied = volatility * (1 + 0.5 * (factor - 1))
    return Path(times[0], times[1], np.exp(ends[0] + bridge), implied)


def future_price(spot: Floats, ts: npt.NDArray[np.int64], expiry: int) -> Floats:
    """Return the fair price of a future, rupees."""
    fair: Floats = spot * np.exp(RATE * _years(ts, expiry))
    return fair


def option_price(
    spot: Floats, volatility: Floats, ts: npt.NDArray[np.int64], expiry: int, strike: float,
    *, call: bool,
) -> Floats:  # fmt: skip
    """Return a Black-Scholes price (rupees) with a smile; after the expiry the intrinsic value."""
    years = _years(ts, expiry)
    moneyness = np.log(strike / spot)
    deviation = volatility * (1 + 4 * moneyness**2 - 0.4 * moneyness) * np.sqrt(years)
    discount = strike * np.exp(-RATE * years)
    upper = (-moneyness + RATE * years) / deviation + deviation / 2
    value = spot * _normal(upper) - discount * _normal(upper - deviation)
    price: Floats = np.maximum(value if call else value - spot + discount, 0.0)
    return price


def half_spread(price: Floats, spot: Floats, strike: float) -> Floats:
    """Return half the bid-ask spread (rupees): wider for expensive options and distant strikes."""
    spread: Floats = 0.05 + 0.0012 * price + 4.0 * np.abs(strike / spot - 1) * np.sqrt(price) / 10
    return spread


def _years(ts: npt.NDArray[np.int64], expiry: int) -> Floats:
    left: Floats = np.maximum(expiry - ts, SECOND_NS) / YEAR_NS
    return left


def _wander(rng: np.random.Generator, minutes: int) -> Floats:
    level = 0.0
    levels = np.empty(minutes)
    for at, noise in enumerate(rng.standard_normal(minutes)):
        level += -_VOL_PULL * level + _VOL_NOISE * noise
        levels[at] = level
    return levels


def _normal(x: Floats) -> Floats:
    """Return the normal distribution function, within 1e-7 (Abramowitz and Stegun 26.2.17)."""
    size = np.abs(x)
    t = 1 / (1 + 0.2316419 * size)
    series = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    tail = np.exp(-size * size / 2) / np.sqrt(2 * np.pi) * series
    value: Floats = np.where(x >= 0, 1 - tail, tail)
    return value
