"""Find rows whose bar is not the open one when they arrive (SEMANTICS, "Candles")."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from daemon.domain.grouping import Places
from daemon.domain.ticks import Int32s, Int64s
from daemon.market.schedule import DaySessions

_BOUNDARY_ROWS: Final = 256
"""Going from boundary to boundary costs as much as checking this many rows one by one."""


def find_off_bar_rows(
    bar_ts: Int64s, ts: Int64s, instrument: Int32s, day: DaySessions, *, grid_ns: int, grace_ns: int
) -> Places:
    """Return the rows whose bar is over, or not open yet, at `ts` less the candle grace.

    `bar_ts` (<= `ts`, UTC ns) is the time that a row's bar is of. `ts` never goes back. Rows of the
    idle book may be included or not: their bars are never used.
    """
    bars = (int(ts[-1]) - int(ts[0])) // grid_ns + 2
    if (
        bars * _BOUNDARY_ROWS <= len(ts)
        and len({each % grid_ns for each in day.distinct_opens}) == 1
        and bar_ts.min() >= day.latest_open
    ):
        return _by_boundary(bar_ts, ts, day.latest_open, grid_ns, grace_ns)
    return _row_by_row(bar_ts, ts, day.opens_or_idle[instrument], grid_ns, grace_ns)


def _by_boundary(bar_ts: Int64s, ts: Int64s, open_ts: int, grid_ns: int, grace_ns: int) -> Places:
    """Judge rows after the open whose bars all end at the same times: no division."""
    noticed = open_ts + grace_ns
    first, last = ((int(each) - noticed) // grid_ns for each in (ts[0], ts[-1]))
    ends = ts.searchsorted(noticed + grid_ns * np.arange(first + 1, last + 1))
    found: list[Places] = []
    for number, (start, end) in enumerate(pairwise([0, *ends.tolist(), len(ts)]), first):
        begins = open_ts + number * grid_ns
        own = bar_ts[start:end]
        if len(own) and (own.min() < begins or own.max() >= begins + grid_ns):
            found.append(start + np.flatnonzero((own < begins) | (own >= begins + grid_ns)))
    return np.concatenate(found) if found else np.empty(0, dtype=np.intp)


def _row_by_row(bar_ts: Int64s, ts: Int64s, opens: Int64s, grid_ns: int, grace_ns: int) -> Places:
    own = (bar_ts - opens) // grid_ns
    current = (ts - grace_ns - opens) // grid_ns
    return np.flatnonzero((own != current) | (own < 0))
