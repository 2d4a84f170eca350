"""Write native recordings: Parquet in paise with an instrument table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.domain.instrument import Universe
from daemon.domain.ticks import ABSENT, Int64s, Ticks
from feeds.files.native_columns import (
    DEPTH_COLUMNS,
    KEY,
    PRICES,
    ROW_GROUP_ROWS,
    SEQ,
    SINGLE,
    VERSION,
    Header,
    fields_of,
    to_arrow,
)
from feeds.stream.blocks import full_column, join

_PACKED: Final = (
    "ts", "exchange_ts", "ltp", "bid", "ask", "ltq", "volume", "oi", "other", SEQ,
)  # fmt: skip
_PAGE_BYTES: Final = 1 << 23
_LARGE_PAGES: Final = {"data_page_size": _PAGE_BYTES, "max_rows_per_page": ROW_GROUP_ROWS}
"""One page a column and row group: with forty columns short pages cost a fifth of the decoding."""


class Kept(NamedTuple):
    """What a native recording keeps besides the columns that all have."""

    walk: bool = False
    """The columns of blocks made from candles."""
    depth: bool = False
    """The order book."""
    day: bool = False
    """The day's figures."""
    seq: bool = False
    """Each row's number in its day's recording."""


class NativeWriter:
    """A native recording that grows by blocks; its bytes depend on the rows alone.

    `metadata` is added to the file's key-value metadata. Raises OSError.
    """

    def __init__(
        self, path: Path, universe: Universe, kept: Kept,
        metadata: dict[bytes | str, bytes | str] | None = None,
    ) -> None:  # fmt: skip
        self.rows = 0
        self._kept = kept
        walked = ["walk", "other"] * kept.walk
        self._names = [name for name in SINGLE if name not in ("walk", "other")] + walked
        self._groups = ["depth"] * kept.depth + ["day"] * kept.day
        header = Header(VERSION if self._groups else 1, list(universe))
        keys: dict[bytes | str, bytes | str] = {KEY: msgspec.json.encode(header)}
        fields = [pa.field(name, SINGLE[name]) for name in self._names]
        fields += fields_of(self._groups) + [pa.field(SEQ, pa.int64())] * kept.seq
        self._schema = pa.schema(fields, keys | (metadata or {}))
        layout = _layout([*self._names, *[SEQ] * kept.seq], self._groups)
        self._file = pq.ParquetWriter(path, self._schema, **layout)
        self._held: list[Ticks] = []
        self._held_seq: list[Int64s] = []
        self._held_rows = 0

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        """Close the file: with its last rows, unless something failed."""
        self.close(whole=kind is None)

    def add(self, block: Ticks, seq: Int64s | None = None) -> None:
        """Append rows; `seq` are their numbers if the file keeps them."""
        start = 0
        while start < len(block):
            stop = min(len(block), start + ROW_GROUP_ROWS - self._held_rows)
            self._held.append(block.rows(start, stop))
            if seq is not None:
                self._held_seq.append(seq[start:stop])
            self._held_rows += stop - start
            start = stop
            if self._held_rows == ROW_GROUP_ROWS:
                self._write()

    def close(self, *, whole: bool = True) -> None:
        """Write the rows that are held, unless the file is given up, and the file's end."""
        if whole and self._held_rows:
            self._write()
        self._file.close()

    def _write(self) -> None:
        block = join(self._held)
        arrays = [_arrow(block, name) for name in self._names]
        for group in self._groups:
            arrays += to_arrow(full_column(block, group))
        if self._kept.seq:
            arrays.append(pa.array(np.concatenate(self._held_seq), pa.int64()))
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self.rows += len(block)
        self._held, self._held_seq, self._held_rows = [], [], 0


def write_ticks(
    path: Path, universe: Universe, blocks: Iterable[Ticks], *, walk: bool = False,
    depth: bool = False, day: bool = False, metadata: dict[bytes | str, bytes | str] | None = None,
) -> int:  # fmt: skip
    """Write a native recording and return its number of rows; its bytes depend on the rows alone.

    `walk` keeps the columns of blocks made from candles, `depth` the order book, `day` the day's
    figures; `metadata` is added to the file's key-value metadata.
    """
    with NativeWriter(path, universe, Kept(walk, depth, day), metadata) as writer:
        for block in blocks:
            writer.add(block)
    return writer.rows


def _layout(names: Sequence[str], groups: Sequence[str]) -> dict[str, Any]:
    """Return how the writer encodes these columns and groups."""
    levels = DEPTH_COLUMNS if "depth" in groups else ()
    layout: dict[str, Any] = {
        "compression": "zstd",
        "write_page_checksum": True,
        "use_dictionary": [*(name for name in names if name not in _PACKED), *levels],
        "column_encoding": {name: "DELTA_BINARY_PACKED" for name in names if name in _PACKED},
    }
    if groups:
        layout |= _LARGE_PAGES
    return layout


def _arrow(block: Ticks, name: str) -> Any:
    values = full_column(block, name)
    mask = values == ABSENT if name in PRICES else None
    if mask is not None and not mask.any():
        mask = None
    return pa.array(values, SINGLE[name], mask=mask)
