from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import bare_instrument
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE, Ticks
from daemon.errors import FeedError
from daemon.settings.config import ReplayFile
from feeds.files.native_writer import write_ticks
from feeds.files.parquet_ticks import NativeFile
from feeds.replay import open_source
from feeds.stream.blocks import join
from tests.unit.test_feeds_kit import cut, read_all, read_until_fault, recording, rows_of

UNIVERSE = Universe(
    [
        Instrument(instrument_token=7, tradingsymbol="A", lot_size=75, strike_paise=100),
        Instrument(instrument_token=8, tradingsymbol="B", expiry="2026-11-24"),
    ]
)
PRICE = st.sampled_from([ABSENT, NOT_FINITE, NOT_PAISE, -5, 0, 5, 10**12])


@st.composite
def blocks(draw: st.DrawFn) -> Ticks:
    rows = draw(st.integers(1, 40))

    def column(values: st.SearchStrategy[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=np.int64)

    return Ticks(
        ts=column(st.integers(0, 2**62)),
        instrument=column(st.integers(-1, 1)).astype(np.int32),
        ltp=column(PRICE),
        exchange_ts=column(st.integers(0, 2**62)),
        bid=column(PRICE) if draw(st.booleans()) else None,
        ask=column(PRICE),
        ltq=column(st.integers(0, 100)),
        volume=column(st.integers(-1, 2**62)) if draw(st.booleans()) else None,
        oi=column(st.integers(-1, 5)),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(block=blocks(), rows=st.integers(1, 50))
def test_the_native_format_gives_back_every_row(tmp_path: Path, block: Ticks, rows: int) -> None:
    path = tmp_path / "t.parquet"
    assert write_ticks(path, UNIVERSE, cut(block, rows)) == len(block)
    file = NativeFile(path, rows)
    assert list(file.named()) == list(UNIVERSE)
    back = join(list(file.blocks(UNIVERSE)))
    assert rows_of(back) == rows_of(block)
    assert {str(back.ts.dtype), str(back.ltp.dtype)} == {"int64"}
    assert str(back.instrument.dtype) == "int32"


def small() -> Ticks:
    return Ticks(
        ts=np.arange(1, 9, dtype=np.int64) * 10**9 + 10**18,
        instrument=np.array([0, 1] * 4, dtype=np.int32),
        ltp=np.arange(8, dtype=np.int64) * 5 + 100,
    )


def test_the_bytes_do_not_depend_on_the_blocks(tmp_path: Path) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    write_ticks(one, UNIVERSE, [small()])
    write_ticks(two, UNIVERSE, cut(small(), 3))
    assert one.read_bytes() == two.read_bytes()


def test_depth_and_walk_are_kept_where_asked(tmp_path: Path) -> None:
    block = small()
    block.depth = np.arange(240, dtype=np.int64).reshape(8, 10, 3)
    block.walk = np.array([1, 2, 3, 4] * 2, dtype=np.int8)
    block.other = block.ltp + 5
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [block], walk=True, depth=True)
    back = join(list(NativeFile(path, 5, depth=True).blocks(UNIVERSE)))
    assert rows_of(back) == rows_of(block)
    assert back.depth is not None
    assert back.depth.tolist() == block.depth.tolist()
    assert str(back.walk.dtype if back.walk is not None else "") == "int8"
    assert join(list(NativeFile(path).blocks(UNIVERSE))).depth is None


def with_groups() -> Ticks:
    block = small()
    block.depth = np.arange(240, dtype=np.int64).reshape(8, 10, 3) - 7
    block.day = np.arange(64, dtype=np.int64).reshape(8, 8) + (1 << 40)
    return block


@pytest.mark.parametrize("rows", [1, 5, 100])
def test_depth_and_the_days_figures_are_kept_where_asked(tmp_path: Path, rows: int) -> None:
    block, path = with_groups(), tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, cut(block, rows), depth=True, day=True)
    assert NativeFile(path).groups == {"depth", "day"}
    for wanted in ((False, False), (True, False), (False, True), (True, True)):
        depth, day = wanted
        file = NativeFile(path, rows, depth=depth, day=day)
        back = join(list(file.blocks(UNIVERSE)))
        assert rows_of(back) == rows_of(block)
        for name, is_wanted in zip(("depth", "day"), wanted, strict=True):
            column = getattr(back, name)
            assert (column is not None) == is_wanted
            if is_wanted:
                assert str(column.dtype) == "int64"
                assert column.tolist() == getattr(block, name).tolist()


def version_of(path: Path) -> int:
    return int(json.loads(pq.read_schema(path).metadata[b"run_fno_paper"])["version"])


def test_a_file_is_of_version_2_only_if_it_has_what_version_1_lacks(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for groups, version in (((), 1), (("depth",), 2), (("day",), 2), (("depth", "day"), 2)):
        depth, day = (name in groups for name in ("depth", "day"))
        write_ticks(path, UNIVERSE, [with_groups()], depth=depth, day=day)
        assert version_of(path) == version


def test_every_level_is_a_column_that_any_tool_reads(tmp_path: Path) -> None:
    block, path = with_groups(), tmp_path / "t.parquet"
    assert block.depth is not None
    assert block.day is not None
    write_ticks(path, UNIVERSE, [block], depth=True, day=True)
    table = pq.read_table(path)
    assert table["bid_price_1"].to_pylist() == block.depth[:, 0, 1].tolist()
    assert table["ask_quantity_5"].to_pylist() == block.depth[:, 9, 0].tolist()
    assert table["ask_orders_2"].to_pylist() == block.depth[:, 6, 2].tolist()
    assert table["previous_close"].to_pylist() == block.day[:, 6].tolist()


def test_a_file_of_version_1_with_its_list_of_depth_is_read(tmp_path: Path) -> None:
    block, path = with_groups(), tmp_path / "t.parquet"
    assert block.depth is not None
    write_ticks(path, UNIVERSE, [small()])
    table = pq.read_table(path)
    numbers = pa.array(block.depth.reshape(-1))
    depth = pa.FixedSizeListArray.from_arrays(numbers, 30)
    old = table.append_column(pa.field("depth", pa.list_(pa.int64(), 30)), depth)
    pq.write_table(old.replace_schema_metadata(table.schema.metadata), path)
    file = NativeFile(path, 3, depth=True, day=True)
    assert file.groups == {"depth"}
    back = join(list(file.blocks(UNIVERSE)))
    assert back.depth is not None
    assert back.depth.tolist() == block.depth.tolist()
    assert back.day is None


@pytest.mark.parametrize("name", ["bid_orders_3", "day_low"])
def test_a_level_or_a_figure_that_is_missing_alone_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [with_groups()], depth=True, day=True)
    pq.write_table(pq.read_table(path).drop_columns([name]), path)
    with pytest.raises(FeedError, match=f"expected a column {name} next to the others"):
        NativeFile(path)


def test_a_level_that_is_null_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [with_groups()], depth=True)
    table = pq.read_table(path)
    at = table.column_names.index("ask_price_1")
    nulls = pa.array([None] * len(table), pa.int64())
    pq.write_table(table.set_column(at, "ask_price_1", nulls), path)
    with pytest.raises(FeedError, match="expected no missing values"):
        list(NativeFile(path, depth=True).blocks(UNIVERSE))


def test_another_universe_renumbers_the_rows_and_marks_those_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [small()])
    other = Universe([bare_instrument("X", 1), bare_instrument("B", 2)])
    back = join(list(NativeFile(path).blocks(other)))
    assert back.instrument.tolist() == [-1, 1] * 4


def test_a_version_from_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [small()])
    table = pq.read_table(path)
    for meta, wanted in (
        (
            b'{"version": 3, "instruments": []}',
            "expected version 1 or 2 of the native format, was 3",
        ),
        (b"{", "its instrument table is damaged"),
        (b'{"version": 1}', "its instrument table is damaged"),
        (b"[]", "its instrument table is damaged"),
    ):
        pq.write_table(table.replace_schema_metadata({b"run_fno_paper": meta}), path)
        with pytest.raises(FeedError, match=wanted):
            open_source(ReplayFile(path=str(path)))


def test_a_native_file_with_a_wrong_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [small()])
    table = pq.read_table(path)
    for damaged in (
        table.drop_columns(["ltp"]),
        table.set_column(0, "ts", pa.array(["x"] * 8)),
        table.set_column(4, "bid", pa.array([1.5] * 8)),
    ):
        pq.write_table(damaged.replace_schema_metadata(table.schema.metadata), path)
        with pytest.raises(FeedError, match="expected"):
            open_source(ReplayFile(path=str(path)))


def test_a_file_without_its_end_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [small()])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FeedError, match=r"t\.parquet: expected a whole Parquet file"):
        open_source(ReplayFile(path=str(path)))


def test_a_damaged_page_is_a_fault_after_the_rows_before_it(tmp_path: Path) -> None:
    rows = 300_000
    block = Ticks(
        ts=np.arange(rows, dtype=np.int64) * 10**6 + 10**18,
        instrument=np.zeros(rows, dtype=np.int32),
        ltp=np.random.default_rng(1).integers(1, 10**6, rows),
    )
    path = tmp_path / "t.parquet"
    write_ticks(path, UNIVERSE, [block])
    group = pq.read_metadata(path).row_group(1).column(2)
    data = bytearray(path.read_bytes())
    data[group.data_page_offset + 500] ^= 0xFF
    path.write_bytes(data)
    good, error = read_until_fault(path)
    delivered = sum(len(each) for each in good)
    assert 65_536 <= delivered <= 200_000
    assert rows_of(join(good)) == rows_of(block.rows(0, delivered))
    assert f"row {delivered + 1}: the file is damaged from here on" in str(error)


def foreign(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_a_foreign_table_with_numbered_instruments(tmp_path: Path) -> None:
    path = foreign(
        tmp_path / "t.parquet",
        ts_ns=pa.array([10**18, 10**18 + 1]),
        instrument_id=pa.array([0, 1], pa.int32()),
        ltp=[100.05, 7.1],
        bid=[100.0, None],
        ask=[100.1, 7.15],
        qty=pa.array([50, 100], pa.int32()),
        volume=[50, 100],
    )
    made = recording(ReplayFile(path=str(path), symbols={"0": "FUT", "1": "OPT"}))
    assert made.universe.symbols == ("FUT", "OPT")
    assert [rows_of(block) for block in made.blocks()] == [
        [
            (10**18, 0, 0, 10005, 10000, 10010, 50, 50, -1, 0, ABSENT),
            (10**18 + 1, 0, 1, 710, ABSENT, 715, 100, 100, -1, 0, ABSENT),
        ]
    ]


def test_a_null_time_in_a_foreign_table_is_a_fault(tmp_path: Path) -> None:
    path = foreign(tmp_path / "t.parquet", ts=pa.array([10**18, None]), ltp=[1.0, 2.0])
    blocks_, error = read_until_fault(path, symbol="A")
    assert [len(block) for block in blocks_] == [1]
    assert "row 2: expected a time" in str(error)


def test_large_strings_and_decimals_are_columns_like_others(tmp_path: Path) -> None:
    path = foreign(
        tmp_path / "t.parquet",
        ts=pa.array(["2025-12-15 09:32:48.93"], pa.large_string()),
        symbol=pa.array(["A"]).dictionary_encode(),
        ltp=pa.array(["1405.50"], pa.large_string()),
        oi=pa.array([3.0]),
    )
    block = read_all(path)
    assert rows_of(block)[0][2:4] == (0, 140550)
    assert block.oi is not None
    assert block.oi.tolist() == [3]
