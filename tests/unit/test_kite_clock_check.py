"""The first ticks of a start say whether the machine's clock can be right."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.domain.dates import DAY_NS, MINUTE_NS, SECOND_NS, parse_ts
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError, ExitCode
from feeds.live.clock_check import OFF_NS, SNAPSHOT_NS, WITNESSES, ClockCheck

TEN = parse_ts("2026-11-24T10:00:00")
HOUR_NS = 60 * MINUTE_NS


def verdict(*ticks: tuple[int, int], rows: int = 1) -> bool:
    """Whether the clock passed, by (time of arrival, exchange time) of each tick."""
    trial = ClockCheck()
    for start in range(0, len(ticks), rows):
        ts, stamps = np.array(ticks[start : start + rows], dtype=np.int64).T
        block = Ticks(
            ts=ts, instrument=np.zeros(len(ts), dtype=np.int32), ltp=np.ones(len(ts), np.int64),
            exchange_ts=stamps,
        )  # fmt: skip
        if trial.confirms(block):
            return True
    return False


def market(off_ns: int, seconds: int = 10) -> list[tuple[int, int]]:
    """A tick each second, `off_ns` from the machine's clock."""
    return [(TEN + each * SECOND_NS, TEN + off_ns + each * SECOND_NS) for each in range(seconds)]


@pytest.mark.parametrize("off_ns", [0, -SECOND_NS, SECOND_NS, OFF_NS, -OFF_NS])
@pytest.mark.parametrize("rows", [1, 4])
def test_a_clock_that_is_no_more_than_two_hours_off_passes(off_ns: int, rows: int) -> None:
    assert verdict(*market(off_ns), rows=rows)


@pytest.mark.parametrize("off_ns", [OFF_NS + SECOND_NS, -OFF_NS - SECOND_NS, 365 * DAY_NS, -DAY_NS])
@pytest.mark.parametrize("rows", [1, 4])
def test_a_clock_that_is_further_off_is_refused_with_both_times(off_ns: int, rows: int) -> None:
    with pytest.raises(ClockError) as error:
        verdict(*market(off_ns), rows=rows)
    assert error.value.exit_code == ExitCode.CLOCK
    text = str(error.value)
    assert "clock says 2026-11-24 10:00:0" in text
    assert "exchange's ticks are of 20" in text
    assert "set the clock" in text
    assert "\n" not in text


def test_ticks_of_the_future_are_refused_before_the_third_is_traded_on() -> None:
    with pytest.raises(ClockError):
        verdict(*market(DAY_NS, WITNESSES))
    assert not verdict(*market(DAY_NS, WITNESSES - 1))


def test_the_last_trades_of_a_closed_market_say_nothing() -> None:
    """Before the open each instrument shows its last trade, of yesterday or of last week."""
    close = TEN - 18 * HOUR_NS
    snapshot = [(TEN, close - each * HOUR_NS) for each in (50, 3, 1, 0)]
    later = [(TEN + MINUTE_NS, close - 7 * HOUR_NS), (TEN + 2 * MINUTE_NS, close)]
    assert not verdict(*snapshot, *later)


def test_last_trades_that_come_in_late_and_by_chance_in_order_say_nothing_either() -> None:
    old = [(TEN + each * MINUTE_NS, TEN - DAY_NS + each * 3 * HOUR_NS) for each in range(6)]
    assert not verdict(*old)


def test_a_market_that_was_halted_for_three_hours_goes_on() -> None:
    """As on 24 February 2021: a start in the halt sees old ticks, then those of the resumption."""
    snapshot = [(TEN, TEN - 3 * HOUR_NS)] * 5
    assert verdict(*snapshot, *((TEN + HOUR_NS, TEN + HOUR_NS + each) for each in range(3)))


@pytest.mark.parametrize("absurd", [parse_ts("2038-01-19T08:44:07"), SECOND_NS, 0, TEN + DAY_NS])
def test_absurd_times_between_right_ones_refuse_nothing(absurd: int) -> None:
    ticks = [(TEN + each, absurd if each % 2 else TEN) for each in range(40)]
    assert not verdict(*ticks)
    assert verdict(*ticks, *market(0)[5:])


def test_nothing_is_judged_in_the_first_seconds_by_old_ticks() -> None:
    early = [(ts, stamp) for ts, stamp in market(-5 * HOUR_NS) if ts - TEN < SNAPSHOT_NS]
    assert not verdict(*early)


def test_ticks_without_exchange_times_say_nothing() -> None:
    block = Ticks(ts=np.array([TEN]), instrument=np.zeros(1, np.int32), ltp=np.ones(1, np.int64))
    assert not ClockCheck().confirms(block)
