from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.domain.dates import HOUR_NS, ist_ns, parse_ts
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import ABSENT, Ticks
from daemon.errors import ConfigError
from daemon.settings.config import SyntheticConfig
from feeds.files.parquet_ticks import NativeFile
from feeds.make_sample import CONFIG, SAMPLE, make_sample, session, shift
from feeds.stream.blocks import join
from feeds.synthetic import SyntheticFeed, SyntheticMarket
from feeds.synthetic_contracts import next_expiry, no_shift
from tests.unit.test_feeds_kit import collect, rows_of

SMALL = SyntheticConfig(ticks_per_second=0.05, strikes_each_side=1)


def all_rows(config: SyntheticConfig = SMALL, rows: int = 65_536, *, depth: bool = False) -> Ticks:
    return join(list(SyntheticMarket(config, depth=depth).blocks(rows)))


def an_hour(seed: int, rows: int) -> list[tuple[int, ...]]:
    """Return the rows of a session that ends at 10:15."""

    def short(date: dt.date, instrument: Instrument) -> tuple[int, int] | None:
        whole = session(date, instrument)
        return whole and (whole[0], whole[0] + HOUR_NS)

    config = SyntheticConfig(ticks_per_second=0.05, strikes_each_side=1, seed=seed)
    return rows_of(join(list(SyntheticMarket(config, session=short).blocks(rows))))


def test_a_seed_gives_the_same_ticks_at_any_block_size() -> None:
    rows = an_hour(42, 65_536)
    assert len(rows) > 10 * 17
    assert rows == an_hour(42, 17)
    assert rows != an_hour(43, 65_536)


def test_the_chain_is_the_index_its_future_and_options_around_the_spot() -> None:
    market = SyntheticMarket(SMALL, session=session, shift=shift)
    assert market.universe.symbols == (
        "NIFTY 50", "NIFTY26NOVFUT", "NIFTY26NOV24950CE", "NIFTY26NOV24950PE",
        "NIFTY26NOV25000CE", "NIFTY26NOV25000PE", "NIFTY26NOV25050CE", "NIFTY26NOV25050PE",
    )  # fmt: skip
    index, future, option, *_ = market.universe
    assert (index.instrument_token, index.is_index, index.exchange) == (256265, True, "NSE")
    assert (future.expiry, future.lot_size, future.tick_paise) == ("2026-11-23", 65, 10)
    assert (option.expiry, option.strike_paise, option.tick_paise) == ("2026-11-23", 2495000, 5)
    assert all(each.instrument_token < 2**32 for each in market.universe)


def test_weekly_options_carry_their_day_and_banknifty_has_none() -> None:
    market = SyntheticMarket(SyntheticConfig(date="2026-11-12", strikes_each_side=0))
    assert market.universe.symbols[2:] == ("NIFTY26N1725000CE", "NIFTY26N1725000PE")
    bank = SyntheticConfig(
        date="2026-11-12", underlying="BANKNIFTY", spot=58_020.0, strikes_each_side=0
    )
    market = SyntheticMarket(bank)
    assert market.universe.symbols == (
        "NIFTY BANK", "BANKNIFTY26NOVFUT", "BANKNIFTY26NOV58000CE", "BANKNIFTY26NOV58000PE",
    )  # fmt: skip
    assert market.universe[1].tick_paise == 20


def test_expiries_are_tuesdays_or_the_day_that_the_calendar_shifts_them_to() -> None:
    day = dt.date(2026, 11, 18)
    assert next_expiry(day, no_shift, weekly=True) == dt.date(2026, 11, 24)
    assert next_expiry(day, shift, weekly=False) == dt.date(2026, 11, 23)
    assert next_expiry(dt.date(2026, 11, 24), shift, weekly=True) == dt.date(2026, 12, 1)
    assert next_expiry(dt.date(2026, 11, 25), shift, weekly=False) == dt.date(2026, 12, 29)


def test_ticks_are_plausible() -> None:
    market = SyntheticMarket(SyntheticConfig(ticks_per_second=0.5), session=session, shift=shift)
    block = join(list(market.blocks()))
    assert (np.diff(block.ts) >= 0).all()
    assert block.exchange_ts is not None
    assert (block.exchange_ts <= block.ts).all()
    for at, instrument in enumerate(market.universe):
        rows = block.take(block.instrument == at)
        assert (rows.ltp >= instrument.tick_paise).all()
        assert (rows.ltp % instrument.tick_paise == 0).all()
        if instrument.is_index:
            check_index(rows)
        else:
            check_contract(rows, instrument)


def check_index(rows: Ticks) -> None:
    assert rows.bid is not None
    assert rows.volume is not None
    assert (rows.bid == ABSENT).all()
    assert (rows.volume == -1).all()
    assert rows.ts[-1] < ist_ns(dt.date(2026, 11, 18), dt.time(15, 15))


def check_contract(rows: Ticks, instrument: Instrument) -> None:
    assert rows.bid is not None
    assert rows.ask is not None
    assert rows.volume is not None
    assert rows.ltq is not None
    assert rows.oi is not None
    tick, lot = instrument.tick_paise, instrument.lot_size
    assert ((rows.bid >= tick) & (rows.bid < rows.ask)).all()
    assert not ((rows.bid % tick) | (rows.ask % tick)).any()
    assert (np.diff(rows.volume) >= 0).all()
    for column in (rows.ltq, rows.volume, rows.oi):
        assert not (column % lot).any()
        assert column.min() >= lot
    hours = (rows.ts - ist_ns(dt.date(2026, 11, 18), dt.time(9, 15))) // HOUR_NS
    busy = np.bincount(hours)
    assert min(busy[0], busy[5]) > busy[3]


def test_a_put_and_a_call_agree_with_the_future() -> None:
    market = SyntheticMarket(
        SyntheticConfig(ticks_per_second=1, strikes_each_side=0), session=session, shift=shift
    )
    block = next(market.blocks(20_000))
    last = [int(block.ltp[block.instrument == at][-1]) for at in range(4)]
    assert abs(last[1] - last[0]) < 0.002 * last[0]
    assert abs(last[2] - last[3] - (last[1] - 2_500_000)) < 1500


def test_depth_is_five_levels_that_begin_at_the_best() -> None:
    block = all_rows(depth=True)
    assert block.depth is not None
    assert block.bid is not None
    rows = block.bid != ABSENT
    depth, bid = block.depth[rows], block.bid[rows]
    assert (depth[:, 0, 1] == bid).all()
    assert (depth[:, 5, 1] > depth[:, 0, 1]).all()
    assert (np.diff(depth[:, 5:, 1], axis=1) > 0).all()
    assert not block.depth[~rows].any()
    assert rows_of(join(list(SyntheticMarket(SMALL).blocks())))[0][:4] == rows_of(block)[0][:4]


def test_sessions_follow_each_other_on_trading_days() -> None:
    config = SyntheticConfig(
        date="2026-11-20", sessions=3, ticks_per_second=0.01, strikes_each_side=0
    )
    market = SyntheticMarket(config, session=session, shift=shift)
    block = join(list(market.blocks()))
    days = np.unique((block.ts - parse_ts("2026-11-20")) // (24 * HOUR_NS))
    assert days.tolist() == [0, 3, 5]
    assert "NIFTY26DECFUT" in market.universe.symbols


@pytest.mark.parametrize("date", ["2026-11-21", "2026-13-01"])
def test_a_day_without_a_session_is_refused(date: str) -> None:
    with pytest.raises(ConfigError, match=r"synthetic\.date"):
        SyntheticMarket(SyntheticConfig(date=date))


async def test_the_feed_gives_the_markets_blocks() -> None:
    feed = SyntheticFeed(SMALL, block_rows=100)
    blocks = [each for each in await collect(feed.inputs()) if isinstance(each, Ticks)]
    assert rows_of(join(blocks)) == rows_of(all_rows())
    assert feed.quality()["rows"] == sum(map(len, blocks))
    assert feed.quality()["crossed_rows"] == 0


@pytest.mark.ci
def test_the_sample_that_ships_is_what_its_maker_makes(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / SAMPLE
    made = tmp_path / "made.parquet"
    rows = make_sample(made)
    assert 60_000 <= rows <= 120_000
    assert shipped.stat().st_size < 2_000_000
    assert CONFIG.date == "2026-11-18"
    old, new = (NativeFile(each) for each in (shipped, made))
    assert list(old.named()) == list(new.named())
    universe = SyntheticMarket(CONFIG, session=session, shift=shift).universe
    assert rows_of(join(list(old.blocks(universe)))) == rows_of(join(list(new.blocks(universe))))
    if pq.read_metadata(shipped).created_by.endswith(pa.__version__):
        assert shipped.read_bytes() == made.read_bytes()
