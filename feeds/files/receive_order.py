"""Give times of receipt to a file that is in order of receipt but has only exchange times."""

from __future__ import annotations

from typing import Final

import numpy as np

from daemon.domain.dates import DAY_NS
from daemon.domain.ticks import Int64s

FURTHEST_NS: Final = 400 * DAY_NS
"""The engine refuses a row further ahead than this (`future`), so it must not advance the time."""


class ReceiveOrder:
    """The latest exchange time so far, row by row, over the batches of one file."""

    def __init__(self) -> None:
        self._latest = -1

    def times(self, exchange_ts: Int64s) -> Int64s:
        """Return the running maximum of exchange times (UTC ns).

        A row more than 400 days ahead of the latest time keeps its own time and does not advance
        it.
        """
        if not len(exchange_ts):
            return exchange_ts
        since = int(exchange_ts[0]) if self._latest < 0 else self._latest
        absurd = self._absurd(exchange_ts, since)
        sound = exchange_ts if absurd is None else np.where(absurd, since, exchange_ts)
        running = np.maximum.accumulate(np.maximum(sound, since))
        self._latest = int(running[-1])
        return running if absurd is None else np.where(absurd, exchange_ts, running)

    def _absurd(
        self, exchange_ts: Int64s, since: int
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
        """Return a mask of rows too far ahead, None if there are none."""
        if int(exchange_ts.max()) <= since + FURTHEST_NS:
            return None
        absurd = np.zeros(len(exchange_ts), dtype=np.bool_)
        for row, ts in enumerate(exchange_ts.tolist()):
            if ts > since + FURTHEST_NS:
                absurd[row] = True
            else:
                since = max(since, ts)
        return absurd
