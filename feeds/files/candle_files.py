"""Replay candle files: each candle becomes four ticks (SEMANTICS, "Candles")."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import (
    DAY_NS,
    IST_OFFSET_NS,
    iso_ist,
    ist_date,
    parse_timeframe,
)
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import (
    ABSENT,
    WALK_CLOSE,
    WALK_FIRST,
    WALK_OPEN,
    WALK_SECOND,
    Int32s,
    Int64s,
    Ticks,
)  # fmt: skip
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import ReplayFile
from feeds.files.columns import Bools, counts, prices
from feeds.files.instrument_column import InstrumentColumn
from feeds.files.recorded_files import file_error
from feeds.files.row_times import RowTimes
from feeds.files.table import CANDLE_COLUMNS, Batch, InstrumentKeys, Table, map_columns
from feeds.stream.blocks import RunningTime, join

SessionSpan = Callable[[Instrument, dt.date], tuple[int, int] | None]
"""An instrument's session on a date as [open, close) in UTC ns, None on a day without one."""

_NS_BEFORE_END: Final = 1000
_NO_SESSION_NS: Final = 4 * _NS_BEFORE_END
"""Length of a day candle on a date without a session; long enough to keep its ticks in order."""
_STEPS: Final = np.array([WALK_OPEN, WALK_FIRST, WALK_SECOND, WALK_CLOSE], dtype=np.int8)
_COUNTERS: Final = (
    "widened_candles", "untraded_candles", "repeated_candles", "unreadable_cells",
)  # fmt: skip
_UNKNOWN: Final = -1
"""Volume of a candle that states none. It adds nothing, and differs from 0, which is no trade."""
_PRICE_NAMES: Final = ("open", "high", "low", "close")


class CandleFile:
    """A table of candles, read as ticks with a `walk` column.

    `counts` has `widened_candles` (high or low inside the body), `untraded_candles` (flat, volume
    0, dropped), `repeated_candles` (not later than the one before, dropped) and `unreadable_cells`
    (a volume that is negative or not a number, taken as unknown). Raises ConfigError or FeedError
    if columns are missing.
    """

    def __init__(
        self, table: Table, config: ReplayFile, session: SessionSpan | None = None
    ) -> None:
        self.counts = dict.fromkeys(_COUNTERS, 0)
        self._table = table
        self._config = config
        try:
            self._span = parse_timeframe(config.timeframe)
        except ValueError as error:
            raise ConfigError(f"{table.path}: timeframe: {error}") from error
        self._mapped = map_columns(table, config, CANDLE_COLUMNS, ("ts", *_PRICE_NAMES))
        self._keys = InstrumentKeys(table, config, self._mapped)
        self._times = RowTimes(table, config, self._mapped, dates=self._span == DAY_NS)
        self._sessions = _Sessions(session)
        self._to_start = self._span if config.stamp == "end" and self._span < DAY_NS else 0

    def named(self) -> Sequence[Instrument]:
        """Return the symbols in the file."""
        return self._keys.named()

    def rank(self, universe: Universe) -> int | None:
        """Return the universe index of the file's only instrument, None if it has several."""
        return None if self._keys.column else self._keys.constant(universe)

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """Yield four rows per candle, by time, then declaration order. Raises FeedError."""
        walk = _CandleRows(universe, self._sessions, self._span, self.counts)
        walk.skip_untraded = self._config.skip_untraded
        instruments = InstrumentColumn(self._keys, universe)
        try:
            for batch in self._table.batches(self._mapped):
                start = self._times.of(batch)
                good, error = self._times.readable_rows(batch, start)
                candles = self._candles(batch, start - self._to_start, instruments(batch))
                candles = candles.take(np.arange(len(start)) < good)
                if self._span == DAY_NS and self._sessions.are_known:
                    candles, error = self._on_their_dates(candles, universe, batch, error)
                yield walk.add(candles)
                if error is not None:
                    raise error
        except FeedError:
            yield walk.flush()
            raise
        yield walk.flush()

    def _candles(self, batch: Batch, start: Int64s, instrument: Int32s) -> _Candles:
        missing = np.full(batch.rows, ABSENT, dtype=np.int64)
        columns = [
            prices(batch.columns[name]) if name in batch.columns else missing
            for name in _PRICE_NAMES
        ]
        volume = None
        if "volume" in batch.columns:
            volume, bad = counts(batch.columns["volume"], _UNKNOWN)
            self.counts["unreadable_cells"] += bad
        return _Candles(start, instrument, np.stack(columns, axis=1), volume)

    def _on_their_dates(
        self, candles: _Candles, universe: Universe, batch: Batch, error: FeedError | None
    ) -> tuple[_Candles, FeedError | None]:
        """Return day candles stamped at midnight of their date, and the error for the first late
        one.

        A stamp after the open may belong to the day before or mark the end of the candle, so it is
        refused.
        """
        dates = (candles.start + IST_OFFSET_NS) // DAY_NS * DAY_NS - IST_OFFSET_NS
        opens = self._sessions.spans(candles, universe)[0]
        late = candles.start > np.where(opens < 0, candles.start, opens)
        if late.any():
            at = int(np.argmax(late))
            opens_at, stamp = (iso_ist(int(times[at]))[:16] for times in (opens, candles.start))
            error = file_error(
                self._table.path,
                "expected a day candle stamped at 00:00 or at the open of its session"
                f" ({opens_at}), was {stamp} IST",
                "say in which `zone` the file's times are, or mend them",
                row=batch.first_row + at,
            )
            kept = np.arange(len(late)) < at
            candles, dates = candles.take(kept), dates[kept]
        candles.start = dates
        return candles, error


class _Candles:
    """Columns of candles: start (UTC ns), instrument, o/h/l/c (paise, shape (rows, 4)), volume."""

    def __init__(
        self, start: Int64s, instrument: Int32s, ohlc: Int64s, volume: Int64s | None
    ) -> None:
        self.start = start
        self.instrument = instrument
        self.ohlc = ohlc
        self.volume = volume

    def take(self, rows: Bools) -> _Candles:
        volume = None if self.volume is None else self.volume[rows]
        return _Candles(self.start[rows], self.instrument[rows], self.ohlc[rows], volume)


class _Sessions:
    """The sessions of instruments by date, each looked up once."""

    def __init__(self, session: SessionSpan | None) -> None:
        self.are_known = session is not None
        self._session = session
        self._known: dict[tuple[int, int], tuple[int, int] | None] = {}

    def spans(self, candles: _Candles, universe: Universe) -> tuple[Int64s, Int64s]:
        """Return open and close (UTC ns) on each candle's date, -1 where there is no session."""
        opens, closes = np.full((2, len(candles.start)), -1, dtype=np.int64)
        for key, rows in _by_day(candles):
            span = self._span(key, universe)
            if span is not None:
                opens[rows], closes[rows] = span
        return opens, closes

    def _span(self, key: tuple[int, int], universe: Universe) -> tuple[int, int] | None:
        if key not in self._known:
            code, day = key
            date = ist_date(day * DAY_NS - IST_OFFSET_NS)
            known = self._session is not None and code >= 0
            self._known[key] = self._session(universe[code], date) if known else None  # type: ignore[misc]
        return self._known[key]


class _CandleRows:
    """Converts candles to rows, and holds back rows that a later candle of the file may precede."""

    def __init__(
        self, universe: Universe, sessions: _Sessions, span: int, tally: dict[str, int]
    ) -> None:
        self.skip_untraded = True
        self._universe = universe
        self._sessions = sessions
        self._span = span
        self._tally = tally
        self._index = np.array(
            [instrument.is_index for instrument in universe] + [False], dtype=np.bool_
        )
        self._latest: dict[int, int] = {}
        self._traded: dict[tuple[int, int], int] = {}
        self._starts = RunningTime()
        self._held: Ticks = _no_rows()
        self._held_keys: Int64s = np.empty(0, dtype=np.int64)

    def add(self, candles: _Candles) -> Ticks:
        """Take in more candles and return the rows that no later candle can precede."""
        candles = candles.take(self._new(candles))
        sound = _sound(candles)
        candles = candles.take(~self._untraded(candles, sound))
        sound = _sound(candles)
        self._widen(candles, sound)
        if len(candles.start):
            self._hold(candles, sound)
        stop = int(np.searchsorted(self._held_keys, self._starts.latest, side="left"))
        return self._release(stop)

    def flush(self) -> Ticks:
        """Return all rows still held."""
        return self._release(len(self._held_keys))

    def _release(self, stop: int) -> Ticks:
        ready, self._held = self._held.rows(0, stop), self._held.rows(stop, len(self._held))
        self._held_keys = self._held_keys[stop:]
        return ready

    def _new(self, candles: _Candles) -> Bools:
        """Return False for a candle that does not start after its instrument's previous one."""
        new = np.ones(len(candles.start), dtype=np.bool_)
        for code in np.unique(candles.instrument).tolist():
            rows = np.flatnonzero(candles.instrument == code)
            starts = candles.start[rows]
            floor = self._latest.get(code, np.iinfo(np.int64).min)
            before = np.maximum.accumulate(np.concatenate([[floor], starts]))
            new[rows] = starts > before[:-1]
            self._latest[code] = int(before[-1])
        self._tally["repeated_candles"] += int((~new).sum())
        return new

    def _untraded(self, candles: _Candles, sound: Bools) -> Bools:
        if candles.volume is None or not self.skip_untraded:
            return np.zeros(len(candles.start), dtype=np.bool_)
        flat = (candles.ohlc == candles.ohlc[:, :1]).all(axis=1)
        drop: Bools = sound & flat & (candles.volume == 0) & ~self._index[candles.instrument]
        self._tally["untraded_candles"] += int(drop.sum())
        return drop

    def _widen(self, candles: _Candles, sound: Bools) -> None:
        ohlc = candles.ohlc
        high, low = ohlc.max(axis=1), ohlc.min(axis=1)
        wide = sound & ((ohlc[:, 1] < high) | (ohlc[:, 2] > low))
        self._tally["widened_candles"] += int(wide.sum())
        ohlc[wide, 1], ohlc[wide, 2] = high[wide], low[wide]

    def _hold(self, candles: _Candles, sound: Bools) -> None:
        floor = np.repeat(self._starts.keys(candles.start), 4)
        rows = self._rows(candles)
        keep = np.repeat(sound, 4)
        keep[::4] = True  # a candle with a bad price becomes one row, which the engine refuses
        bad = np.flatnonzero(~sound)
        rows.ltp[bad * 4] = _first_bad(candles.ohlc[bad])
        block = join([self._held, rows.take(keep)])
        keys = np.concatenate([self._held_keys, np.maximum(rows.ts, floor)[keep]])
        order = np.lexsort((block.instrument, keys))
        self._held, self._held_keys = block.take(order), keys[order]

    def _rows(self, candles: _Candles) -> Ticks:
        opens, high, low, close = candles.ohlc.T
        start, end = self._spans(candles)
        span = end - start
        ts = np.stack([start, start + span // 4, start + span // 2, end - _NS_BEFORE_END], axis=1)
        return Ticks(
            ts=ts.reshape(-1),
            instrument=np.repeat(candles.instrument, 4),
            ltp=np.stack([opens, low, high, close], axis=1).reshape(-1),
            other=np.stack([opens, high, low, close], axis=1).reshape(-1),
            walk=np.tile(_STEPS, len(start)),
            volume=None if candles.volume is None else self._volume(candles).reshape(-1),
        )

    def _volume(self, candles: _Candles) -> Int64s:
        """Return the day's cumulative volume, shape (rows, 4); a candle's own comes with its last
        row.
        """
        assert candles.volume is not None
        result = np.empty((len(candles.start), 4), dtype=np.int64)
        for key, rows in _by_day(candles):
            own = np.maximum(candles.volume[rows], 0)
            total = np.cumsum(own) + self._traded.get(key, 0)
            result[rows, 3] = total
            result[rows, :3] = (total - own)[:, None]
            self._traded[key] = int(total[-1])
        return result

    def _spans(self, candles: _Candles) -> tuple[Int64s, Int64s]:
        """Return each candle's start and end (UTC ns).

        An intraday candle ends at the close at the latest; a day candle runs from open to close.
        """
        start, end = candles.start, candles.start + self._span
        if not self._sessions.are_known:
            return start, end
        opens, closes = self._sessions.spans(candles, self._universe)
        if self._span == DAY_NS:
            no_session = opens < 0  # these keep their own stamp, outside any session
            starts = np.where(no_session, start, opens)
            return starts, np.where(no_session, start + _NO_SESSION_NS, closes)
        return start, np.where((start < closes) & (end > closes), closes, end)


def _by_day(candles: _Candles) -> Iterator[tuple[tuple[int, int], npt.NDArray[np.intp]]]:
    """Yield the row numbers of each (instrument, Indian day)."""
    days = (candles.start + IST_OFFSET_NS) // DAY_NS
    pairs = np.stack([candles.instrument.astype(np.int64), days], axis=1)
    unique, where = np.unique(pairs, axis=0, return_inverse=True)
    for at, (code, day) in enumerate(unique.tolist()):
        yield (code, day), np.flatnonzero(where.reshape(-1) == at)


def _sound(candles: _Candles) -> Bools:
    sound: Bools = np.all(candles.ohlc > 0, axis=1)
    return sound


def _first_bad(ohlc: Int64s) -> Int64s:
    first: Int64s = ohlc[np.arange(len(ohlc)), np.argmax(ohlc <= 0, axis=1)]
    return first


def _no_rows() -> Ticks:
    empty = np.empty(0, dtype=np.int64)
    return Ticks(
        ts=empty, instrument=np.empty(0, dtype=np.int32), ltp=empty,
        walk=np.empty(0, dtype=np.int8), other=np.full(0, ABSENT, dtype=np.int64),
    )  # fmt: skip
