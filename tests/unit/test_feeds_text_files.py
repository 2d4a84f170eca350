from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.domain.dates import parse_ts
from daemon.domain.instrument import Universe
from daemon.domain.symbols import bare_instrument
from daemon.domain.ticks import ABSENT, NOT_FINITE
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import ReplayFile, UniverseConfig
from feeds.replay import open_source
from tests.unit.test_feeds_kit import read_all, read_until_fault, recording, text_file

HEADER = "timestamp,token,ltp"
START = "2025-10-08 10:00:00"
AT = parse_ts("2025-10-08T10:00:00+05:30")
UNIVERSE = Universe([bare_instrument("NIFTY 50", 256265)])


def lines(count: int) -> list[str]:
    return [HEADER, *(f"2025-10-08 10:00:{n:02d},256265,{100 + n}.05" for n in range(count))]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_text_is_named_as_such(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_bytes((mark + "\n".join(lines(2))).encode(encoding))
    with pytest.raises(FeedError, match=r"t\.csv: is UTF-16 text, .*; save it as UTF-8"):
        read_all(path, universe=UNIVERSE)


@pytest.mark.parametrize("zipped", [False, True])
def test_csv_rows_become_ticks(tmp_path: Path, zipped: bool) -> None:
    name = "t.csv.gz" if zipped else "t.csv"
    block = read_all(text_file(tmp_path / name, lines(3), zipped=zipped), universe=UNIVERSE)
    assert block.ts.tolist() == [AT, AT + 10**9, AT + 2 * 10**9]
    assert block.ltp.tolist() == [10005, 10105, 10205]
    assert block.instrument.tolist() == [0, 0, 0]
    assert (str(block.ts.dtype), str(block.instrument.dtype)) == ("int64", "int32")
    assert block.bid is None


def test_csv_columns_go_by_the_mapping_and_a_symbol_by_its_own(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", ["when,px,b,a,v,who", f"{START},1.05,1,,9,x"])
    block = read_all(
        path,
        columns={"ts": "when", "ltp": "px", "bid": "b", "ask": "a", "volume": "v", "symbol": "who"},
        symbols={"x": "NIFTY25O1425000CE"},
    )
    assert block.bid is not None
    assert block.ask is not None
    assert block.volume is not None
    assert (block.ltp[0], block.bid[0], block.ask[0], block.volume[0]) == (105, 100, ABSENT, 9)
    assert block.instrument[0] == 0


def test_a_file_of_one_symbol_needs_no_column_for_it(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", ["ts,ltp", f"{START},1"])
    assert recording(ReplayFile(path=str(path), symbol="BSE")).universe.symbols == ("BSE",)


def test_an_instrument_outside_the_universe_is_unknown(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", [*lines(1), f"{START},7,1", f"{START},,1"])
    assert read_all(path, universe=UNIVERSE).instrument.tolist() == [0, -1, -1]


def test_a_bad_price_is_left_to_the_engine(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", [*lines(1), f"{START},256265,oops"])
    assert read_all(path, universe=UNIVERSE).ltp.tolist() == [10005, NOT_FINITE]


def test_a_bad_time_is_a_fault_that_names_the_row_and_keeps_those_before(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", [*lines(2), "noon,256265,1", *lines(2)[1:]])
    blocks, error = read_until_fault(path)
    assert [len(block) for block in blocks] == [2]
    assert "t.csv: row 3:" in str(error)
    assert "'noon'" in str(error)


def test_a_row_of_the_wrong_width_is_a_fault_that_names_it(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", [*lines(2), "2025-10-08 10:0", *lines(2)[1:]])
    blocks, error = read_until_fault(path)
    assert [len(block) for block in blocks] == [2]
    assert "row 3: expected 3 values (timestamp,token,ltp), was 1" in str(error)


def test_a_cut_gzip_gives_the_whole_lines_then_says_which_was_the_last(tmp_path: Path) -> None:
    many = [HEADER, *(f"2025-10-08 10:00:00.{n:06d},256265,{n}.05" for n in range(1, 90_000))]
    whole = gzip.compress("\n".join(many).encode())
    path = tmp_path / "t.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    blocks, error = read_until_fault(path, columns={"token": "token"}, symbols={"256265": "X"})
    rows = sum(len(block) for block in blocks)
    assert 10_000 < rows < 89_999
    assert blocks[-1].ltp[-1] == rows * 100 + 5
    assert f"the last good row is {rows}; get a whole copy" in str(error)


def test_a_gzip_with_a_flipped_byte_is_a_fault(tmp_path: Path) -> None:
    data = bytearray(gzip.compress("\n".join(lines(50)).encode()))
    data[-6] ^= 0xFF
    path = tmp_path / "t.csv.gz"
    path.write_bytes(data)
    _, error = read_until_fault(path, symbols={"256265": "X"})
    assert "cut or damaged" in str(error)


def test_bytes_that_are_not_utf8_spoil_only_their_cell(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("\n".join(lines(2)).encode() + b"\n2025-10-08 10:00:09,256265,\xff\xfe\n")
    assert read_all(path, universe=UNIVERSE).ltp.tolist() == [10005, 10105, NOT_FINITE]


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines(2)).encode())
    assert read_all(path, universe=UNIVERSE).ltp.tolist() == [10005, 10105]


@pytest.mark.parametrize("text", ["", "\n", HEADER, f"{HEADER}\n"])
def test_a_file_without_rows_gives_none_or_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    if text.strip():
        source = open_source(ReplayFile(path=str(path)))
        assert list(source.blocks(UNIVERSE)) == []
    else:
        with pytest.raises(FeedError, match="empty"):
            open_source(ReplayFile(path=str(path)))


def test_a_missing_column_is_named_with_those_of_the_file(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", ["timestamp,token,price", f"{START},1,2"])
    with pytest.raises(FeedError, match="expected a column for ltp, the file has timestamp, token"):
        open_source(ReplayFile(path=str(path)))
    with pytest.raises(FeedError, match="did you mean price"):
        open_source(ReplayFile(path=str(path), columns={"ltp": "pricee"}))
    with pytest.raises(ConfigError, match=r"columns\.ltpp.*did you mean ltp"):
        open_source(ReplayFile(path=str(path), columns={"ltpp": "price"}))


def test_a_tick_file_without_an_instrument_is_refused(tmp_path: Path) -> None:
    path = text_file(tmp_path / "t.csv", ["ts,ltp", f"{START},1"])
    with pytest.raises(ConfigError, match="expected `symbol`"):
        open_source(ReplayFile(path=str(path)))


@pytest.mark.parametrize("name", ["nothing.csv", "."])
def test_a_missing_file_is_a_fault(tmp_path: Path, name: str) -> None:
    with pytest.raises(FeedError, match=r"no such file|is not a file"):
        open_source(ReplayFile(path=str(tmp_path / name)))


def test_an_unknown_ending_asks_for_the_format(tmp_path: Path) -> None:
    path = text_file(tmp_path / "ticks.dat", lines(1))
    with pytest.raises(FeedError, match="set `format`"):
        open_source(ReplayFile(path=str(path)))
    assert len(read_all(path, format="csv", universe=UNIVERSE)) == 1


def test_the_data_directory_stands_in_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_file(tmp_path / "t.csv", lines(1))
    file = ReplayFile(path="${FNO_DATA}/t.csv")
    monkeypatch.delenv("FNO_DATA", raising=False)
    with pytest.raises(FeedError, match="set FNO_DATA"):
        open_source(file)
    assert open_source(file, data_dir=tmp_path).named()
    monkeypatch.setenv("FNO_DATA", str(tmp_path))
    assert open_source(file).named()


def kite_tick(n: int = 0, **changes: object) -> dict[str, object]:
    level = {"price": 100.0, "quantity": 75, "orders": 2}
    return {
        "received_at": AT + n * 10**9,
        "instrument_token": 256265,
        "last_price": 100.05 + n,
        "exchange_timestamp": "2025-10-08 09:59:59",
        "last_trade_time": "2025-10-08 09:59:58",
        "depth": {"buy": [level], "sell": [{**level, "price": 100.1}]},
        "volume_traded": 1000 + n,
        "oi": 5,
        "last_traded_quantity": 75,
    } | changes


def jsonl(path: Path, *ticks: object) -> Path:
    rows = [tick if isinstance(tick, str) else json.dumps(tick) for tick in ticks]
    return text_file(path, rows, zipped=path.name.endswith("gz"))


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz"])
def test_kite_ticks_are_read_with_the_best_of_their_depth(tmp_path: Path, name: str) -> None:
    block = read_all(jsonl(tmp_path / name, kite_tick(), kite_tick(1)), universe=UNIVERSE)
    assert block.ts.tolist() == [AT, AT + 10**9]
    assert block.ltp.tolist() == [10005, 10105]
    for name_, value in (
        ("exchange_ts", AT - 10**9), ("bid", 10000), ("ask", 10010), ("ltq", 75), ("oi", 5),
    ):  # fmt: skip
        assert getattr(block, name_).tolist() == [value, value]
    assert block.volume is not None
    assert block.volume.tolist() == [1000, 1001]


def test_an_empty_level_of_kites_depth_is_an_absent_side(tmp_path: Path) -> None:
    empty = {"price": 0, "quantity": 0, "orders": 0}
    bad: list[object] = [
        {"buy": [empty], "sell": [empty]}, {"buy": []}, None, {"buy": ["x"], "sell": 3},
    ]  # fmt: skip
    ticks = [kite_tick(), *(kite_tick(1, depth=each) for each in bad)]
    block = read_all(jsonl(tmp_path / "t.jsonl", *ticks), universe=UNIVERSE)
    assert block.bid is not None
    assert block.ask is not None
    assert block.bid.tolist() == [10000, *[ABSENT] * 3, NOT_FINITE]
    assert block.ask.tolist() == [10010, *[ABSENT] * 3, NOT_FINITE]


def test_bad_values_of_a_json_tick_are_left_to_the_engine(tmp_path: Path) -> None:
    ticks = [
        kite_tick(last_price=float("nan")), kite_tick(last_price="x"), kite_tick(last_price=None),
        kite_tick(last_price=[1]), kite_tick(last_price=10**400), kite_tick(volume_traded="lots"),
        kite_tick(exchange_timestamp="?"), kite_tick(last_price="7.05"),
    ]  # fmt: skip
    block = read_all(jsonl(tmp_path / "t.jsonl", *ticks), universe=UNIVERSE)
    assert block.ltp.tolist()[:4] == [ABSENT, NOT_FINITE, ABSENT, NOT_FINITE]
    assert block.ltp.tolist()[5:] == [10005, 10005, 705]
    assert block.volume is not None
    assert block.volume[5] == -1
    assert block.exchange_ts is not None
    assert block.exchange_ts[6] == 0


@pytest.mark.parametrize("damage", ['{"received_at": 17', "[1, 2]", "null", "\x00"])
def test_a_line_that_is_no_json_object_is_a_fault_that_names_it(
    tmp_path: Path, damage: str
) -> None:
    path = jsonl(tmp_path / "t.jsonl", kite_tick(), kite_tick(1), damage, kite_tick(2))
    blocks, error = read_until_fault(path, symbols={"256265": "X"})
    assert [len(block) for block in blocks] == [2]
    assert "t.jsonl: row 3: expected a JSON object" in str(error)


def test_a_json_tick_without_a_time_is_a_fault(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "t.jsonl", kite_tick(), kite_tick(received_at=None))
    _, error = read_until_fault(path, symbols={"256265": "X"})
    assert "row 2: expected a time" in str(error)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.binary(max_size=300), kind=st.sampled_from(["csv", "jsonl", "parquet"]))
def test_no_bytes_make_a_reader_fail_but_with_a_fault(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    path = tmp_path / f"fuzz.{kind}"
    heads = {"csv": b"ts,ltp,symbol\n", "jsonl": b'{"ts":1,"ltp":2,"symbol":"A"}\n'}
    path.write_bytes(heads.get(kind, b"") + data)
    with contextlib.suppress(FeedError, ConfigError):
        source = recording(ReplayFile(path=str(path)), universe=UniverseConfig())
        for block in source.blocks():
            assert len(block) > 0
