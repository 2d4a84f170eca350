"""Columns of a file, of whatever type they were stored in, as the integers of a tick block."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from daemon.domain.dates import IST_OFFSET_NS
from daemon.domain.money import PAISE_MAX, PAISE_PER_RUPEE
from daemon.domain.ticks import ABSENT, NOT_PAISE, Int32s, Int64s, paise_column

Column = Any
"""A pyarrow array of any type."""
Bools = npt.NDArray[np.bool_]
TimeUnit = Literal["auto", "iso", "ns", "us", "ms", "s"]

UNREADABLE: Final = np.iinfo(np.int64).min
"""A time that cannot be read."""
_EARLIEST: Final = 631_152_000 * 10**9  # 1990
_LATEST: Final = 4_102_444_800 * 10**9  # 2100
_NS_FROM: Final = 10**17
"""Epoch numbers from here on are ns, and none of another unit."""
_SCALE: Final = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
_FAULTS: Final = (pa.ArrowException, ValueError, TypeError, OverflowError)


def prices(column: Column) -> Int64s:
    """Rupees as paise; what is no price is ABSENT, NOT_FINITE or NOT_PAISE, never an error."""
    kind = column.type
    if pa.types.is_integer(kind):
        return _whole_rupees(column)
    if pa.types.is_floating(kind):
        return paise_column(_filled(column, float("nan")))
    if pa.types.is_decimal(kind) or _is_text(kind):
        return paise_column(_floats(_strings(column)))
    return np.full(len(column), ABSENT, dtype=np.int64)


def counts(column: Column, absent: int) -> Int64s:
    """Units as whole numbers; what is missing, negative or no number is `absent`."""
    kind = column.type
    if pa.types.is_integer(kind):
        values = _int64(column, absent)
        if not len(values) or values.min() >= 0:
            return values
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind) or _is_text(kind):
        values = _whole(_numbers(column), absent)
    else:
        return np.full(len(column), absent, dtype=np.int64)
    return np.where(values < 0, absent, values)


def times(column: Column, unit: TimeUnit = "auto") -> Int64s:
    """UTC ns; naive times are Indian, bare numbers go by `unit` or their size; else UNREADABLE."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        values = _stamps(column)
    elif pa.types.is_integer(kind):
        values = _int64(column, 0)
        if _are_sound_ns(values, unit):
            return values
        values = _scaled(values, unit)
    elif pa.types.is_floating(kind):
        numbers = _filled(column, float("nan"))
        values = np.array([_number_ns(repr(float(x)), unit) for x in numbers], dtype=np.int64)
    elif _is_text(kind):
        values = _text_times(_strings(column), unit)
    else:
        values = np.full(len(column), UNREADABLE, dtype=np.int64)
    return np.where((values >= _EARLIEST) & (values < _LATEST), values, UNREADABLE)


def codes(column: Column, lookup: Callable[[str], int]) -> Int32s:
    """Each value's number by `lookup`, asked once per distinct value of the column; null is -1."""
    encoded = column.dictionary_encode()
    table = [lookup(key_text(value)) for value in _values(encoded.dictionary)]
    numbers = np.array([*table, -1], dtype=np.int32)
    rows = encoded.indices.fill_null(len(table)).to_numpy(zero_copy_only=False)
    return np.asarray(numbers[rows], dtype=np.int32)


def _values(distinct: Column) -> list[object]:
    """Text that is no UTF-8, which Parquet does not check, is replaced: nobody's key."""
    try:
        return list(distinct.to_pylist())
    except UnicodeDecodeError:
        return [each.decode(errors="replace") for each in distinct.cast(pa.binary()).to_pylist()]


def key_text(value: object) -> str:
    """A symbol or token as text: 256265, 256265.0 and '256265' are the same."""
    return str(value).strip().removesuffix(".0")


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _strings(column: Column) -> Column:
    import pyarrow.compute  # only text needs it, and it is a tenth of a start

    pc: Any = pyarrow.compute
    text = column.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _filled(column: Column, missing: float) -> npt.NDArray[Any]:
    column = column.fill_null(missing) if column.null_count else column
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _int64(column: Column, absent: int) -> Int64s:
    try:
        filled = column.fill_null(absent) if column.null_count else column
        if pa.types.is_signed_integer(filled.type):
            return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(np.int64, copy=False)
        values = filled.cast(pa.int64())
    except _FAULTS:  # an unsigned column: nulls cannot be negative, values may be too large
        listed = column.to_pylist()
        fits = [v if v is not None and v < 2**63 else absent for v in listed]
        return np.array(fits, dtype=np.int64)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64)


def _whole_rupees(column: Column) -> Int64s:
    rupees = _int64(column, ABSENT)
    limit = PAISE_MAX // PAISE_PER_RUPEE
    sound = (rupees >= -limit) & (rupees <= limit)
    paise = np.where(sound, rupees, 0) * PAISE_PER_RUPEE
    return np.where(sound, paise, np.where(rupees == ABSENT, ABSENT, NOT_PAISE))


def _numbers(column: Column) -> npt.NDArray[np.float64]:
    if pa.types.is_floating(column.type):
        floats = _filled(column, float("nan"))
        return np.asarray(floats, dtype=np.float64)
    return _floats(_strings(column))


def _floats(text: Column) -> npt.NDArray[np.float64]:
    """Text as floats, NaN where it is no number; one bad cell does not spoil its neighbours."""
    try:
        numbers = text.cast(pa.float64()).fill_null(float("nan"))
    except _FAULTS:
        return np.array([_float(each) for each in text.to_pylist()], dtype=np.float64)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)


def _float(text: str | None) -> float:
    try:
        return float("nan" if text is None or "_" in text else text)
    except ValueError:
        return float("nan")


def _whole(numbers: npt.NDArray[np.float64], absent: int) -> Int64s:
    with np.errstate(invalid="ignore"):
        sound = (numbers >= 0) & (numbers < 2.0**62)
    return np.where(sound, np.where(sound, np.rint(numbers), 0).astype(np.int64), absent)


def _stamps(column: Column) -> Int64s:
    zone = getattr(column.type, "tz", None)
    nanoseconds = column.cast(pa.timestamp("ns", zone), safe=False)
    values = _int64(nanoseconds.cast(pa.int64()), UNREADABLE)
    return values if zone else _from_indian(values)


def _are_sound_ns(values: Int64s, unit: TimeUnit) -> bool:
    """True if the whole column is ns already, which nearly every recording's is."""
    if unit not in ("ns", "auto") or not len(values):
        return False
    first = _EARLIEST if unit == "ns" else max(_EARLIEST, _NS_FROM)
    return bool(values.min() >= first and values.max() < _LATEST)


def _from_indian(values: Int64s) -> Int64s:
    return np.where(values == UNREADABLE, UNREADABLE, values - IST_OFFSET_NS)


def _scaled(values: Int64s, unit: TimeUnit) -> Int64s:
    """Epoch numbers as ns; by size when the unit is not given (right from 1973 to 5138)."""
    if unit in _SCALE:
        scale = np.full(len(values), _SCALE[unit], dtype=np.int64)
    elif unit == "auto":
        scale = np.select(
            [values >= _NS_FROM, values >= 10**14, values >= 10**11], [1, 10**3, 10**6], 10**9
        )
    else:
        return np.full(len(values), UNREADABLE, dtype=np.int64)
    sound = (values > 0) & (values <= _LATEST // scale)
    return np.where(sound, np.where(sound, values, 0) * scale, UNREADABLE)


def _text_times(text: Column, unit: TimeUnit) -> Int64s:
    """A whole column at once where it is uniform, else value by value."""
    attempts: list[Callable[[], Int64s]] = []
    if unit in ("auto", "iso"):
        attempts += [
            lambda: _from_indian(_cast(text, pa.timestamp("ns"))),
            lambda: _cast(text, pa.timestamp("ns", "UTC")),
        ]
    if unit != "iso":
        attempts.append(lambda: _scaled(_cast(text, pa.int64()), unit))
    for attempt in attempts:
        try:
            return attempt()
        except _FAULTS:
            continue
    return np.array([_time(each, unit) for each in text.to_pylist()], dtype=np.int64)


def _cast(text: Column, kind: Any) -> Int64s:
    return _int64(text.cast(kind).cast(pa.int64()), UNREADABLE)


def _time(text: str | None, unit: TimeUnit) -> int:
    if text is None:
        return UNREADABLE
    text = text.strip()
    if unit in ("auto", "iso"):
        for zone, shift in ((None, IST_OFFSET_NS), ("UTC", 0)):
            try:
                stamp = pa.scalar(text).cast(pa.timestamp("ns", zone))
            except _FAULTS:
                continue
            return int(stamp.cast(pa.int64()).as_py()) - shift
    return UNREADABLE if unit == "iso" else _number_ns(text, unit)


def _number_ns(text: str, unit: TimeUnit) -> int:
    """An epoch number that may have a fraction, exactly; below one microsecond it is cut."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return UNREADABLE
    if not value.is_finite() or not 0 < value <= _LATEST or unit == "iso":
        return UNREADABLE
    if unit == "auto":
        sizes = ((_NS_FROM, "ns"), (10**14, "us"), (10**11, "ms"), (0, "s"))
        unit_name = next(name for floor, name in sizes if value >= floor)
    else:
        unit_name = unit
    nanoseconds = int(value * _SCALE[unit_name])
    if nanoseconds > _LATEST:
        return UNREADABLE
    if value == int(value):
        return nanoseconds
    return round(nanoseconds / 1000) * 1000
