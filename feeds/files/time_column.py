"""Read a column of times, however written, as UTC nanoseconds; nothing is guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, Self

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from daemon.domain.dates import IST_OFFSET_NS
from daemon.domain.ticks import Int64s
from daemon.errors import ConfigError
from daemon.files.zones import UNREADABLE, Zone, parse_zone, to_utc
from daemon.settings.config import ReplayFile
from feeds.files.columns import CONVERSION_ERRORS, Column, filled, int64s, is_text, strings

TimeUnit = Literal["auto", "iso", "ns", "us", "ms", "s"]

_EARLIEST: Final = 631_152_000 * 10**9  # 1990
_LATEST: Final = 4_102_444_800 * 10**9  # 2100
_NS_FROM: Final = 10**17
"""Epoch numbers from here on are nanoseconds; no other unit reaches them."""
_SCALE: Final = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
_DATE_LENGTH: Final = len("2026-01-01")
_WALL_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time
_UTC_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CLOCK_PARTS: Final = ("%H", "%I", "%T", "%R", "%X", "%c")
_MIDNIGHT: Final = r"[ T]00:00(:00(\.0+)?)?$"


class TimeRules(msgspec.Struct, frozen=True):
    """The way a file writes its times.

    `format` is for strptime, `zone` applies to text without a zone, `epoch_zone` is the zone in
    which epoch numbers count wall time; `dates` accepts dates without a time of day.
    """

    unit: TimeUnit = "auto"
    format: str = ""
    zone: Zone = IST_OFFSET_NS
    epoch_zone: Zone = 0
    dates: bool = False

    @classmethod
    def of(cls, config: ReplayFile, where: object, *, dates: bool = False) -> Self:
        """Return the configured rules for a file.

        Raises ConfigError for an unknown zone and for a `ts_format` without a time of day.
        """
        try:
            zone, epoch_zone = parse_zone(config.zone), parse_zone(config.epoch_zone)
        except ValueError as error:
            raise ConfigError(f"{where}: zone and epoch_zone: {error}") from error
        if config.ts_format and not any(part in config.ts_format for part in _CLOCK_PARTS):
            if not dates:
                raise ConfigError(
                    f"{where}: ts_format: expected a time of day such as %H:%M:%S in it, was"
                    f" {config.ts_format!r}"
                )
            zone = IST_OFFSET_NS
        return cls(config.ts_unit, config.ts_format, zone, epoch_zone, dates)


INDIAN: Final = TimeRules()


def times(column: Column, rules: TimeRules = INDIAN) -> Int64s:
    """Return UTC ns, UNREADABLE for anything that is not a time from 1990 to 2100.

    A date alone counts only if the rules accept dates; it is never read as midnight.
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        values = _stamps(column, rules.zone)
    elif pa.types.is_date(kind) and rules.dates:
        values = _stamps(column, IST_OFFSET_NS)
    elif rules.format and (is_text(kind) or pa.types.is_integer(kind)):
        values = _formatted(strings(column), rules)
    elif pa.types.is_integer(kind):
        values = int64s(column, 0)
        if rules.epoch_zone == 0 and _are_sound_ns(values, rules.unit):
            return values
        values = to_utc(_scaled(values, rules.unit), rules.epoch_zone)
    elif pa.types.is_floating(kind):
        numbers = filled(column, float("nan"))
        found = [_number_ns(repr(float(number)), rules.unit) for number in numbers]
        values = to_utc(np.array(found, dtype=np.int64), rules.epoch_zone)
    elif is_text(kind):
        values = _text_times(strings(column), rules)
    else:
        values = np.full(len(column), UNREADABLE, dtype=np.int64)
    return np.where((values >= _EARLIEST) & (values < _LATEST), values, UNREADABLE)


def joined(dates: Column, clocks: Column) -> Column:
    """Return a date column and a time-of-day column joined as text `DATE TIME`, null if either is.

    The midnight that tables write after a date is removed first.
    """
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if not all(map(_has_text, (dates.type, clocks.type))):
        return pa.nulls(len(dates), pa.string())
    days = pc.replace_substring_regex(strings(dates), pattern=_MIDNIGHT, replacement="")
    parts = [pc.utf8_trim_whitespace(text) for text in (days, strings(clocks))]
    whole = pc.binary_join_element_wise(*parts, " ")
    return pc.if_else(pc.equal(pc.binary_length(parts[1]), 0), pa.scalar(None, pa.string()), whole)


def _has_text(kind: Any) -> bool:
    tests = (is_text, pa.types.is_temporal, pa.types.is_integer, pa.types.is_null)
    return any(test(kind) for test in tests)


def _stamps(column: Column, naive: Zone) -> Int64s:
    zone = getattr(column.type, "tz", None)
    nanoseconds = column.cast(pa.timestamp("ns", zone), safe=False)
    values = int64s(nanoseconds.cast(pa.int64()), UNREADABLE)
    return values if zone else to_utc(values, naive)


def _are_sound_ns(values: Int64s, unit: TimeUnit) -> bool:
    """Return whether the whole column is ns already, as in nearly every recording."""
    if unit not in ("ns", "auto") or not len(values):
        return False
    first = _EARLIEST if unit == "ns" else max(_EARLIEST, _NS_FROM)
    return bool(values.min() >= first and values.max() < _LATEST)


def _scaled(values: Int64s, unit: TimeUnit) -> Int64s:
    """Return epoch numbers as ns; without a unit, by their size (right from 1973 to 5138)."""
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


def _text_times(text: Column, rules: TimeRules) -> Int64s:
    """Return text as times: the whole column at once if uniform, else cell by cell."""
    unit = rules.unit
    attempts: list[Callable[[], Int64s]] = []
    if unit in ("auto", "iso"):
        attempts += [
            lambda: _iso_times(text, rules),
            lambda: _cast(text, pa.timestamp("ns", "UTC")),
        ]
    if unit != "iso":
        attempts.append(lambda: to_utc(_scaled(_cast(text, pa.int64()), unit), rules.epoch_zone))
    for attempt in attempts:
        try:
            return attempt()
        except CONVERSION_ERRORS:
            continue
    return np.array([_time(cell, rules) for cell in text.to_pylist()], dtype=np.int64)


def _iso_times(text: Column, rules: TimeRules) -> Int64s:
    import pyarrow.compute

    pc: Any = pyarrow.compute
    walls = _cast(text, pa.timestamp("ns"))
    values = to_utc(walls, rules.zone)
    bare = int64s(pc.binary_length(text), 0) <= _DATE_LENGTH
    if not bare.any():
        return values
    return np.where(bare, _bare_dates(walls, rules), values)


def _bare_dates(walls: Int64s, rules: TimeRules) -> Int64s:
    """Return times for dates without a time of day: Indian trading days, whatever the zone."""
    return to_utc(walls, IST_OFFSET_NS) if rules.dates else np.full_like(walls, UNREADABLE)


def _cast(text: Column, kind: Any) -> Int64s:
    return int64s(text.cast(kind).cast(pa.int64()), UNREADABLE)


def _time(text: str | None, rules: TimeRules) -> int:
    if text is None:
        return UNREADABLE
    text = text.strip()
    if rules.unit in ("auto", "iso"):
        for zone in (None, "UTC"):
            try:
                stamp = pa.scalar(text).cast(pa.timestamp("ns", zone))
            except CONVERSION_ERRORS:
                continue
            value = int(stamp.cast(pa.int64()).as_py())
            if len(text) <= _DATE_LENGTH:
                return int(_bare_dates(np.array([value]), rules)[0])
            return value if zone else _one_to_utc(value, rules.zone)
    if rules.unit == "iso":
        return UNREADABLE
    return _one_to_utc(_number_ns(text, rules.unit), rules.epoch_zone)


def _one_to_utc(wall: int, zone: Zone) -> int:
    return int(to_utc(np.array([wall], dtype=np.int64), zone)[0])


def _number_ns(text: str, unit: TimeUnit) -> int:
    """Return an epoch number as exact ns, rounded to a microsecond if it has a fraction."""
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


def _formatted(text: Column, rules: TimeRules) -> Int64s:
    """Return text read by `format`: the whole column at once, then unproven cells one by one.

    Arrow reads 31 February as 2 March, so a time counts only if formatting it gives the text back.
    """
    import pyarrow.compute

    pc: Any = pyarrow.compute
    walls: Int64s = np.full(len(text), UNREADABLE, dtype=np.int64)
    proven: npt.NDArray[np.bool_] = np.zeros(len(text), dtype=np.bool_)
    if "%z" not in rules.format and "%f" not in rules.format:
        stamps = pc.strptime(text, format=rules.format, unit="s", error_is_null=True)
        same = pc.equal(pc.strftime(stamps, format=rules.format), text).fill_null(pa.scalar(False))
        proven = np.asarray(same.to_numpy(zero_copy_only=False), dtype=np.bool_)
        seconds = int64s(stamps.cast(pa.int64()), 0)
        walls = np.where(proven, np.where(proven, seconds, 0) * 10**9, UNREADABLE)
    values = to_utc(walls, rules.zone)
    rest = np.flatnonzero(~proven)
    if len(rest):
        cells = text.take(pa.array(rest)).to_pylist()
        values[rest] = [_one_formatted(cell, rules) for cell in cells]
    return values


def _one_formatted(text: str | None, rules: TimeRules) -> int:
    try:
        at = dt.datetime.strptime(text or "", rules.format)  # noqa: DTZ007 - zoned below
    except ValueError:
        return UNREADABLE
    since = at - (_WALL_EPOCH if at.tzinfo is None else _UTC_EPOCH)
    nanoseconds = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
    if not _EARLIEST // 2 <= nanoseconds < 2 * _LATEST:
        return UNREADABLE
    return nanoseconds if at.tzinfo is not None else _one_to_utc(nanoseconds, rules.zone)
