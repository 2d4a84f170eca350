"""Which extreme of a walked candle comes first, for all candles of a block."""

from __future__ import annotations

import numpy as np

from daemon.domain.instrument import Instrument
from daemon.domain.ticks import WALK_CLOSE, WALK_FIRST, WALK_OPEN, WALK_SECOND, Ticks
from daemon.market.book import Book
from daemon.market.rows import Rows
from daemon.market.walked_candles import WalkedCandles

LOW, HIGH = 90, 110
STEPS = (WALK_OPEN, WALK_FIRST, WALK_SECOND, WALK_CLOSE)
LOW_FIRST, HIGH_FIRST = [100, LOW, HIGH, 101], [100, HIGH, LOW, 101]


class Held:
    """Quantities as a test wants them."""

    def __init__(self, *quantities: int) -> None:
        self.moved: set[int] = set()
        self.quantities = list(quantities)

    def net(self, index: int) -> int:
        return self.quantities[index]

    def change(self, index: int, quantity: int) -> None:
        self.quantities[index] = quantity
        self.moved.add(index)


def books(count: int) -> list[Book]:
    known = [
        Book(index, Instrument(instrument_token=index + 1, tradingsymbol=f"S{index}"))
        for index in range(count)
    ]
    return [*known, Book(count, None)]


def rows_of(candles: list[int], first_step: int = 0) -> Rows:
    """Candles of these instruments one after the other; the first one from a step on."""
    count = 4 * len(candles)
    block = Ticks(
        ts=np.arange(count, dtype=np.int64),
        instrument=np.repeat(np.array(candles, dtype=np.int32), 4),
        ltp=np.array(LOW_FIRST * len(candles), dtype=np.int64),
        walk=np.array(STEPS * len(candles), dtype=np.int8),
        other=np.array(HIGH_FIRST * len(candles), dtype=np.int64),
    )
    return Rows(block.take(np.arange(first_step, count)), 1)


def walked(rows: Rows) -> list[int]:
    return list(rows.ltp.tolist())


def test_the_high_comes_first_where_the_holding_is_short() -> None:
    rows = rows_of([0, 1, 2, 1])
    WalkedCandles(rows, books(3), Held(50, -50, 0))
    assert walked(rows) == LOW_FIRST + HIGH_FIRST + LOW_FIRST + HIGH_FIRST


def test_a_turn_counts_for_the_candles_that_begin_at_its_row_or_later() -> None:
    held = Held(0)
    rows = rows_of([0, 0, 0])
    candles = WalkedCandles(rows, books(1), held)
    held.change(0, -50)
    candles.choose_again(4)
    assert walked(rows) == LOW_FIRST + HIGH_FIRST + HIGH_FIRST
    held.change(0, 50)
    candles.choose_again(5)
    assert walked(rows) == LOW_FIRST + HIGH_FIRST + LOW_FIRST


def test_prices_are_said_to_have_turned_once_and_only_if_they_did() -> None:
    held = Held(0)
    candles = WalkedCandles(rows_of([0, 0]), books(1), held)
    assert not candles.pop_turned()
    held.change(0, 50)
    candles.choose_again(1)
    assert not candles.pop_turned()
    held.change(0, -50)
    candles.choose_again(2)
    assert [candles.pop_turned(), candles.pop_turned()] == [True, False]


def test_a_candle_keeps_its_order_over_the_end_of_a_block() -> None:
    held, [book, idle] = Held(-50), books(1)
    before = WalkedCandles(rows_of([0]), [book, idle], held)
    held.change(0, 50)
    before.choose_again(1)  # its open is over
    rows = rows_of([0, 0], first_step=2)
    WalkedCandles(rows, [book, idle], held)
    assert walked(rows) == HIGH_FIRST[2:] + LOW_FIRST


def test_a_block_without_an_open_leaves_the_order_to_the_next_one() -> None:
    held, known = Held(-50), books(1)
    WalkedCandles(rows_of([0]), known, held)
    held.change(0, 0)
    for step in (1, 2):
        rows = Rows(rows_of([0]).sent.take(np.arange(step, step + 1)), 1)
        WalkedCandles(rows, known, held)
        assert walked(rows) == HIGH_FIRST[step : step + 1]


def test_an_instrument_outside_its_session_has_no_candles() -> None:
    rows = rows_of([1])
    WalkedCandles(rows, books(1), Held(0, -50))
    assert walked(rows) == LOW_FIRST
