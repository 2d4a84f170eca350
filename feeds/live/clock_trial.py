"""Whether the machine's clock can be right, by the exchange times of the first ticks."""

from __future__ import annotations

from typing import Final

from daemon.domain.dates import MINUTE_NS, SECOND_NS, iso_ist
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError

OFF_NS: Final = 120 * MINUTE_NS
"""A clock that is further off the exchange's time is wrong."""
SNAPSHOT_NS: Final = 3 * SECOND_NS
"""What comes so soon after the first tick may be of any age: the last trade of each instrument."""
SAME_NS: Final = MINUTE_NS
"""Ticks of a market that is open are all about as old; the last ones of a closed one are not."""
WITNESSES: Final = 3


class ClockTrial:
    """Hold the first ticks of a start against the machine's clock.

    Exchange times more than `OFF_NS` ahead of it prove that it is wrong. Times behind it prove
    that only if the market is open: they must be newer than all before, come after the first
    snapshot, and be behind by the same. `WITNESSES` ticks are needed either way, with none
    between them that agrees with the clock.
    """

    def __init__(self) -> None:
        self._first = -1
        """When the first tick with an exchange time came, UTC ns."""
        self._newest = 0
        """The latest exchange time that is not of the future."""
        self._off = 0
        self._witnesses = 0

    def passed_by(self, block: Ticks) -> bool:
        """Return whether the clock has proved right. Raises ClockError if it proved wrong."""
        if block.exchange_ts is None:
            return False
        return any(
            self._passed_by(ts, stamp)
            for ts, stamp in zip(block.ts.tolist(), block.exchange_ts.tolist(), strict=True)
            if stamp > 0
        )

    def _passed_by(self, ts: int, stamp: int) -> bool:
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
