"""Books that nothing goes by: their rows are passed over, and their quotes are there when asked."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.domain.instrument import Instrument
from daemon.domain.ticks import Ticks
from daemon.market import unwatched as module
from daemon.market.book import WATCH_ALL, Book
from daemon.market.candles import OpenBar
from daemon.market.rows import Rows
from daemon.market.unwatched import Unwatched
from tests.kit.market import OPEN

COUNT = 6


@pytest.fixture(autouse=True)
def _blocks_are_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_EACH", 1)


def books(count: int = COUNT) -> list[Book]:
    """Books and the idle one, of which the first has bars."""
    made = [
        Book(n, Instrument(instrument_token=n + 1, tradingsymbol=f"S{n}")) for n in range(count)
    ]
    made[0].bars["1m"] = OpenBar()
    return [*made, Book(count, None)]


def rows(*instruments: int) -> Rows:
    """Rows a second apart whose price is their place."""
    count = len(instruments)
    return Rows(
        Ticks(
            ts=OPEN + 10**9 * np.arange(count, dtype=np.int64),
            instrument=np.array(instruments, dtype=np.int32),
            ltp=100 + np.arange(count, dtype=np.int64),
        ),
        first_input_no=1,
    )


def begun(found: list[Book], block: Rows) -> Unwatched:
    unwatched = Unwatched.of(block, found)
    assert unwatched is not None
    return unwatched


BLOCK = rows(0, 1, 2, 1, 0, 3, 1, 6)


def test_only_rows_of_watched_books_are_taken() -> None:
    unwatched = begun(books(), BLOCK)
    assert unwatched.rows_between(0, len(BLOCK)).tolist() == [0, 4]
    assert unwatched.rows_between(1, 4).tolist() == []
    assert unwatched.books == 1


def test_a_quote_is_that_of_the_last_row_before_the_one_in_work() -> None:
    found = books()
    unwatched = begun(found, BLOCK)
    seen = []
    for row in range(len(BLOCK)):
        unwatched.reach(row)
        found[1].catch_up(BLOCK)
        seen.append(found[1].ltp)
    assert seen == [0, 0, 101, 101, 103, 103, 103, 106]


def test_a_row_that_was_taken_by_itself_is_not_gone_back_behind() -> None:
    found = books()
    unwatched = begun(found, BLOCK)
    unwatched.reach(3)
    found[1].take_price(BLOCK, 3)
    assert (found[1].ltp, found[1].input_no) == (103, 4)
    found[1].catch_up(BLOCK)
    assert (found[1].ltp, found[1].input_no) == (103, 4)


def test_a_book_that_comes_to_be_watched_is_up_to_date_and_taken_from_there_on() -> None:
    found = books()
    unwatched = begun(found, BLOCK)
    assert unwatched.rows_between(0, len(BLOCK)).tolist() == [0, 4]
    unwatched.reach(2)
    found[1].triggers.set(1, below=50, above=None)
    assert not unwatched.has_changed
    found[1].arm()
    assert unwatched.has_changed
    assert found[1].behind is None
    assert found[1].ltp == 101
    assert unwatched.rows_between(2, len(BLOCK)).tolist() == [3, 4, 6]
    assert unwatched.books == 2


def test_an_entry_watches_its_book() -> None:
    found = books()
    unwatched = begun(found, BLOCK)
    unwatched.reach(2)
    segment = found[1].mark(input_no=0)
    assert unwatched.rows_between(2, len(BLOCK)).tolist() == [3, 4, 6]
    assert found[1].extremes_since(segment, 100) == (100, 100)


def test_the_end_of_a_block_brings_all_quotes_up_to_date() -> None:
    found = books()
    unwatched = begun(found, BLOCK)
    unwatched.end()
    assert [book.ltp for book in found] == [0, 106, 102, 105, 0, 0, 0]
    assert [book.row for book in found] == [-1] * (COUNT + 1)
    assert [book.behind for book in found] == [None] * (COUNT + 1)


def test_short_blocks_and_few_unwatched_books_are_taken_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Unwatched.of(rows(*[1] * COUNT), books()) is None
    watched = books()
    for book in watched[:4]:
        book.watch_ticks()
    assert Unwatched.of(BLOCK, watched) is None
    monkeypatch.setattr(module, "ROWS_EACH", 100)
    assert Unwatched.of(BLOCK, books()) is None


def test_bars_levels_orders_and_strategies_watch_a_book() -> None:
    plain = Book(0, None)
    assert not plain.is_watched
    for watch in (
        Book.watch_ticks,
        Book.expect_gap_tick,
        lambda book: book.expect_tick(True),
        lambda book: book.watch_sides(True),
        lambda book: book.bars.update({"1m": OpenBar()}),
        lambda book: book.mark(0),
    ):
        book = Book(0, None)
        watch(book)
        assert book.is_watched
    assert plain.below != WATCH_ALL
