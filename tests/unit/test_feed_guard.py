"""The guard of a live feed: states, quiet instruments, floods, clocks."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.domain.ticks import Ticks
from feeds.stream.guard import AHEAD_NS, FLOOD_TICKS, LATE_NS, FeedGuard, FeedState, Note

NOON = 1_794_983_400 * SECOND_NS
SIZE = 3


def guard_of(size: int = SIZE) -> FeedGuard:
    return FeedGuard(size, stale_after_ns=5 * SECOND_NS, quiet_after_ns=MINUTE_NS)


def ticks(
    *ts: int, instrument: int = 0, lag: int | list[int] | None = None, ltp: int = 100
) -> Ticks:
    times = np.array(ts, dtype=np.int64)
    return Ticks(
        ts=times,
        instrument=np.full(len(ts), instrument, dtype=np.int32),
        ltp=np.full(len(ts), ltp, dtype=np.int64),
        exchange_ts=None if lag is None else times - np.array(lag),
    )


def kinds(notes: list[Note]) -> list[tuple[str, ...]]:
    """Notes in short: the states gone through, or the kind."""
    return [
        (str(e.detail["from"]), str(e.detail["to"])) if e.kind == "feed_state" else (e.kind,)
        for e in notes
    ]


def test_the_states_of_a_day() -> None:
    guard = guard_of()
    assert guard.state() == "connecting"
    guard.on_link(NOON, "live")
    guard.on_ticks(ticks(NOON + 1))
    guard.check(NOON + 5 * SECOND_NS)
    assert guard.state() == "live"
    guard.check(NOON + 6 * SECOND_NS)
    assert guard.state() == "stale"
    guard.on_ticks(ticks(NOON + 7 * SECOND_NS))
    assert guard.state() == "live"
    guard.on_link(NOON + 8 * SECOND_NS, "reconnecting", "the connection was closed")
    guard.check(NOON + 60 * SECOND_NS)
    assert guard.state() == "reconnecting"
    guard.on_link(NOON + 61 * SECOND_NS, "live")
    guard.on_link(NOON + 62 * SECOND_NS, "closed", "stopped")
    notes = guard.take_notes()
    assert kinds(notes) == [
        ("connecting", "live"), ("live", "stale"), ("stale", "live"), ("live", "reconnecting"),
        ("reconnecting", "live"), ("live", "closed"),
    ]  # fmt: skip
    assert [each.detail["reason"] for each in notes] == [
        "", "", "ticks are back", "the connection was closed", "", "stopped",
    ]  # fmt: skip
    assert guard.counters()["reconnects"] == 1
    assert guard.take_notes() == []


def test_a_link_that_never_gives_a_tick_is_stale_all_the_same() -> None:
    guard = guard_of()
    guard.check(NOON)
    assert guard.state() == "connecting"
    guard.on_link(NOON, "live")
    guard.check(NOON + 4 * SECOND_NS)
    assert guard.state() == "live"
    guard.check(NOON + 6 * SECOND_NS)
    assert guard.state() == "stale"


def test_a_link_that_is_back_has_time_for_its_first_tick() -> None:
    guard = guard_of()
    guard.on_link(NOON, "live")
    guard.on_ticks(ticks(NOON))
    guard.on_link(NOON + 1, "reconnecting", "lost")
    guard.on_link(NOON + MINUTE_NS, "live")
    guard.check(NOON + MINUTE_NS + SECOND_NS)
    assert guard.state() == "live"


def test_attempts_are_one_reconnect_until_the_link_is_back() -> None:
    guard = guard_of()
    states: tuple[FeedState, ...] = ("live", "reconnecting", "reconnecting", "live", "reconnecting")
    for state in states:
        guard.on_link(NOON, state, "why")
    assert guard.reconnects == 2


def test_each_instrument_is_quiet_by_itself() -> None:
    guard, everything = guard_of(), np.arange(SIZE)
    assert guard.quiet(everything, NOON) == SIZE
    guard.on_ticks(ticks(NOON, instrument=0))
    guard.on_ticks(ticks(NOON + 30 * SECOND_NS, instrument=1))
    assert guard.quiet(everything, NOON + MINUTE_NS) == 1
    assert guard.quiet(everything, NOON + MINUTE_NS + 1) == 2
    assert guard.quiet(everything[1:2], NOON + MINUTE_NS + 1) == 0
    assert guard.last_of([0, 1]) == NOON + 30 * SECOND_NS
    assert guard.last_of([2]) == guard.last_of([]) == -1


def test_the_last_price_of_an_instrument_is_kept() -> None:
    guard = guard_of()
    guard.on_ticks(ticks(NOON, NOON + 1, instrument=1, ltp=4_200))
    assert guard.last_price(1) == (4_200, NOON + 1)
    assert guard.last_price(0) == (0, -1)


def backlog(count: int, seconds: float, longest_s: float) -> Ticks:
    """What a receiver gives that stood still: traded over minutes, received in a moment."""
    ts = NOON + np.linspace(0, seconds * SECOND_NS, count, endpoint=False).astype(np.int64)
    lag = np.linspace(longest_s * SECOND_NS, 0, count).astype(np.int64)
    return Ticks(
        ts=ts,
        instrument=np.zeros(count, dtype=np.int32),
        ltp=np.full(count, 100, dtype=np.int64),
        exchange_ts=(ts - lag) // SECOND_NS * SECOND_NS,
    )


@pytest.mark.parametrize("rows", [1, 7, 500, 10_000])
def test_a_backlog_is_one_flood_however_it_is_cut(rows: int) -> None:
    """Shaped like the bursts of a real recording: ten minutes of ticks within two seconds."""
    guard, block = guard_of(), backlog(4_000, 2, 600)
    for start in range(0, len(block), rows):
        guard.on_ticks(block.rows(start, start + rows))
    guard.check(NOON + 4 * SECOND_NS)
    assert guard.floods == 1
    (flood,) = [each for each in guard.take_notes() if each.kind == "flood"]
    late = int((block.ts - np.asarray(block.exchange_ts) > LATE_NS).sum())
    assert flood.detail["ticks"] == guard.late_ticks == late
    assert 599 < float(flood.detail["longest_lag_s"] or 0) <= 601
    assert 0 <= int(flood.detail["since"] or 0) - NOON <= 2 * SECOND_NS


def test_a_busy_second_on_time_and_a_few_late_ticks_are_no_flood() -> None:
    guard = guard_of()
    guard.on_ticks(backlog(FLOOD_TICKS * 3, 1, 0.9))
    guard.on_ticks(ticks(*[NOON + SECOND_NS] * (FLOOD_TICKS - 1), lag=LATE_NS + 1))
    guard.on_ticks(ticks(*[NOON + 2 * SECOND_NS] * (FLOOD_TICKS - 1), lag=LATE_NS + 1))
    guard.check(NOON + 9 * SECOND_NS)
    assert guard.floods == 0
    assert guard.late_ticks == 2 * (FLOOD_TICKS - 1)
    assert guard.take_notes() == []


def test_ticks_without_an_exchange_time_say_nothing_about_lag() -> None:
    guard = guard_of()
    guard.on_ticks(ticks(*[NOON] * 5_000))
    guard.on_ticks(ticks(*[NOON] * 5_000, lag=NOON))  # exchange_ts 0 = absent
    guard.check(NOON + SECOND_NS)
    assert guard.late_ticks == guard.floods == 0


def test_ticks_from_the_future_say_once_that_our_clock_is_behind() -> None:
    guard = guard_of()
    guard.on_ticks(ticks(NOON, lag=-AHEAD_NS))
    guard.on_ticks(ticks(NOON + 1, lag=-AHEAD_NS - SECOND_NS))
    guard.on_ticks(ticks(NOON + 2, lag=-AHEAD_NS - SECOND_NS))
    guard.on_ticks(ticks(NOON + 3, lag=0))
    guard.on_ticks(ticks(NOON + 4, lag=-AHEAD_NS - SECOND_NS))
    notes = guard.take_notes()
    assert kinds(notes) == [("clock_behind",)] * 2
    assert notes[0].detail == {"seconds": 3.0}


def test_a_jump_of_the_clock_is_noted_and_counted() -> None:
    guard = guard_of()
    guard.clock_jumped(NOON, 60_900_000_000, "suspended")
    (note,) = guard.take_notes()
    assert note == (NOON, "clock_jump", {"seconds": 60.9, "cause": "suspended"})
    assert guard.clock_jumps == 1


def test_notes_nobody_takes_are_bounded_and_those_lost_counted() -> None:
    guard = guard_of()
    for number in range(1_500):
        guard.on_link(NOON + number, "reconnecting", f"attempt {number}")
    assert len(guard.take_notes()) == 1_000
    assert guard.counters()["notes_lost"] == 500
    guard.note(NOON, "window", text="again")
    assert len(guard.take_notes()) == 1
