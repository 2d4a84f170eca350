"""One row alone, as most live ticks come, judged by its numbers instead of by columns.

An operation on an array of one element costs ten times what one on a number costs. Whatever is odd
about a row is left to the columns: they alone refuse, count and mark.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from daemon.domain.dates import DAY_NS
from daemon.domain.ticks import ABSENT, Int64s, Ticks
from daemon.market.rows import Rows
from daemon.market.schedule import DaySessions

FUTURE_MAX_NS: Final = 400 * DAY_NS
_EMPTY: Final = (0, ABSENT)
"""What a side without a price has."""
_NO_PRICE: Final[Int64s] = np.broadcast_to(np.int64(0), (1,))
"""The side of a row without a price; read-only."""


class PlainRows:
    """Takes rows that nothing is odd about; the settings are those of `Intake`."""

    def __init__(self, size: int, *, stale_after_ns: int, grace_ns: int, grid_ns: int) -> None:
        self._size = size
        self._stale_after_ns = stale_after_ns
        self._grace_ns = grace_ns
        self._grid_ns = grid_ns

    def take(
        self, block: Ticks, first_input_no: int, now: int, feed_last: int, day: DaySessions | None
    ) -> Rows | None:
        """Return the one row of a block as the columns would, None where they must judge it.

        `day` has the sessions of the row before.
        """
        if day is None or block.bid is None or block.ask is None or block.walk is not None:
            return None
        ts, index = block.ts.item(), block.instrument.item()
        bid, ask = block.bid.item(), block.ask.item()
        is_timely = 0 <= now <= ts <= now + FUTURE_MAX_NS
        is_open = day.latest_open <= ts < day.earliest_close
        is_silent = feed_last >= 0 and ts - feed_last > self._stale_after_ns
        if not is_timely or not is_open or is_silent:
            return None
        if not 0 <= index < self._size or block.ltp.item() <= 0:
            return None
        if not (bid > 0 or bid in _EMPTY) or not (ask in _EMPTY or ask >= max(bid, 1)):
            return None
        bar_ts = self._bar_time(block, ts) if self._grid_ns else None
        if bar_ts is not None and not self._is_in_open_bar(bar_ts.item(), ts, day, index):
            return None
        sides = (block.bid if bid > 0 else _NO_PRICE, block.ask if ask > 0 else _NO_PRICE)
        return Rows(block, first_input_no, sides=sides, bar_ts=bar_ts)

    def _bar_time(self, block: Ticks, ts: int) -> Int64s | None:
        """Return the time that decides the row's bar; None if every bar is the open one."""
        sent = block.exchange_ts
        stamp = 0 if sent is None else sent.item()
        if stamp > 0:
            return sent if stamp <= ts else block.ts
        return block.ts if self._grace_ns else None

    def _is_in_open_bar(self, bar_ts: int, ts: int, day: DaySessions, index: int) -> bool:
        opens, grid_ns = day.opens_or_idle.item(index), self._grid_ns
        own: int = (bar_ts - opens) // grid_ns
        return own >= 0 and own == (ts - self._grace_ns - opens) // grid_ns
