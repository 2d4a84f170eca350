"""Files in the order of receipt that have only the exchange's times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import SECOND_NS, parse_ts
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError
from daemon.settings.check import check_config
from daemon.settings.config import Config, FeedConfig, ReplayConfig, ReplayFile
from feeds.convert import convert
from feeds.files.receive_order import FURTHEST_NS, ReceiveOrder
from feeds.replay import open_source
from tests.kit.drive import make_engine
from tests.kit.scenario import random_scenario
from tests.unit.test_feeds_kit import read_all, recording, text_file

HEADER = "ltt,key,ltp"
ROWS = [
    "1722572044000,A,100", "1722572044373,B,200", "1722572044000,C,300", "1722572044000,A,101",
    "1722572045000,C,301", "1722572045415,B,202", "1722572045000,C,302",
]  # fmt: skip
COLUMNS = {"ts": "ltt", "symbol": "key", "ltp": "ltp"}
EARLIEST = parse_ts("2024-08-02T09:15:00+05:30")

times = st.lists(st.integers(EARLIEST, EARLIEST + 10 * SECOND_NS), min_size=1, max_size=40)


def interleaved(tmp_path: Path, rows: list[str], header: str = HEADER) -> Path:
    return text_file(tmp_path / "t.csv", [header, *rows])


@given(ts=times, cut=st.integers(0, 40))
def test_the_time_is_the_latest_so_far_wherever_batches_end(ts: list[int], cut: int) -> None:
    received = ReceiveOrder()
    parts = (received.times(np.array(part, np.int64)) for part in (ts[:cut], ts[cut:]))
    assert [int(at) for part in parts for at in part] == [max(ts[: n + 1]) for n in range(len(ts))]


@given(ts=times, at=st.integers(1, 40))
def test_a_time_that_the_engine_refuses_moves_no_other(ts: list[int], at: int) -> None:
    absurd = EARLIEST + 2 * FURTHEST_NS
    with_one = [*ts[:at], absurd, *ts[at:]]
    place = min(at, len(ts))
    found = ReceiveOrder().times(np.array(with_one, np.int64)).tolist()
    assert found.pop(place) == absurd
    assert found == ReceiveOrder().times(np.array(ts, np.int64)).tolist()


def test_rows_keep_their_order_and_their_exchange_time(tmp_path: Path) -> None:
    path = interleaved(tmp_path, ROWS)
    block = read_all(path, columns=COLUMNS, ts_unit="ms", order="received")
    own = [int(row.split(",")[0]) * 10**6 for row in ROWS]
    assert block.exchange_ts is not None
    assert block.exchange_ts.tolist() == own
    assert block.ts.tolist() == [max(own[: n + 1]) for n in range(len(own))]
    assert (block.ltp // 100).tolist() == [100, 200, 300, 101, 301, 202, 302]


def test_a_column_of_the_exchange_counts_where_there_is_one(tmp_path: Path) -> None:
    rows = [f"{row},{1722572040000 + n}" for n, row in enumerate(ROWS)]
    path = interleaved(tmp_path, rows, f"{HEADER},ex")
    block = read_all(path, columns={**COLUMNS, "exchange_ts": "ex"}, ts_unit="ms", order="received")
    assert block.exchange_ts is not None
    assert block.exchange_ts.tolist() == [(1722572040000 + n) * 10**6 for n in range(len(ROWS))]
    assert (np.diff(block.ts) >= 0).all()


@pytest.mark.parametrize(("order", "late"), [("time", 3), ("received", 0)])
def test_no_row_of_such_a_file_is_late(tmp_path: Path, order: str, late: int) -> None:
    file = ReplayFile(
        path=str(interleaved(tmp_path, ROWS)), columns=COLUMNS, ts_unit="ms", order=order,  # type: ignore[arg-type]
    )  # fmt: skip
    engine = make_engine(random_scenario(0))
    engine.intake._size = 3
    kept = 0
    for block in recording(file).blocks():
        assert isinstance(block, Ticks)
        kept += int(engine.intake._judge(block, -1).sum())
    assert engine.intake.refused["late"] == late
    assert kept == len(ROWS) - late


def test_our_own_recording_has_times_of_receipt_and_refuses_the_setting(tmp_path: Path) -> None:
    file = ReplayFile(path=str(interleaved(tmp_path, ROWS)), columns=COLUMNS, order="received")
    to = tmp_path / "own.parquet"
    assert convert(ReplayConfig(files=[file]), to).rows == len(ROWS)
    again = read_all(to)
    assert again.exchange_ts is not None
    assert (again.exchange_ts < again.ts).sum() == 3
    with pytest.raises(ConfigError, match=r"own\.parquet: order: expected time, was received"):
        open_source(ReplayFile(path=str(to), order="received"))


def test_candles_have_no_order_of_receipt() -> None:
    file = ReplayFile(path="c.csv", kind="candles", order="received")
    config = Config(feed=FeedConfig(kind="replay", replay=ReplayConfig(files=[file])))
    with pytest.raises(ConfigError, match=r"files\[0\]\.order: expected time, was received"):
        check_config(config)
