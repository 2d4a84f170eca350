"""The sessions of a day and the bars in them: which are open, and when they end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

from daemon.domain.candle import Candle
from daemon.domain.dates import ist_midnight, parse_timeframe
from daemon.market.agenda import Agenda, Phase
from daemon.market.book import Book
from daemon.market.candles import OpenBar
from daemon.market.rows import Rows
from daemon.market.schedule import Schedule
from daemon.market.shared_market import SharedMarket

Boundary = tuple[str, int]
"""(timeframe, number of a session group): bars of these end at one time."""


class SessionBars:
    """Opens and closes the bars of all books by the calendar (SEMANTICS, "Candles").

    Instruments with the same session are one group of the day, and their bars end together. What
    falls due (square-offs, session ends, boundaries, the next date) it puts on the agenda.
    `subscriptions`: timeframe -> the indices of the instruments whose candles are wanted. With a
    `market` the bars are its leader's: no book has one, and what closes is looked up there.
    """

    def __init__(
        self,
        books: Sequence[Book],
        schedule: Schedule,
        agenda: Agenda,
        subscriptions: Mapping[str, frozenset[int]],
        *,
        grace_ns: int,
        square_off_ns: int,
        market: SharedMarket | None = None,
    ) -> None:
        self.candles_closed = 0
        self.late_rows = 0
        """Rows whose bar of some timeframe was already closed."""
        self.first_late = ("", 0)
        """Symbol of the first of them, and the time (UTC ns) by which its bar goes."""
        self._books = books
        self._schedule = schedule
        self._agenda = agenda
        self._subscriptions = subscriptions
        self._grace_ns = grace_ns
        self._square_off_ns = square_off_ns
        self._groups: list[frozenset[int]] = []
        self._watched: dict[Boundary, list[int]] = {}
        """Whose bars end at a boundary of the day, by index."""
        self._timeframes = sorted(subscriptions, key=lambda each: (parse_timeframe(each), each))
        self._market = market
        self._late_listener: Callable[[int], None] | None = None
        if market is None:
            for timeframe in self._timeframes:
                for index in subscriptions[timeframe]:
                    books[index].bars[timeframe] = OpenBar()

    def tell_late(self, listener: Callable[[int], None]) -> None:
        """Tell the input number of each row whose bar was closed."""
        self._late_listener = listener

    def instruments(self, groups: Iterable[int]) -> frozenset[int]:
        """Return the instruments of some of the day's session groups."""
        return frozenset().union(*(self._groups[each] for each in groups))

    # a day

    def start_day(self, date: dt.date, rows: Rows | None) -> None:
        """Begin a date: sessions, square-offs, first boundaries, and the date after it.

        `rows` is the block in work, whose rows before this moment still count for the old date.
        """
        day = self._schedule.day(date)
        for book, opens, closes in zip(
            self._books, day.opens.tolist(), day.closes.tolist(), strict=False
        ):
            _end_segment(book, rows)
            book.start_day(opens, closes)
        self._groups = []
        self._watched = {}
        for (open_ts, close_ts), indices in day.groups.items():
            self._start_group(len(self._groups), open_ts, close_ts, frozenset(indices))
        following = self._schedule.next_date(date)
        if following is not None:
            self._agenda.add(ist_midnight(following), Phase.DAY, 0, following)

    def _start_group(
        self, number: int, open_ts: int, close_ts: int, indices: frozenset[int]
    ) -> None:
        self._groups.append(indices)
        self._agenda.add(close_ts - self._square_off_ns, Phase.SQUARE_OFF, number, number)
        self._agenda.add(close_ts + self._grace_ns, Phase.SESSION_END, number, number)
        for timeframe in self._timeframes:
            watched = self._subscriptions[timeframe] & indices
            if watched:
                self._watched[timeframe, number] = sorted(watched)
                self._open((timeframe, number), open_ts, close_ts)

    def _open(self, boundary: Boundary, start: int, close_ts: int) -> None:
        """Open the bars that begin at `start`, and put their end on the agenda."""
        timeframe = boundary[0]
        end = min(start + parse_timeframe(timeframe), close_ts)
        if self._market is None:
            for index in self._watched[boundary]:
                self._books[index].bars[timeframe].move_to(start, end)
        if start < close_ts:
            rank = self._timeframes.index(timeframe)
            self._agenda.add(end + self._grace_ns, Phase.CANDLES, rank, boundary)

    # a boundary

    def close(self, due_ts: int, boundaries: Sequence[Boundary], rows: Rows | None) -> list[Candle]:
        """Close the bars that end at one time and open the next; one without ticks gives no candle.

        By timeframe, then by instrument. `due_ts` UTC ns, candle grace included.
        """
        ended = due_ts - self._grace_ns
        if self._market is None:
            candles = self._close_own(boundaries, rows)
        else:
            candles = self._market.candles_of(ended)
        for boundary in boundaries:
            close_ts = self._books[self._watched[boundary][0]].close_ts
            self._open(boundary, ended, close_ts)
        self.candles_closed += len(candles)
        return candles

    def _close_own(self, boundaries: Sequence[Boundary], rows: Rows | None) -> list[Candle]:
        wanted: dict[str, list[int]] = {}
        for boundary in boundaries:
            wanted.setdefault(boundary[0], []).extend(self._watched[boundary])
        candles: list[Candle] = []
        for timeframe, indices in wanted.items():
            for index in sorted(indices):
                book = self._books[index]
                _end_segment(book, rows)
                bar = book.bars[timeframe]
                if bar.high >= 0:
                    candles.append(bar.candle(book.tradingsymbol, timeframe))
        return candles

    # a row that may not belong to the bars that are open

    def take_price(self, book: Book, rows: Rows, row: int) -> None:
        """Let a book take a row, which goes to its own bar if that is not the open one."""
        bar_ts = int((rows.ts if rows.bar_ts is None else rows.bar_ts)[row])
        if self._market is not None:
            book.take_price(rows, row, with_volume=not self._market.is_late(rows, row))
        elif all(bar.start <= bar_ts < bar.end for bar in book.bars.values()):
            book.take_price(rows, row)
        else:
            book.take_price(rows, row, with_volume=False)
            self.take_off_bar(book, rows.volume_at(row), bar_ts)

    def take_off_bar(self, book: Book, total: int, bar_ts: int) -> None:
        """Put the row that `book` has just taken into its own bar: early (grace) or over (late).

        `total` is its cumulative volume (-1 = none), `bar_ts` the time (UTC ns) that its bar is of.
        """
        ltp = book.ltp
        late = False
        for timeframe, bar in book.bars.items():
            target = bar
            if bar_ts < bar.start:
                late = True
                continue
            if bar_ts >= bar.end:
                target = bar.next_bar(min(bar.end + parse_timeframe(timeframe), book.close_ts))
            target.add(first=ltp, high=ltp, low=ltp, last=ltp)
            if total >= 0:
                bar.add_volume(total, total if book.baseline < 0 else book.baseline, into=target)
        if late and not self.late_rows and book.instrument is not None:
            self.first_late = (book.instrument.tradingsymbol, bar_ts)
        self.late_rows += late
        if not late:
            book.take_volume(total)
        elif self._late_listener is not None:
            self._late_listener(book.input_no)
        if book.extremes.wanted:
            book.extremes.push(ltp, ltp)
        book.drop_segment()


def _end_segment(book: Book, rows: Rows | None) -> None:
    if rows is not None:
        book.catch_up(rows)
    book.end_segment()
