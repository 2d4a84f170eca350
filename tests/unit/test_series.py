"""Thinned prices of a run, and the equity curve made of them."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.domain.drawdown import Drawdown
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.errors import JournalCorrupt
from daemon.market.rows import Rows
from daemon.metrics.fill_quality import whole_paise
from daemon.runtime.series import (
    SAMPLES_MAX,
    PriceSampler,
    Series,
    equity_of,
    last_marks,
    prices_of,
    read_series,
)
from tests.kit.report_events import sample_day

UNIVERSE = Universe([
    Instrument(instrument_token=1, tradingsymbol="ONE"),
    Instrument(instrument_token=2, tradingsymbol="TWO"),
])  # fmt: skip
START = 1_795_000_000 * SECOND_NS // MINUTE_NS * MINUTE_NS


def block(rows: list[tuple[int, int, int]]) -> Rows:
    """(ns after START, instrument, paise) rows that the engine has accepted."""
    ts, instrument, ltp = zip(*rows, strict=True)
    ticks = Ticks(
        ts=START + np.array(ts, dtype=np.int64),
        instrument=np.array(instrument, dtype=np.int32),
        ltp=np.array(ltp, dtype=np.int64),
    )
    return Rows(ticks, 1, None)


def sampled(rows: list[tuple[int, int, int]], size: int) -> Series:
    """The series of rows that come in blocks of `size`."""
    sampler = PriceSampler(UNIVERSE)
    for at in range(0, len(rows), size):
        sampler.observe(block(rows[at : at + size]))
    return sampler.series()


def minutes(count: int) -> list[tuple[int, int, int]]:
    """Two ticks a minute, of one instrument each."""
    return [
        (minute * MINUTE_NS + second * SECOND_NS, second % 2, 100 + minute)
        for minute in range(count)
        for second in (10, 41)
    ]


def test_the_last_price_of_each_minute_is_kept_and_the_last_of_all() -> None:
    series = sampled([
        (0, 0, 100), (5 * SECOND_NS, 0, 101), (MINUTE_NS, 1, 50), (MINUTE_NS + 7, 0, 102),
    ], 4)  # fmt: skip
    assert series.symbols == ("ONE", "TWO")
    assert series.ts == (START + 5 * SECOND_NS, START + MINUTE_NS + 7)
    assert series.ltp == ((101, 0), (102, 50))


@pytest.mark.parametrize("count", [1, 3, SAMPLES_MAX, SAMPLES_MAX * 2 + 5, SAMPLES_MAX * 5])
def test_where_blocks_end_makes_no_difference(count: int) -> None:
    rows = minutes(count)
    whole = sampled(rows, len(rows))
    assert sampled(rows, 1000) == sampled(rows, 7) == whole
    assert len(whole.ts) <= SAMPLES_MAX + 2


@pytest.mark.parametrize("count", [SAMPLES_MAX + 500, SAMPLES_MAX * 3, SAMPLES_MAX * 9])
def test_a_long_run_is_thinned_evenly_to_its_end(count: int) -> None:
    series = sampled(minutes(count), 1 << 20)
    assert SAMPLES_MAX // 3 < len(series.ts) <= SAMPLES_MAX + 2
    steps = [later - earlier for earlier, later in pairwise(series.ts[:-1])]
    every = {step // MINUTE_NS for step in steps[-100:]}
    assert len(every) == 1
    assert every <= {2, 4, 8, 16}
    assert max(steps) <= 2 * steps[-1]


def test_rows_outside_their_session_are_left_out() -> None:
    idle = len(UNIVERSE)
    series = sampled([(0, 0, 100), (1, idle, 70), (2, idle, 5)], 4)
    assert series.ltp == ((100, 0),)
    nothing = Series(symbols=("ONE", "TWO"), ts=(), ltp=(), drawdown=Drawdown())
    assert sampled([(0, idle, 90)], 1) == nothing


def test_time_that_steps_back_adds_no_sample() -> None:
    series = sampled([(2 * MINUTE_NS, 0, 100), (0, 0, 101), (2 * MINUTE_NS + 1, 0, 102)], 1)
    assert series.ts == (START + 2 * MINUTE_NS + 1,)
    assert series.ltp == ((102, 0),)


def test_a_series_is_read_back_as_it_was_written() -> None:
    series = sampled(minutes(5), 3)
    assert read_series(msgspec.json.encode(series), "here") == series
    assert last_marks(series) == {"ONE": 104, "TWO": 104}
    assert prices_of(series)["ONE"][0] == (START + 41 * SECOND_NS, 100)
    assert last_marks(Series(symbols=("ONE",), ts=(), ltp=())) == {}


def test_a_series_of_version_1_is_still_read() -> None:
    series = read_series(b'{"version":1,"symbols":["ONE"],"ts":[60],"ltp":[[100]]}', "here")
    assert series.drawdown is None
    assert prices_of(series) == {"ONE": [(60, 100)]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version":2,"symbols":[],"ts":[],"ltp":[]}',
        b'{"version":3,"symbols":[],"ts":[],"ltp":[]}',
    ],
)
def test_what_is_no_series_is_refused(data: bytes) -> None:
    with pytest.raises(JournalCorrupt, match="here: "):
        read_series(data, "here")


def test_equity_without_events_is_flat() -> None:
    series = sampled(minutes(3), 100)
    assert equity_of([], series) == [(ts, 0) for ts in series.ts]


def test_equity_ends_at_what_is_booked_and_what_is_open_at_market() -> None:
    script = sample_day()
    ledger = script.ledger
    open_symbols = {each.tradingsymbol for each in ledger.positions.values()}
    symbols = tuple(sorted({order.tradingsymbol for order in ledger.orders.values()}))
    last = max(event.ts for event in script.events)
    prices = tuple(10_000 for _ in symbols)
    series = Series(
        symbols=symbols,
        ts=(script.events[0].ts - 1, last, last + 1),
        ltp=(tuple(0 for _ in symbols), prices, prices),
    )
    points = equity_of(script.events, series)
    unrealized = sum(each.unrealized_paise(10_000) for each in ledger.positions.values())
    booked = ledger.realized_paise - whole_paise(ledger.charges)
    assert open_symbols
    assert points[0] == (script.events[0].ts - 1, 0)
    assert points[1][1] == points[2][1] == booked + unrealized


def test_the_last_price_of_a_minute_is_found_however_long_ago_it_was() -> None:
    universe = Universe(Instrument(instrument_token=n + 1, tradingsymbol=f"F{n}") for n in range(3))
    draw = np.random.default_rng(7)
    for quiet_since in (0, 1, 500, 1999):
        owner = draw.integers(0, 3, 2000).astype(np.int32)
        owner[quiet_since:][owner[quiet_since:] == 2] = 1
        owner[quiet_since] = 2
        ltp = draw.integers(1, 10**6, 2000)
        sampler = PriceSampler(universe)
        ticks = Ticks(ts=np.arange(START, START + 2000), instrument=owner, ltp=ltp)
        sampler.observe(Rows(ticks, 1, None))
        expected = tuple(int(ltp[np.flatnonzero(owner == n)[-1]]) for n in range(3))
        assert sampler.series().ltp == (expected,)
