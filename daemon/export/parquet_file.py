"""Parquet: whole paise, ns with their zone, and a version in the file's metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from daemon.export.columns import EXPORT_VERSION, Column, Kind, Row, Rows, Value
from daemon.visible import visible

GROUP_ROWS: Final = 16_384
PACKED_ROWS: Final = 256
"""Rows that are kept as rows until they are made columns of."""
VERSION_KEY: Final = "run_fno_paper.export"
_TYPES: Final[dict[Kind, Any]] = {
    Kind.TEXT: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.MONEY: pa.int64(),
    Kind.TIME: pa.timestamp("ns", tz="Asia/Kolkata"),
    Kind.DATE: pa.date32(),
    Kind.FLAG: pa.bool_(),
}


def write_parquet(file: BinaryIO, table: Rows, about: Mapping[str, str]) -> int:
    """Write a table; return how many rows it has.

    `about` are further keys of the metadata, after `run_fno_paper.`. Raises OSError.
    """
    told: dict[str | bytes, str | bytes] = {VERSION_KEY: str(EXPORT_VERSION)}
    told |= {f"run_fno_paper.{key}": visible(value) for key, value in about.items()}
    schema = _schema(table.columns, told)
    count = 0
    with pq.ParquetWriter(file, schema) as writer:
        while group := list(islice(table.rows, GROUP_ROWS)):
            writer.write_batch(_batch(schema, table.columns, group))
            count += len(group)
    return count


def arrow_table(table: Rows) -> pa.Table:
    """Return a table as Arrow, in memory: whole paise, ns with their zone."""
    schema = _schema(table.columns, None)
    batches = []
    while group := list(islice(table.rows, GROUP_ROWS)):
        batches.append(_batch(schema, table.columns, group))
    return pa.Table.from_batches(batches, schema)


class ArrowRows:
    """A table in the making, whose rows come one by one and are soon columns."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._schema = _schema(columns, None)
        self._rows: list[Row] = []
        self._batches: list[Any] = []

    def add(self, row: Row) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) == PACKED_ROWS:
            self.pack()

    @property
    def waiting(self) -> int:
        """Return how many rows are not columns yet."""
        return len(self._rows)

    def pack(self) -> None:
        """Make columns of the rows that are not columns yet."""
        if self._rows:
            self._batches.append(_batch(self._schema, self._columns, self._rows))
            self._rows = []

    def table(self) -> pa.Table:
        """Return all rows so far as Arrow."""
        self.pack()
        return pa.Table.from_batches(self._batches, self._schema)


def _schema(columns: Sequence[Column], about: dict[str | bytes, str | bytes] | None) -> pa.Schema:
    fields = [(column.in_paise, _TYPES[column.kind]) for column in columns]
    return pa.schema(fields, metadata=about)


def _batch(schema: pa.Schema, columns: Sequence[Column], group: Sequence[Row]) -> pa.RecordBatch:
    arrays = [
        pa.array([_stored(value) for value in values], type=_TYPES[column.kind])
        for column, values in zip(columns, zip(*group, strict=True), strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _stored(value: Value) -> Value:
    return visible(value) if isinstance(value, str) else value
