"""Wall times of a zone as UTC, and only where the wall clock tells one time."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from daemon.domain.dates import HOUR_NS, IST_OFFSET_NS, MINUTE_NS
from daemon.domain.ticks import Int64s

UNREADABLE: Final = int(np.iinfo(np.int64).min)
"""A time that cannot be read."""
Zone = int | ZoneInfo
"""Nanoseconds ahead of UTC all year, or a zone whose offset changes."""

_FIXED: Final = {"UTC": 0, "Asia/Kolkata": IST_OFFSET_NS}
_OFFSET: Final = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)")
_CELL_NS: Final = 15 * MINUTE_NS
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time
_MICROSECOND_NS: Final = 1000
_WALLS: Final = (0, 4_102_531_200 * 10**9)
"""From 1970 to a day after 2099: no time outside is read, and dates stay in range."""


@lru_cache(maxsize=64)
def parse_zone(text: str) -> Zone:
    """Return the zone of `UTC`, `+05:30` or a name such as `Asia/Kolkata`. Raises ValueError."""
    if text in _FIXED:
        return _FIXED[text]
    if match := _OFFSET.fullmatch(text):
        offset = int(match[2]) * HOUR_NS + int(match[3]) * MINUTE_NS
        return -offset if match[1] == "-" else offset
    try:
        return ZoneInfo(text)
    except (LookupError, ValueError, OSError) as error:
        hint = "; India is Asia/Kolkata" if text.upper() == "IST" else ""
        raise ValueError(
            f"expected UTC, an offset such as +05:30 or a name such as Asia/Kolkata{hint}"
        ) from error


def to_utc(walls: Int64s, zone: Zone) -> Int64s:
    """Return wall times (ns, as if they were UTC) of a zone as UTC ns.

    UNREADABLE where the wall clock shows the time twice or never, as when summer time changes.
    """
    if zone == 0:
        return walls
    if isinstance(zone, int):
        return np.where(walls == UNREADABLE, UNREADABLE, walls - zone)
    known = (walls >= _WALLS[0]) & (walls < _WALLS[1])
    cells, where = np.unique(np.where(known, walls, 0) // _CELL_NS, return_inverse=True)
    offsets = np.array([_offset(cell, zone) for cell in cells.tolist()], dtype=np.int64)[where]
    sound = known & (offsets != UNREADABLE)
    return np.where(sound, walls - np.where(sound, offsets, 0), UNREADABLE)


def _offset(cell: int, zone: ZoneInfo) -> int:
    """Return the offset (ns) in a quarter of an hour; no zone changes its offset within one."""
    wall = _EPOCH + dt.timedelta(microseconds=cell * _CELL_NS // _MICROSECOND_NS)
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first is None or first != second:
        return UNREADABLE
    return first // dt.timedelta(microseconds=1) * _MICROSECOND_NS
