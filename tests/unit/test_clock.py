"""The time of a run: right after a suspend and a clock that was set ahead, and never back."""

from __future__ import annotations

import time

import pytest

from daemon.domain.dates import SECOND_NS, parse_ts
from daemon.errors import ClockError, ExitCode
from daemon.process.clock import (
    MACHINE_CLOCKS,
    PARTED_NS,
    START_WAIT_NS,
    Clock,
    Jump,
    MachineClocks,
    check_start,
)
from tests.kit.live import Hand

NOON = parse_ts("2026-11-24T12:00:00")


def test_the_machines_clocks_are_read_together_and_give_the_wall_clocks_time() -> None:
    clock = Clock()
    before, now = time.time_ns(), clock.now_ns()
    wall, boot, awake = MACHINE_CLOCKS.read()
    after = time.time_ns()
    assert before - SECOND_NS < now < after + SECOND_NS
    assert before - SECOND_NS < wall < after + SECOND_NS
    assert boot > awake - SECOND_NS
    assert clock.keep_right() is None


def test_a_suspend_is_counted_and_told_once() -> None:
    hand = Hand(NOON)
    clock = Clock(clocks=hand)
    hand.now_ns += SECOND_NS
    assert clock.keep_right() is None
    hand.suspend(5 * 3_600 * SECOND_NS)
    assert clock.now_ns() == hand.wall_ns(), "right before anybody asks what was missed"
    assert clock.keep_right() == Jump(5 * 3_600 * SECOND_NS, "suspended")
    assert clock.keep_right() is None
    assert clock.now_ns() == hand.wall_ns()


def test_a_wall_clock_that_is_set_ahead_is_followed_from_then_on() -> None:
    hand = Hand(NOON)
    clock = Clock(clocks=hand)
    hand.wall_ahead = PARTED_NS + 1
    assert clock.now_ns() == NOON
    assert clock.keep_right() == Jump(PARTED_NS + 1, "set")
    hand.now_ns += SECOND_NS
    assert clock.now_ns() == hand.wall_ns()
    assert clock.keep_right() is None


def test_a_suspend_that_no_clock_counts_shows_as_a_wall_clock_ahead() -> None:
    """As on a machine without CLOCK_BOOTTIME, and in a virtual machine that stood still."""
    hand = Hand(NOON)
    clock = Clock(clocks=hand)
    hand.wall_ahead = 3_600 * SECOND_NS
    assert clock.keep_right() == Jump(3_600 * SECOND_NS, "set")
    assert clock.now_ns() == hand.wall_ns()


def test_a_suspend_after_which_the_wall_clock_is_set_ahead_is_one_jump() -> None:
    hand = Hand(NOON)
    clock = Clock(clocks=hand)
    hand.suspend(60 * SECOND_NS)
    hand.wall_ahead = 10 * SECOND_NS
    assert clock.keep_right() == Jump(70 * SECOND_NS, "suspended")
    assert clock.now_ns() == hand.wall_ns()


@pytest.mark.parametrize("by_ns", [PARTED_NS, -PARTED_NS, SECOND_NS, -1])
def test_a_difference_of_up_to_two_seconds_is_left_alone(by_ns: int) -> None:
    hand = Hand(NOON)
    clock = Clock(clocks=hand)
    hand.wall_ahead = by_ns
    assert clock.keep_right() is None
    assert clock.now_ns() == NOON


def test_small_steps_ahead_are_followed_when_they_have_added_up() -> None:
    hand = Hand(NOON)
    clock = Clock(clocks=hand)
    jumps = []
    for _ in range(4):
        hand.wall_ahead += 1_500_000_000
        jumps.append(clock.keep_right())
    assert jumps == [None, Jump(3 * SECOND_NS, "set"), None, Jump(3 * SECOND_NS, "set")]


def test_a_wall_clock_that_is_set_back_halts_with_both_times() -> None:
    hand = Hand(NOON)
    clock = Clock(clocks=hand)
    hand.wall_ahead = -3_600 * SECOND_NS
    with pytest.raises(ClockError) as error:
        clock.keep_right()
    assert error.value.exit_code is ExitCode.CLOCK
    text = str(error.value)
    assert "set back by 3600.0 s" in text
    assert "says 2026-11-24 11:00:00 IST, the run is at 2026-11-24 12:00:00 IST" in text
    assert "\n" not in text
    assert clock.now_ns() == NOON, "it did not go back"


def test_a_pause_between_two_readings_is_no_jump() -> None:
    """The process was stopped for an hour after it had read one clock and before the next."""

    class Paused(Hand):
        reads = 0

        def wall_ns(self) -> int:
            self.reads += 1
            wall = super().wall_ns()
            if self.reads == 2:
                self.now_ns += 3_600 * SECOND_NS
            return wall

    hand = Paused(NOON)
    clock = Clock(clocks=hand)
    assert clock.keep_right() is None
    assert hand.reads == 3
    assert clock.now_ns() == hand.wall_ns()


# a start


@pytest.mark.parametrize("behind_ns", [-SECOND_NS, 0, PARTED_NS])
def test_a_start_after_the_last_recorded_time_or_just_before_it_goes_on(behind_ns: int) -> None:
    hand = Hand(NOON)
    check_start(NOON + behind_ns, "the journal", hand)
    assert hand.now_ns == NOON


def test_a_start_waits_for_a_clock_that_is_a_little_behind() -> None:
    hand = Hand(NOON)
    check_start(NOON + START_WAIT_NS, "the journal", hand)
    assert hand.now_ns == NOON + START_WAIT_NS


def test_a_start_before_the_last_recorded_time_is_refused_with_both_times() -> None:
    hand = Hand(NOON)
    with pytest.raises(ClockError) as error:
        check_start(parse_ts("2027-03-01T09:00:00"), "the journal's last event", hand)
    assert hand.now_ns == NOON
    text = str(error.value)
    assert "says 2026-11-24 12:00:00 IST, but the journal's last event goes up to" in text
    assert "2027-03-01 09:00:00 IST: set the clock" in text
    assert "docs/RUNBOOK.md" in text
    assert "\n" not in text


def test_a_clock_that_stands_still_is_not_waited_for_forever() -> None:
    class Stopped(MachineClocks):
        def wall_ns(self) -> int:
            return NOON

        def sleep(self, seconds: float) -> None:
            assert seconds <= START_WAIT_NS / SECOND_NS

    with pytest.raises(ClockError):
        check_start(NOON + START_WAIT_NS, "the journal", Stopped())
