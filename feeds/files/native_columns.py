"""Columns of a native recording: one value a row, and those of the book and of the day.

Each level's price, quantity and orders are a column of their own, which any tool can read. How they
are stored, and why they may hold nulls that are then refused: decision 0042.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from daemon.domain.instrument import Instrument
from daemon.domain.ticks import ABSENT, DAY_FIELDS, DEPTH_LEVELS, Int64s
from daemon.errors import FeedError

KEY: Final = b"run_fno_paper"
VERSION: Final = 2
"""2 has columns for depth and day; a file without them is written as version 1, which is the same
then."""
ROW_GROUP_ROWS: Final = 131_072
LIST_OF_DEPTH: Final = "depth"
"""The one column of a book in version 1: a list of 30 numbers a row."""
LIST_TYPE: Final = pa.list_(pa.int64(), 6 * DEPTH_LEVELS)
DEPTH_COLUMNS: Final = tuple(
    f"{side}_{value}_{level}"
    for side in ("bid", "ask")
    for level in range(1, DEPTH_LEVELS + 1)
    for value in ("quantity", "price", "orders")
)
"""In the order of the numbers in a row of `Ticks.depth`."""
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {"depth": DEPTH_COLUMNS, "day": DAY_FIELDS}
"""Column of `Ticks` -> columns of the file, all of them or none."""
SEQ: Final = "seq"
"""The row's number in its day's recording, in the parts of a lake."""
INT64: Final = {"exchange_ts": 0, "bid": ABSENT, "ask": ABSENT, "ltq": 0, "volume": -1, "oi": -1}
NEEDED: Final = {"ts": pa.int64(), "instrument": pa.int32(), "ltp": pa.int64()}
SINGLE: Final = {
    **NEEDED, **dict.fromkeys(INT64, pa.int64()), "walk": pa.int8(), "other": pa.int64(),
}  # fmt: skip
"""Columns of one value a row, all of them columns of `Ticks`."""
TYPES: Final = {
    **SINGLE, SEQ: pa.int64(), LIST_OF_DEPTH: LIST_TYPE,
    **{name: pa.int64() for names in GROUPS.values() for name in names},
}  # fmt: skip
PRICES: Final = ("ltp", "bid", "ask", "other")
_SHAPES: Final = {"depth": (2 * DEPTH_LEVELS, 3), "day": (len(DAY_FIELDS),)}


class Header(msgspec.Struct, frozen=True):
    """What the file's metadata says under `KEY`."""

    version: int
    instruments: list[Instrument]


def fields_of(groups: Collection[str]) -> list[Any]:
    """Return the schema's fields of the groups that a file has."""
    return [
        pa.field(name, pa.int64())
        for group, names in GROUPS.items()
        if group in groups
        for name in names
    ]


def groups_in(names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the groups that these columns make up, each with the file's columns for it.

    Raises FeedError, without the file's name, for a group of which some columns are missing.
    """
    found: dict[str, tuple[str, ...]] = {}
    for group, columns in GROUPS.items():
        missing = [name for name in columns if name not in names]
        if not missing:
            found[group] = columns
        elif len(missing) < len(columns):
            raise FeedError(f"expected a column {missing[0]} next to the others of {group}")
    if "depth" not in found and LIST_OF_DEPTH in names:
        found["depth"] = (LIST_OF_DEPTH,)
    return found


def to_arrow(values: Int64s) -> list[Any]:
    """Return a block's column of more than one value a row as the file's columns."""
    by_column = np.ascontiguousarray(values.reshape(len(values), -1).T)
    return [pa.array(column) for column in by_column]


def from_arrow(group: str, columns: list[Any]) -> Int64s:
    """Return the file's columns as one of the block, shape (rows, ...).

    Each level stays contiguous, so that a pass over one level reads nothing else. Raises FeedError
    for a missing value.
    """
    if any(column.null_count for column in columns):
        raise FeedError(f"{group}: expected no missing values in a native recording")
    shape = _SHAPES[group]
    if len(columns) == 1:
        flat = columns[0].flatten().to_numpy(zero_copy_only=False)
        return np.asarray(flat, dtype=np.int64).reshape(-1, *shape)
    together = np.empty((len(columns), len(columns[0])), dtype=np.int64)
    for at, column in enumerate(columns):
        together[at] = column.to_numpy(zero_copy_only=False)
    return together.T.reshape(-1, *shape)
