"""The market state of one instrument: quote, open bars, levels that are waited for, extremes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
import numpy as np

from daemon.domain.instrument import Instrument
from daemon.domain.ticks import Int64s
from daemon.market.candles import OpenBar
from daemon.market.extremes import Extremes
from daemon.market.rows import Rows, RowSeries
from daemon.market.triggers import NO_LEVEL_ABOVE, NO_LEVEL_BELOW, TriggerBook

WATCH_ALL: Final = 1 << 62
"""As `below`, it makes every price a reason to stop the scan."""


class Quote(msgspec.Struct, frozen=True, gc=False):
    """The last known prices of an instrument, paise (bid and ask 0 if absent)."""

    ts: int
    ltp: int
    bid: int
    ask: int
    input_no: int
    walked: bool
    after_gap: bool


class Shown(NamedTuple):
    """What only some feeds show of a row: depth (10, 3), last quantity (0), volume (-1 unknown).

    Open interest is -1 if it is not known.
    """

    depth: Int64s | None
    ltq: int
    volume: int
    oi: int = -1

    def unsized(self) -> Shown:
        """Return it without the sizes of its book."""
        return self._replace(depth=None)


class RowsBehind(Protocol):
    """Rows of a book that have happened and are not in it yet (fast_forward.py, unwatched.py)."""

    def catch_up(self, book: Book) -> None:
        """Put into the book what has happened before the row in work."""


class RowsPassedOver(RowsBehind, Protocol):
    """The same of rows that are not looked at, as nothing goes by them (unwatched.py)."""

    def watch(self, book: Book) -> None:
        """Look at the book's rows from the row in work on."""


class RowSkipper(Protocol):
    """Someone who looks at the rows of an instrument, except those that change nothing there."""

    def count_quiet(self, series: RowSeries) -> int:
        """Return how many of some rows, from the first on, may be skipped."""

    def take_quiet(self, series: RowSeries) -> None:
        """Take rows that were skipped, as many as were counted or fewer."""


class Book:
    """One instrument's market state.

    The scan (scan.py) touches `row, high, low, open, volume, baseline` and reads `below, above`;
    nothing else is needed for a tick that does not matter. `row` is the latest row of the block
    in work, -1 when the quote below is up to date. `behind` is set while rows that have happened
    may still be out of the book (fast_forward.py, unwatched.py); `catch_up` fetches them. `skipper`
    is who looks at its rows besides, None without one. `high` < 0 marks an empty segment.
    """

    __slots__ = (
        "above", "after_gap_no", "ask", "bars", "baseline", "behind", "below", "bid", "close_ts",
        "expects_gap_tick", "expects_tick", "extremes", "floor", "fresh_from_no", "high", "index",
        "input_no", "instrument", "keeps_shown", "levels_listener", "low", "ltp", "open", "open_ts",
        "passed_over",
        "quote_ts", "row", "shown", "sides_watched", "skipper", "tells_shown", "tick_watchers",
        "tradingsymbol", "triggers", "volume", "walk_high_first", "walked",
    )  # fmt: skip

    def __init__(self, index: int, instrument: Instrument | None) -> None:
        self.index = index
        self.instrument = instrument
        self.tradingsymbol = "" if instrument is None else instrument.tradingsymbol
        # the quote
        self.row = -1
        self.behind: RowsBehind | None = None
        self.levels_listener: Callable[[], None] | None = None
        self.passed_over: RowsPassedOver | None = None
        self.ltp = 0
        self.bid = 0
        self.ask = 0
        self.quote_ts = -1
        self.input_no = 0
        self.walked = False
        self.fresh_from_no = 0
        self.after_gap_no = -1
        self.expects_gap_tick = False
        self.keeps_shown = self.tells_shown = False
        self.shown: Shown | None = None
        # the segment
        self.open = 0
        self.high = -1
        self.low = 0
        self.volume = -1
        self.baseline = -1
        self.bars: dict[str, OpenBar] = {}
        # what stops the scan
        self.below = self.floor = NO_LEVEL_BELOW
        self.above = NO_LEVEL_ABOVE
        self.triggers = TriggerBook()
        self.expects_tick = False
        self.sides_watched = False
        self.tick_watchers = False
        self.skipper: RowSkipper | None = None
        self.extremes = Extremes()
        # the session of the day and the walk of a candle
        self.open_ts = 0
        self.close_ts = 0
        self.walk_high_first = False

    def expect_tick(self, expected: bool) -> None:
        """Set whether something waits for the next tick, whatever its price."""
        self.expects_tick = expected
        self.arm()

    def watch_sides(self, watched: bool) -> None:
        """Set whether levels are compared with bid or ask, which may meet them at any tick."""
        self.sides_watched = watched
        self.arm()

    def watch_ticks(self) -> None:
        """Stop the scan at every tick: a strategy asked for them."""
        self.tick_watchers = True
        self.arm()

    def show_rows_to(self, skipper: RowSkipper | None) -> None:
        """Stop the scan at every row that somebody does not skip. Only when up to date."""
        self.skipper = skipper
        self.arm()

    def expect_gap_tick(self) -> None:
        """Mark the next tick as the first after a gap. Only when the quote is up to date."""
        self.expects_gap_tick = True
        self.arm()

    def distrust_before(self, input_no: int) -> None:
        """Trust no quote from before an input."""
        self.fresh_from_no = input_no

    def choose_walk(self, *, high_first: bool) -> None:
        """Set which extreme of a walked candle comes first."""
        self.walk_high_first = high_first

    def arm(self) -> None:
        """Set the two prices that the scan compares with.

        `floor` is what `below` would be without those who are shown rows besides.
        """
        self.above = self.triggers.nearest_above()
        if self.expects_tick or self.expects_gap_tick or self.sides_watched:
            self.below = self.floor = WATCH_ALL
        else:
            self.floor = self.triggers.nearest_below()
            is_watched = self.tick_watchers or self.skipper is not None
            self.below = WATCH_ALL if is_watched else self.floor
        if self.levels_listener is not None:
            self.levels_listener()
        if self.passed_over is not None and self.is_watched:
            self.passed_over.watch(self)

    @property
    def is_watched(self) -> bool:
        """Return whether anything goes by its ticks; else its last quote is all there is to it."""
        return (
            self.below != NO_LEVEL_BELOW
            or self.above != NO_LEVEL_ABOVE
            or self.extremes.wanted
            or bool(self.bars)
        )

    def catch_up(self, rows: Rows) -> None:
        """Take the quote from the latest row of the block in work."""
        if self.behind is not None:
            self.behind.catch_up(self)
        row = self.row
        if row < 0:
            return
        self.row = -1
        self.ltp = int(rows.ltp[row])
        self.quote_ts = int(rows.ts[row])
        self.input_no = rows.input_no(row)
        self.bid = 0 if rows.bid is None else int(rows.bid[row])
        self.ask = 0 if rows.ask is None else int(rows.ask[row])
        self.walked = rows.walk is not None and bool(rows.walk[row])
        if self.keeps_shown:
            self.shown = shown_at(rows, row)

    def keep_shown(self, kept: bool = True) -> None:
        """Keep what only some feeds show of the last row (depth, last quantity, volume) or not."""
        self.keeps_shown = kept or self.tells_shown
        if not self.keeps_shown:
            self.shown = None

    def tell_shown(self) -> None:
        """Keep it from the next row on, for good: a strategy asked. Only when up to date."""
        if not self.tells_shown:
            self.keeps_shown = self.tells_shown = True

    def see(self, shown: Shown) -> None:
        """Take what a row shows besides the quote."""
        self.shown = shown

    def show(self, *, ts: int, ltp: int, bid: int, ask: int, input_no: int, walked: bool) -> None:
        """Take a quote already read from the rows, which makes `row` -1."""
        self.row = -1
        self.quote_ts = ts
        self.ltp = ltp
        self.bid = bid
        self.ask = ask
        self.input_no = input_no
        self.walked = walked

    def follow(
        self, behind: RowsBehind | None, levels_listener: Callable[[], None] | None = None
    ) -> None:
        """Take rows that have happened from `behind` on demand; None ends that.

        `levels_listener` hears that the book waits for other prices than before.
        """
        self.behind = behind
        self.levels_listener = levels_listener

    def pass_over(self, rows: RowsPassedOver | None) -> None:
        """Leave the rows that have happened in `rows` until the book is asked for, or watched."""
        self.behind = self.passed_over = rows

    def point_at(self, row: int) -> None:
        """Use the quote of a row of the block in work, whose price is taken later."""
        self.row = row

    def take_rows(self, row: int, *, first: int, high: int, low: int) -> None:
        """Advance over rows as the scan does, by their first, highest and lowest ltp."""
        self.row = row
        if self.high < 0:
            self.open, self.high, self.low = first, high, low
        else:
            self.high = max(high, self.high)
            self.low = min(low, self.low)

    def quote(self) -> Quote | None:
        """Return the last quote, None before the first tick. Only when `row` is -1."""
        assert self.row < 0, self.row
        if self.quote_ts < 0:
            return None
        return Quote(
            self.quote_ts, self.ltp, self.bid, self.ask, self.input_no, self.walked,
            self.input_no == self.after_gap_no,
        )  # fmt: skip

    def take_price(self, rows: Rows, row: int, *, with_volume: bool = True) -> None:
        """Take a row as a segment of its own, and as the quote."""
        self.row = row
        self.open = self.high = self.low = int(rows.ltp[row])
        if with_volume:
            self.take_volume(rows.volume_at(row))
        self.catch_up(rows)
        if self.expects_gap_tick:
            self.expects_gap_tick = False
            self.after_gap_no = self.input_no

    def take_volume(self, total: int, first: int = -1) -> None:
        """Take the cumulative volume of a row, or of rows whose first had `first`."""
        if total > self.volume:
            if self.volume < 0:
                self.baseline = total if first < 0 else first
            self.volume = total

    def drop_segment(self) -> None:
        """Begin an empty segment: the contents of this one were folded elsewhere."""
        self.high = -1

    def end_segment(self) -> None:
        """Fold the segment into the open bars and the extremes. Only when `row` is -1."""
        if self.high < 0:
            return
        assert self.row < 0, self.row
        for bar in self.bars.values():
            bar.add(first=self.open, high=self.high, low=self.low, last=self.ltp)
            if self.volume >= 0:
                bar.add_volume(self.volume, self.baseline)
        if self.extremes.wanted:
            self.extremes.push(self.high, self.low)
        self.high = -1

    def start_day(self, open_ts: int, close_ts: int) -> None:
        """Begin a date: its session (both 0 if it has none), and volumes from zero."""
        self.open_ts = open_ts
        self.close_ts = close_ts
        self.volume = -1
        self.baseline = -1
        for bar in self.bars.values():
            bar.start_day()

    def mark(self, input_no: int) -> int:
        """Begin a segment of extremes here and return its number.

        The tick in work counts if it is input `input_no` of this book; what came before does not.
        """
        if self.input_no != input_no:
            self.end_segment()
        segment = self.extremes.begin()
        if self.passed_over is not None:
            self.passed_over.watch(self)
        return segment

    def extremes_since(self, segment: int, ltp: int) -> tuple[int, int]:
        """Return the highest and lowest ltp since a segment that began with `ltp`, paise."""
        high, low = self.extremes.high_since(segment), self.extremes.low_since(segment)
        high = ltp if high is None else max(high, ltp)
        low = ltp if low is None else min(low, ltp)
        if self.high >= 0:
            high, low = max(high, self.high), min(low, self.low)
        return high, low


def shown_at(rows: Rows, row: int) -> Shown:
    """Return what a row shows besides the quote."""
    return Shown(rows.depth_row(row), rows.ltq_at(row), rows.volume_at(row), rows.oi_at(row))


def take_quotes(books: Sequence[Book], rows: Rows) -> None:
    """Bring the quotes of books whose `row` is set up to date, by column."""
    if not books:
        return
    at = np.array([book.row for book in books])
    nothing = [0] * len(books)
    for book, ts, ltp, bid, ask, walk in zip(
        books,
        rows.ts[at].tolist(),
        rows.ltp[at].tolist(),
        nothing if rows.bid is None else rows.bid[at].tolist(),
        nothing if rows.ask is None else rows.ask[at].tolist(),
        nothing if rows.walk is None else rows.walk[at].tolist(),
        strict=True,
    ):
        input_no = rows.input_no(book.row)
        if book.keeps_shown:
            book.see(shown_at(rows, book.row))
        book.show(ts=ts, ltp=ltp, bid=bid, ask=ask, input_no=input_no, walked=bool(walk))
