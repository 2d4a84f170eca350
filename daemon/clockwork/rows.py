"""Take accepted rows through the engine: by columns, by the scan, and one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from daemon.clockwork.due import Due
from daemon.domain.grouping import Places
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.strategy_actions import Wanted
from daemon.domain.tick_view import TickView
from daemon.execution.context import Strategies
from daemon.execution.engine import ExecutionEngineV3
from daemon.market.agenda import Agenda
from daemon.market.book import Book
from daemon.market.fast_forward import Stops, Stretch, fast_forward
from daemon.market.rows import Rows
from daemon.market.scan import scan
from daemon.market.session_bars import SessionBars
from daemon.market.unwatched import Unwatched
from daemon.market.walked_candles import WalkedCandles

SCAN_ROWS: Final = 8_192
"""Lists of this many rows stay in the processor's cache: 1.3 to 1.5 times as fast."""
FAST_ROWS: Final = 128
FAST_ROWS_EACH: Final = 5
"""Stretches shorter than FAST_ROWS and FAST_ROWS_EACH an instrument go row by row. Measured:
columns win from 120, 350, 1,000 and 4,500 rows on with 1, 50, 200 and 1,000 instruments."""

WALKED_ROWS: Final = 256
"""Rows of walked candles that are scanned at once; the rest of them is read again when prices
change places."""

AHEAD_AFTER_CUT: Final = 4
LONGEST_AHEAD: Final = 1 << 20


class RowPath:
    """Take the rows of a block in order; most of them only update a book."""

    def __init__(
        self,
        engine: ExecutionEngineV3,
        due: Due,
        agenda: Agenda,
        bars: SessionBars,
        strategies: Strategies,
    ) -> None:
        self._engine = engine
        self._at = engine.at
        self._books = engine.books
        self._due = due
        self._agenda = agenda
        self._bars = bars
        self._strategies = strategies
        self._ahead = LONGEST_AHEAD
        self._unwatched: Unwatched | None = None
        """Those of the block in work."""
        self._candles: WalkedCandles | None = None
        """Those of the block in work, None if it has none."""

    def take(self, rows: Rows) -> None:
        """Take all rows of a block that has begun (`Moment.begin_rows`), and end it."""
        start = 0
        if rows.walk is not None:
            self._candles = WalkedCandles(rows, self._books, self._engine.holdings)
        unwatched = self._unwatched = Unwatched.of(rows, self._books)
        take_plain_rows = self._take_plain_rows if unwatched is None else self._take_watched_rows
        for special in rows.special:
            take_plain_rows(rows, start, special)
            self.take_row(rows, special, is_special=True)
            start = special + 1
        take_plain_rows(rows, start, len(rows))
        if unwatched is not None:
            unwatched.end()
        for book in self._books_in(rows):
            if book.row >= 0:
                book.catch_up(rows)
        self.end(rows)

    def end(self, rows: Rows) -> None:
        """End a block whose rows were all taken."""
        self._candles = None
        self._at.end_rows(rows)

    def _books_in(self, rows: Rows) -> Iterable[Book]:
        """Return the books that the rows may have touched, each at least once."""
        if len(rows) < len(self._books):
            return [self._books[index] for index in rows.instrument.tolist()]
        return self._books

    # rows without anything special

    def _take_plain_rows(self, rows: Rows, start: int, stop: int) -> None:
        """Take the rows [start, stop): by columns where that pays, else by the scan."""
        if self._candles is not None:
            for first in range(start, stop, WALKED_ROWS):
                self._scan(rows, first, min(first + WALKED_ROWS, stop))
            return
        agenda = self._agenda
        fast_rows = FAST_ROWS + FAST_ROWS_EACH * len(self._books)
        while start < stop:
            end = stop
            if stop - start >= fast_rows:  # else it is too short whatever is due
                end = rows.first_at(agenda.next_due, start, stop)
            if end - start < fast_rows:
                end = min(start + min(fast_rows, SCAN_ROWS), stop)
                self._scan(rows, start, end)
                start = end
                continue
            start = self._fast_forward(rows, start, min(end, start + max(self._ahead, fast_rows)))
            if start < stop and rows.ts[start] >= agenda.next_due:
                self._take_plain(rows, start)
                start += 1

    def _take_watched_rows(self, rows: Rows, start: int, stop: int) -> None:
        """Take the rows [start, stop), most of which only bring nearer what is due."""
        agenda, unwatched = self._agenda, self._unwatched
        assert unwatched is not None
        while start < stop:
            end = rows.first_at(agenda.next_due, start, stop)
            watched = unwatched.rows_between(start, end)
            if self._candles is not None and len(watched) > WALKED_ROWS:
                end = int(watched[WALKED_ROWS])
                watched = watched[:WALKED_ROWS]
            fast_rows = FAST_ROWS + FAST_ROWS_EACH * unwatched.books
            if self._candles is not None or len(watched) < fast_rows:
                start = self._scan_watched(rows, watched, end)
            else:
                ahead = max(self._ahead, fast_rows)
                until = end if ahead >= len(watched) else int(watched[ahead])
                start = self._fast_forward(rows, start, until)
            if start < stop and rows.ts[start] >= agenda.next_due:
                self._take_plain(rows, start)
                start += 1

    def _scan_watched(self, rows: Rows, watched: Places, end: int) -> int:
        """Do the same as `_scan` for some rows before `end`, which are all before what is due.

        Return the row to continue with: `end`, or an earlier one as `fast_forward` does.
        """
        unwatched, agenda = self._unwatched, self._agenda
        assert unwatched is not None
        cursor, due = rows.cursor_at(watched), agenda.next_due
        while (row := scan(cursor, self._books, due)) >= 0:
            self._take_plain(rows, row)
            if self._has_turned() or unwatched.has_changed or agenda.next_due != due:
                return row + 1
        return end

    def _fast_forward(self, rows: Rows, start: int, stop: int) -> int:
        """Take the rows by columns as far as nothing comes in between; return where that is.

        Rows that something came before were sorted in vain: the next stretch is a few times as long
        as what was done of this one, and longer again when it was done whole.
        """
        done = fast_forward(
            rows, start, stop, self._books, self._agenda, self._take_plain, self._show_ticks,
            self._unwatched,
        )  # fmt: skip
        if self._unwatched is not None:
            self._unwatched.follow(None)
        if done < stop:
            self._ahead = AHEAD_AFTER_CUT * (done - start)
        else:
            self._ahead = min(2 * self._ahead + 1, LONGEST_AHEAD)
        return done

    def _scan(self, rows: Rows, start: int, stop: int) -> None:
        """Skip rows that do not matter and stop at those that do."""
        books, agenda, cursor = self._books, self._agenda, rows.cursor(start, stop)
        while (row := scan(cursor, books, agenda.next_due)) >= 0:
            self._take_plain(rows, row)
            if self._has_turned():
                cursor = rows.cursor(row + 1, stop)

    def _has_turned(self) -> bool:
        return self._candles is not None and self._candles.pop_turned()

    def _take_plain(self, rows: Rows, row: int) -> None:
        self.take_row(rows, row, is_special=False)

    # a row that matters

    def take_row(self, rows: Rows, row: int, *, is_special: bool) -> None:
        """Take one row through the four steps of SEMANTICS, "One input, in this order"."""
        at, ts = self._at, int(rows.ts[row])
        book = self._books[rows.instrument[row]]
        # 1. what became due, before this row is seen
        at.reach_row(rows, row)
        if self._unwatched is not None:
            self._unwatched.reach(row)
        self._due.advance(ts)
        if row in rows.gaps:
            self._end_silence(ts)
        at.see_row(ts)
        if book.instrument is None:  # outside its session
            self._choose_again(row)
            return
        book.catch_up(rows)
        book.end_segment()
        if is_special:  # its bar may not be the open one
            self._bars.take_price(book, rows, row)
        else:
            book.take_price(rows, row)
        # 2. and 3. waiting fills, exit rules
        self._engine.update_positions(book)
        # 4. strategies that asked for ticks
        if book.tick_watchers:
            self._process(self._strategies.on_tick(_tick_view(book, at.now), self._engine.desk))
        self._choose_again(row)

    def _choose_again(self, row: int) -> None:
        if self._candles is not None:
            self._candles.choose_again(row)

    def _process(self, wanted: Sequence[Wanted]) -> None:
        for each in wanted:
            self._engine.take_checked(each)
        self._engine.account.refresh()

    def _end_silence(self, ts: int) -> None:
        """Note that the feed is back: trust no earlier quote, mark the next one of each book."""
        self._at.end_silence(ts)
        self.expect_gap_ticks(self._books[:-1])

    def expect_gap_ticks(self, books: Iterable[Book]) -> None:
        """Mark the next tick of each book as the first after a gap, which stops the scan."""
        books = list(books)
        self._engine.exchange.forget_taken(books)
        for book in books:
            self._engine.quotes.quote_of(book)
            book.expect_gap_tick()

    # ticks that strategies asked for, between two due times

    def _show_ticks(self, stretch: Stretch, stops: Stops) -> None:
        """Show the rows that strategies asked for; most reach no level and concern nothing else.

        The books follow as they do for all rows: at the end, or when one is asked for. The loop
        sets `stretch.row` and the time itself: a call for each would cost a tenth of a tick.
        """
        at, agenda, rows = self._at, self._agenda, stretch.rows
        on_tick, desk = self._strategies.on_tick, self._engine.desk
        until, due, asked = stops.until, stops.due, stretch.asked
        if self._unwatched is not None:
            self._unwatched.follow(stretch)
        for row, ts, tick in stretch.watched_rows(self._books):
            if row >= until:
                stops.take_before(row + 1)  # the row itself too, if it reaches a level
                until, due = stops.until, stops.due
                if row >= stops.end:
                    return
                if stretch.row == row:
                    continue
            stretch.row = row
            at.now = ts
            wanted = on_tick(tick, desk)
            if wanted:
                self._take_shown(rows, row, wanted)
            if asked or wanted or agenda.next_due != due:
                stops.look_again()
                until, due = stops.until, stops.due

    def _take_shown(self, rows: Rows, row: int, wanted: Sequence[Wanted]) -> None:
        """Take a row that reaches no level, and what a strategy wants at it."""
        at = self._at
        at.see_row(at.now)
        at.take_input(rows.input_no(row))
        book = self._books[rows.instrument[row]]
        book.catch_up(rows)
        book.end_segment()
        book.take_price(rows, row)
        assert book.behind is not None
        book.behind.pass_row()
        if book.skipper is not None:
            self._engine.update_positions(book)
        self._process(wanted)


def _tick_view(book: Book, now: int) -> TickView:
    return TickView(
        tradingsymbol=book.tradingsymbol,
        ts=now,
        ltp=book.ltp / PAISE_PER_RUPEE,
        bid=book.bid / PAISE_PER_RUPEE if book.bid else None,
        ask=book.ask / PAISE_PER_RUPEE if book.ask else None,
    )
