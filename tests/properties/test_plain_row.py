"""A row alone is judged as columns judge it, whatever is odd about it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.dates import DAY_NS, MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE, WALK_OPEN, Ticks
from daemon.market.intake import Intake
from daemon.market.plain_row import PlainRows
from daemon.market.rows import Rows
from daemon.market.schedule import Schedule
from tests.kit.drive import FixedRules

DATE = dt.date(2026, 11, 18)
OPEN, CLOSE = (ist_ns(DATE, dt.time(*at)) for at in ((9, 15), (15, 30)))
LATER = OPEN + MINUTE_NS
INDEX = Instrument(instrument_token=9, tradingsymbol="NIFTY 50", segment="INDICES")
FUTURE = Instrument(instrument_token=1, tradingsymbol="NIFTY26NOVFUT", segment="NFO-FUT")
UNIVERSE = Universe((INDEX, FUTURE))
RULES = FixedRules(
    {
        (DATE + dt.timedelta(days=day), segment): (opens + day * DAY_NS, CLOSE + day * DAY_NS)
        for segment, opens in (("INDICES", OPEN), ("NFO-FUT", LATER))
        for day in (0, 1)
    }
)
PRICES = st.sampled_from((0, -5, ABSENT, NOT_FINITE, NOT_PAISE, 9_995, 10_000, 10_005))
STEPS = st.sampled_from(
    (0, 1, SECOND_NS // 2, 4 * SECOND_NS, 6 * SECOND_NS, 59 * SECOND_NS, 3 * 3600 * SECOND_NS, -1,
     DAY_NS, 500 * DAY_NS)
)  # fmt: skip
LAGS = st.none() | st.sampled_from((0, 1, SECOND_NS, 70 * SECOND_NS, -2 * SECOND_NS, 10**20))
COLUMNS = ("ts", "instrument", "ltp", "volume", "bid", "ask", "walk", "bar_ts")


@st.composite
def one_row(draw: Any) -> tuple[int, dict[str, Any]]:
    """How much later it comes, and its other columns; `lag` is how old it was then."""
    sides = draw(st.sampled_from(("both", "none", "one")))
    row: dict[str, Any] = {
        "ltp": draw(PRICES | st.just(10_000)),
        "instrument": draw(st.sampled_from((-1, 0, 1, 1, 2))),
        "lag": draw(LAGS),
        "walk": draw(st.sampled_from((None, None, None, 0, WALK_OPEN))),
        "volume": draw(st.none() | st.integers(0, 9)),
    }
    if sides != "none":
        row["bid"] = draw(PRICES)
    if sides == "both":
        row["ask"] = draw(PRICES)
    return draw(STEPS), row


def block_of(ts: int, row: dict[str, Any]) -> Ticks:
    kinds = {"instrument": np.int32, "walk": np.int8}
    columns = {
        name: np.array([value], kinds.get(name, np.int64))
        for name, value in row.items()
        if name != "lag" and value is not None
    }
    lag = row["lag"]
    if lag is not None:
        columns["exchange_ts"] = np.array([max(0, ts - lag) if lag < 10**19 else 0], np.int64)
    return Ticks(ts=np.array([ts], np.int64), **columns)


def taken(blocks: list[Ticks], *, grace_ns: int, grid_ns: int) -> tuple[list[object], object]:
    """What an intake makes of the blocks, and all that it counted."""
    intake = Intake(
        Schedule(RULES, UNIVERSE), len(UNIVERSE), stale_after_ns=5 * SECOND_NS,
        grace_ns=grace_ns, grid_ns=grid_ns,
    )  # fmt: skip
    now, found = -1, []
    for number, block in enumerate(blocks, 1):
        for rows in intake.accept(block, first_input_no=number, now=now, feed_last=now):
            now = int(rows.ts[-1])
            found.append(facts(rows))
    counted = (
        intake.rows, intake.refused, intake.first_refused, intake.dropped_books, intake.bad_sides,
        intake.gaps, intake.longest_gap_ns, intake.outside_session, intake.outside.first,
    )  # fmt: skip
    return found, counted


def facts(rows: Rows) -> object:
    columns = [getattr(rows, name) for name in COLUMNS]
    return (
        [None if column is None else (column.tolist(), column.dtype) for column in columns],
        rows.gaps, list(rows.special), rows.input_no(0), len(rows),
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    first=st.sampled_from((OPEN, LATER, CLOSE - SECOND_NS)),
    rows=st.lists(one_row(), min_size=1, max_size=12),
    grace_ns=st.sampled_from((0, SECOND_NS)),
    grid_ns=st.sampled_from((0, MINUTE_NS)),
)
def test_a_row_alone_is_taken_and_counted_as_columns_do(
    first: int, rows: list[tuple[int, dict[str, Any]]], grace_ns: int, grid_ns: int
) -> None:
    ts, blocks = first, []
    for step, row in rows:
        ts += step
        blocks.append(block_of(ts, row))
    alone = taken(blocks, grace_ns=grace_ns, grid_ns=grid_ns)
    with mock.patch.object(PlainRows, "take", return_value=None):
        assert taken(blocks, grace_ns=grace_ns, grid_ns=grid_ns) == alone


def test_most_rows_of_a_live_market_are_plain() -> None:
    plain = PlainRows(2, stale_after_ns=5 * SECOND_NS, grace_ns=0, grid_ns=MINUTE_NS)
    day = Schedule(RULES, UNIVERSE).day(DATE)
    row = {"ltp": 10_000, "instrument": 1, "bid": 9_995, "ask": 10_005, "lag": SECOND_NS}
    now = LATER + 2 * SECOND_NS
    for sides in ({}, {"bid": ABSENT, "ask": ABSENT}):
        taken_rows = plain.take(block_of(now + 1, row | sides), 1, now, now, day)
        assert taken_rows is not None
        assert not taken_rows.special
