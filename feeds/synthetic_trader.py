"""One instrument of a synthetic market: when it ticks, and what its rows show."""

from __future__ import annotations

from typing import Final

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Int64s, Ticks
from daemon.settings.config import SyntheticConfig
from feeds.synthetic_contracts import Chain, settles_at
from feeds.synthetic_market import (
    Floats,
    Path,
    activity,
    future_price,
    generator,
    half_spread,
    option_price,
)
from feeds.synthetic_measured import DayFigures, MeasuredTrader

_TRADED: Final = 0.7
_MICROSECOND: Final = 1000
_LEVELS: Final = 5


class Trader:
    """One instrument through one session, with the state carried from chunk to chunk."""

    def __init__(
        self,
        universe: Universe,
        instrument: Instrument,
        chain: Chain,
        times: tuple[int, int],
        config: SyntheticConfig,
        session: int,
    ) -> None:
        index = universe.index_of(instrument.tradingsymbol)
        assert index is not None
        self.open, self.close = times
        self.is_near = instrument in chain.near
        self._index = index
        self._instrument = instrument
        self._expiry = 0 if instrument.is_index else settles_at(instrument)
        self._rate = config.ticks_per_second * _weight(instrument, chain)
        self._measured: MeasuredTrader | None = None
        self._day = DayFigures() if config.book == "measured" else None
        if config.book == "measured" and not instrument.is_index:
            rng = generator(config.seed, session + 1, 0, index + 1)
            self._measured = MeasuredTrader(rng, index, instrument, self._fair)
        self._ltp = 0
        self._ltq = 0
        self._volume = 0
        self._oi = 0

    def rows(
        self, rng: np.random.Generator, path: Path, start: int, stop: int, depth: bool
    ) -> Ticks:
        """Return the instrument's rows in [start, stop)."""
        ts = self._times(rng, start, stop)
        ts = ts[(ts >= self.open) & (ts < self.close)]
        if self._measured is not None:
            return _without_depth(self._measured.rows(rng, path, ts), depth)
        spot = path.spot[path.at(ts)]
        if self._instrument.is_index:
            return self._index_rows(ts, spot)
        bid, ask = self._book(rng, ts, spot, self._fair(ts, path))
        traded = self._trades(rng, len(ts))
        lots = rng.geometric(0.4, len(ts))
        level = np.where(rng.random(len(ts)) < 0.5, bid, ask)
        ltp, ltq = self._last(traded, level, lots * self._instrument.lot_size)
        return Ticks(
            ts=ts,
            exchange_ts=ts // SECOND_NS * SECOND_NS,
            instrument=np.full(len(ts), self._index, dtype=np.int32),
            ltp=ltp,
            bid=bid,
            ask=ask,
            ltq=ltq,
            volume=self._day_volume(rng, traded, lots),
            oi=self._open_interest(rng, traded),
            depth=self._depth(rng, bid, ask) if depth else None,
        )

    def _times(self, rng: np.random.Generator, start: int, stop: int) -> Int64s:
        part = np.array([(start - self.open) / max(1, self.close - self.open)])
        mean = self._rate * (stop - start) / SECOND_NS * float(activity(part)[0])
        count = int(rng.poisson(max(mean, 0.0)))
        spread = rng.integers(0, (stop - start) // _MICROSECOND, count, dtype=np.int64)
        return start + np.sort(spread) * _MICROSECOND

    def _index_rows(self, ts: Int64s, spot: Floats) -> Ticks:
        ltp = np.rint(spot * 20).astype(np.int64) * 5
        return Ticks(
            ts=ts,
            exchange_ts=ts // SECOND_NS * SECOND_NS,
            instrument=np.full(len(ts), self._index, dtype=np.int32),
            ltp=ltp,
            day=None if self._day is None else self._day.columns(ltp),
        )

    def _fair(self, ts: Int64s, path: Path) -> Floats:
        """Return the contract's fair price, rupees."""
        at = path.at(ts)
        spot = path.spot[at]
        if not self._instrument.is_option:
            return future_price(spot, ts, self._expiry)
        return option_price(
            spot, path.volatility[at], ts, self._expiry,
            self._instrument.strike_paise / 100, call=self._instrument.instrument_type == "CE",
        )  # fmt: skip

    def _book(
        self, rng: np.random.Generator, ts: Int64s, spot: Floats, fair: Floats
    ) -> tuple[Int64s, Int64s]:
        tick = self._instrument.tick_paise
        if self._instrument.is_option:
            half = half_spread(fair, spot, self._instrument.strike_paise / 100)
        else:
            half = 0.00002 * fair
        half = half * (0.6 + 0.8 * rng.random(len(ts)))
        bid = np.floor((fair - half) * 100 / tick).astype(np.int64) * tick
        ask = np.ceil((fair + half) * 100 / tick).astype(np.int64) * tick
        bid = np.maximum(bid, tick)
        return bid, np.maximum(ask, bid + tick)

    def _trades(self, rng: np.random.Generator, count: int) -> Int64s:
        """Return 1 for rows where a trade happened, else 0; an instrument's first row of the day is
        one.
        """
        traded = rng.random(count) < _TRADED
        if count and self._ltp == 0:
            traded[0] = True
        return traded.astype(np.int64)

    def _last(self, traded: Int64s, level: Int64s, units: Int64s) -> tuple[Int64s, Int64s]:
        """Return the last traded price and quantity at each row; quotes change neither."""
        latest = np.maximum.accumulate(np.where(traded == 1, np.arange(1, len(traded) + 1), 0))
        ltp = np.concatenate([[self._ltp], level])[latest]
        ltq = np.concatenate([[self._ltq], units])[latest]
        if len(traded):
            self._ltp, self._ltq = int(ltp[-1]), int(ltq[-1])
        return ltp, ltq

    def _day_volume(self, rng: np.random.Generator, traded: Int64s, lots: Int64s) -> Int64s:
        """Return the day's volume: the trades shown and those between rows."""
        more = lots + rng.poisson(1.5, len(lots))
        volume = self._volume + np.cumsum(traded * more) * self._instrument.lot_size
        if len(volume):
            self._volume = int(volume[-1])
        return np.asarray(volume, dtype=np.int64)

    def _open_interest(self, rng: np.random.Generator, traded: Int64s) -> Int64s:
        lot = self._instrument.lot_size
        self._oi = self._oi or int(rng.integers(2_000, 60_000)) * lot
        oi = np.maximum(self._oi + np.cumsum(traded * rng.integers(-3, 4, len(traded))) * lot, lot)
        if len(oi):
            self._oi = int(oi[-1])
        return np.asarray(oi, dtype=np.int64)

    def _depth(self, rng: np.random.Generator, bid: Int64s, ask: Int64s) -> Int64s:
        levels = np.arange(_LEVELS) * self._instrument.tick_paise
        price = np.concatenate([bid[:, None] - levels, ask[:, None] + levels], axis=1)
        orders = rng.integers(1, 15, price.shape)
        lots = orders + rng.poisson(3.0, price.shape)
        quantity = lots * self._instrument.lot_size
        depth = np.stack([quantity, price, orders], axis=2).astype(np.int64)
        depth[price <= 0] = 0
        return depth


def _without_depth(rows: Ticks, depth: bool) -> Ticks:
    """Return the rows as they are, or without their books if those are not wanted."""
    if not depth:
        rows.depth = None
    return rows


def _weight(instrument: Instrument, chain: Chain) -> float:
    """Return how often an instrument ticks relative to the index: near the money and soon most."""
    if instrument.is_index:
        return 1.0
    nearness = 1 / (1 + chain.rank(instrument))
    if not instrument.is_option:
        return nearness
    strikes = sorted({option.strike_paise for option in chain.options})
    distance = abs(strikes.index(instrument.strike_paise) - len(strikes) // 2)
    return nearness / (1 + 0.15 * distance)
