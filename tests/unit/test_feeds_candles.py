from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.dates import MINUTE_NS, SECOND_NS, parse_ts
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import bare_instrument
from daemon.domain.ticks import NOT_FINITE, WALK_CLOSE, WALK_FIRST, WALK_OPEN, WALK_SECOND, Ticks
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import InstrumentConfig, ReplayFile, UniverseConfig
from feeds.files.candle_files import CandleFile
from feeds.files.csv_ticks import CsvTable
from feeds.files.table import Batch
from feeds.stream.blocks import join
from tests.unit.test_feeds_kit import read_until_fault, recording, rows_of, text_file

HEADER = "date,open,high,low,close,volume"
OPEN = parse_ts("2023-12-07T09:15:00+05:30")
UNIVERSE = Universe([bare_instrument("A", 1), bare_instrument("B", 2), bare_instrument("I", 9)])


def walk(
    tmp_path: Path, *lines: str, header: str = HEADER, session: Any = None, **config: Any
) -> tuple[Ticks, dict[str, int]]:
    path = text_file(tmp_path / "c.csv", [header, *lines])
    file = ReplayFile(path=str(path), kind="candles", **({"symbol": "A"} | config))
    source = CandleFile(CsvTable(path), file, session)
    return join(list(source.blocks(UNIVERSE))), source.counts


def test_a_candle_becomes_four_ticks(tmp_path: Path) -> None:
    block, counts = walk(tmp_path, "2023-12-07 09:15:00,10,12,9,11,30")
    assert (block.ts - OPEN).tolist() == [0, 15 * SECOND_NS, 30 * SECOND_NS, MINUTE_NS - 1000]
    assert block.ltp.tolist() == [1000, 900, 1200, 1100]
    assert block.other is not None
    assert block.other.tolist() == [1000, 1200, 900, 1100]
    assert block.walk is not None
    assert block.walk.tolist() == [WALK_OPEN, WALK_FIRST, WALK_SECOND, WALK_CLOSE]
    assert block.volume is not None
    assert block.volume.tolist() == [0, 0, 0, 30]
    assert not any(counts.values())


def test_the_volume_adds_up_over_a_day_and_starts_afresh_on_the_next(tmp_path: Path) -> None:
    block, _ = walk(
        tmp_path,
        "2023-12-07 09:15:00,10,12,9,11,30",
        "2023-12-07 09:16:00,10,12,9,11,15",
        "2023-12-08 09:15:00,10,12,9,11,45",
    )
    assert block.volume is not None
    assert block.volume.tolist() == [0, 0, 0, 30, 30, 30, 30, 45, 0, 0, 0, 45]


def test_an_inconsistent_candle_is_widened_and_counted(tmp_path: Path) -> None:
    block, counts = walk(
        tmp_path, "2023-12-07 09:15:00,10,10.5,9,11,1", "2023-12-07 09:16:00,10,9,12,11,1"
    )
    assert block.ltp.tolist() == [1000, 900, 1100, 1100, 1000, 900, 1200, 1100]
    assert counts["widened_candles"] == 2


@pytest.mark.parametrize(("config", "rows"), [({}, 4), ({"skip_untraded": False}, 12)])
def test_flat_candles_without_volume_are_dropped(
    tmp_path: Path, config: dict[str, Any], rows: int
) -> None:
    lines = [f"2023-12-07 09:1{n}:00,10,10,10,10,{volume}" for n, volume in enumerate((0, 15, 0))]
    block, counts = walk(tmp_path, *lines, **config)
    assert len(block) == rows
    assert counts["untraded_candles"] == (12 - rows) // 4


def test_flat_candles_are_kept_for_an_index_and_without_a_volume_column(tmp_path: Path) -> None:
    flat = "2023-12-07 09:15:00,10,10,10,10"
    assert len(walk(tmp_path, f"{flat},0", symbol="I")[0]) == 4
    block, _ = walk(tmp_path, flat, header="date,open,high,low,close")
    assert len(block) == 4
    assert block.volume is None


def test_a_repeated_candle_is_dropped_and_counted(tmp_path: Path) -> None:
    line = "2023-12-07 09:16:00,10,12,9,11,30"
    older = "2023-12-07 09:15:00,10,12,9,11,30"
    block, counts = walk(tmp_path, line, line, older)
    assert len(block) == 4
    assert counts["repeated_candles"] == 2


def test_a_candle_with_a_bad_price_is_one_row_that_the_engine_refuses(tmp_path: Path) -> None:
    block, counts = walk(
        tmp_path, "2023-12-07 09:15:00,10,x,9,11,30", "2023-12-07 09:16:00,10,12,0,11,30"
    )
    assert block.ltp.tolist() == [NOT_FINITE, 0]
    assert block.walk is not None
    assert block.walk.tolist() == [WALK_OPEN, WALK_OPEN]
    assert counts["widened_candles"] == 0


def test_a_bad_time_is_a_fault_after_the_candles_before(tmp_path: Path) -> None:
    lines = ["2023-12-07 09:15:00,10,12,9,11,30", "x,10,12,9,11,30"]
    path = text_file(tmp_path / "c.csv", [HEADER, *lines])
    blocks, error = read_until_fault(path, kind="candles", symbol="A")
    assert sum(map(len, blocks)) == 4
    assert "row 2: expected a time" in str(error)


def test_a_cut_file_gives_the_candles_before_the_cut(tmp_path: Path) -> None:
    lines = [f"2023-12-07 10:{n // 60:02d}:{n % 60:02d},10,12,9,11,{n}" for n in range(3000)]
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *lines]).encode())[:-200])
    blocks, error = read_until_fault(path, kind="candles", symbol="A", timeframe="1s")
    rows = sum(map(len, blocks))
    assert rows % 4 == 0
    assert f"the last good row is {rows // 4};" in str(error)


def test_the_last_candle_ends_at_the_close(tmp_path: Path) -> None:
    def session(instrument: Instrument, date: dt.date) -> tuple[int, int] | None:
        assert instrument.tradingsymbol == "A"
        return (OPEN, parse_ts("2023-12-07T15:30:00+05:30")) if date.day == 7 else None

    block, _ = walk(
        tmp_path,
        "2023-12-07 15:15:00,10,12,9,11,30",
        "2023-12-07 15:30:00,10,12,9,11,30",
        "2023-12-08 15:15:00,10,12,9,11,30",
        session=session,
        timeframe="1h",
    )
    spans = block.ts[3::4] - block.ts[::4] + 1000
    assert (spans // MINUTE_NS).tolist() == [15, 60, 60]
    assert ((block.ts[1::4] - block.ts[::4]) // SECOND_NS).tolist() == [225, 900, 900]


def test_candles_of_several_symbols_interleave_in_declaration_order(tmp_path: Path) -> None:
    header = "date,symbol,open,high,low,close,volume"
    lines = [f"2023-12-07 09:1{m}:00,{s},10,12,9,11,30" for m in (5, 6) for s in ("B", "A")]
    block, _ = walk(tmp_path, *lines, header=header, symbol="")
    assert block.instrument.tolist() == [0, 1] * 8
    assert (np.diff(block.ts) >= 0).all()


def test_files_of_one_symbol_merge_by_declaration_not_by_their_order(tmp_path: Path) -> None:
    line = "2023-12-07 09:15:00,10,12,9,11,30"
    files = []
    for symbol in ("B", "A"):
        path = text_file(tmp_path / f"{symbol}.csv", [HEADER, line])
        files.append(ReplayFile(path=str(path), kind="candles", symbol=symbol))
    listed = [InstrumentConfig(tradingsymbol=each, lot_size=1) for each in ("A", "B")]
    made = recording(*files, universe=UniverseConfig(instruments=listed), block_rows=1)
    assert made.has_candles
    assert join(list(made.blocks())).instrument.tolist() == [0, 1] * 4


class Sliced:
    """A table whose batches end where the test says."""

    def __init__(self, table: CsvTable, rows: int) -> None:
        self.path, self.names, self.rows, self._table = table.path, table.names, rows, table
        self.is_open, self.all_names = table.is_open, table.all_names

    def batches(self, wanted: Any) -> Any:
        for batch in self._table.batches(wanted):
            size = len(batch.columns["ts"])
            for at in range(0, size, self.rows):
                part = {name: each.slice(at, self.rows) for name, each in batch.columns.items()}
                yield Batch(batch.first_row + at, part, len(part["ts"]))


@settings(deadline=None)  # the first example imports what reads text
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from("AB"), st.integers(0, 2), st.integers(8, 11)),
        min_size=1, max_size=30,
    ),
    st.integers(1, 31),
)  # fmt: skip
def test_the_ticks_do_not_depend_on_where_a_batch_of_candles_ended(
    tmp_path_factory: pytest.TempPathFactory, candles: list[tuple[int, str, int, int]], rows: int
) -> None:
    header = "date,symbol,open,high,low,close,volume"
    lines = [f"2023-12-07 09:1{m}:00,{s},10,{h},9,10,{v}" for m, s, v, h in candles]
    path = text_file(tmp_path_factory.mktemp("c") / "c.csv", [header, *lines])
    config = ReplayFile(path=str(path), kind="candles")
    whole, parts = (
        CandleFile(table, config) for table in (CsvTable(path), Sliced(CsvTable(path), rows))
    )
    first, second = (join(list(each.blocks(UNIVERSE))) for each in (whole, parts))
    assert rows_of(first) == rows_of(second)
    assert whole.counts == parts.counts


@pytest.mark.parametrize(
    ("config", "error"),
    [({"timeframe": "soon"}, ConfigError), ({"symbol": ""}, ConfigError), ({}, FeedError)],
)
def test_a_candle_file_that_is_not_described_is_refused(
    tmp_path: Path, config: dict[str, Any], error: type[Exception]
) -> None:
    header = HEADER if config else "date,open,close"
    with pytest.raises(error, match="expected"):
        walk(tmp_path, "2023-12-07 09:15:00,1,1,1,1,1", header=header, **config)
