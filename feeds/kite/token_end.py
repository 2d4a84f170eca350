"""When an access token of Kite ends."""

from __future__ import annotations

import datetime as dt
from typing import Final

from daemon.domain.dates import HOUR_NS, ist_date, ist_midnight

_EXPIRY_HOUR: Final = 6


def valid_until(used_ts: int) -> int:
    """Return when a token ends that was valid at `used_ts`: the next 06:00 IST (both UTC ns)."""
    morning = ist_midnight(ist_date(used_ts)) + _EXPIRY_HOUR * HOUR_NS
    if used_ts < morning:
        return morning
    return ist_midnight(ist_date(used_ts) + dt.timedelta(days=1)) + _EXPIRY_HOUR * HOUR_NS
