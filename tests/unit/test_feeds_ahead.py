from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.inputs import Input
from daemon.domain.instrument import Universe
from daemon.domain.symbols import bare_instrument
from daemon.settings.config import ReplayConfig, ReplayFile
from feeds.files.columns import codes
from feeds.files.instrument_column import InstrumentColumn
from feeds.files.parquet_ticks import ParquetTable
from feeds.files.table import Batch, InstrumentKeys
from feeds.replay import ReplayFeed
from feeds.stream.ahead import read_ahead


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "read-ahead"]


class Counted:
    """Numbers from 1 to `size`, then `error` if there is one; knows how far it was read."""

    def __init__(self, size: int, error: BaseException | None = None) -> None:
        self.size = size
        self.error = error
        self.made = 0
        self.closed = False

    def items(self) -> Generator[int, None, None]:
        try:
            for each in range(1, self.size + 1):
                self.made = each
                yield each
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


@given(size=st.integers(0, 30), ahead=st.integers(1, 4))
def test_items_come_in_order_and_no_more_than_asked_are_made_ahead(size: int, ahead: int) -> None:
    source, seen = Counted(size), []
    for each in read_ahead(source.items(), ahead):
        seen.append(each)
        assert source.made <= len(seen) + ahead
    assert seen == list(range(1, size + 1))
    assert source.closed
    assert not threads()


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), MemoryError()])
def test_an_error_is_raised_after_the_items_before_it(error: BaseException) -> None:
    source = Counted(5, error)
    seen: list[int] = []
    with pytest.raises(type(error)) as caught:
        seen.extend(read_ahead(source.items()))
    assert caught.value is error
    assert not threads()
    source = Counted(5, error)
    items = read_ahead(source.items())
    seen = [next(items) for _ in range(5)]
    assert seen == [1, 2, 3, 4, 5]
    with pytest.raises(type(error)):
        next(items)


@given(taken=st.integers(0, 20))
def test_closing_early_stops_the_thread_and_closes_the_source(taken: int) -> None:
    source = Counted(1_000_000)
    items = read_ahead(source.items(), 2)
    for _ in range(taken):
        next(items)
    items.close()
    made = source.made
    assert made <= taken + 2
    assert source.closed or taken == 0  # a generator that never began reads nothing
    assert not threads()


def test_a_source_that_is_never_asked_is_never_read() -> None:
    source = Counted(3)
    read_ahead(source.items()).close()
    assert source.made == 0


@pytest.mark.parametrize("cores", [1, 2])
async def test_a_replay_reads_ahead_where_there_is_a_core_for_it_and_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    path = tmp_path / "t.parquet"
    rows = 20_000
    columns = {"ts": np.arange(rows) * 10**6 + 1_760_000_000 * 10**9, "ltp": np.ones(rows)}
    pq.write_table(pa.table(columns), path, row_group_size=500)
    config = ReplayConfig(files=[ReplayFile(path=str(path), symbol="A")], block_rows=1000)
    inputs = cast("AsyncGenerator[Input, None]", ReplayFeed(config).inputs())
    await anext(inputs)
    assert len(threads()) == cores - 1
    await inputs.aclose()
    assert not threads()


KEYS = st.lists(
    st.one_of(st.integers(-3, 6), st.sampled_from([70_000, 2**31 - 1]), st.none()), max_size=12
)


@given(st.lists(KEYS, max_size=4))
def test_a_table_of_numbers_finds_what_looking_up_each_key_finds(
    batches: list[list[int | None]],
) -> None:
    universe = Universe([bare_instrument(f"S{n}", n) for n in (0, 3, 5, 70_000)])
    table = cast("ParquetTable", _Named(["ts", "token", "ltp"]))
    keys = InstrumentKeys(table, ReplayFile(path="x", symbols={"4": "S3"}), {"token": ("token",)})
    instruments = InstrumentColumn(keys, universe)
    for values in batches:
        column = pa.array(values, pa.int32())
        found = instruments(Batch(1, {"token": column}, len(values)))
        assert found.dtype == np.int32
        assert found.tolist() == codes(column, lambda key: keys.index(key, universe)).tolist()


class _Named:
    """A table of which only its names matter."""

    is_open = False

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.path = Path("x")
