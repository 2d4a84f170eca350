"""K2: the clocks come first."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.lab.calibrate.calibrate import Given, calibrate
from daemon.lab.calibrate.clock_offset import OFFSETS_MS, shifted
from daemon.lab.calibrate.tradebook import read_tradebooks
from tests.lab.calibrate.kit import calibrated, replay_of
from tests.lab.calibrate.made_up_books import MadeUpBook, Row, Terms, made_up_book

LATE = Terms(5, days=5, orders_a_day=8, minutes=4, clock_ms=-5_900)


def test_k2_offsets_reach_ten_seconds_in_steps_of_100_ms() -> None:
    assert (OFFSETS_MS[0], OFFSETS_MS[-1], len(OFFSETS_MS)) == (-10_000, 10_000, 201)


def test_k2_a_slow_clock_is_found_told_and_not_applied(tmp_path: Path) -> None:
    found = calibrated(LATE, tmp_path)
    assert found.clock is not None
    assert abs(found.clock.offset_ms + 5_900) <= 300
    assert found.clock.doubts == ["large"]
    assert not found.clock.applied
    assert found.suggestion.withheld_because == "clock"
    assert found.suggestion.fill_mode is None


def test_k2_an_applied_offset_brings_the_prices_back(tmp_path: Path) -> None:
    found = calibrated(LATE, tmp_path, apply_offset=True)
    assert found.clock is not None
    assert found.clock.applied
    assert found.suggestion.withheld == ""
    assert found.nearest.distance_ticks < 1.5
    assert found.nearest.profile in ("bid_ask", "depth")


def test_k2_an_offset_at_the_edge_is_told(tmp_path: Path) -> None:
    found = calibrated(LATE._replace(clock_ms=-11_500), tmp_path, apply_offset=True)
    assert found.clock is not None
    assert "edge" in found.clock.doubts
    assert found.suggestion.withheld_because == "clock"


def test_k2_a_market_that_stands_still_says_nothing_of_clocks(tmp_path: Path) -> None:
    book = made_up_book(Terms(5, days=5, orders_a_day=6, minutes=4))
    bids = [(9_995 - 5 * at, 650) for at in range(5)]
    asks = [(10_005 + 5 * at, 650) for at in range(5)]
    rows = [Row(row.ts, 10_000, bids, asks) for row in book.rows]
    orders = [order._replace(paise=10_005 if order.is_buy else 9_995) for order in book.orders]
    recording, tradebook = MadeUpBook(book.terms, rows, orders).write(tmp_path)
    given = Given([tradebook.name], read_tradebooks([tradebook]))
    found = calibrate(replay_of(recording), given)
    assert found.clock is not None
    assert (found.clock.offset_ms, found.clock.doubts) == (0, ["not_unique"])


def test_without_quotes_around_an_order_the_clock_is_not_checked(tmp_path: Path) -> None:
    book = made_up_book(Terms(5, days=5, orders_a_day=6, minutes=4))
    first = book.rows[0].ts
    early = book.orders[0]._replace(filled=first + 3 * 10**9)
    recording, tradebook = MadeUpBook(book.terms, book.rows, [early]).write(tmp_path)
    given = Given([tradebook.name], read_tradebooks([tradebook]))
    found = calibrate(replay_of(recording), given)
    assert found.clock is None
    assert found.orders == 1


@pytest.mark.parametrize("offset_ms", [-300, 700])
def test_a_shift_moves_the_brokers_times_only(offset_ms: int, tmp_path: Path) -> None:
    book = made_up_book(Terms(2, days=1, minutes=2))
    order = read_tradebooks([book.write(tmp_path)[1]]).orders[0]
    (moved,) = shifted([order], offset_ms)
    assert moved.filled_ts - order.filled_ts == offset_ms * 10**6
    assert moved.sent_ts == 0
    decided = replace(order, sent_ts=order.filled_ts, sent_is_exact=True)
    assert shifted([decided], offset_ms)[0].sent_ts == order.filled_ts
