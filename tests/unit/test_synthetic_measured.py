"""The synthetic market's measured book behaves like the recorded one (exchange.md 12, F21, F22)."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from daemon.domain.dates import HOUR_NS, SECOND_NS
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import DAY_FIELDS, Ticks
from daemon.settings.config import SyntheticConfig
from feeds.files.parquet_ticks import NativeFile
from feeds.make_sample import CONFIG, DEPTH_CONFIG, DEPTH_SAMPLE, make_depth_sample
from feeds.stream.blocks import join
from feeds.stream.quality import DataQuality
from feeds.synthetic import SyntheticMarket
from feeds.synthetic_contracts import default_session
from tests.kit.book_figures import BookRows, Figures, figures_of
from tests.kit.golden import data_directory
from tests.kit.source import ROOT
from tests.kit.tiers import with_more_in_ci
from tests.unit.test_feeds_kit import rows_of

RECORDING = "upstox-full-banknifty-2025-12-15/flat.parquet"
SEEDS = (1, 2, 3, 4, 5)
DEFAULT = SyntheticConfig(book="measured")
BRISK = SyntheticConfig(book="measured", ticks_per_second=1.3, strikes_each_side=1)
"""The rate of the recording, on few contracts."""
SMALL = SyntheticConfig(book="measured", ticks_per_second=0.05, strikes_each_side=1)


def seeded(config: SyntheticConfig, seed: int) -> SyntheticConfig:
    return SyntheticConfig(
        seed=seed, book=config.book, ticks_per_second=config.ticks_per_second,
        strikes_each_side=config.strikes_each_side, underlying=config.underlying, spot=config.spot,
    )  # fmt: skip


@cache
def session(config: SyntheticConfig) -> Ticks:
    return join(list(SyntheticMarket(config, depth=True).blocks()))


def options_of(block: Ticks, universe: Universe) -> list[BookRows]:
    found = []
    for at, instrument in enumerate(universe):
        if not instrument.is_option:
            continue
        rows = block.take(block.instrument == at)
        assert rows.ltq is not None
        assert rows.volume is not None
        assert rows.depth is not None
        found.append(
            BookRows(rows.ts, rows.ltp, rows.ltq, rows.volume, rows.depth, instrument.lot_size)
        )
    return found


@cache
def figures(config: SyntheticConfig) -> Figures:
    universe = SyntheticMarket(config).universe
    return figures_of(options_of(session(config), universe), joins=150)


def check_bands(found: Figures) -> None:
    """The bands that the recording's figures lie in."""
    assert 18 <= found.spread_bps <= 30
    assert 10 <= found.lots_in_five <= 20
    assert 0.70 <= found.fits_10 <= 0.95
    assert 0.05 <= found.fits_20 <= 0.35
    assert 0.35 <= found.outside <= 0.65
    assert 0.60 <= found.filled["cross"] <= 0.85
    assert found.filled["cross"] <= found.filled["queue"] <= found.filled["touch"]


@pytest.mark.parametrize("seed", with_more_in_ci(1, more=SEEDS[1:]))
def test_a_session_behaves_as_measured(seed: int) -> None:
    check_bands(figures(seeded(BRISK, seed)))


@pytest.mark.ci
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("underlying", ["NIFTY", "BANKNIFTY"])
def test_a_session_of_the_default_rate_behaves_as_measured(seed: int, underlying: str) -> None:
    bank = SyntheticConfig(book="measured", underlying="BANKNIFTY", spot=59_000.0)
    check_bands(figures(seeded(DEFAULT if underlying == "NIFTY" else bank, seed)))


@pytest.mark.ci
def test_the_simple_book_does_not_behave_so() -> None:
    simple = SyntheticConfig(ticks_per_second=1.3, strikes_each_side=1)
    found = figures(simple)
    assert found.lots_in_five > 20
    assert found.fits_20 > 0.9
    with pytest.raises(AssertionError):
        check_bands(found)


def test_the_recording_lies_in_the_same_bands() -> None:
    """The measure is sound: what it finds in the recording is what others found there."""
    found = data_directory()
    if found is None or not (found / RECORDING).is_file():
        pytest.skip("the recording is not here; FNO_DATA may name its directory")
    compute: Any = pc
    table = pq.read_table(found / RECORDING)
    rows = table.filter(compute.starts_with(table["instrument_key"], "NSE_FO"))
    keys: list[Any] = rows["instrument_key"].to_pylist()
    recorded = [
        recorded_book(rows.filter(compute.equal(rows["instrument_key"], key)))
        for key in sorted(set(keys))
    ]
    assert sum(len(each.ts) for each in recorded) == 133_692
    measured = figures_of(recorded)
    check_bands(measured)
    assert measured.spread_bps == pytest.approx(24, abs=1)
    assert measured.filled["cross"] == pytest.approx(0.73, abs=0.03)
    assert measured.filled["touch"] == pytest.approx(0.84, abs=0.03)


def recorded_book(rows: pa.Table) -> BookRows:
    """One option of the recording; it has no counts of orders."""

    def column(name: str, scale: int = 1) -> Any:
        values = rows[name].combine_chunks().fill_null(0).to_numpy(zero_copy_only=False)
        return np.rint(values * scale).astype(np.int64)

    depth = np.zeros((len(rows), 10, 3), dtype=np.int64)
    for at in range(10):
        side = ("bid", "ask")[at // 5]
        depth[:, at, 0] = column(f"{side}Q{at % 5 + 1}")
        depth[:, at, 1] = column(f"{side}P{at % 5 + 1}", 100)
    text = rows["_insertion_time"].to_pylist()
    ts = np.array(text, dtype="datetime64[ns]").astype(np.int64)
    return BookRows(ts, column("ltp", 100), column("ltq"), column("vtt"), depth, 35)


def an_hour(config: SyntheticConfig, *, rows: int = 65_536, depth: bool = True) -> Ticks:
    """Return the ticks of a session that ends at 10:15."""

    def short(date: dt.date, instrument: Instrument) -> tuple[int, int] | None:
        whole = default_session(date, instrument)
        return whole and (whole[0], whole[0] + HOUR_NS)

    return join(list(SyntheticMarket(config, session=short, depth=depth).blocks(rows)))


def test_a_seed_gives_the_same_rows_at_any_block_size() -> None:
    one, other = an_hour(SMALL), an_hour(SMALL, rows=97)
    assert len(one) > 10 * 97
    assert rows_of(one) == rows_of(other)
    for name in ("depth", "day"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert rows_of(one) != rows_of(an_hour(seeded(SMALL, 7)))
    bare = an_hour(SMALL, depth=False)
    assert bare.depth is None
    assert rows_of(bare) == rows_of(one)


def test_no_book_has_a_fault_and_bid_and_ask_are_its_best() -> None:
    block = session(SMALL)
    assert block.depth is not None
    assert block.bid is not None
    quality = DataQuality()
    quality.observe(block)
    faults = {name: n for name, n in quality.counters().items() if name.endswith("_depth_rows")}
    assert len(faults) == 5
    assert set(faults.values()) == {0}
    contracts = block.instrument > 0
    assert (block.depth[contracts, 0, 1] == block.bid[contracts]).all()
    assert (block.depth[contracts] > 0).all()
    assert not block.depth[~contracts].any()


def test_every_number_is_one_that_the_exchange_could_send() -> None:
    market = SyntheticMarket(SMALL, depth=True)
    block = session(SMALL)
    for at, instrument in enumerate(market.universe):
        rows = block.take(block.instrument == at)
        assert rows.day is not None
        day = dict(zip(DAY_FIELDS, rows.day.T, strict=True))
        assert (day["day_open"] == rows.ltp[0]).all()
        assert (day["day_high"] == np.maximum.accumulate(rows.ltp)).all()
        assert (day["day_low"] == np.minimum.accumulate(rows.ltp)).all()
        assert not day["previous_close"].any(), "nobody knows it"
        if instrument.is_index:
            continue
        assert rows.volume is not None
        assert rows.ltq is not None
        assert rows.depth is not None
        tick, lot = instrument.tick_paise, instrument.lot_size
        assert not (rows.ltp % tick).any()
        assert not (rows.depth[..., 1] % tick).any()
        assert not (rows.depth[..., 0] % lot).any()
        assert (rows.depth[..., 2] * lot <= rows.depth[..., 0]).all()
        growth = np.diff(rows.volume, prepend=0)
        traded = growth > 0
        assert traded[0]
        assert (growth >= 0).all()
        assert not (growth % lot).any()
        assert (rows.ltq[traded] <= growth[traded]).all()
        assert (rows.ltp[1:][~traded[1:]] == rows.ltp[:-1][~traded[1:]]).all()
        assert (day["average_price"] >= day["day_low"]).all()
        assert (day["average_price"] <= day["day_high"]).all()
        last_trade = day["last_trade_ts"]
        assert (last_trade[traded] == rows.ts[traded] // SECOND_NS * SECOND_NS).all()
        for side, name in ((slice(0, 5), "buy_quantity"), (slice(5, 10), "sell_quantity")):
            assert (day[name] > rows.depth[:, side, 0].sum(axis=1)).all()


def test_a_level_keeps_its_size_while_its_price_is_the_best() -> None:
    config = seeded(BRISK, 1)
    (rows, *_) = options_of(session(config), SyntheticMarket(config).universe)
    same = rows.depth[1:, 0, 1] == rows.depth[:-1, 0, 1]
    kept = rows.depth[1:, 0, 0] == rows.depth[:-1, 0, 0]
    assert 0.3 < same.mean() < 0.7
    assert kept[same].mean() > 0.8


@pytest.mark.ci
def test_the_sample_with_depth_is_what_its_maker_makes(tmp_path: Path) -> None:
    shipped, made = ROOT / DEPTH_SAMPLE, tmp_path / "made.parquet"
    assert make_depth_sample(made) == 64_413
    assert shipped.stat().st_size <= 5_000_000
    old, new = (NativeFile(each, depth=True, day=True) for each in (shipped, made))
    assert old.groups == {"depth", "day"}
    universe = Universe(old.named())
    assert list(universe) == list(new.named())
    one, other = (join(list(each.blocks(universe))) for each in (old, new))
    assert rows_of(one) == rows_of(other)
    for name in ("depth", "day"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    if pq.read_metadata(shipped).created_by.endswith(pa.__version__):
        assert shipped.read_bytes() == made.read_bytes()
    check_bands(figures_of(options_of(one, universe), joins=150))


def test_both_samples_are_of_the_same_day_and_contracts() -> None:
    assert (DEPTH_CONFIG.date, DEPTH_CONFIG.spot) == (CONFIG.date, CONFIG.spot)
    first = NativeFile(ROOT / "configs/sample_session.parquet")
    assert list(first.named()) == list(NativeFile(ROOT / DEPTH_SAMPLE).named())
