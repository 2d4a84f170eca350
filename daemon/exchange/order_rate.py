"""How many orders an API user may send: 10 a second, 400 a minute, 5,000 a day."""

from __future__ import annotations

from typing import Final

from daemon.exchange.refusals import Refused

_SECOND_NS: Final = 1_000_000_000
_LIMITS: Final = ((_SECOND_NS, 10), (60 * _SECOND_NS, 400), (86_400 * _SECOND_NS, 5_000))


class OrderRate:
    """Count what was sent in the second, the minute and the day that now belongs to (UTC)."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[int, int]] = {}

    def refuse_or_count(self, now: int) -> Refused | None:
        """Count an order of now (UTC ns), or refuse it as `order_rate`."""
        counts: dict[int, tuple[int, int]] = {}
        for span, limit in _LIMITS:
            window, sent = self._counts.get(span, (-1, 0))
            if window != now // span:
                window, sent = now // span, 0
            if sent >= limit:
                return Refused("order_rate", {"limit": limit, "within_ns": span})
            counts[span] = (window, sent + 1)
        self._counts = counts
        return None
