"""Convert file columns of any stored type to the integers of a tick block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from daemon.domain.money import PAISE_MAX, PAISE_PER_RUPEE
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE, Int32s, Int64s, paise_column

Column = Any
"""A pyarrow array of any type."""
Bools = npt.NDArray[np.bool_]
_MISSING: Final = int(np.iinfo(np.int64).min)
_NO_COUNT: Final = -2
CONVERSION_ERRORS: Final = (pa.ArrowException, ValueError, TypeError, OverflowError)


def prices(column: Column) -> Int64s:
    """Return rupees as paise.

    A cell that is not a price becomes ABSENT, NOT_FINITE or NOT_PAISE; nothing is raised.
    """
    kind = column.type
    if pa.types.is_integer(kind):
        return _whole_rupees(column)
    if pa.types.is_floating(kind):
        return paise_column(filled(column, float("nan")))
    if pa.types.is_decimal(kind) or is_text(kind):
        return paise_column(_floats(strings(column)))
    missing = column.is_null().to_numpy(zero_copy_only=False)
    return np.where(missing, ABSENT, NOT_FINITE)


def counts(column: Column, absent: int) -> tuple[Int64s, int]:
    """Return units as whole numbers, and how many cells held something else.

    Such a cell becomes `absent`: a negative number, a fraction, text. A missing cell also becomes
    `absent` but is not counted.
    """
    kind = column.type
    if pa.types.is_integer(kind):
        values = int64s(column, _MISSING)
        if not len(values) or values.min() >= 0:
            return values, 0
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind) or is_text(kind):
        values = _whole(_numbers(column))
    else:
        return np.full(len(column), absent, dtype=np.int64), len(column) - column.null_count
    bad = np.count_nonzero((values < 0) & (values != _MISSING))
    return np.where(values < 0, absent, values), int(bad)


def codes(column: Column, lookup: Callable[[str], int]) -> Int32s:
    """Return each value's number by `lookup`, called once per distinct value; null is -1."""
    encoded = column.dictionary_encode()
    table = [lookup(key_text(value)) for value in _values(encoded.dictionary)]
    numbers = np.array([*table, -1], dtype=np.int32)
    rows = encoded.indices.fill_null(len(table)).to_numpy(zero_copy_only=False)
    return np.asarray(numbers[rows], dtype=np.int32)


def _values(distinct: Column) -> list[object]:
    """Return the distinct values as Python objects.

    Parquet does not check that text is UTF-8. Bytes that are not are replaced, and so match no key.
    """
    try:
        return list(distinct.to_pylist())
    except UnicodeDecodeError:
        return [value.decode(errors="replace") for value in distinct.cast(pa.binary()).to_pylist()]


def array_of(values: list[Any]) -> Column:
    """Return values decoded from JSON as a column; values of mixed types become text."""
    try:
        return pa.array(values)
    except CONVERSION_ERRORS:
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode("utf-8", "replace").decode()
    return repr(value)


def key_text(value: object) -> str:
    """Return a symbol or token as text: 256265, 256265.0 and '256265' give the same."""
    return str(value).strip().removesuffix(".0")


def is_text(kind: Any) -> bool:
    """Return whether a column type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def strings(column: Column) -> Column:
    """Return a column as text, with empty cells as null."""
    import pyarrow.compute  # imported late: only text needs it, and it takes a tenth of startup

    pc: Any = pyarrow.compute
    text = column.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def filled(column: Column, missing: float) -> npt.NDArray[Any]:
    """Return a column as an array with `missing` for null."""
    column = column.fill_null(missing) if column.null_count else column
    return np.asarray(column.to_numpy(zero_copy_only=False))


def int64s(column: Column, absent: int) -> Int64s:
    """Return a column of whole numbers with `absent` for null and -2 for values that do not fit."""
    try:
        filled = column.fill_null(absent) if column.null_count else column
        if pa.types.is_signed_integer(filled.type):
            return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(np.int64, copy=False)
        values = filled.cast(pa.int64())
    except CONVERSION_ERRORS:  # unsigned: `absent` may be negative, and values may not fit
        listed = column.to_pylist()
        fits = [absent if v is None else v if v < 2**63 else _NO_COUNT for v in listed]
        return np.array(fits, dtype=np.int64)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64)


def _whole_rupees(column: Column) -> Int64s:
    rupees = int64s(column, ABSENT)
    limit = PAISE_MAX // PAISE_PER_RUPEE
    sound = (rupees >= -limit) & (rupees <= limit)
    paise = np.where(sound, rupees, 0) * PAISE_PER_RUPEE
    return np.where(sound, paise, np.where(rupees == ABSENT, ABSENT, NOT_PAISE))


def _numbers(column: Column) -> npt.NDArray[np.float64]:
    if pa.types.is_floating(column.type):
        floats = filled(column, float("nan"))
        return np.asarray(floats, dtype=np.float64)
    return _floats(strings(column))


def _floats(text: Column) -> npt.NDArray[np.float64]:
    """Return text as floats: NaN where missing, infinity where it is not a number."""
    try:
        numbers = text.cast(pa.float64()).fill_null(float("nan"))
    except CONVERSION_ERRORS:
        return np.array([_float(cell) for cell in text.to_pylist()], dtype=np.float64)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)


def _float(text: str | None) -> float:
    try:
        return float("nan" if text is None else "inf" if "_" in text else text)
    except ValueError:
        return float("inf")


def _whole(numbers: npt.NDArray[np.float64]) -> Int64s:
    """Return whole numbers, with _MISSING for NaN and _NO_COUNT for anything else."""
    with np.errstate(invalid="ignore"):
        sound = (numbers >= 0) & (numbers < 2.0**62) & (np.floor(numbers) == numbers)
    values = np.where(sound, np.where(sound, numbers, 0).astype(np.int64), _NO_COUNT)
    return np.where(np.isnan(numbers), _MISSING, values)
