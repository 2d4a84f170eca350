"""Intake, bars, books and the scan, one property of each at a time."""

from __future__ import annotations

import datetime as dt
import gc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.candle import Candle
from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE, Ticks
from daemon.market.agenda import NEVER, Agenda
from daemon.market.book import Book
from daemon.market.candles import OpenBar
from daemon.market.fast_forward import fast_forward
from daemon.market.intake import Intake
from daemon.market.plain_row import FUTURE_MAX_NS
from daemon.market.refused_rows import NEAR_NS, RowExample
from daemon.market.rows import Rows
from daemon.market.scan import scan
from daemon.market.schedule import DAYS_AHEAD_MAX, Schedule, midnight_after
from daemon.market.session_bars import SessionBars
from tests.kit.drive import FixedRules
from tests.kit.market import CLOSE, DATE, OPEN

INSTRUMENT = Instrument(instrument_token=1, tradingsymbol="F", segment="NFO-FUT")
TOMORROW = DATE + dt.timedelta(days=1)


def make_schedule() -> Schedule:
    sessions = {
        (DATE, "NFO-FUT"): (OPEN, CLOSE),
        (TOMORROW, "NFO-FUT"): (OPEN + DAY_NS, CLOSE + DAY_NS),
    }
    return Schedule(FixedRules(sessions), Universe([INSTRUMENT]))


def make_intake(*, grid_ns: int = 0) -> Intake:
    return Intake(make_schedule(), 1, stale_after_ns=5 * SECOND_NS, grace_ns=0, grid_ns=grid_ns)


def block(*ts: int, ltp: Any = 100, instrument: Any = 0, **columns: Any) -> Ticks:
    def column(value: Any, kind: type) -> Any:
        values = value if isinstance(value, list) else [value] * len(ts)
        return np.array(values, dtype=kind)

    return Ticks(
        ts=np.array(ts, dtype=np.int64),
        instrument=column(instrument, np.int32),
        ltp=column(ltp, np.int64),
        **{name: column(value, np.int64) for name, value in columns.items()},
    )


def take(intake: Intake, ticks: Ticks, *, now: int = -1, feed_last: int = -1) -> list[Rows]:
    return list(intake.accept(ticks, first_input_no=1, now=now, feed_last=feed_last))


def test_each_refused_row_is_counted_once_by_its_first_reason() -> None:
    intake = make_intake()
    prices = [100, 100, ABSENT, NOT_FINITE, NOT_PAISE, 0, -5, 100, 100, NOT_PAISE]
    whose = [0, 7, 0, 0, 0, 0, 0, 0, 0, -1]
    times = [OPEN + 9, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN + 8, OPEN + 10, OPEN]
    (rows,) = take(intake, block(*times, ltp=prices, instrument=whose))
    assert rows.ts.tolist() == [OPEN + 9, OPEN + 10]
    assert [rows.input_no(0), rows.input_no(1)] == [1, 9]
    assert intake.refused == {
        "unknown_instrument": 2, "bad_price": 4, "not_paise": 1, "late": 1, "future": 0,
    }  # fmt: skip
    assert sum(intake.refused.values()) + len(rows) == intake.rows


def test_a_number_right_behind_the_universe_is_no_instrument() -> None:
    intake = make_intake()
    (rows,) = take(intake, block(OPEN, OPEN, instrument=[1, 0]))
    assert rows.instrument.tolist() == [0]
    assert intake.refused["unknown_instrument"] == 1


def test_a_refused_row_moves_no_clock() -> None:
    intake = make_intake()
    (rows,) = take(intake, block(OPEN + 50, OPEN + 1, instrument=[5, 0]), now=OPEN)
    assert rows.ts.tolist() == [OPEN + 1]
    assert intake.refused["late"] == 0


def test_a_row_far_in_the_future_is_refused_and_the_next_one_is_not() -> None:
    intake = make_intake()
    ticks = block(OPEN, OPEN + FUTURE_MAX_NS + 1, OPEN + 1)
    (rows,) = take(intake, ticks)
    assert rows.ts.tolist() == [OPEN, OPEN + 1]
    assert (intake.refused["future"], intake.refused["late"]) == (1, 0)


def near(ts: int) -> st.SearchStrategy[int]:
    return st.integers(ts - 3, ts + 12)


@given(
    times=st.lists(
        st.integers(-3, 12) | st.integers(-3, 12).map(lambda each: each + FUTURE_MAX_NS),
        max_size=12,
    ),
    now=st.integers(-1, 8),
)
def test_rows_out_of_time_are_found_by_column_as_one_by_one(times: list[int], now: int) -> None:
    whole, single = make_intake(), make_intake()
    rows = block(*times)
    assert whole._in_time(rows, now).tolist() == single._in_time_one_by_one(rows, now).tolist()
    assert whole.refused == single.refused
    assert whole.first_refused == single.first_refused


def test_a_block_is_cut_at_midnight() -> None:
    intake = make_intake()
    parts = take(intake, block(OPEN, OPEN + 1, OPEN + DAY_NS, OPEN + DAY_NS + 1))
    assert [each.ts.tolist() for each in parts] == [
        [OPEN, OPEN + 1],
        [OPEN + DAY_NS, OPEN + DAY_NS + 1],
    ]
    assert [each.input_no(0) for each in parts] == [1, 3]
    assert (intake.gaps, intake.longest_gap_ns) == (0, 0)  # a night is no gap
    assert [sorted(each.gaps) for each in parts] == [[], [0]]  # but its quotes are old


def test_rows_outside_the_session_go_to_the_idle_book() -> None:
    intake = make_intake()
    (rows,) = take(intake, block(OPEN - 1, OPEN, CLOSE - 1, CLOSE))
    assert rows.instrument.tolist() == [1, 0, 0, 1]
    assert intake.outside_session == 2


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_first_row_of_each_reason_is_kept_wherever_blocks_end(size: int) -> None:
    times = [OPEN, OPEN + 5, OPEN + 2, OPEN + 5, OPEN + 1, OPEN + 6, OPEN + FUTURE_MAX_NS + 9]
    prices = [100, 100, 101, 0, 102, NOT_PAISE, 103]
    owners = [0, 0, 0, 0, 0, 0, 0]
    intake, now = make_intake(), -1
    for at in range(0, len(times), size):
        cut = slice(at, at + size)
        ticks = block(*times[cut], ltp=prices[cut], instrument=owners[cut])
        for rows in take(intake, ticks, now=now):
            now = int(rows.ts[-1])
    assert {k: v for k, v in intake.refused.items() if v} == {
        "late": 2, "bad_price": 1, "not_paise": 1, "future": 1,
    }  # fmt: skip
    kept = intake.first_refused
    assert kept["late"] == RowExample(ts=OPEN + 2, instrument=0, ltp=101, reached=OPEN + 5)
    assert kept["bad_price"].ts == OPEN + 5
    assert kept["not_paise"].ts == OPEN + 6
    assert kept["future"].ltp == 103


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(("shift", "found"), [(-IST_OFFSET_NS, 1), (IST_OFFSET_NS, -1), (0, 0)])
def test_a_day_that_is_shifted_out_of_its_session_is_known(
    size: int, shift: int, found: int
) -> None:
    times = [
        OPEN + day * DAY_NS + minute * MINUTE_NS + shift * (day == 1)
        for day in (0, 1)
        for minute in range((CLOSE - OPEN) // MINUTE_NS)
    ]
    intake = make_intake()
    for at in range(0, len(times), size):
        take(intake, block(*times[at : at + size]))
    day = intake.outside.worst(intake.rows)
    if not found:
        assert day is None
        return
    assert day is not None
    assert (day.date, day.shift_ns) == (TOMORROW, found * IST_OFFSET_NS)
    assert day.rows == len(times) // 2
    assert day.outside * 2 > day.rows
    assert intake.outside.first == day.first
    assert intake.outside_session == day.outside


def test_rows_before_the_open_are_no_sign_of_another_zone() -> None:
    intake = make_intake()
    take(intake, block(*range(OPEN - 20, OPEN + 100)))
    day = intake.outside.worst(intake.rows)
    assert day is not None
    assert (day.rows, day.outside, day.shift_ns) == (120, 20, 0)


@pytest.mark.parametrize(("ts", "shift"), [
    (OPEN - NEAR_NS, 0), (OPEN - NEAR_NS - 1, IST_OFFSET_NS),
    (CLOSE + NEAR_NS - 1, 0), (CLOSE + NEAR_NS, -IST_OFFSET_NS),
])  # fmt: skip
def test_rows_within_half_an_hour_of_the_session_are_no_sign_of_another_zone(
    ts: int, shift: int
) -> None:
    intake = make_intake()
    take(intake, block(ts))
    day = intake.outside.worst(intake.rows)
    assert day is not None
    assert (day.outside, day.shift_ns) == (1, shift)


def test_a_day_that_is_mostly_outside_is_told_before_one_with_more_rows_outside() -> None:
    intake = make_intake()
    take(intake, block(*range(OPEN - 50, OPEN + 500)))
    take(intake, block(*range(CLOSE + DAY_NS - 2, CLOSE + DAY_NS + 10)))
    day = intake.outside.worst(intake.rows)
    assert day is not None
    assert (day.date, day.rows, day.outside) == (TOMORROW, 12, 10)


def test_a_recording_of_the_time_before_the_open_is_not_taken_for_utc() -> None:
    intake = make_intake()
    take(intake, block(*range(OPEN - 10 * MINUTE_NS, OPEN, SECOND_NS)))
    day = intake.outside.worst(intake.rows)
    assert day is not None
    assert (day.rows, day.outside, day.shift_ns) == (600, 600, 0)


def test_one_row_at_the_close_is_outside_though_all_before_it_are_inside() -> None:
    intake = make_intake()
    (rows,) = take(intake, block(OPEN, CLOSE - 1, CLOSE))
    assert rows.instrument.tolist() == [0, 0, 1]


def test_a_silence_is_found_and_its_length_kept() -> None:
    intake = make_intake()
    (rows,) = take(intake, block(OPEN, OPEN + 6 * SECOND_NS, OPEN + 11 * SECOND_NS))
    assert (sorted(rows.gaps), intake.gaps) == ([1], 1)
    assert intake.longest_gap_ns == 6 * SECOND_NS
    (again,) = take(intake, block(OPEN + 30 * SECOND_NS), feed_last=OPEN + 11 * SECOND_NS)
    assert (sorted(again.gaps), again.special) == ([0], [0])


SIDES = {99: 99, 101: 101, 0: 0, -5: 0, ABSENT: 0, NOT_FINITE: 0, NOT_PAISE: 0}


@pytest.mark.parametrize("ask", SIDES)
@pytest.mark.parametrize("bid", SIDES)
def test_a_side_that_is_no_price_is_absent_and_the_other_stays(bid: int, ask: int) -> None:
    intake = make_intake()
    (rows,) = take(intake, block(OPEN, OPEN, bid=[99, bid], ask=[99, ask]))
    assert rows.bid is not None
    assert rows.ask is not None
    crossed = SIDES[bid] > SIDES[ask] > 0
    expected = (0, 0) if crossed else (SIDES[bid], SIDES[ask])
    assert (rows.bid[1], rows.ask[1]) == expected
    assert (rows.bid[0], rows.ask[0]) == (99, 99)
    assert intake.dropped_books == crossed
    assert intake.bad_sides == sum(each < 0 and each != ABSENT for each in (bid, ask))


def test_a_column_that_is_missing_is_a_side_that_is_absent() -> None:
    (rows,) = take(make_intake(), block(OPEN, bid=[99]))
    assert (rows.bid, rows.ask) == (np.array([99]), np.array([0]))
    assert (rows.volume, rows.volume_at(0)) == (None, -1)


def test_a_row_of_another_bar_is_special() -> None:
    intake = make_intake(grid_ns=MINUTE_NS)
    late = OPEN + MINUTE_NS
    (rows,) = take(intake, block(late, late + 1, late + 2, exchange_ts=[late - 1, 0, late + 9]))
    assert rows.special == [0]
    assert rows.bar_ts is not None
    assert rows.bar_ts.tolist() == [late - 1, late + 1, late + 2]


def test_the_scan_stops_at_levels_and_at_what_is_due_and_keeps_the_segment() -> None:
    ticks = block(OPEN, OPEN + 1, OPEN + 2, OPEN + 3, OPEN + 4, ltp=[100, 103, 97, 90, 99])
    ticks.volume = np.array([10, 12, 11, 15, 20], dtype=np.int64)
    (rows,) = take(make_intake(), ticks)
    book, idle = Book(0, INSTRUMENT), Book(1, None)
    book.below = 90
    cursor = rows.cursor(0, len(rows))
    assert scan(cursor, [book, idle], NEVER) == 3
    assert (book.row, book.open, book.high, book.low) == (2, 100, 103, 97)
    assert (book.baseline, book.volume) == (10, 12)
    assert scan(cursor, [book, idle], OPEN + 4) == 4
    assert scan(cursor, [book, idle], NEVER) == -1


@pytest.mark.parametrize("volume", [[-1, 7, 10, 9, 15, 12], None])
def test_columns_leave_the_books_that_the_scan_leaves(volume: list[int] | None) -> None:
    ticks = block(*range(OPEN, OPEN + 6), ltp=[100, 200, 103, 97, 190, 99], instrument=[0, 1] * 3)
    ticks.volume = None if volume is None else np.array(volume, dtype=np.int64)
    (rows,) = list(
        Intake(make_schedule(), 2, stale_after_ns=SECOND_NS, grace_ns=0, grid_ns=0).accept(
            ticks, first_input_no=1, now=-1, feed_last=-1
        )
    )
    scanned, forwarded = ([Book(at, INSTRUMENT) for at in range(3)] for _ in range(2))
    assert scan(rows.cursor(0, 6), scanned, NEVER) == -1
    fast_forward(rows, 0, 6, forwarded, Agenda(), lambda *_: None, lambda *_: None)
    assert [book.row for book in forwarded] == [-1, -1, -1]
    for book in scanned:
        book.catch_up(rows)
    names = ("open", "high", "low", "volume", "baseline")
    for each, other in zip(scanned, forwarded, strict=True):
        assert each.quote() == other.quote()
        assert [getattr(each, name) for name in names] == [getattr(other, name) for name in names]


@pytest.mark.parametrize(
    "volume", [[7, 10, 9, 15, 12, 30], [-1, -1, -1, 15, 12, 30], [-1, 4, -1, 15, 12, 30], None]
)
def test_a_row_that_reaches_a_level_finds_the_book_that_the_scan_leaves(
    volume: list[int] | None,
) -> None:
    ticks = block(*range(OPEN, OPEN + 6), ltp=[100, 103, 97, 90, 99, 110])
    ticks.volume = None if volume is None else np.array(volume, dtype=np.int64)
    (rows,) = take(make_intake(), ticks)
    names = ("open", "high", "low", "volume", "baseline")

    def state(book: Book) -> list[int]:
        return [getattr(book, name) for name in names]

    scanned, forwarded = ([Book(0, INSTRUMENT), Book(1, None)] for _ in range(2))
    for book in (scanned[0], forwarded[0]):
        book.below = book.floor = 90
    assert scan(rows.cursor(0, 6), scanned, NEVER) == 3
    found: list[list[int]] = []
    fast_forward(
        rows, 0, 6, forwarded, Agenda(), lambda *_: found.append(state(forwarded[0])),
        lambda *_: None,
    )  # fmt: skip
    assert found == [state(scanned[0])]


def test_a_row_that_reaches_a_level_is_taken_once_though_the_level_stays() -> None:
    (rows,) = take(make_intake(), block(*range(OPEN, OPEN + 6), ltp=[100, 90, 95, 89, 88, 99]))
    books = [Book(0, INSTRUMENT), Book(1, None)]
    books[0].below = books[0].floor = 90
    taken: list[int] = []

    def take_row(_: Rows, row: int) -> None:
        assert row not in taken
        taken.append(row)

    fast_forward(rows, 0, 6, books, Agenda(), take_row, lambda *_: None)
    assert taken == [1, 3, 4]


def test_a_bar_adds_up_its_segments_and_the_volume_since_its_start() -> None:
    bar = OpenBar()
    bar.move_to(OPEN, OPEN + MINUTE_NS)
    bar.add(first=100, high=105, low=99, last=101)
    bar.add_volume(500, baseline=400)
    bar.add(first=102, high=103, low=95, last=96)
    bar.add_volume(450, baseline=400)
    bar.add_volume(600, baseline=400)
    assert bar.candle("F", "1m") == Candle(
        tradingsymbol="F", timeframe="1m", ts=OPEN, end_ts=OPEN + MINUTE_NS, open=1.0, high=1.05,
        low=0.95, close=0.96, volume=200, bar=1,
    )  # fmt: skip
    bar.move_to(OPEN + MINUTE_NS, OPEN + 2 * MINUTE_NS)
    assert bar.high < 0


def test_a_bar_whose_day_began_with_no_volume_counts_all_that_follows() -> None:
    bar = OpenBar()
    bar.add_volume(0, baseline=0)
    bar.add_volume(50, baseline=40)
    assert bar.volume == 50


def test_only_a_row_that_is_not_late_moves_the_cumulative_volume_on() -> None:
    books = [Book(0, INSTRUMENT), Book(1, None)]
    bars = SessionBars(
        books, make_schedule(), Agenda(), {"1m": frozenset({0})}, grace_ns=0, square_off_ns=0
    )
    bars.start_day(DATE, None)
    bars.take_off_bar(books[0], 500, OPEN + MINUTE_NS)
    assert (books[0].volume, bars.late_rows) == (500, 0)
    bars.take_off_bar(books[0], 900, OPEN - 1)
    assert (books[0].volume, bars.late_rows) == (500, 1)


def test_a_late_first_row_without_a_trade_begins_the_volume_of_its_own_bar() -> None:
    books = [Book(0, INSTRUMENT), Book(1, None)]
    wanted = {"1m": frozenset({0}), "5m": frozenset({0})}
    bars = SessionBars(books, make_schedule(), Agenda(), wanted, grace_ns=0, square_off_ns=0)
    bars.start_day(DATE, None)
    bars.close(OPEN + MINUTE_NS, [("1m", 0)], None)
    bars.take_off_bar(books[0], 0, OPEN + 30 * SECOND_NS)
    assert bars.late_rows == 1
    books[0].open = books[0].high = books[0].low = 100
    books[0].take_volume(40)
    books[0].end_segment()
    assert {name: bar.volume for name, bar in books[0].bars.items()} == {"1m": 0, "5m": 40}


def test_what_came_ahead_for_another_bar_is_forgotten() -> None:
    bar = OpenBar()
    bar.move_to(OPEN, OPEN + MINUTE_NS)
    bar.ahead = OpenBar()
    bar.ahead.start = OPEN + 5 * MINUTE_NS
    bar.ahead.add(first=1, high=1, low=1, last=1)
    bar.move_to(OPEN + MINUTE_NS, OPEN + 2 * MINUTE_NS)
    assert bar.high == -1
    assert bar.ahead is None


def test_the_calendar_ends_where_it_ends() -> None:
    schedule = make_schedule()
    assert schedule.next_date(DATE) == TOMORROW
    assert schedule.next_date(TOMORROW) is None
    assert schedule.day(TOMORROW).groups == {(OPEN + DAY_NS, CLOSE + DAY_NS): [0]}
    assert schedule.nth_boundary_after(0, MINUTE_NS, OPEN, 10_000) is None


def test_a_boundary_that_was_asked_before_is_that_of_a_fresh_schedule() -> None:
    schedule = make_schedule()
    asked = [
        (0, step * MINUTE_NS, OPEN + after, n)
        for after in (0, 1, 59 * MINUTE_NS)
        for step in (1, 5)
        for n in range(1, 40)
    ]
    first = [schedule.nth_boundary_after(*each) for each in asked]
    assert [schedule.nth_boundary_after(*each) for each in asked] == first
    assert [make_schedule().nth_boundary_after(*each) for each in asked] == first
    assert schedule.nth_boundary_after(*asked[-1]) == first[-1]  # kept
    assert schedule._boundary.cache_info()[::3] == (1, 64)  # hits, size


def test_days_that_were_looked_up_are_not_kept_for_ever() -> None:
    schedule = make_schedule()
    for ahead in range(2 * DAYS_AHEAD_MAX):
        schedule.day(DATE + dt.timedelta(days=ahead))
    assert len(schedule._days) <= DAYS_AHEAD_MAX


def test_midnight_is_indian() -> None:
    assert midnight_after(OPEN) == ist_ns(TOMORROW, dt.time())
    assert midnight_after(ist_ns(TOMORROW, dt.time()) - 1) == ist_ns(TOMORROW, dt.time())


def test_columns_are_freed_with_their_block_and_not_by_the_collector() -> None:
    """A cycle would keep every block until a collection, and fresh memory costs more than work."""
    books = [Book(0, INSTRUMENT), Book(1, None)]
    (rows,) = take(make_intake(), block(*range(OPEN, OPEN + 100)))
    column = weakref.ref(rows.ltp)
    gc.disable()
    try:
        fast_forward(rows, 0, 100, books, Agenda(), lambda *_: None, lambda *_: None)
        del rows
        assert column() is None
    finally:
        gc.enable()
