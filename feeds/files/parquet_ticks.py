"""Read native recordings (Parquet in paise with an instrument table) and foreign Parquet."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, UNKNOWN_INSTRUMENT, Int32s, Int64s, Ticks
from daemon.errors import FeedError
from feeds.files.native_columns import (
    INT64,
    KEY,
    NEEDED,
    PRICES,
    SEQ,
    SINGLE,
    TYPES,
    VERSION,
    Header,
    from_arrow,
    groups_in,
)
from feeds.files.recorded_files import file_error
from feeds.files.table import Batch
from feeds.stream.ahead import has_second_core, read_ahead

_READ_VERSIONS: Final = (1, VERSION)
_READ_ERRORS: Final = (pa.ArrowException, OSError, ValueError)
_NEW_COPY: Final = "get a whole copy of the file, or record or convert it again"
_DEPTH_SHARE: Final = 2
"""Rows with depth are read in batches of this part: they are five times as wide."""
_BUFFER_BYTES: Final = 1 << 18
_DEPTH_BUFFER_BYTES: Final = 1 << 16
"""What each column of a file is read through; one with depth has forty."""


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

    def range_of(self, name: str) -> tuple[int, int] | None:
        """Return a column's lowest and highest value by the file's statistics, None without."""
        with _open(self.path) as file:
            groups = [file.metadata.row_group(at) for at in range(file.num_row_groups)]
        column = self.names.index(name)
        found = [group.column(column).statistics for group in groups]
        if not found or not all(each is not None and each.has_min_max for each in found):
            return None
        return min(each.min for each in found), max(each.max for each in found)

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
        for name, kind in NEEDED.items():
            if name not in self._table.names or schema.field(name).type != kind:
                raise file_error(path, f"expected a column {name} of type {kind}", _NEW_COPY)
        for name in TYPES.keys() & set(self._table.names):
            if schema.field(name).type != TYPES[name]:
                raise file_error(path, f"expected {name} to be of type {TYPES[name]}", _NEW_COPY)
        try:
            groups = groups_in(self._table.names)
        except FeedError as error:
            raise file_error(path, str(error), _NEW_COPY) from error
        self.groups = frozenset(groups)
        """Which of `depth` and `day` the file has."""
        wanted = {"depth": depth, "day": day}
        self._groups = {group: names for group, names in groups.items() if wanted[group]}
        if "depth" in self._groups:
            self._table.buffer_bytes = _DEPTH_BUFFER_BYTES
        self.set_batch_rows(batch_rows)
        single = [name for name in SINGLE if name in self._table.names]
        grouped = [name for names in self._groups.values() for name in names]
        self._columns = {name: (name,) for name in (*single, *grouped)}

    def set_batch_rows(self, rows: int) -> None:
        """Read batches of about this many rows from now on."""
        share = _DEPTH_SHARE if "depth" in self._groups else 1
        self._table.batch_rows = max(1, rows // share)

    def time_range(self) -> tuple[int, int] | None:
        """Return the earliest and the latest time of the rows (UTC ns), None if not known."""
        return self._table.range_of("ts")

    @property
    def has_candles(self) -> bool:
        """Return whether rows were made from candles."""
        return "walk" in self._columns

    def named(self) -> Sequence[Instrument]:
        """Return the file's own instrument table."""
        return self._instruments

    @property
    def has_seq(self) -> bool:
        """Return whether each row has its number in the day's recording, as in a lake."""
        return SEQ in self._table.names

    @property
    def rows(self) -> int:
        """Return how many rows the file's index says it has."""
        return self._table.rows

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """Yield the rows in file order. Raises FeedError where the file is damaged."""
        with closing(self._blocks(universe, self._columns)) as blocks:
            for block, _ in blocks:
                yield block

    def numbered_blocks(self, universe: Universe) -> Generator[tuple[Ticks, Int64s], None, None]:
        """Yield the same with each row's `seq`. Raises FeedError where the file is damaged."""
        with closing(self._blocks(universe, {**self._columns, SEQ: (SEQ,)})) as blocks:
            for block, batch in blocks:
                yield block, _numpy(SEQ, batch.columns[SEQ])

    def _blocks(
        self, universe: Universe, columns: Mapping[str, Sequence[str]]
    ) -> Generator[tuple[Ticks, Batch], None, None]:
        table = [universe.index_of(instrument.tradingsymbol) for instrument in self._instruments]
        remap = np.array(
            [*(UNKNOWN_INSTRUMENT if at is None else at for at in table), UNKNOWN_INSTRUMENT],
            dtype=np.int32,
        )
        with closing(self._table.batches(columns)) as batches:  # type: ignore[type-var]
            for batch in batches:
                yield self._block(batch, remap), batch

    def _block(self, batch: Batch, remap: Int32s) -> Ticks:
        given = batch.columns
        columns = {name: _numpy(name, given[name]) for name in SINGLE if name in given}
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


def _header(table: ParquetTable) -> Header:
    data = (table.schema.metadata or {}).get(KEY, b"")
    try:
        version = msgspec.json.decode(data).get("version")
        if version not in _READ_VERSIONS:
            raise file_error(
                table.path,
                f"expected version 1 or 2 of the native format, was {version}",
                "read it with the version of the program that wrote it",
            )
        return msgspec.json.decode(data, type=Header)
    except (ValueError, AttributeError, RecursionError) as error:
        raise file_error(
            table.path, f"its instrument table is damaged ({error})", _NEW_COPY
        ) from error


def _open(path: Path, buffer_bytes: int = _BUFFER_BYTES) -> Any:
    return pq.ParquetFile(
        path, buffer_size=buffer_bytes, pre_buffer=False, page_checksum_verification=True
    )


def _numpy(name: str, column: Any) -> Any:
    if not column.null_count:
        return column.to_numpy(zero_copy_only=False)
    return _with_absent(column, ABSENT if name in PRICES else INT64.get(name, 0))


def _with_absent(column: Any, absent: int) -> Any:
    """Return a column of whole numbers with `absent` for null.

    Arrow's own `fill_null` imports pyarrow.compute, which takes a tenth of a program's start.
    """
    rows = slice(column.offset, column.offset + len(column))
    validity, data = column.buffers()
    values = np.frombuffer(data, column.type.to_pandas_dtype())[rows]
    is_valid = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[rows]
    return np.where(is_valid, values, values.dtype.type(absent))
