"""When a channel may be told what: quiet hours, and the rate."""

from __future__ import annotations

from collections import deque
from typing import Final

from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, MINUTE_NS
from daemon.settings.alerts import QuietHours


def quiet_until(hours: QuietHours | None, now: int) -> int:
    """Return when the quiet hours that `now` (UTC ns) lies in end, 0 outside them.

    Hours that end before they begin go over midnight; equal ones are no hours at all.
    """
    if hours is None:
        return 0
    begin, end = _of_day(hours.begin), _of_day(hours.end)
    at = (now + IST_OFFSET_NS) % DAY_NS
    is_in = begin <= at < end if begin <= end else at >= begin or at < end
    return now + (end - at) % DAY_NS if is_in else 0


def _of_day(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE_NS


class Rate:
    """Counts messages against the most of a minute."""

    def __init__(self, per_minute: int) -> None:
        self._most: Final = per_minute
        self._sent: deque[int] = deque()

    def free_at(self, now: int) -> int:
        """Return when the next one may be sent (UTC ns), 0 for now."""
        while self._sent and not now - MINUTE_NS < self._sent[0] <= now:  # or the clock was set
            self._sent.popleft()
        return 0 if len(self._sent) < self._most else self._sent[0] + MINUTE_NS

    def saw(self, now: int) -> None:
        """Count one that was sent."""
        self._sent.append(now)
