"""Define types for strategy parameters, which refuse a wrong value before trading, and times."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from daemon.domain.dates import DAY_NS, HOUR_NS, IST_OFFSET_NS, MINUTE_NS

TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Indian wall time, such as `"09:20"`."""
Period = Annotated[int, Meta(ge=1, le=10_000)]
"""A number of candles."""
Quantity = Annotated[int, Meta(ge=0, le=10**9)]
"""Units, not lots; 0 = one lot of the contract."""
PositiveFloat = Annotated[float, Meta(gt=0, le=1e6)]


def since_midnight(text: TimeOfDay) -> int:
    """Return the nanoseconds from midnight to a time of day."""
    hours, minutes = text.split(":")
    return int(hours) * HOUR_NS + int(minutes) * MINUTE_NS


def time_of_day(ts: int) -> int:
    """Return the nanoseconds since Indian midnight of a time in UTC ns."""
    return (ts + IST_OFFSET_NS) % DAY_NS
