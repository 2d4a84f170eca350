"""One contract of a synthetic market that behaves as measured (decision 0042).

The model was made from five options with five levels that were recorded on one day: rows conflate
several trades, half of them change the book, ltp is that of some moment since the row before and
so lies outside the book half of the time, and a side holds about fifteen lots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import SECOND_NS
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import DAY_FIELDS, Int64s, Ticks
from feeds.synthetic_book import Ladder
from feeds.synthetic_market import Floats, Path

FairPrice = Callable[[Int64s, Path], Floats]
"""Gives the fair price (rupees) at times, UTC ns."""
Bools = npt.NDArray[np.bool_]

CALM: Final = 0.38
"""Volatility of the index over that which options are priced with: the measured day was calm."""
_HALF_SPREAD: Final = 0.00115
"""Of the price of an option."""
_HALF_SPREAD_FUTURE: Final = 0.0001
_SPREAD_NOISE: Final = 0.18
_CHANGED: Final = 0.6
"""Share of rows with another book than the row before."""
_TRADED: Final = 0.48
_INSIDE: Final = 0.35
"""Share of trades inside the spread of their moment."""
_CONFLATED_NS: Final = 1_500_000_000
"""A row's last trade may be so old."""
_BEYOND_LOTS: Final = (300, 900)
"""Lots of a side behind its five levels."""


class MeasuredTrader:
    """One contract through one session, with the state carried from chunk to chunk."""

    def __init__(
        self, rng: np.random.Generator, index: int, instrument: Instrument, fair: FairPrice
    ) -> None:
        terms = {"tick": instrument.tick_paise, "lot": instrument.lot_size}
        self._bids = Ladder(rng, direction=-1, **terms)
        self._asks = Ladder(rng, direction=1, **terms)
        self._beyond = rng.integers(*_BEYOND_LOTS, 2) * instrument.lot_size
        self._oi = int(rng.integers(2_000, 60_000)) * instrument.lot_size
        self._index = index
        self._instrument = instrument
        self._fair = fair
        self._ltp = 0
        self._ltq = 0
        self._volume = 0
        self._value = 0
        self._last_trade_ts = 0
        self._day = DayFigures()

    def rows(self, rng: np.random.Generator, path: Path, ts: Int64s) -> Ticks:
        """Return the contract's rows at these times (UTC ns), depth and day included."""
        lot = self._instrument.lot_size
        traded = rng.random(len(ts)) < _TRADED
        if len(ts) and self._ltp == 0:
            traded[0] = True
        growth = np.where(traded, np.rint(np.exp(rng.normal(0.75, 1.2, len(ts)))), 0)
        growth = np.maximum(growth, traded).astype(np.int64) * lot
        depth = self._book(rng, path, ts)
        price = self._trade_prices(rng, path, ts)
        units = np.minimum(rng.geometric(0.75, len(ts)) * lot, growth)
        ltp = _carried(traded, price, self._ltp)
        ltq = _carried(traded, units, self._ltq)
        volume = self._volume + np.cumsum(growth)
        traded_at = _carried(traded, ts // SECOND_NS * SECOND_NS, self._last_trade_ts)
        value = self._value + np.cumsum(price * growth)
        oi = np.maximum(self._oi + np.cumsum(traded * rng.integers(-3, 4, len(ts))) * lot, lot)
        day = self._day.columns(ltp)
        day[:, DAY_FIELDS.index("average_price")] = value // np.maximum(volume, 1)
        day[:, DAY_FIELDS.index("last_trade_ts")] = traded_at
        for at, side in enumerate((depth[:, :5], depth[:, 5:])):
            day[:, 1 + at] = self._beyond[at] + side[..., 0].sum(axis=1)
        if len(ts):
            self._ltp, self._ltq, self._volume = int(ltp[-1]), int(ltq[-1]), int(volume[-1])
            self._value, self._oi = int(value[-1]), int(oi[-1])
            self._last_trade_ts = int(traded_at[-1])
        return Ticks(
            ts=ts,
            exchange_ts=ts // SECOND_NS * SECOND_NS,
            instrument=np.full(len(ts), self._index, dtype=np.int32),
            ltp=ltp,
            bid=depth[:, 0, 1],
            ask=depth[:, 5, 1],
            ltq=ltq,
            volume=volume,
            oi=oi,
            depth=depth,
            day=day,
        )

    def _book(self, rng: np.random.Generator, path: Path, ts: Int64s) -> Int64s:
        """Return the books, each that of the last row that changed it."""
        changed = rng.random(len(ts)) < _CHANGED
        changed[:1] = True
        of = np.maximum.accumulate(np.where(changed, np.arange(len(ts)), 0))
        fair, half = self._quotes(rng, path, ts)
        tick = self._instrument.tick_paise
        bid = np.maximum(np.floor((fair - half) / tick).astype(np.int64) * tick, tick)
        ask = np.maximum(np.ceil((fair + half) / tick).astype(np.int64) * tick, bid + tick)
        moment = ts[of]
        return np.concatenate(
            [self._bids.levels(bid[of], moment), self._asks.levels(ask[of], moment)], axis=1
        )

    def _quotes(self, rng: np.random.Generator, path: Path, ts: Int64s) -> tuple[Floats, Floats]:
        """Return the fair price and half the spread, paise."""
        fair = self._fair(ts, path) * 100
        share = _HALF_SPREAD if self._instrument.is_option else _HALF_SPREAD_FUTURE
        return fair, fair * share * np.exp(_SPREAD_NOISE * rng.standard_normal(len(ts)))

    def _trade_prices(self, rng: np.random.Generator, path: Path, ts: Int64s) -> Int64s:
        """Return what the last trade of each row was at, in the spread of its own moment."""
        at = np.maximum(ts - rng.integers(0, _CONFLATED_NS, len(ts)), path.open)
        fair, half = self._quotes(rng, path, at)
        depth = np.where(rng.random(len(ts)) < _INSIDE, rng.random(len(ts)), 1.0)
        side = np.where(rng.random(len(ts)) < 0.5, -1.0, 1.0)
        tick = self._instrument.tick_paise
        steps = np.rint((fair + side * depth * half) / tick).astype(np.int64)
        return np.maximum(steps, 1) * tick


class DayFigures:
    """Open, high and low of the day so far."""

    def __init__(self) -> None:
        self._open = 0
        self._high = 0
        self._low = 0

    def columns(self, ltp: Int64s) -> Int64s:
        """Return `Ticks.day` of these rows, with these three filled in."""
        day = np.zeros((len(ltp), len(DAY_FIELDS)), dtype=np.int64)
        if not len(ltp):
            return day
        if not self._open:
            self._open = self._high = self._low = int(ltp[0])
        high = np.maximum(np.maximum.accumulate(ltp), self._high)
        low = np.minimum(np.minimum.accumulate(ltp), self._low)
        day[:, DAY_FIELDS.index("day_open")] = self._open
        day[:, DAY_FIELDS.index("day_high")] = high
        day[:, DAY_FIELDS.index("day_low")] = low
        self._high, self._low = int(high[-1]), int(low[-1])
        return day


def _carried(changes: Bools, values: Int64s, before: int) -> Int64s:
    """Return the value of the last row that changed it, `before` until then."""
    latest = np.maximum.accumulate(np.where(changes, np.arange(1, len(changes) + 1), 0))
    return np.concatenate([[before], values])[latest]
