"""Check the machine's clock against the exchange times of the first ticks."""

from __future__ import annotations

from typing import Final

from daemon.domain.dates import MINUTE_NS, SECOND_NS, iso_ist
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError

OFF_NS: Final = 120 * MINUTE_NS
"""A clock further than this from the exchange's time is wrong."""
SNAPSHOT_NS: Final = 3 * SECOND_NS
"""Ticks this soon after the first may have any age: the last trade of each instrument."""
SAME_NS: Final = MINUTE_NS
"""In an open market all ticks are about equally old; a closed market's last ticks are not."""
WITNESSES: Final = 3


class ClockCheck:
    """Compares the first ticks of a start with the machine's clock.

    Exchange times more than `OFF_NS` ahead prove the clock wrong. Times behind it prove that only
    if the market is open: they must be newer than all before, come after the first snapshot, and
    lag by the same amount. Either way takes `WITNESSES` ticks, with none in between that agrees
    with the clock.
    """

    def __init__(self) -> None:
        self._first = -1
        """Arrival of the first tick with an exchange time, UTC ns."""
        self._newest = 0
        """The latest exchange time that is not in the future."""
        self._off = 0
        self._witnesses = 0

    def confirms(self, block: Ticks) -> bool:
        """Return whether the clock has proved right. Raises ClockError if it has proved wrong."""
        if block.exchange_ts is None:
            return False
        return any(
            self._confirms(ts, stamp)
            for ts, stamp in zip(block.ts.tolist(), block.exchange_ts.tolist(), strict=True)
            if stamp > 0
        )

    def _confirms(self, ts: int, stamp: int) -> bool:
        off = stamp - ts
        if abs(off) <= OFF_NS:
            self._witnesses = 0
        if off <= OFF_NS:
            if self._first < 0:
                self._first = ts
            if stamp <= self._newest:
                return False
            self._newest = stamp
            if ts - self._first < SNAPSHOT_NS:
                return False
            if off >= -OFF_NS:
                return True
        if abs(off - self._off) > SAME_NS:
            self._off, self._witnesses = off, 0
        self._witnesses += 1
        if self._witnesses >= WITNESSES:
            raise ClockError(
                f"the machine's clock says {_shown(ts)}, but the exchange's ticks are of "
                f"{_shown(stamp)}: set the clock (`timedatectl status` shows it), then start again"
            )
        return False


def _shown(ts: int) -> str:
    return f"{iso_ist(ts)[:19].replace('T', ' ')} IST"
