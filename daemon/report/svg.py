"""The geometry of the charts: time and money to pixels, as plain SVG text.

Nights are cut out of the time axis: each Indian day takes the width of its own data, and all
charts of a page share one axis so that they can be read one under the other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from daemon.domain.dates import HOUR_NS, MINUTE_NS, SECOND_NS, ist_date, ist_day, ist_midnight
from daemon.report.model import Point
from daemon.report.text import ist_time

WIDTH: Final = 1100
LEFT: Final = 64
RIGHT: Final = 16
TOP: Final = 14
BOTTOM: Final = 26
NIGHT_PX: Final = 8
_STEPS_NS: Final = tuple(
    minutes * MINUTE_NS for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360)
)
_LABELS_MAX: Final = 9


class Day(msgspec.Struct, frozen=True):
    """One Indian day of the axis: its time span (UTC ns) and its pixels."""

    start: int
    end: int
    left: float
    right: float


class TimeAxis:
    """UTC ns to x. Times before or after a day's data are put at its edge."""

    def __init__(self, times: Iterable[int]) -> None:
        """Make an axis that holds all `times`; without any, an empty one."""
        spans = day_spans(times)
        total = sum(end - start for start, end in spans)
        free = WIDTH - LEFT - RIGHT - NIGHT_PX * max(0, len(spans) - 1)
        self.days: Final[list[Day]] = []
        left = float(LEFT)
        for start, end in spans:
            right = left + free * (end - start) / total
            self.days.append(Day(start, end, left, right))
            left = right + NIGHT_PX
        self._starts = [day.start for day in self.days]

    def x(self, ts: int) -> float:
        """Return where `ts` is, px."""
        if not self.days:
            return float(LEFT)
        day = self.days[max(0, bisect_right(self._starts, ts) - 1)]
        share = (ts - day.start) / (day.end - day.start)
        return day.left + (day.right - day.left) * min(1.0, max(0.0, share))

    def labels(self) -> list[tuple[float, str]]:
        """Return where to write what: hours of one day, dates of several."""
        if len(self.days) > 1:
            every = -(-len(self.days) // _LABELS_MAX)
            return [(day.left, f"{ist_date(day.start):%d %b}") for day in self.days[::every]]
        return _time_labels(self.days[0], self.x) if self.days else []


def day_spans(times: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last time of each Indian day, at least a minute apart."""
    spans: dict[int, tuple[int, int]] = {}
    for ts in times:
        start, end = spans.get(ist_day(ts), (ts, ts))
        spans[ist_day(ts)] = (min(start, ts), max(end, ts))
    return [(start, max(end, start + MINUTE_NS)) for _, (start, end) in sorted(spans.items())]


def _time_labels(day: Day, x: Callable[[int], float]) -> list[tuple[float, str]]:
    span = day.end - day.start
    step = next((step_ns for step_ns in _STEPS_NS if span <= step_ns * _LABELS_MAX), 6 * HOUR_NS)
    midnight = ist_midnight(ist_date(day.start))
    first = midnight + -(-(day.start - midnight) // step) * step
    return [(x(ts), ist_time(ts)[:5]) for ts in range(first, day.end + 1, step)]


class MoneyAxis(msgspec.Struct, frozen=True):
    """Paise to y, between two values that differ."""

    low: int
    high: int
    height: int

    def y(self, paise: float) -> float:
        """Return where `paise` is, px from the top."""
        share = (paise - self.low) / (self.high - self.low)
        return self.height - BOTTOM - (self.height - TOP - BOTTOM) * share

    def grid(self) -> list[int]:
        """Return round values inside the axis, paise."""
        step = round_step((self.high - self.low) / max(2, self.height // 55))
        return list(range(-(-self.low // step) * step, self.high + 1, step))


def money_axis(values: Sequence[int], height: int, *, with_zero: bool) -> MoneyAxis:
    """Return an axis with a little air around `values` (paise)."""
    low = min([*values, 0] if with_zero else values)
    high = max([*values, 0] if with_zero else values)
    air = max(1, (high - low) // 16)
    if high == low:
        air = max(100, abs(high) // 200)
    keep_low = with_zero and low == 0 and high > 0
    keep_high = with_zero and high == 0 and low < 0
    return MoneyAxis(low - (0 if keep_low else air), high + (0 if keep_high else air), height)


def round_step(rough: float) -> int:
    """Return the next 1, 2 or 5 times a power of ten, at least one paisa."""
    step = 1
    while step < rough:
        for factor in (2, 5, 10):
            if step * factor >= rough:
                return step * factor
        step *= 10
    return step


def thin(points: Sequence[Point], limit: int) -> list[Point]:
    """Return at most about `limit` points, among them the first, the last, every high and low."""
    if len(points) <= limit:
        return list(points)
    size = -(-len(points) * 2 // limit)
    kept: list[Point] = [points[0]]
    for at in range(0, len(points), size):
        bucket = points[at : at + size]
        pair = {min(bucket, key=_paise), max(bucket, key=_paise)}
        kept.extend(sorted(pair - {kept[-1]}))
    if kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept


def hover_data(axis: TimeAxis, points: Sequence[Point], money: MoneyAxis) -> str:
    """Return points for the page's script: x, y, then seconds and paise from the last point."""
    parts, last_s, last_paise = [], 0, 0
    for ts, paise in points:
        second = ts // SECOND_NS
        parts.append(
            f"[{axis.x(ts):.0f},{money.y(paise):.0f},{second - last_s},{paise - last_paise}]"
        )
        last_s, last_paise = second, paise
    return f"[{','.join(parts)}]"


def polyline(axis: TimeAxis, points: Sequence[Point], money: MoneyAxis) -> str:
    """Return the points of a straight line."""
    return " ".join(f"{axis.x(ts):.1f},{money.y(paise):.1f}" for ts, paise in points)


def steps(axis: TimeAxis, points: Sequence[Point], money: MoneyAxis) -> str:
    """Return the points of a line that holds each value until the next."""
    corners: list[str] = []
    height = ""
    for ts, paise in points:
        x = f"{axis.x(ts):.1f}"
        if height:
            corners.append(f"{x},{height}")
        height = f"{money.y(paise):.1f}"
        corners.append(f"{x},{height}")
    return " ".join(corners)


def _paise(point: Point) -> int:
    return point[1]
