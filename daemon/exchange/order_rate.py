"""How many orders an API user may send: 10 a second, 400 a minute, 5,000 a day."""

from __future__ import annotations

from collections import deque
from typing import Final

from daemon.exchange.refusals import Refused

_SECOND_NS: Final = 1_000_000_000
_LIMITS: Final = ((_SECOND_NS, 10), (60 * _SECOND_NS, 400))
_PER_DAY: Final = 5_000


class OrderRate:
    """Count what was sent, in windows that end now."""

    def __init__(self) -> None:
        self._sent: deque[int] = deque(maxlen=_LIMITS[-1][1])
        self._today = 0

    def start_day(self) -> None:
        """Begin a date."""
        self._today = 0

    def refuse_or_count(self, now: int) -> Refused | None:
        """Count an order of now (UTC ns), or refuse it as `order_rate`."""
        for span, limit in _LIMITS:
            if len(self._sent) >= limit and now - self._sent[-limit] < span:
                return Refused("order_rate", {"limit": limit, "within_ns": span})
        if self._today >= _PER_DAY:
            return Refused("order_rate", {"limit": _PER_DAY})
        self._sent.append(now)
        self._today += 1
        return None
