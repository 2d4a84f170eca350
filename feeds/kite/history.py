"""Fetch Kite's historical candles, so that strategies do not start with cold indicators.

Bars are anchored at the session's open (SEMANTICS, "Candles"), as Kite's intraday bars are. A
timeframe that Kite lacks is merged from the largest of its bars that divides it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from daemon.domain.candle import Candle
from daemon.domain.dates import HOUR_NS, MINUTE_NS, SECOND_NS, ist_date, parse_timeframe
from daemon.domain.instrument import Instrument, Universe
from daemon.errors import FeedError
from feeds.kite.bars import Bar, BarReader, merge_bars
from feeds.kite.http import KiteHttp
from feeds.kite.responses import BadRequest, PermissionRefused

SessionSpan = Callable[[Instrument, dt.date], tuple[int, int] | None]
"""An instrument's session on a date as [open, close) in UTC ns, None on a day without one."""

INTERVALS: Final = {
    HOUR_NS: "60minute", 30 * MINUTE_NS: "30minute", 15 * MINUTE_NS: "15minute",
    10 * MINUTE_NS: "10minute", 5 * MINUTE_NS: "5minute", 3 * MINUTE_NS: "3minute",
    MINUTE_NS: "minute",
}  # fmt: skip
"""Kite's intraday bars by their length (ns), the longest first."""
DAYS_BACK_MAX: Final = 400
NOTES_MAX: Final = 5


class HistoricalCandles(NamedTuple):
    """Historical candles; `counts` has refused (or widened) rows by reason."""

    candles: list[Candle]
    """By end, then timeframe, then instrument: the order in which a run closes them."""
    counts: dict[str, int]
    notes: list[str]
    """Notes for the trader: which series stay cold, and why. A few lines at most."""


class _Series(NamedTuple):
    timeframe: str
    span: int
    at: int
    base: int
    """The length of the Kite bars that it is made from, ns."""


def historical_candles(
    http: KiteHttp,
    universe: Universe,
    subscriptions: Mapping[str, Iterable[int]],
    *,
    now: int,
    count: int,
    session: SessionSpan,
) -> HistoricalCandles:
    """Return the last `count` candles of every subscribed series that end by `now` (UTC ns).

    `subscriptions` maps timeframes to indices into the universe. A series that cannot be read stays
    cold with a note; once Kite is unreachable, no more is requested. Raises TokenRefused.
    """
    return _Fetch(http, universe, now, count, session).read(subscriptions)


def kite_bar(timeframe_ns: int) -> int | None:
    """Return the longest Kite bar (ns) that divides the timeframe, None if none does."""
    return next((length for length in INTERVALS if timeframe_ns % length == 0), None)


class _Fetch:
    def __init__(
        self, http: KiteHttp, universe: Universe, now: int, count: int, session: SessionSpan
    ) -> None:
        self._http = http
        self._universe = universe
        self._now = now
        self._count = count
        self._session = session
        self._notes: list[str] = []
        self._counts: dict[str, int] = {}

    def read(self, subscriptions: Mapping[str, Iterable[int]]) -> HistoricalCandles:
        wanted = self._series(subscriptions) if self._count else []
        found: list[tuple[_Series, Candle]] = []
        empty: list[str] = []
        try:
            for (index, base), group in groupby(
                wanted, key=lambda series: (series.at, series.base)
            ):
                same_bars = list(group)
                try:
                    bars = self._bars(index, base, same_bars)
                except PermissionRefused:
                    raise
                except BadRequest as error:
                    self._notes.append(f"{self._symbol(index)}: {error}")
                    continue
                for series in same_bars:
                    candles = self._candles(series, bars)
                    found += [(series, candle) for candle in candles]
                    if not candles:
                        empty.append(f"{self._symbol(index)} {series.timeframe}")
        except (PermissionRefused, FeedError) as error:
            self._notes.append(f"no further history is asked for: {error}")
        if empty:
            examples = ", ".join(empty[:3]) + (", ..." if len(empty) > 3 else "")
            self._notes.append(f"Kite has no candles for {len(empty)} series: {examples}")
        found.sort(key=lambda entry: (entry[1].end_ts, entry[0].span, entry[0].at))
        return HistoricalCandles([candle for _, candle in found], self._counts, self._short_notes())

    def _series(self, subscriptions: Mapping[str, Iterable[int]]) -> list[_Series]:
        """Return all series that Kite can give, with those of one request next to each other."""
        found: list[_Series] = []
        for timeframe, indices in subscriptions.items():
            span = parse_timeframe(timeframe)
            base = kite_bar(span)
            if base is None:
                self._notes.append(f"{timeframe}: Kite has no bars of less than a minute")
                continue
            found += [
                _Series(timeframe, span, index, base)
                for index in indices
                if self._universe[index].instrument_token > 0
            ]
        return sorted(found, key=lambda one: (one.at, one.base, one.span, one.timeframe))

    def _bars(self, index: int, base: int, wanted: list[_Series]) -> list[Bar]:
        instrument = self._universe[index]
        starts = [self._first_open(instrument, series.span) for series in wanted]
        known = [start for start in starts if start is not None]
        if not known:
            return []
        token, interval = instrument.instrument_token, INTERVALS[base]
        rows = self._http.historical(token, interval, min(known), self._now - SECOND_NS)
        spans: dict[dt.date, tuple[int, int] | None] = {}

        def span_on(date: dt.date) -> tuple[int, int] | None:
            if date not in spans:
                spans[date] = self._session(instrument, date)
            return spans[date]

        reader = BarReader(base, span_on, instrument.is_index, self._counts)
        return reader.read(rows, self._now)

    def _first_open(self, instrument: Instrument, timeframe_ns: int) -> int | None:
        """Return the open of the latest session from which there are enough closed bars."""
        left = self._count
        first: int | None = None
        today = ist_date(self._now)
        for back in range(DAYS_BACK_MAX):
            span = self._session(instrument, today - dt.timedelta(days=back))
            if span is None or span[0] >= self._now:
                continue
            first = span[0]
            ended = (min(self._now, span[1]) - span[0]) // timeframe_ns
            if self._now >= span[1]:
                ended = -(-(span[1] - span[0]) // timeframe_ns)
            left -= ended
            if left <= 0:
                break
        return first

    def _candles(self, series: _Series, bars: list[Bar]) -> list[Candle]:
        closed = [bar for bar in merge_bars(bars, series.span) if bar.end <= self._now]
        return [
            Candle(
                tradingsymbol=self._symbol(series.at),
                timeframe=series.timeframe,
                ts=bar.start,
                end_ts=bar.end,
                open=bar.open,
                high=bar.high,
                low=bar.low,
                close=bar.close,
                volume=bar.volume,
                bar=number,
            )
            for number, bar in enumerate(closed[-self._count :], start=1)
        ]

    def _symbol(self, index: int) -> str:
        return self._universe[index].tradingsymbol

    def _short_notes(self) -> list[str]:
        if len(self._notes) <= NOTES_MAX:
            return self._notes
        more = len(self._notes) - NOTES_MAX + 1
        return [*self._notes[: NOTES_MAX - 1], f"and {more} more problems with Kite's history"]
