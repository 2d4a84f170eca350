"""Going from boundary to boundary finds the rows that judging each by itself finds."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.dates import HOUR_NS, MINUTE_NS, SECOND_NS
from daemon.market.off_bar_rows import _BOUNDARY_ROWS, _by_boundary, _row_by_row, find_off_bar_rows
from daemon.market.schedule import DaySessions

OPEN = 1_760_000_000 * SECOND_NS
CLOSE = OPEN + 6 * HOUR_NS


def day_of(opens: list[int]) -> DaySessions:
    column = np.array(opens)
    return DaySessions(
        dt.date(2025, 10, 9), column, np.full(len(opens), CLOSE), np.append(column, 0),
        latest_open=max(opens), earliest_close=CLOSE, distinct_opens=tuple(sorted(set(opens))),
    )  # fmt: skip


@st.composite
def columns(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """bar_ts, ts and instrument of three instruments: times never go back, bars lag or not."""
    seed = draw(st.integers(0, 2**32))
    random = np.random.default_rng(seed)
    rows = draw(st.integers(1, 3_000))
    span = draw(st.sampled_from([SECOND_NS, MINUTE_NS, 7 * MINUTE_NS, HOUR_NS]))
    since = OPEN + draw(st.sampled_from([0, 1, MINUTE_NS - 1, 90 * SECOND_NS, HOUR_NS]))
    ts = np.sort(random.integers(since, since + span, rows))
    lag = random.integers(0, draw(st.sampled_from([1, SECOND_NS, 3 * MINUTE_NS])), rows)
    if draw(st.booleans()):  # on the edges themselves
        ts -= ts % SECOND_NS
        lag -= lag % SECOND_NS
    return ts - lag, ts, random.integers(0, 3, rows).astype(np.int32)


@settings(max_examples=300)
@given(
    columns(),
    st.sampled_from([SECOND_NS, MINUTE_NS, 5 * MINUTE_NS]),
    st.sampled_from([0, 1, SECOND_NS, 2 * MINUTE_NS]),
    st.lists(st.sampled_from([0, 0, MINUTE_NS, 90 * SECOND_NS]), min_size=3, max_size=3),
)
def test_rows_of_other_bars_are_found_whatever_the_way(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray], grid: int, grace: int, later: list[int]
) -> None:
    bar_ts, ts, instrument = rows
    day = day_of([OPEN + each for each in later])
    one_by_one = _row_by_row(bar_ts, ts, day.opens[instrument], grid, grace)
    found = find_off_bar_rows(bar_ts, ts, instrument, day, grid_ns=grid, grace_ns=grace)
    assert found.tolist() == one_by_one.tolist()
    if not any(later) and bar_ts.min() >= OPEN:
        assert _by_boundary(bar_ts, ts, OPEN, grid, grace).tolist() == one_by_one.tolist()


def test_long_blocks_go_from_boundary_to_boundary() -> None:
    ts = OPEN + np.arange(4 * _BOUNDARY_ROWS) * (MINUTE_NS // (2 * _BOUNDARY_ROWS))
    bar_ts = ts.copy()
    bar_ts[-1] = OPEN
    instrument = np.zeros(len(ts), dtype=np.int32)
    found = find_off_bar_rows(bar_ts, ts, instrument, day_of([OPEN]), grid_ns=MINUTE_NS, grace_ns=0)
    assert found.tolist() == [len(ts) - 1]
