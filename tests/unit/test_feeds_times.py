"""Times in two columns, in other zones and in other words; keys that only later rows have."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.domain.dates import SECOND_NS, ist_date, ist_ns, parse_ts
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import bare_instrument
from daemon.domain.ticks import ABSENT, NOT_FINITE
from daemon.errors import ConfigError, FeedError
from daemon.files.zones import UNREADABLE, parse_zone, to_utc
from daemon.settings.check import problems
from daemon.settings.config import Config, FeedConfig, ReplayConfig, ReplayFile, UniverseConfig
from feeds.files.depth_column import best_sides
from feeds.files.time_column import TimeRules, joined, times
from feeds.replay import Recording, open_source
from tests.unit.test_feeds_kit import read_all, read_until_fault, text_file

AT = parse_ts("2024-06-06T09:15:00+05:30")
UNIVERSE = Universe([bare_instrument("A", 1)])


def jsonl(path: Path, *ticks: dict[str, Any]) -> Path:
    return text_file(path, [json.dumps(tick) for tick in ticks])


def tick(second: int, **more: Any) -> dict[str, Any]:
    stamp = f"2024-06-06 09:15:{second:02d}"
    return {"instrument_token": 1, "last_price": 100.0, "exchange_timestamp": stamp} | more


def kite_depth(bid: float, ask: float, quantity: int = 25) -> dict[str, Any]:
    level = {"quantity": quantity, "orders": 1}
    return {"buy": [level | {"price": bid}], "sell": [level | {"price": ask}]}


INDEX = tick(0, mode="full", tradable=False)
QUOTE = tick(1, mode="quote", volume_traded=10)
FULL = tick(2, mode="full", volume_traded=11, oi=5, depth=kite_depth(99.5, 100.5))


@pytest.mark.parametrize("first", [(INDEX, QUOTE), (QUOTE, INDEX), ()])
def test_a_key_counts_whether_the_first_line_has_it_or_not(tmp_path: Path, first: Any) -> None:
    block = read_all(jsonl(tmp_path / "t.jsonl", *first, FULL), universe=UNIVERSE)
    assert block.bid is not None
    assert block.ask is not None
    assert block.volume is not None
    assert block.oi is not None
    assert (block.bid[-1], block.ask[-1]) == (9950, 10050)
    assert (block.volume[-1], block.oi[-1]) == (11, 5)
    assert (block.bid[:-1] == ABSENT).all()


def test_a_key_that_begins_after_the_first_block_counts(tmp_path: Path) -> None:
    many = [QUOTE | {"padding": "x" * 300}] * 2000
    path = jsonl(tmp_path / "t.jsonl", *many, FULL | {"Price": 7.0})
    block = read_all(path, universe=UNIVERSE, columns={"oi": "oi", "ltp": "Price"})
    assert block.bid is not None
    assert block.bid[-1] == 9950
    assert block.ltp.tolist() == [ABSENT] * 2000 + [700]


def test_a_configured_key_that_no_line_has_is_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "t.jsonl", INDEX, FULL)
    with pytest.raises(FeedError, match=r"t.jsonl: expected a column 'last' for ltp"):
        open_source(ReplayFile(path=str(path), columns={"ltp": "last"}))


def test_a_row_may_have_its_token_or_its_symbol(tmp_path: Path) -> None:
    named = {"tradingsymbol": "A", "last_price": 7.0, "exchange_timestamp": "2024-06-06 09:15:03"}
    block = read_all(jsonl(tmp_path / "t.jsonl", FULL, named), universe=UNIVERSE)
    assert block.instrument.tolist() == [0, 0]


def test_a_row_without_the_files_time_of_receipt_is_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "t.jsonl", FULL | {"received_at": "2024-06-06 09:15:02"}, FULL)
    blocks, error = read_until_fault(path)
    assert [len(block) for block in blocks] == [1]
    assert "row 2: expected a time" in str(error)
    assert "in received_at, was None" in str(error)


@pytest.mark.parametrize("head", ["date,time", "Date,Time", "DATE,TIME"])
def test_a_date_and_a_time_are_read_together(tmp_path: Path, head: str) -> None:
    lines = [f"{head},Symbol,LTP", "2024-06-06,09:15:00,A,1.05", "2024-06-06,09:15:01.5,A,1.10"]
    block = read_all(text_file(tmp_path / "t.csv", lines), universe=UNIVERSE)
    assert block.ts.tolist() == [AT, AT + 3 * SECOND_NS // 2]
    assert block.ltp.tolist() == [105, 110]


def test_a_date_and_a_time_may_be_typed_columns_and_midnights(tmp_path: Path) -> None:
    clock, day = dt.time(9, 15), dt.date(2024, 6, 6)
    for dates in (pa.array([day]), pa.array([dt.datetime(2024, 6, 6)])):  # noqa: DTZ001
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"Date": dates, "Time": pa.array([clock]), "ltp": [1.0]}), path)
        assert read_all(path, universe=UNIVERSE, symbol="A").ts.tolist() == [AT]


def test_a_better_column_than_date_and_time_counts(tmp_path: Path) -> None:
    lines = ["date,time,timestamp,token,ltp", "2024-06-06,00:00:00,2024-06-06 09:15:00,1,1"]
    assert read_all(text_file(tmp_path / "t.csv", lines), universe=UNIVERSE).ts.tolist() == [AT]


def test_one_column_that_says_the_whole_time_may_be_mapped_alone(tmp_path: Path) -> None:
    lines = ["date,time,token,ltp", "2024-06-06 09:15:00,1,1,1"]
    path = text_file(tmp_path / "t.csv", lines)
    assert read_all(path, universe=UNIVERSE, columns={"ts": "date"}).ts.tolist() == [AT]
    _, error = read_until_fault(path)
    assert "`columns: {ts: date}` if that column alone says the time" in str(error)


def test_a_date_alone_is_refused_with_the_column_that_has_the_time(tmp_path: Path) -> None:
    lines = ["Date,TradeTime,token,ltp", "2024-06-06,09:15:00,1,1"]
    _, error = read_until_fault(text_file(tmp_path / "t.csv", lines))
    assert "t.csv: row 1: " in str(error)
    assert "write `columns: {ts: [Date, TradeTime]}`" in str(error)


@pytest.mark.parametrize(("names", "columns"), [("LTP,Ltp", {}), ("ltp,ltp", {"ltp": "ltp"})])
def test_two_columns_for_one_name_are_refused(
    tmp_path: Path, names: str, columns: dict[str, Any]
) -> None:
    path = text_file(tmp_path / "t.csv", [f"ts,token,{names}", "2024-06-06 09:15:00,1,1,2"])
    with pytest.raises(FeedError, match="expected one column for ltp, the file has"):
        open_source(ReplayFile(path=str(path), columns=columns))


def test_only_ts_may_have_two_columns(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", ["ts,token,ltp", "2024-06-06 09:15:00,1,1"])
    wrong: list[dict[str, Any]] = [
        {"ltp": ["ltp", "token"]}, {"ts": ["ts", "ltp", "token"]}, {"ts": []},
    ]  # fmt: skip
    for columns in wrong:
        with pytest.raises(ConfigError, match="expected one column"):
            open_source(ReplayFile(path=str(path), columns=columns))


@pytest.mark.parametrize("zone", ["UTC", "+00:00", "Africa/Abidjan"])
def test_times_that_do_not_say_their_zone_are_those_of_the_setting(
    tmp_path: Path, zone: str
) -> None:
    lines = ["ts,exchange_ts,token,ltp", "2024-06-06 03:45:00,2024-06-06 03:44:59,1,1"]
    path = text_file(tmp_path / "t.csv", lines)
    block = read_all(path, universe=UNIVERSE, zone=zone)
    assert block.ts.tolist() == [AT]
    assert block.exchange_ts is not None
    assert block.exchange_ts.tolist() == [AT - SECOND_NS]


def test_a_zone_that_is_written_counts_before_the_setting() -> None:
    rules = TimeRules(zone=0)
    assert times(pa.array(["2024-06-06 09:15:00+05:30"]), rules).tolist() == [AT]
    assert times(pa.array([AT // 10**9]), rules).tolist() == [AT]


@pytest.mark.parametrize("number", [10**9, 10**6, 10**3, 1])
def test_wall_time_that_was_written_as_an_epoch_is_taken_back(number: int) -> None:
    shifted = (AT + 19_800 * SECOND_NS) // number
    rules = TimeRules(epoch_zone=parse_zone("Asia/Kolkata"))
    for column in (pa.array([shifted]), pa.array([str(shifted)]), pa.array([f"{shifted}.0"])):
        assert times(column, rules).tolist() == [AT]


def test_a_wall_time_that_is_shown_twice_or_never_is_unreadable() -> None:
    london = parse_zone("Europe/London")
    walls = ["2024-03-31 01:30:00", "2024-10-27 01:30:00", "2024-06-06 04:45:00"]
    found = times(pa.array(walls), TimeRules(zone=london))
    assert found.tolist() == [UNREADABLE, UNREADABLE, AT]
    assert to_utc(found, 0).tolist() == found.tolist()


@pytest.mark.parametrize("text", ["IST", "Asia/Nowhere", "+5:30", "5.5", "", "Asia", "../UTC"])
def test_a_zone_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected UTC, an offset such as"):
        parse_zone(text)


def test_other_ways_to_write_times_are_read_by_their_format() -> None:
    cells = ["06/06/2024 09:15:00", "6/6/2024 9:15:00", "31/02/2024 09:15:00", "x", "", None]
    found = times(pa.array(cells), TimeRules(format="%d/%m/%Y %H:%M:%S")).tolist()
    assert found == [AT, AT, *[UNREADABLE] * 4]
    exact = times(pa.array(["06-Jun-24 091500.25"]), TimeRules(format="%d-%b-%y %H%M%S.%f"))
    assert exact.tolist() == [AT + SECOND_NS // 4]
    zoned = times(pa.array(["06.06.2024 03:45 +0000"]), TimeRules(format="%d.%m.%Y %H:%M %z"))
    assert zoned.tolist() == [AT]
    assert times(pa.array([202406060915]), TimeRules(format="%Y%m%d%H%M")).tolist() == [AT]


def test_a_format_describes_date_and_time_together(tmp_path: Path) -> None:
    lines = ["Ticker,Date,Time,LTP", "A,06/06/2024,09:15:00,1"]
    settings: dict[str, Any] = {
        "ts_format": "%d/%m/%Y %H:%M:%S", "columns": {"symbol": "Ticker"},
    }  # fmt: skip
    path = text_file(tmp_path / "t.csv", lines)
    assert read_all(path, universe=UNIVERSE, **settings).ts.tolist() == [AT]
    with pytest.raises(ConfigError, match="ts_format: expected a time of day"):
        open_source(ReplayFile(path=str(path), ts_format="%d/%m/%Y", columns={"symbol": "Ticker"}))


def test_what_is_neither_a_date_nor_a_time_joins_to_nothing() -> None:
    assert joined(pa.array([{"a": 1}]), pa.array(["09:15"])).to_pylist() == [None]
    assert joined(pa.array(["2024-06-06"]), pa.array([" "])).to_pylist() == [None]


@pytest.mark.parametrize("setting", [{"zone": "UTC"}, {"epoch_zone": "Asia/Kolkata"}])
def test_our_own_recordings_take_no_zone(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="our own recordings have UTC times"):
        open_source(ReplayFile(path="configs/sample_session.parquet", **setting))


DEPTHS = [
    (kite_depth(99.5, 100.5), [99.5], [100.5]),
    (kite_depth(99.5, 0.0), [99.5], [None]),
    (kite_depth(99.5, 100.5, quantity=0), [None], [None]),
    ({"buy": [{"price": 99.5}], "sell": []}, [99.5], [None]),
    ({"buy": [{"price": 99.5, "quantity": None}]}, [99.5], [None]),
    ({"buy": [{"price": 99.5, "quantity": "many"}]}, [None], [None]),
]


@pytest.mark.parametrize(("depth", "bid", "ask"), DEPTHS)
def test_depth_gives_the_best_sides_in_whatever_form_it_is(depth: Any, bid: Any, ask: Any) -> None:
    expected = {"bid": bid, "ask": ask}
    forms: list[Any] = [[depth], pa.array([str(depth)]), pa.array([json.dumps(depth)])]
    if "None" not in str(depth):
        forms.append(pa.array([depth]))
    else:
        forms = [[depth], pa.array([json.dumps(depth)])]
    for form in forms:
        assert {name: each.to_pylist() for name, each in best_sides(form).items()} == expected


def test_a_struct_without_a_depth_has_no_sides() -> None:
    column = pa.array([None, kite_depth(99.5, 100.5), {"buy": None, "sell": []}])
    assert best_sides(column)["bid"].to_pylist() == [None, 99.5, None]


def test_depth_of_a_table_gives_the_sides_that_it_does_not_have(tmp_path: Path) -> None:
    depth = kite_depth(99.5, 100.5)
    columns = {"ts": [AT] * 2, "ltp": [1.0] * 2, "bid": [98.0, None], "depth": [depth, depth]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    block = read_all(tmp_path / "t.parquet", universe=UNIVERSE, symbol="A")
    assert block.bid is not None
    assert block.ask is not None
    assert (block.bid.tolist(), block.ask.tolist()) == ([9800, 9950], [10050, 10050])
    lines = ["ts,ltp,depth", f'{AT},1,"{depth}"', f"{AT},1,many", f"{AT},1,"]
    block = read_all(text_file(tmp_path / "t.csv", lines), universe=UNIVERSE, symbol="A")
    assert block.bid is not None
    assert block.bid.tolist() == [9950, NOT_FINITE, ABSENT]


def session(instrument: Instrument, date: dt.date) -> tuple[int, int] | None:
    """An evening session for B; no session at weekends."""
    if date.weekday() >= 5:
        return None
    hours = (18, 19) if instrument.tradingsymbol == "B" else (9, 15)
    return ist_ns(date, dt.time(hours[0], 15)), ist_ns(date, dt.time(hours[1], 30))


def day_candles(path: Path, *stamps: str, **config: Any) -> list[int]:
    lines = ["date,open,high,low,close,volume", *(f"{each},100,110,95,105,9" for each in stamps)]
    file = ReplayFile(
        path=str(text_file(path, lines)), kind="candles", timeframe="1d",
        **({"symbol": "A"} | config),
    )  # fmt: skip
    recording = Recording(ReplayConfig(files=[file]), UniverseConfig(), session=session)
    return [ts for block in recording.blocks() for ts in block.ts.tolist()]


@pytest.mark.parametrize("stamp", ["2024-06-06", "2024-06-06 00:00:00+05:30", "2024-06-06 09:15"])
def test_a_day_candle_covers_the_session_of_its_date(tmp_path: Path, stamp: str) -> None:
    start, end = ist_ns(dt.date(2024, 6, 6), dt.time(9, 15)), parse_ts("2024-06-06T15:30:00+05:30")
    quarter = (end - start) // 4
    expected = [start, start + quarter, start + 2 * quarter, end - 1000]
    assert day_candles(tmp_path / "d.csv", stamp) == expected


def test_midnights_and_opens_may_be_mixed_and_a_date_counts_once(tmp_path: Path) -> None:
    stamps = ["2024-06-05", "2024-06-05 09:15:00", "2024-06-06 09:15:00", "2024-06-07"]
    found = day_candles(tmp_path / "d.csv", *stamps)
    assert [ist_date(ts).day for ts in found] == [5] * 4 + [6] * 4 + [7] * 4


def test_a_day_candle_of_an_evening_session_is_in_the_evening(tmp_path: Path) -> None:
    found = day_candles(tmp_path / "d.csv", "2024-06-06 09:15:00", symbol="B")
    assert found[0] == ist_ns(dt.date(2024, 6, 6), dt.time(18, 15))


def test_a_day_candle_without_a_session_is_four_ticks_outside_any(tmp_path: Path) -> None:
    found = day_candles(tmp_path / "d.csv", "2024-06-07", "2024-06-08", "2024-06-10")
    midnight = ist_ns(dt.date(2024, 6, 8), dt.time())
    assert [ts - midnight for ts in found[4:8]] == [0, 1000, 2000, 3000]
    assert found == sorted(found)


def test_a_day_candle_stamped_after_the_open_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"d.csv: row 2: .*say in which `zone`") as raised:
        day_candles(tmp_path / "d.csv", "2024-06-05", "2024-06-05 18:30:00")
    assert "(2024-06-05T09:15), was 2024-06-05T18:30 IST" in str(raised.value)
    found = day_candles(tmp_path / "d.csv", "2024-06-05 18:30:00", zone="UTC")
    assert ist_date(found[0]) == dt.date(2024, 6, 6)


@pytest.mark.parametrize(
    ("setting", "path", "text"),
    [
        ({"zone": "IST"}, "zone", "India is Asia/Kolkata, was 'IST'"),
        ({"epoch_zone": "+5"}, "epoch_zone", "expected UTC, an offset such as +05:30"),
        ({"ts_format": "%H:%M"}, "ts_format", "expected year, month and day"),
        ({"ts_format": "%Q"}, "ts_format", "expected"),
        ({"ts_format": "%d/%m/%Y %H:%M", "ts_unit": "ms"}, "ts_format", "ts_unit (ms); keep one"),
    ],
)
def test_a_setting_of_times_that_says_nothing_is_refused_with_its_place(
    setting: dict[str, Any], path: str, text: str
) -> None:
    files = [ReplayFile(path="x"), ReplayFile(path="y", **setting)]
    config = Config(feed=FeedConfig(kind="replay", replay=ReplayConfig(files=files)))
    (problem,) = problems(config)
    assert problem.path == ("feed", "replay", "files", 1, path)
    assert text in problem.text
