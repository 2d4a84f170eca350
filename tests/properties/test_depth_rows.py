"""A row keeps its depth, last quantity and open interest, however blocks are cut and joined."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.domain.depth import EMPTY, Depth, Level, depth_of
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import NOT_PAISE, Ticks
from daemon.market.intake import Intake
from daemon.market.rows import Rows
from daemon.market.schedule import Schedule
from feeds.stream.blocks import at_most, join, reblock
from tests.kit.drive import FixedRules

DATE = dt.date(2026, 11, 18)
OPEN = ist_ns(DATE, dt.time(9, 15))
CLOSE = ist_ns(DATE, dt.time(15, 30))
UNIVERSE = Universe(
    Instrument(instrument_token=at, tradingsymbol=f"NIFTY26NOV25{at}00CE") for at in (1, 2, 3)
)
NAMES = ("depth", "ltq", "oi")


def block_of(random: np.random.Generator, rows: int, names: frozenset[str]) -> Ticks:
    """Rows of which some are refused, cross their book, or lie outside the session."""
    ts = OPEN - SECOND_NS + np.cumsum(random.integers(-SECOND_NS // 4, SECOND_NS, rows))
    ltp = random.integers(9_000, 11_000, rows)
    ltp[random.random(rows) < 0.1] = NOT_PAISE
    bid = ltp + random.integers(-20, 3, rows)
    optional: dict[str, Any] = {
        "depth": random.integers(0, 3, (rows, 10, 3)),
        "ltq": random.integers(0, 500, rows),
        "oi": random.integers(0, 9_000, rows),
    }
    return Ticks(
        ts=ts,
        instrument=random.integers(-1, 4, rows).astype(np.int32),
        ltp=ltp,
        bid=bid,
        ask=ltp + 5,
        **{name: optional[name] for name in names},
    )


def accepted(blocks: Iterator[Ticks]) -> Iterator[Rows]:
    """What the intake makes of blocks, as the engine asks it."""
    rules = FixedRules({(DATE, UNIVERSE[0].segment): (OPEN, CLOSE)})
    intake = Intake(
        Schedule(rules, UNIVERSE), len(UNIVERSE), stale_after_ns=5 * SECOND_NS, grace_ns=0
    )
    number, now = 1, -1
    for block in blocks:
        for rows in intake.accept(block, first_input_no=number, now=now, feed_last=now):
            now = int(rows.ts[-1])
            yield rows
        number += len(block)


def expected_depth(block: Ticks, row: int) -> Depth:
    if block.depth is None:
        return EMPTY
    levels = [
        Level(int(price), int(quantity), int(orders))
        for quantity, price, orders in block.depth[row]
    ]
    bids, asks = levels[:5], levels[5:]
    return Depth(
        tuple(level for level in bids if level.price_paise and level.quantity),
        tuple(level for level in asks if level.price_paise and level.quantity),
    )


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    shown=st.lists(st.frozensets(st.sampled_from(NAMES)), min_size=5, max_size=5),
    cut=st.integers(1, 70),
    again=st.integers(1, 70),
)
def test_every_accepted_row_has_what_it_came_with(
    seed: int, sizes: list[int], shown: list[frozenset[str]], cut: int, again: int
) -> None:
    random = np.random.default_rng(seed)
    parts = [block_of(random, size, names) for size, names in zip(sizes, shown, strict=False)]
    whole = join(parts)
    owner = [(part, row) for part in parts for row in range(len(part))]
    for blocks in (at_most(reblock(parts, cut), again), at_most([whole], cut)):
        for rows in accepted(blocks):
            for row in range(len(rows)):
                block, at = owner[rows.input_no(row) - 1]
                assert rows.ltp[row] == block.ltp[at]
                assert rows.depth_at(row) == expected_depth(block, at)
                assert rows.ltq_at(row) == (0 if block.ltq is None else block.ltq[at])
                assert rows.oi_at(row) == (-1 if block.oi is None else block.oi[at])


def test_a_feed_without_depth_says_so() -> None:
    random = np.random.default_rng(0)
    (rows, *_) = accepted(iter([block_of(random, 30, frozenset())]))
    assert not rows.has_depth
    assert rows.depth_at(0) == EMPTY


def test_levels_are_price_quantity_and_orders_and_empty_ones_are_left_out() -> None:
    levels = np.zeros((10, 3), dtype=np.int64)
    levels[0] = (65, 9_995, 2)
    levels[5], levels[6] = (130, 10_000, 1), (0, 10_005, 0)
    assert depth_of(levels) == Depth((Level(9_995, 65, 2),), (Level(10_000, 130, 1),))
