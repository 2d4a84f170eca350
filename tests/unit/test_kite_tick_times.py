"""Which exchange times are believed where they are the time of the run."""

from __future__ import annotations

import random

import numpy as np
import pytest

from daemon.domain.dates import DAY_NS, MINUTE_NS, SECOND_NS, parse_ts
from daemon.domain.ticks import Ticks
from feeds.live.tick_times import AGREE_NS, AHEAD_NS, MOST_WAITING, TickTimes

TEN = parse_ts("2026-11-24T10:00:00")
ABSURD = parse_ts("2038-01-19T08:44:07")
NEXT_DAY = TEN + DAY_NS


def given(times: TickTimes, *stamps: int, rows: int = 1_000) -> list[tuple[int, int]]:
    """What is given on, as (time, number of the tick among `stamps`)."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(stamps), rows):
        column = np.array(stamps[start : start + rows], dtype=np.int64)
        block = Ticks(
            ts=column, instrument=np.zeros(len(column), dtype=np.int32),
            ltp=np.arange(start, start + len(column)),
        )  # fmt: skip
        if times.believes_all(column):
            now = found[-1][0] if found else 0
            for stamp, number in zip(column.tolist(), block.ltp.tolist(), strict=True):
                now = max(now, stamp)
                found.append((now, number))
        else:
            found += [(time, int(row.ltp[0])) for time, row in times.sift(block, column)]
    return found


def begun() -> TickTimes:
    """At ten, as three ticks have said."""
    times = TickTimes()
    assert given(times, TEN, TEN, TEN) == [(TEN, 0), (TEN, 1), (TEN, 2)]
    return times


def test_time_begins_when_three_ticks_agree() -> None:
    times = TickTimes()
    assert given(times, TEN, TEN + SECOND_NS) == []
    assert times.last == -1
    assert [time for time, _ in given(times, TEN)] == [TEN, TEN + SECOND_NS, TEN + SECOND_NS]


@pytest.mark.parametrize("absurd", [ABSURD, parse_ts("2010-01-01T00:00:00"), TEN + DAY_NS])
@pytest.mark.parametrize("at", range(3))
def test_one_absurd_time_among_the_first_ticks_is_refused(absurd: int, at: int) -> None:
    times = TickTimes()
    stamps = [TEN + each * SECOND_NS for each in range(6)]
    stamps.insert(at, absurd)
    believed = given(times, *stamps)
    assert [number for _, number in believed] == [each for each in range(7) if each != at]
    assert times.last == TEN + 5 * SECOND_NS
    assert times.refused == {"time_ahead": 1}


@pytest.mark.parametrize("ahead_ns", [AHEAD_NS + 1, 3_600 * SECOND_NS, DAY_NS, ABSURD - TEN])
def test_a_tick_far_ahead_is_refused_by_the_next_that_is_not(ahead_ns: int) -> None:
    times = begun()
    believed = given(times, TEN + ahead_ns, TEN + SECOND_NS)
    assert believed == [(TEN + SECOND_NS, 1)]
    assert times.refused == {"time_ahead": 1}


def test_a_tick_up_to_a_minute_ahead_is_believed_at_once() -> None:
    times = begun()
    assert given(times, TEN + AHEAD_NS) == [(TEN + AHEAD_NS, 0)]


def test_late_ticks_and_those_without_a_time_take_the_feeds_time_and_refuse_nothing() -> None:
    times = begun()
    believed = given(times, NEXT_DAY, TEN - MINUTE_NS, 0, 86_400 * SECOND_NS, NEXT_DAY, NEXT_DAY)
    assert believed == [
        (TEN, 1), (TEN, 2), (TEN, 3), (NEXT_DAY, 0), (NEXT_DAY, 4), (NEXT_DAY, 5),
    ]  # fmt: skip
    assert not times.refused


def test_ticks_without_a_time_before_any_other_are_refused() -> None:
    times = TickTimes()
    assert given(times, 0, 86_400 * SECOND_NS) == []
    assert times.refused == {"no_time": 2}
    assert len(given(times, TEN, TEN, TEN)) == 3


def test_the_next_day_of_a_recording_begins_with_its_first_tick() -> None:
    times = begun()
    believed = given(times, *(NEXT_DAY + each * SECOND_NS for each in range(5)))
    assert [number for _, number in believed] == [0, 1, 2, 3, 4]
    assert times.last == NEXT_DAY + 4 * SECOND_NS


def test_an_absurd_time_at_the_first_tick_of_a_day_does_not_take_the_day_along() -> None:
    times = begun()
    hours_ahead = NEXT_DAY + AGREE_NS - SECOND_NS  # near enough to agree, too far to be believed
    believed = given(times, hours_ahead, NEXT_DAY, NEXT_DAY, NEXT_DAY + SECOND_NS)
    assert [number for _, number in believed] == [1, 2, 3]
    assert times.last == NEXT_DAY + SECOND_NS


def test_an_instrument_that_always_says_2038_is_never_believed() -> None:
    times = begun()
    believed = given(times, *[ABSURD] * 10, TEN + SECOND_NS)
    assert believed == [(TEN + SECOND_NS, 10)]
    assert times.refused == {"time_ahead": 10}


def test_a_recording_with_a_tick_each_ten_minutes_is_two_ticks_late_and_loses_none() -> None:
    times = TickTimes()
    stamps = [TEN + each * 10 * MINUTE_NS for each in range(20)]
    assert [number for _, number in given(times, *stamps)] == list(range(18))
    assert len(times.waiting) == 2
    assert not times.refused


def test_what_waits_is_bounded() -> None:
    times = begun()
    stamps = [TEN + (1 + each % 2 * 2) * DAY_NS for each in range(1_000)]
    assert given(times, *stamps) == []
    assert len(times.waiting) == MOST_WAITING
    assert times.refused["time_ahead"] == 1_000 - MOST_WAITING


@pytest.mark.parametrize("seed", range(20))
def test_it_makes_no_difference_where_a_block_ends_and_every_tick_is_accounted_for(
    seed: int,
) -> None:
    draw = random.Random(seed)
    now, stamps = TEN, []
    for _ in range(200):
        now += draw.choice((0, 0, SECOND_NS, SECOND_NS, 2 * MINUTE_NS))
        if draw.random() < 0.02:
            now += DAY_NS
        odd = (0, SECOND_NS, ABSURD, now + DAY_NS, now - MINUTE_NS, now + 2 * AHEAD_NS)
        stamps.append(draw.choice(odd) if draw.random() < 0.2 else now)
    whole = TickTimes()
    expected = given(whole, *stamps)
    assert len(expected) + whole.refused.total() + len(whole.waiting) == len(stamps)
    assert len({number for _, number in expected}) == len(expected)
    for rows in (1, 7, 50):
        times = TickTimes()
        found = given(times, *stamps, rows=rows)
        assert [number for _, number in found] == [number for _, number in expected]
        assert (times.last, times.refused) == (whole.last, whole.refused)
