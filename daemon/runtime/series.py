"""Prices of a run, thinned, and its equity at every minute: for the summary and the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from daemon.domain.dates import MINUTE_NS
from daemon.domain.drawdown import Drawdown, EquityState
from daemon.domain.events import TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Int32s, Int64s
from daemon.errors import JournalCorrupt
from daemon.files.text_lines import read_stored
from daemon.market.rows import Rows
from daemon.metrics.equity import Point
from daemon.metrics.fill_quality import whole_paise
from daemon.runtime.minute_equity import MinuteEquity, PricedMinute
from daemon.runtime.run_files import SERIES_FILE

SERIES_VERSION: Final = 2
OLDEST_VERSION: Final = 1
"""Version 1 has no equity and no drawdown."""
SAMPLES_MAX: Final = 2_000
_TAIL_ROWS: Final = 256
_TAIL_ROWS_EACH: Final = 16
"""The last rows of a minute, and rows for each symbol, that are looked at before all are."""


class Series(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Last prices (paise, 0 before the first tick) of all symbols at some times (UTC ns).

    With version 2 net P&L with open positions at market, thinned so that lows and highs stay, and
    the drawdown, which was folded before anything was thinned.
    """

    version: int = SERIES_VERSION
    symbols: tuple[str, ...]
    ts: tuple[int, ...]
    ltp: tuple[tuple[int, ...], ...]
    """One row per time, one column per symbol."""
    equity: tuple[Point, ...] = ()
    drawdown: Drawdown | None = None


class PriceSampler:
    """Samples prices and equity at every minute, and thins itself as a run gets long.

    The engine shows it rows before it takes them (`observe`); whoever drives the engine gives it
    the events that followed (`take`). `ledger` and `before` are those of `EquityFold`.
    """

    def __init__(
        self,
        universe: Universe,
        ledger: Ledger | None = None,
        before: EquityState | None = None,
    ) -> None:
        self.pending: list[tuple[Int64s, Int32s, Int64s]] = []
        """Columns of rows that were shown and whose events did not come yet."""
        self.minutes = MinuteEquity(universe, ledger, before)
        self.equity = self.minutes.fold
        self._symbols = universe.symbols
        self._last: Int64s = np.zeros(len(universe), dtype=np.int64)
        self._samples: list[tuple[int, Int64s]] = []
        self._every = 1
        """Minutes between two samples of prices; doubles whenever there are too many."""
        self._slot = -1
        self._last_ts = 0
        self._tick_minute = -1

    def observe(self, rows: Rows) -> None:
        """Take the prices of rows that the engine has accepted, and of those in session only.

        A price that the engine does not believe must not mark a position either. The cost is a
        few passes over three columns. The rows are read in `take`, as a candle's extremes may
        change places while the engine takes them.
        """
        if len(rows) == 1 and not self.pending and rows.walk is None:
            minute = int(rows.ts[0]) // MINUTE_NS
            if minute == self._tick_minute and rows.instrument[0] < len(self._symbols):
                self._last[rows.instrument[0]] = rows.ltp[0]
                self._last_ts = int(rows.ts[0])
                self.minutes.reach(self._last_ts)
                return
        ts, instrument, ltp = rows.ts, rows.instrument, rows.ltp
        if instrument.max(initial=-1) >= len(self._symbols):
            in_session = instrument < len(self._symbols)
            ts, instrument, ltp = ts[in_session], instrument[in_session], ltp[in_session]
        if len(ts):
            self.pending.append((ts, instrument, ltp))

    def take(self, events: Iterable[TradingEvent]) -> None:
        """Take what was decided at the rows shown since the last call, or at another input."""
        self.minutes.take(events, self.priced())

    def priced(self) -> Iterator[PricedMinute]:
        """Yield the minutes of the rows shown since the last call, with the prices at their end."""
        for ts, instrument, ltp in self.pending:
            for start, stop in pairwise(_minute_bounds(ts)):
                minute = int(ts[start]) // MINUTE_NS
                if minute // self._every > self._slot >= 0:
                    self._keep()
                self._slot = max(minute // self._every, self._slot)
                self._last = self._last.copy()  # whoever was given it still closes a minute with it
                self._take_last(instrument[start:stop], ltp[start:stop])
                self._last_ts = max(self._last_ts, int(ts[stop - 1]))
                self._tick_minute = max(self._tick_minute, minute)
                yield PricedMinute(minute, self._last_ts, self._last)
        self.pending.clear()

    def _take_last(self, instrument: Int32s, ltp: Int64s) -> None:
        """Take each instrument's last price; mostly the last few rows have one of each."""
        few = max(_TAIL_ROWS, _TAIL_ROWS_EACH * len(self._symbols))
        if few < len(ltp):
            tail = instrument[-few:]
            if np.bincount(tail, minlength=len(self._symbols)).all():
                instrument, ltp = tail, ltp[-few:]
        self._last[instrument] = ltp

    def _keep(self) -> None:
        self._samples.append((self._last_ts, self._last.copy()))
        if len(self._samples) > SAMPLES_MAX:
            self._samples = self._samples[::2]
            self._every *= 2
            self._slot //= 2

    def series(self) -> Series:
        """Return what was kept, with the last prices of all."""
        self.take(())
        samples = self._samples
        if self._last_ts:
            samples = [*samples, (self._last_ts, self._last)]
        return Series(
            symbols=self._symbols,
            ts=tuple(ts for ts, _ in samples),
            ltp=tuple(tuple(row.tolist()) for _, row in samples),
            equity=tuple(self.minutes.points()),
            drawdown=self.minutes.drawdown(),
        )

    def day_closes(self) -> dict[dt.date, int]:
        """Return net P&L (paise, open positions at market) at the end of each date with data."""
        self.take(())
        return self.minutes.closes()

    def equity_state(self) -> EquityState:
        """Return what the account's equity on a later day continues from."""
        self.take(())
        return self.minutes.state()


def _minute_bounds(ts: Int64s) -> list[int]:
    """Return where each minute begins in ascending times, and their number last."""
    first, last = int(ts[0]) // MINUTE_NS, int(ts[-1]) // MINUTE_NS
    if first == last:
        return [0, len(ts)]
    minutes = ts // MINUTE_NS
    return [0, *(np.flatnonzero(minutes[1:] != minutes[:-1]) + 1).tolist(), len(ts)]


def kept_series(directory: Path) -> Series:
    """Return the series that a run kept, an empty one without its file. Raises JournalCorrupt."""
    path = directory / SERIES_FILE
    if not path.exists():
        return Series(symbols=(), ts=(), ltp=())
    try:
        data = read_stored(path)
    except ValueError as error:
        raise JournalCorrupt(f"{path}: is not what a run writes ({error})") from error
    return read_series(data, str(path))


def read_series(data: bytes, where: str) -> Series:
    """Decode a kept series. Raises JournalCorrupt if it is not one or of another version."""
    try:
        series = msgspec.json.decode(data, type=Series)
    except ValueError as error:
        raise JournalCorrupt(f"{where}: is not a price series of this program ({error})") from error
    if not OLDEST_VERSION <= series.version <= SERIES_VERSION:
        raise JournalCorrupt(
            f"{where}: expected series version {OLDEST_VERSION} or {SERIES_VERSION}, was "
            f"{series.version}"
        )
    if series.version > OLDEST_VERSION and series.drawdown is None:
        raise JournalCorrupt(f"{where}: a series of version {series.version} has no drawdown")
    return series


def prices_of(series: Series) -> dict[str, list[tuple[int, int]]]:
    """Return (UTC ns, paise) points of every symbol that had a price."""
    points: dict[str, list[tuple[int, int]]] = {symbol: [] for symbol in series.symbols}
    for ts, row in zip(series.ts, series.ltp, strict=True):
        for symbol, ltp in zip(series.symbols, row, strict=True):
            if ltp:
                points[symbol].append((ts, ltp))
    return {symbol: each for symbol, each in points.items() if each}


def last_marks(series: Series) -> dict[str, int]:
    """Return the last price of every symbol, paise."""
    if not series.ltp:
        return {}
    return {s: ltp for s, ltp in zip(series.symbols, series.ltp[-1], strict=True) if ltp}


def equity_of(
    events: Iterable[TradingEvent], series: Series, ledger: Ledger | None = None
) -> Sequence[tuple[int, int]]:
    """Return net P&L (paise, open positions at market) at each time of a series of version 1.

    `ledger` is the one before the events; it is used up.
    """
    ledger, points = ledger or Ledger(), []
    pending = iter(events)
    event = next(pending, None)
    for ts, row in zip(series.ts, series.ltp, strict=True):
        while event is not None and event.ts <= ts:
            ledger.apply(event)
            event = next(pending, None)
        points.append((ts, _net(ledger, dict(zip(series.symbols, row, strict=True)))))
    return points


def _net(ledger: Ledger, marks: Mapping[str, int]) -> int:
    unrealized = sum(
        each.unrealized_paise(marks[each.tradingsymbol])
        for each in ledger.positions.values()
        if marks.get(each.tradingsymbol)
    )
    return ledger.realized_paise - whole_paise(ledger.charges) + unrealized
