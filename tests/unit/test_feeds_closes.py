"""Closes with candle grace, and depth in the synthetic market."""

from __future__ import annotations

import datetime as dt

import pytest

from daemon.domain.dates import SECOND_NS, ist_date, ist_ns
from daemon.domain.inputs import Clock
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.runtime.build import build
from daemon.settings.config import Config, ExecutionConfig, FeedConfig, SyntheticConfig
from feeds.stream.timeline import closes_of
from tests.unit.test_feeds_kit import collect

DAY = dt.date(2026, 11, 18)
EARLY, LATE = (ist_ns(DAY, dt.time(15, minute)) for minute in (15, 30))


def close(instrument: Instrument, date: dt.date) -> int | None:
    if date != DAY:
        return None
    return EARLY if instrument.tradingsymbol == "EARLY" else LATE


@pytest.mark.parametrize("grace_ns", [0, SECOND_NS])
def test_all_is_over_at_the_close_and_the_grace_of_the_last_candle(grace_ns: int) -> None:
    names = ("LATE", "EARLY", "LATE TOO")
    universe = Universe(
        Instrument(instrument_token=at, tradingsymbol=name) for at, name in enumerate(names, 1)
    )
    closes = closes_of(universe, close, grace_ns)
    assert closes(DAY) == [EARLY + grace_ns, LATE + grace_ns]
    assert closes(DAY + dt.timedelta(days=1)) == []
    assert closes_of(universe, None, grace_ns)(DAY) == ()


def synthetic(grace_ms: int = 0, **fields: object) -> Config:
    market = SyntheticConfig(ticks_per_second=0.02, strikes_each_side=0, **fields)  # type: ignore[arg-type]
    return Config(
        feed=FeedConfig(kind="synthetic", synthetic=market),
        execution=ExecutionConfig(candle_grace_ms=grace_ms),
    )


@pytest.mark.parametrize("fields", [{}, {"depth": True}, {"depth": False}])
async def test_synthetic_ticks_have_five_levels_unless_they_are_switched_off(
    fields: dict[str, bool],
) -> None:
    parts = build(synthetic(**fields))
    blocks = [each for each in await collect(parts.feed.inputs()) if isinstance(each, Ticks)]
    assert blocks
    for each in blocks:
        if fields.get("depth", True):
            assert each.depth is not None
            assert each.depth.shape == (len(each), 10, 3)
        else:
            assert each.depth is None


async def test_the_closes_of_a_synthetic_market_have_the_candle_grace() -> None:
    parts = build(synthetic(1000, sessions=2))
    clocks = [each.ts for each in await collect(parts.feed.inputs()) if isinstance(each, Clock)]
    assert len(clocks) > 1
    sessions = (
        parts.rules.session(ist_date(ts), each) for ts in clocks for each in parts.feed.universe
    )
    closes = {each.close_ts for each in sessions if each is not None}
    assert {ts - SECOND_NS for ts in clocks} <= closes
