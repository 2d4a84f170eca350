"""Read and write native recordings (Parquet in paise with an instrument table); read foreign
Parquet.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, UNKNOWN_INSTRUMENT, Int32s, Ticks
from daemon.errors import FeedError
from feeds.files.native_columns import (
    DEPTH_COLUMNS,
    GROUPS,
    LIST_OF_DEPTH,
    LIST_TYPE,
    fields_of,
    from_arrow,
    groups_in,
    to_arrow,
)
from feeds.files.recorded_files import file_error
from feeds.files.table import Batch
from feeds.stream.ahead import has_second_core, read_ahead
from feeds.stream.blocks import full_column, reblock

KEY: Final = b"run_fno_paper"
VERSION: Final = 2
"""2 has columns for depth and day; a file without them is written as version 1, which is the same
then."""
_READ_VERSIONS: Final = (1, VERSION)
ROW_GROUP_ROWS: Final = 131_072
_READ_ERRORS: Final = (pa.ArrowException, OSError, ValueError)
_NEW_COPY: Final = "get a whole copy of the file, or record or convert it again"

_INT64: Final = {"exchange_ts": 0, "bid": ABSENT, "ask": ABSENT, "ltq": 0, "volume": -1, "oi": -1}
_NEEDED: Final = {"ts": pa.int64(), "instrument": pa.int32(), "ltp": pa.int64()}
_SINGLE: Final = {
    **_NEEDED, **dict.fromkeys(_INT64, pa.int64()), "walk": pa.int8(), "other": pa.int64(),
}  # fmt: skip
_TYPES: Final = {
    **_SINGLE, LIST_OF_DEPTH: LIST_TYPE,
    **{name: pa.int64() for names in GROUPS.values() for name in names},
}  # fmt: skip
_PACKED: Final = ("ts", "exchange_ts", "ltp", "bid", "ask", "ltq", "volume", "oi", "other")
_PRICES: Final = ("ltp", "bid", "ask", "other")
_PAGE_BYTES: Final = 1 << 23
_DEPTH_SHARE: Final = 2
"""Rows with depth are read in batches of this part: they are five times as wide."""
_BUFFER_BYTES: Final = 1 << 18
_DEPTH_BUFFER_BYTES: Final = 1 << 16
"""What each column of a file is read through; one with depth has forty."""
_LARGE_PAGES: Final = {"data_page_size": _PAGE_BYTES, "max_rows_per_page": ROW_GROUP_ROWS}
"""One page a column and row group: with forty columns short pages cost a fifth of the decoding."""


class _Header(msgspec.Struct, frozen=True):
    version: int
    instruments: list[Instrument]


class ParquetTable:
    """A Parquet file, read in small batches and never whole.

    Raises FeedError if it is not a Parquet file or its end, which holds the index, is missing.
    """

    is_open: Final = False

    def __init__(self, path: Path, batch_rows: int) -> None:
        self.path = path
        self.edge_rows = 0
        """Above 0: read only the row groups that hold the first and last `edge_rows` rows."""
        self.batch_rows = batch_rows
        self.buffer_bytes = _BUFFER_BYTES
        try:
            with _open(path) as file:
                self.schema: Any = file.schema_arrow
                self.rows: int = file.metadata.num_rows
        except _READ_ERRORS as error:
            raise file_error(path, f"expected a whole Parquet file ({error})", _NEW_COPY) from error
        self.names = list(self.schema.names)

    def all_names(self) -> Sequence[str]:
        """Return the schema's column names."""
        return self.names

    def batches(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[Batch]:
        """Yield the wanted columns. Raises FeedError after the rows before a damaged page.

        Decoding runs ahead in a thread: it needs no Python, so it takes no time from the reader. On
        a single core it runs inline, which saves the thread switches (measured: 3 % of a replay).
        """
        decoded = self._decoded(wanted)
        return read_ahead(decoded) if has_second_core() else decoded

    def _decoded(self, wanted: Mapping[str, Sequence[str]]) -> Generator[Batch, None, None]:
        row = 1
        try:
            with _open(self.path, self.buffer_bytes) as file:
                columns = sorted({theirs[0] for theirs in wanted.values()})
                for batch in file.iter_batches(
                    self.batch_rows,
                    self._row_groups(file),
                    columns=columns,
                    use_threads=False,
                ):
                    if batch.num_rows:
                        given = {ours: batch[theirs[0]] for ours, theirs in wanted.items()}
                        yield Batch(row, given, batch.num_rows)
                    row += batch.num_rows
        except _READ_ERRORS as error:
            raise file_error(
                self.path, f"the file is damaged from here on ({error})", _NEW_COPY, row=row
            ) from error

    def _row_groups(self, file: Any) -> list[int] | None:
        """Return the row groups to read, None for all of them."""
        if not self.edge_rows:
            return None
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        ends = list(accumulate(sizes))
        return [
            at
            for at, (size, end) in enumerate(zip(sizes, ends, strict=True))
            if end - size < self.edge_rows or end > self.rows - self.edge_rows
        ]


class NativeFile:
    """A recording in the native format. Raises FeedError for an unknown version or schema.

    `depth` keeps the order book, `day` the day's figures, where the file has them.
    """

    def __init__(
        self, path: Path, batch_rows: int = 65_536, *, depth: bool = False, day: bool = False
    ) -> None:
        self.counts: dict[str, int] = {}
        self._table = ParquetTable(path, batch_rows)
        self._instruments = _header(self._table).instruments
        schema = self._table.schema
        for name, kind in _NEEDED.items():
            if name not in self._table.names or schema.field(name).type != kind:
                raise file_error(path, f"expected a column {name} of type {kind}", _NEW_COPY)
        for name in _TYPES.keys() & set(self._table.names):
            if schema.field(name).type != _TYPES[name]:
                raise file_error(path, f"expected {name} to be of type {_TYPES[name]}", _NEW_COPY)
        try:
            groups = groups_in(self._table.names)
        except FeedError as error:
            raise file_error(path, str(error), _NEW_COPY) from error
        self.groups = frozenset(groups)
        """Which of `depth` and `day` the file has."""
        wanted = {"depth": depth, "day": day}
        self._groups = {group: names for group, names in groups.items() if wanted[group]}
        if "depth" in self._groups:
            self._table.batch_rows = max(1, batch_rows // _DEPTH_SHARE)
            self._table.buffer_bytes = _DEPTH_BUFFER_BYTES
        single = [name for name in _SINGLE if name in self._table.names]
        grouped = [name for names in self._groups.values() for name in names]
        self._columns = {name: (name,) for name in (*single, *grouped)}

    @property
    def has_candles(self) -> bool:
        """Return whether rows were made from candles."""
        return "walk" in self._columns

    def named(self) -> Sequence[Instrument]:
        """Return the file's own instrument table."""
        return self._instruments

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """Yield the rows in file order. Raises FeedError where the file is damaged."""
        table = [universe.index_of(instrument.tradingsymbol) for instrument in self._instruments]
        remap = np.array(
            [*(UNKNOWN_INSTRUMENT if at is None else at for at in table), UNKNOWN_INSTRUMENT],
            dtype=np.int32,
        )
        with closing(self._table.batches(self._columns)) as batches:  # type: ignore[type-var]
            for batch in batches:
                yield self._block(batch, remap)

    def _block(self, batch: Batch, remap: Int32s) -> Ticks:
        given = batch.columns
        columns = {name: _numpy(name, given[name]) for name in _SINGLE if name in given}
        for group, names in self._groups.items():
            columns[group] = from_arrow(group, [given[name] for name in names])
        own = columns["instrument"]
        last = len(remap) - 1
        if own.min() < 0 or own.max() >= last:
            own = np.where((own >= 0) & (own < last), own, last)
        columns["instrument"] = remap[own]
        return Ticks(**columns)


def is_native(table: ParquetTable) -> bool:
    """Return whether this program wrote the file."""
    return KEY in (table.schema.metadata or {})


def write_ticks(
    path: Path, universe: Universe, blocks: Iterable[Ticks], *, walk: bool = False,
    depth: bool = False, day: bool = False, metadata: dict[bytes | str, bytes | str] | None = None,
) -> int:  # fmt: skip
    """Write a native recording and return its number of rows; its bytes depend on the rows alone.

    `walk` keeps the columns of blocks made from candles, `depth` the order book, `day` the day's
    figures; `metadata` is added to the file's key-value metadata.
    """
    names = [name for name in _SINGLE if name not in ("walk", "other")] + ["walk", "other"] * walk
    groups = ["depth"] * depth + ["day"] * day
    header = _Header(VERSION if groups else 1, list(universe))
    keys: dict[bytes | str, bytes | str] = {KEY: msgspec.json.encode(header), **(metadata or {})}
    fields = [pa.field(name, _SINGLE[name]) for name in names] + fields_of(groups)
    schema = pa.schema(fields, keys)
    rows = 0
    with pq.ParquetWriter(path, schema, **_layout(names, groups)) as writer:
        for block in reblock(blocks, ROW_GROUP_ROWS):
            arrays = [_arrow(block, name) for name in names]
            for group in groups:
                arrays += to_arrow(full_column(block, group))
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows += len(block)
    return rows


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


def _header(table: ParquetTable) -> _Header:
    data = (table.schema.metadata or {}).get(KEY, b"")
    try:
        version = msgspec.json.decode(data).get("version")
        if version not in _READ_VERSIONS:
            raise file_error(
                table.path,
                f"expected version 1 or 2 of the native format, was {version}",
                "read it with the version of the program that wrote it",
            )
        return msgspec.json.decode(data, type=_Header)
    except (ValueError, AttributeError, RecursionError) as error:
        raise file_error(
            table.path, f"its instrument table is damaged ({error})", _NEW_COPY
        ) from error


def _open(path: Path, buffer_bytes: int = _BUFFER_BYTES) -> Any:
    return pq.ParquetFile(
        path, buffer_size=buffer_bytes, pre_buffer=False, page_checksum_verification=True
    )


def _numpy(name: str, column: Any) -> Any:
    if column.null_count:
        absent = ABSENT if name in _PRICES else _INT64.get(name, 0)
        column = column.fill_null(pa.scalar(absent, column.type))
    return column.to_numpy(zero_copy_only=False)


def _arrow(block: Ticks, name: str) -> Any:
    values = full_column(block, name)
    mask = values == ABSENT if name in _PRICES else None
    if mask is not None and not mask.any():
        mask = None
    return pa.array(values, _SINGLE[name], mask=mask)
