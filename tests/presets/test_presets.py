"""Each preset reads its shape; a wrong twin is refused or corrected, never read as other bars."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path

import pytest

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, WALK_OPEN, Ticks
from daemon.errors import ConfigError, FeedError
from daemon.rules import Rulebook
from daemon.runtime.build import sessions_of
from daemon.runtime.configured_rules import load_rules
from daemon.settings.config import Config, ReplayFile
from feeds.presets.table import BY_NAME, PRESETS
from feeds.sources import open_source
from feeds.stream.blocks import join
from tests.presets import samples
from tests.presets.samples import CANDLES, EPOCH, OPTION, TICKS, ZONED, Change, put
from tests.unit.test_docs_formats import FORMATS, names
from tests.unit.test_docs_formats import rows as rows_of_table

UNIVERSE = Universe(
    [
        Instrument(instrument_token=1, tradingsymbol=OPTION, instrument_type="CE", name="NIFTY"),
        Instrument(instrument_token=2, tradingsymbol="NIFTY24JUNFUT", name="NIFTY"),
    ]
)
BOTH = {**CANDLES, **TICKS}
Wrong = tuple[str, Change, dict[str, str]]


@cache
def rules() -> Rulebook:
    return load_rules(Config())


def opened(path: Path, preset: str, **keys: object) -> tuple[Ticks, dict[str, int]]:
    sample = BOTH.get(preset)
    symbol = sample.symbol if sample is not None else OPTION
    symbols = {"NSE_FO|51414": OPTION} if sample is TICKS["upstox_ws"] or preset == "auto" else {}
    chosen = {"preset": preset, "symbol": symbol, "symbols": symbols, **keys}
    config = ReplayFile(path=str(path), **chosen)  # type: ignore[arg-type]
    source = open_source(config, session=sessions_of(rules()), contracts=rules())
    assert {row.tradingsymbol for row in source.named()} == {OPTION}
    return join(list(source.blocks(UNIVERSE))), source.counts


def read_bars(block: Ticks) -> list[tuple[int, int]]:
    """Return start and open of each bar."""
    opens = block.walk == WALK_OPEN
    return list(zip(block.ts[opens].tolist(), block.ltp[opens].tolist(), strict=True))


def meant() -> list[tuple[int, int]]:
    return [(int(bar.at.timestamp()) * 10**9, round(bar.open * 100)) for bar in samples.bars()]


def test_every_preset_has_a_sample() -> None:
    assert set(BY_NAME) == set(BOTH)
    assert len(BY_NAME) == len(PRESETS)


def test_the_presets_are_documented() -> None:
    table = rows_of_table(FORMATS, "<!-- presets -->")
    shown = {names(cells[0])[0]: re.findall(r"`([^`]+)`", cells[1]) for cells in table}
    assert list(shown) == list(BY_NAME)
    for preset in PRESETS:
        if preset.shape == "csv":
            assert shown[preset.name] == [*preset.header, *preset.optional]


@pytest.mark.parametrize("name", CANDLES)
def test_l3_candles_of_each_preset_are_the_bars_that_were_written(
    name: str, tmp_path: Path
) -> None:
    path = put(tmp_path, CANDLES[name], samples.bars())
    block, _ = opened(path, name)
    assert read_bars(block) == meant()
    assert (block.instrument == 0).all()
    assert block.volume is not None
    assert int(block.volume.max()) == sum(75 * (at + 1) for at in samples._minutes())


@pytest.mark.parametrize("name", TICKS)
def test_l3_ticks_of_each_preset_are_the_rows_that_were_written(name: str, tmp_path: Path) -> None:
    block, _ = opened(put(tmp_path, TICKS[name], samples.bars()), name)
    rows = samples.bars()
    assert block.ts.tolist() == [int(bar.at.timestamp()) * 10**9 for bar in rows]
    assert block.ltp.tolist() == [round(bar.close * 100) for bar in rows]
    assert block.bid is not None
    assert block.bid.tolist() == [round(bar.low * 100) for bar in rows]


def test_l3_a_quote_row_of_gdfl_has_no_trade_and_no_price_of_0(tmp_path: Path) -> None:
    block, counts = opened(put(tmp_path, TICKS["gdfl_tick"], samples.bars()), "gdfl_tick")
    assert block.ltq is not None
    assert block.ask is not None
    assert block.ltq.tolist()[:4] == [0, 75, 0, 75]
    assert block.ask.tolist()[0] == ABSENT
    assert block.volume is None
    assert not any(counts.values())


def test_l3_records_of_upstox_have_exchange_time_and_volume_of_the_day(tmp_path: Path) -> None:
    block, _ = opened(put(tmp_path, TICKS["upstox_ws"], samples.bars()), "upstox_ws")
    assert block.exchange_ts is not None
    assert block.volume is not None
    assert block.oi is not None
    assert set((block.ts - block.exchange_ts).tolist()) == {40 * 10**6}
    assert (set(block.volume.tolist()), set(block.oi.tolist())) == ({150}, {150})
    with pytest.raises(FeedError, match=r"NSE_FO\|51414: is a number of the exchange's"):
        opened(tmp_path / "upstox_ws.json", "upstox_ws", symbols={})


def test_l3_volumes_of_single_trades_are_summed_by_day(tmp_path: Path) -> None:
    block, _ = opened(put(tmp_path, TICKS["truedata_tick"], samples.bars()), "truedata_tick")
    assert block.volume is not None
    half = len(block) // 2
    assert block.volume.tolist() == [75 * (at + 1) for at in range(half)] * 2


@pytest.mark.parametrize("name", BOTH)
def test_l3_auto_names_the_preset_by_the_file(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, BOTH[name], samples.bars())
    by_name, _ = opened(path, name)
    found, _ = opened(path, "auto", symbol=BOTH[name].symbol)
    assert found.ts.tolist() == by_name.ts.tolist()
    assert found.ltp.tolist() == by_name.ltp.tolist()


@pytest.mark.parametrize("name", BOTH)
def test_l3_a_file_the_other_way_round_is_turned(name: str, tmp_path: Path) -> None:
    straight, _ = opened(put(tmp_path, BOTH[name], samples.bars()), name)
    turned, counts = opened(put(tmp_path, BOTH[name], samples.newest_first(samples.bars())), name)
    assert turned.ts.tolist() == straight.ts.tolist()
    assert turned.ltp.tolist() == straight.ltp.tolist()
    assert counts.get("turned_rows", 0) == (0 if name == "upstox_candles" else len(samples.bars()))


@pytest.mark.parametrize("name", [name for name in CANDLES if name != "gdfl_1m"])
def test_l3_candles_stamped_at_their_end_are_refused_and_read_on_request(
    name: str, tmp_path: Path
) -> None:
    path = put(tmp_path, CANDLES[name], samples.other_end(samples.bars()))
    with pytest.raises(FeedError, match="look like the candles' ends; write `stamp: end`"):
        opened(path, name)
    block, _ = opened(path, name, stamp="end")
    assert read_bars(block) == meant()


def test_l3_candles_of_gdfl_stamped_at_their_start_are_refused(tmp_path: Path) -> None:
    starts = [bar._replace(at=bar.at - dt.timedelta(seconds=59)) for bar in samples.bars()]
    path = put(tmp_path, CANDLES["gdfl_1m"], starts)
    with pytest.raises(FeedError, match=r"expected stamps at the end .*write `stamp: start`"):
        opened(path, "gdfl_1m")
    block, _ = opened(path, "gdfl_1m", stamp="start")
    assert read_bars(block) == meant()


@pytest.mark.parametrize("name", [name for name in BOTH if name not in (*ZONED, *EPOCH)])
def test_l3_times_in_utc_are_refused_and_read_on_request(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, BOTH[name], samples.in_utc(samples.bars()))
    with pytest.raises(FeedError, match=r"times look like UTC; write `zone: UTC`"):
        opened(path, name)
    block, _ = opened(path, name, zone="UTC")
    assert int(block.ts[0]) == meant()[0][0]


@pytest.mark.parametrize("name", EPOCH)
def test_l3_indian_wall_times_as_epoch_numbers_are_refused(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, BOTH[name], samples.as_utc(samples.bars()))
    with pytest.raises(FeedError, match="write `epoch_zone: Asia/Kolkata`"):
        opened(path, name)
    block, _ = opened(path, name, epoch_zone="Asia/Kolkata")
    assert sorted(set(block.ts.tolist()))[0] == meant()[0][0]


@pytest.mark.parametrize("name", ZONED)
def test_l3_times_that_say_their_zone_are_taken_at_their_word(name: str, tmp_path: Path) -> None:
    rows = [bar._replace(at=bar.at.astimezone(dt.UTC)) for bar in samples.bars()]
    block, _ = opened(put(tmp_path, CANDLES[name], rows), name)
    assert read_bars(block) == meant()


@pytest.mark.parametrize("name", CANDLES)
def test_l3_a_file_of_which_over_1_percent_drop_for_order_is_refused(
    name: str, tmp_path: Path
) -> None:
    rows = samples.bars()
    rows[5], rows[40] = rows[40], rows[5]
    with pytest.raises(FeedError, match=r"of 78 rows do not follow those of their instrument"):
        opened(put(tmp_path, CANDLES[name], rows), name)
    with pytest.raises(FeedError, match="of 156 rows do not follow"):
        opened(put(tmp_path, CANDLES[name], samples.repeated(samples.bars())), name)


def test_l3_a_few_rows_out_of_order_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = samples.bars()
    minute = dt.timedelta(minutes=1)
    more = [bar._replace(at=bar.at + minute) for bar in rows if bar.at.minute != 29]
    path = put(tmp_path, CANDLES["community"], [*sorted(rows + more)[:100], rows[3]])
    block, counts = opened(path, "community")
    assert counts["out_of_order_rows"] == 1
    assert len(read_bars(block)) == 100


def test_instruments_one_after_another_are_merged_by_time(tmp_path: Path) -> None:
    option = samples.gdfl_1m(samples.bars())
    future = option.replace("NIFTY06JUN2423000CE", "NIFTY27JUN24FUT").split("\n", 1)[1]
    path = tmp_path / "two.csv"
    path.write_text(option + future, encoding="utf-8")
    source = open_source(
        ReplayFile(path=str(path), preset="gdfl_1m"),
        session=sessions_of(rules()), contracts=rules(),
    )  # fmt: skip
    assert [row.tradingsymbol for row in source.named()] == [OPTION, "NIFTY24JUNFUT"]
    block = join(list(source.blocks(UNIVERSE)))
    assert (block.ts[1:] >= block.ts[:-1]).all()
    assert len(block) == 2 * 4 * len(samples.bars())


def test_l3_an_unknown_header_names_the_nearest_preset_and_the_difference(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(samples.gdfl_tick(samples.bars()).replace("LTQ", "LastQty"), encoding="utf-8")
    with pytest.raises(FeedError, match="nearest is gdfl_tick: it lacks LTQ and has LastQty"):
        opened(path, "auto")
    with pytest.raises(FeedError, match="gdfl_tick: it lacks LTQ and has LastQty"):
        opened(path, "gdfl_tick")


def test_a_name_that_is_no_preset_is_refused_with_a_near_one(tmp_path: Path) -> None:
    path = put(tmp_path, CANDLES["breeze"], samples.bars())
    with pytest.raises(ConfigError, match="did you mean gdfl_tick"):
        opened(path, "gdfl_ticks")


def test_the_wrong_preset_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="not in the shape of fyers_candles"):
        opened(put(tmp_path, CANDLES["breeze"], samples.bars()), "fyers_candles")
    with pytest.raises(FeedError, match=r"expected data\.candles in it"):
        opened(put(tmp_path, CANDLES["fyers_candles"], samples.bars()), "upstox_candles")


def test_settings_that_a_preset_says_itself_are_refused(tmp_path: Path) -> None:
    path = put(tmp_path, CANDLES["breeze"], samples.bars())
    with pytest.raises(ConfigError, match="columns: the preset breeze says it"):
        opened(path, "breeze", columns={"ts": "datetime"})
    other = put(tmp_path, CANDLES["community"], samples.bars())
    with pytest.raises(ConfigError, match="does not name its instrument; write `symbol`"):
        opened(other, "community", symbol="")


def test_a_monthly_contract_is_told_from_a_weekly_one_by_the_dated_rules(tmp_path: Path) -> None:
    text = samples.breeze(samples.bars()).replace("06-JUN-2024", "27-JUN-2024")
    path = tmp_path / "monthly.csv"
    path.write_text(text, encoding="utf-8")
    config = ReplayFile(path=str(path), preset="breeze")
    named = open_source(config, session=sessions_of(rules()), contracts=rules()).named()
    assert [row.tradingsymbol for row in named] == ["NIFTY24JUN23000CE"]
    with pytest.raises(FeedError, match="do not say on which day NIFTY expires in Jun 2024"):
        open_source(config, session=sessions_of(rules()))
