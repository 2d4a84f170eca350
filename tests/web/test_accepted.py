"""Candles have the rows that the engine took, and no others."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from daemon.domain.dates import DAY_NS, MINUTE_NS, SECOND_NS, ist_date
from daemon.domain.inputs import Clock, Input
from daemon.domain.ticks import NOT_PAISE, Ticks
from daemon.market.rows import Rows
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.machine import machine
from daemon.settings.config import Config
from daemon.web.day_charts import accepted
from daemon.web.day_charts.accepted import Accepted
from daemon.web.day_charts.bars import DayBars
from tests.kit.busy_boundary import OPEN, UNIVERSE
from tests.kit.tiers import seeds

Taken = list[tuple[int, int, int]]
DATE = ist_date(OPEN)
BEFORE = OPEN - 2 * MINUTE_NS


def drawn_inputs(draw: random.Random) -> list[Input]:
    """Blocks with rows that are late, far ahead, unknown, no price, or before the open; clocks."""
    inputs: list[Input] = []
    at = BEFORE
    for _ in range(draw.randrange(1, 60)):
        if draw.random() < 0.2:
            at += draw.randrange(30 * SECOND_NS)
            inputs.append(Clock(at))
            continue
        rows = []
        for _ in range(draw.randrange(1, 8)):
            at += draw.randrange(10 * SECOND_NS)
            moved = draw.choice((0, 0, 0, 0, -SECOND_NS, -15 * SECOND_NS, 500 * DAY_NS))
            ltp = draw.choice((draw.randrange(1, 20_000), draw.randrange(1, 20_000), 0, NOT_PAISE))
            rows.append((at + moved, draw.choice((0, 1, 1, 0, 2, -1)), ltp))
        ts, instrument, ltp_column = map(np.array, zip(*rows, strict=True))
        inputs.append(
            Ticks(ts=ts, instrument=instrument.astype(np.int32), ltp=ltp_column.astype(np.int64))
        )
    return inputs


def columns(rows: Rows | Ticks) -> Iterator[tuple[int, int, int]]:
    return zip(rows.ts.tolist(), rows.instrument.tolist(), rows.ltp.tolist(), strict=True)


def what_the_engine_took(inputs: list[Input]) -> Taken:
    config = Config()
    engine = machine(config, load_rules(config), UNIVERSE).engine
    taken: Taken = []

    def see(rows: Rows) -> None:
        taken.extend(
            zip(rows.ts.tolist(), rows.instrument.tolist(), rows.ltp.tolist(), strict=True)
        )

    engine.on_rows = see
    for item in inputs:
        engine.handle(item)
    return taken


@pytest.mark.parametrize("rows_at_once", [1, 5, 16_384])
@pytest.mark.parametrize("seed", seeds(20))
def test_a_candle_is_made_of_the_rows_that_the_engine_took(
    seed: int, rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepted, "ROWS_AT_ONCE", rows_at_once)
    draw = random.Random(seed)
    inputs = drawn_inputs(draw)
    known = what_the_engine_took(inputs)
    judge, bars = Accepted(load_rules(Config()), UNIVERSE.instruments), DayBars(DATE)
    ours: Taken = []
    cut = draw.randrange(len(inputs) + 1)
    for part in (inputs[:cut], inputs[cut:]):  # a recording that grows
        for rows in judge.of(part):
            bars.take(rows, UNIVERSE.instruments)
            ours.extend(columns(rows))
    assert ours == known
    for index, each in enumerate(UNIVERSE.instruments):
        mine: dict[int, list[int]] = {}
        for ts, instrument, ltp in known:
            if instrument == index:
                mine.setdefault((ts - bars.begin) // MINUTE_NS, []).append(ltp)
        found = bars.symbols.get(each.tradingsymbol)
        candles = {} if found is None else {
            at: (found.open[at], found.high[at], found.low[at], found.close[at])
            for at in found.minutes().tolist()
        }  # fmt: skip
        assert candles == {at: (p[0], max(p), min(p), p[-1]) for at, p in mine.items()}


def test_a_row_before_a_clock_is_late_also_after_one_without_a_price() -> None:
    at = OPEN + MINUTE_NS
    first, second = (
        Ticks(ts=np.array(ts), instrument=np.zeros(len(ts), np.int32), ltp=np.array(ltp, np.int64))
        for ts, ltp in (([at], [100]), ([at + 3 * SECOND_NS, at + SECOND_NS], [0, 101]))
    )
    inputs: list[Input] = [first, Clock(at + 2 * SECOND_NS), second]
    taken = [
        row
        for rows in Accepted(load_rules(Config()), UNIVERSE.instruments).of(inputs)
        for row in columns(rows)
    ]
    assert taken == what_the_engine_took(inputs) == [(at, 0, 100)]
