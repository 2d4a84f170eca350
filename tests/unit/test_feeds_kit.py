"""Helpers of the feeds' tests, and the checks of what they help with."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute  # noqa: F401 - readers of text import it at first use, within an example
from msgspec.structs import replace

from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.errors import FeedError
from daemon.settings.config import ReplayConfig, ReplayFile, UniverseConfig
from feeds.replay import Recording, open_source
from feeds.stream.blocks import at_most, full_column, join, reblock

NINE = ("ts", "exchange_ts", "instrument", "ltp", "bid", "ask", "ltq", "volume", "oi")


def rows_of(block: Ticks) -> list[tuple[int, ...]]:
    columns = [
        full_column(block, name)
        if name not in ("ts", "instrument", "ltp")
        else getattr(block, name)
        for name in (*NINE, "walk", "other")
    ]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def read_all(path: Path, *, universe: Universe | None = None, **config: Any) -> Ticks:
    source = open_source(ReplayFile(path=str(path), **config))
    return join(list(source.blocks(universe or Universe(_tokens(source.named())))))


def read_until_fault(path: Path, **config: Any) -> tuple[list[Ticks], FeedError]:
    source = open_source(ReplayFile(path=str(path), **config))
    blocks: list[Ticks] = []
    try:
        for block in source.blocks(Universe(_tokens(source.named()))):
            blocks += [block]
    except FeedError as error:
        return blocks, error
    raise AssertionError("expected a FeedError")


def recording(*files: ReplayFile, universe: UniverseConfig | None = None, **rest: Any) -> Recording:
    return Recording(ReplayConfig(files=list(files), **rest), universe)


def block_of(ts: Sequence[int], ltp: Sequence[int] = (), code: Sequence[int] = ()) -> Ticks:
    rows = len(ts)
    return Ticks(
        ts=np.array(ts, dtype=np.int64),
        instrument=np.array(code or [0] * rows, dtype=np.int32),
        ltp=np.array(ltp or range(1, rows + 1), dtype=np.int64),
    )


def cut(block: Ticks, rows: int) -> list[Ticks]:
    return list(at_most([block], rows))


def text_file(path: Path, lines: Iterable[str], *, zipped: bool = False) -> Path:
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if zipped else data)
    return path


async def collect(inputs: AsyncIterator[Input]) -> list[Input]:
    return [each async for each in inputs]


def _tokens(named: Iterable[Instrument]) -> list[Instrument]:
    return [replace(each, instrument_token=at + 1) for at, each in enumerate(named)]


def test_reblocking_gives_the_same_rows_in_blocks_of_the_asked_size() -> None:
    block = block_of(range(10))
    pieces = list(reblock(cut(block, 3), 4))
    assert [len(piece) for piece in pieces] == [4, 4, 2]
    assert rows_of(join(pieces)) == rows_of(block)


def test_joining_fills_in_a_column_that_only_one_block_has() -> None:
    with_volume = block_of([1])
    with_volume.volume = np.array([7])
    joined = join([block_of([0]), with_volume])
    assert joined.volume is not None
    assert joined.volume.tolist() == [-1, 7]
    assert joined.bid is None
