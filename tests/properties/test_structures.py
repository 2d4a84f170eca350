"""The clever structures of the market side against naive ones."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.dates import DAY_NS, MINUTE_NS, ist_date, ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.market.agenda import NEVER, Agenda, Phase
from daemon.market.extremes import Extremes
from daemon.market.schedule import Schedule, boundaries_by
from daemon.market.triggers import NO_LEVEL_ABOVE, NO_LEVEL_BELOW, TriggerBook
from tests.kit.drive import FixedRules

MONDAY = dt.date(2026, 11, 16)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), max_size=40),
    st.lists(st.integers(0, 45), max_size=3),
)
def test_extremes_are_those_of_all_segments_since(
    segments: list[tuple[int, int]], forget_at: list[int]
) -> None:
    extremes = Extremes()
    kept: list[tuple[int, int, int]] = []
    for number, (low, span) in enumerate(segments):
        if number in forget_at:
            extremes.forget()
            kept.clear()
        if span % 3 == 0:
            extremes.begin()
        extremes.push(low + span, low)
        kept.append((extremes.segment, low + span, low))
        for since in range(extremes.segment + 2):
            asked = [(high, low) for at, high, low in kept if at >= since]
            assert extremes.high_since(since) == max((high for high, _ in asked), default=None)
            assert extremes.low_since(since) == min((low for _, low in asked), default=None)


LEVEL = st.one_of(st.none(), st.integers(1, 30))
STEP: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.just("set"), st.tuples(st.integers(1, 8), LEVEL, LEVEL)),
    st.tuples(st.just("clear"), st.integers(1, 8)),
    st.tuples(st.just("fire"), st.integers(1, 30)),
)


@settings(max_examples=300)
@given(st.lists(STEP, max_size=300))
def test_a_trigger_book_fires_what_a_plain_dictionary_would(steps: list[tuple[str, Any]]) -> None:
    book = TriggerBook()
    waiting: dict[int, tuple[int | None, int | None]] = {}
    for what, value in steps:
        if what == "set":
            number, below, above = value
            book.set(number, below=below, above=above)
            waiting[number] = (below, above)
        elif what == "clear":
            book.clear(value)
            waiting.pop(value, None)
        else:
            reached = sorted(
                number
                for number, (below, above) in waiting.items()
                if (below is not None and value <= below) or (above is not None and value >= above)
            )
            assert book.fire(value) == reached
            for number in reached:
                del waiting[number]
        lows = [below for below, _ in waiting.values() if below is not None]
        highs = [above for _, above in waiting.values() if above is not None]
        assert book.nearest_below() == max(lows, default=NO_LEVEL_BELOW)
        assert book.nearest_above() == min(highs, default=NO_LEVEL_ABOVE)
        assert len(book) == len(waiting)


def test_a_trigger_book_does_not_grow_with_levels_that_nobody_waits_for() -> None:
    book = TriggerBook()
    for level in range(10_000):
        book.set(1, below=1, above=10 + level)
    assert len(book._above) + len(book._below) < 100


DUE = st.tuples(st.integers(0, 20), st.sampled_from(list(Phase)), st.integers(0, 3))


@given(st.lists(DUE, max_size=30), st.lists(st.integers(0, 25), max_size=6))
def test_an_agenda_gives_one_due_time_after_the_other(
    items: list[tuple[int, Phase, int]], untils: list[int]
) -> None:
    agenda = Agenda()
    left = []
    for place, (due, phase, key) in enumerate(items):
        agenda.add(due, phase, key, place)
        left.append((due, phase, key, place))
    for until in untils:
        assert agenda.next_due == min((each[0] for each in left), default=NEVER)
        found = agenda.pop_time(until)
        ripe = [each[0] for each in left if each[0] <= until]
        if not ripe:
            assert found is None
            continue
        now = sorted(each for each in left if each[0] == min(ripe))
        assert found == (min(ripe), [(phase, place) for _, phase, _, place in now])
        left = [each for each in left if each[0] != min(ripe)]


def make_schedule(minutes: list[int]) -> Schedule:
    """A week from Monday; 0 minutes = no session that day."""
    sessions = {}
    for ahead, length in enumerate(minutes):
        date = MONDAY + dt.timedelta(days=ahead)
        if length:
            opens = ist_ns(date, dt.time(9, 15))
            sessions[date, "NFO-FUT"] = (opens, opens + length * MINUTE_NS)
    universe = Universe([Instrument(instrument_token=1, tradingsymbol="F", segment="NFO-FUT")])
    return Schedule(FixedRules(sessions), universe)


def all_boundaries(schedule: Schedule, timeframe: int) -> list[int]:
    """Every boundary of the week, written out."""
    found = []
    for ahead in range(7):
        opens, closes = schedule.span(0, MONDAY + dt.timedelta(days=ahead))
        found += list(range(opens + timeframe, closes, timeframe))
        found += [closes] if closes else []
    return found


WEEK = st.lists(st.sampled_from((0, 30, 37, 60, 375)), min_size=7, max_size=7)
FRAME = st.sampled_from((1, 3, 5, 15, 60, 1440)).map(lambda minutes: minutes * MINUTE_NS)
MOMENT = st.integers(0, 7 * 24 * 60).map(lambda at: ist_ns(MONDAY, dt.time()) + at * MINUTE_NS)


@settings(max_examples=300)
@given(WEEK, FRAME, MOMENT, st.integers(-1, 1), st.integers(1, 400))
def test_the_nth_boundary_is_the_one_that_counting_finds(
    week: list[int], timeframe: int, moment: int, nudge: int, n: int
) -> None:
    schedule = make_schedule(week)
    after = moment + nudge
    later = [each for each in all_boundaries(schedule, timeframe) if each > after]
    found = schedule.nth_boundary_after(0, timeframe, after, n)
    assert found == (later[n - 1] if n <= len(later) else None)
    if found is not None:
        assert schedule.boundaries_between(0, timeframe, after, found) == n
        assert schedule.boundaries_between(0, timeframe, after, found - 1) == n - 1


@given(WEEK, FRAME, MOMENT, MOMENT)
def test_boundaries_between_are_those_that_a_list_has(
    week: list[int], timeframe: int, one: int, other: int
) -> None:
    schedule = make_schedule(week)
    after, until = sorted((one, other))
    written = [each for each in all_boundaries(schedule, timeframe) if after < each <= until]
    assert schedule.boundaries_between(0, timeframe, after, until) == len(written)


@given(st.integers(1, 400), FRAME)
def test_a_session_has_as_many_boundaries_as_bars(minutes: int, timeframe: int) -> None:
    length = minutes * MINUTE_NS
    assert boundaries_by(length, 0, length, timeframe) == -(-length // timeframe)
    assert boundaries_by(length - 1, 0, length, timeframe) == (length - 1) // timeframe
    assert boundaries_by(0, 0, length, timeframe) == 0
    assert boundaries_by(-5, 0, length, timeframe) == 0


@given(st.integers(0, 2 * 10**18))
def test_an_indian_date_holds_its_own_moments(ts: int) -> None:
    date = ist_date(ts)
    assert ist_ns(date, dt.time()) <= ts < ist_ns(date, dt.time()) + DAY_NS
