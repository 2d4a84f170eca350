"""The only place that reads a clock; the core gets its time from its inputs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final, Literal, NamedTuple

from daemon.domain.dates import SECOND_NS, iso_ist
from daemon.errors import ClockError

PARTED_NS: Final = 2 * SECOND_NS
"""The time of a run and the machine's clock may differ by this much without correction."""
START_WAIT_NS: Final = 30 * SECOND_NS
"""A start waits for a clock that is no further behind the last recorded time than this."""
_AT_ONCE_NS: Final = SECOND_NS // 20
"""Clocks that are read one after another within this time count as read at one instant."""
_BOOT: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Includes the time that the machine was suspended; only Linux has it. Without it a suspend looks
like a wall clock that is ahead, which is corrected in the same way.
"""


class Reading(NamedTuple):
    """The machine's clocks at one instant: `wall` UTC ns, the others ns since some instant."""

    wall: int
    boot: int
    awake: int


class MachineClocks:
    """Read the clocks of this machine. A test puts its own in place of `MACHINE_CLOCKS`."""

    def __init__(self) -> None:
        self.boot_ns: Callable[[], int] = partial(time.clock_gettime_ns, _BOOT)
        """Nanoseconds since the boot, those of a suspend included; never goes back."""

    def wall_ns(self) -> int:
        """Return the wall clock, UTC ns; it can be set."""
        return time.time_ns()

    def awake_ns(self) -> int:
        """Return the nanoseconds that the machine was awake; never goes back."""
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def read(self) -> Reading:
        """Return all clocks at one instant.

        A process that is stopped between two readings would take its pause for a clock that was
        set, so it reads again.
        """
        while True:
            boot = self.boot_ns()
            reading = Reading(self.wall_ns(), boot, self.awake_ns())
            if self.boot_ns() - boot <= _AT_ONCE_NS:
                return reading


MACHINE_CLOCKS: Final = MachineClocks()


class Jump(NamedTuple):
    """Time that a run did not live through (ns): the machine was suspended, or its clock set."""

    ns: int
    cause: Literal["suspended", "set"]


class Clock:
    """The time of a run: the wall clock's, but it never goes back.

    It counts from the wall clock at the start by the clock that runs on during a suspend.
    `not_before` (UTC ns) is the least time it begins at.
    """

    def __init__(self, not_before: int = 0, clocks: MachineClocks = MACHINE_CLOCKS) -> None:
        wall, boot, awake = clocks.read()
        self._clocks = clocks
        self._boot_ns = clocks.boot_ns
        self._offset = max(wall, not_before) - boot
        self._suspended = boot - awake

    def now_ns(self) -> int:
        """Return the time of the run, UTC ns."""
        return self._boot_ns() + self._offset

    def keep_right(self) -> Jump | None:
        """Follow a wall clock that is ahead, and tell what time was missed since the last call.

        A difference of up to `PARTED_NS` is left alone. Raises ClockError if the wall clock was
        set back by more.
        """
        wall, boot, awake = self._clocks.read()
        now = boot + self._offset
        ahead = wall - now
        if ahead < -PARTED_NS:
            raise ClockError(
                f"the machine's clock was set back by {-ahead / SECOND_NS:.1f} s: it says "
                f"{shown(wall)}, the run is at {shown(now)}; trading stops here. Start again when "
                "the clock is right and past that time"
            )
        step = ahead if ahead > PARTED_NS else 0
        suspended = boot - awake - self._suspended
        if suspended <= PARTED_NS:
            suspended = 0
        if not step and not suspended:
            return None
        self._offset += step
        self._suspended += suspended
        return Jump(step + suspended, "suspended" if suspended else "set")


def check_start(last_ns: int, of: str, clocks: MachineClocks = MACHINE_CLOCKS) -> None:
    """Refuse a start before `last_ns` (UTC ns), the last time in a part `of` the account.

    What is less than `PARTED_NS` is left alone, up to `START_WAIT_NS` is waited for. Raises
    ClockError.
    """
    wall = clocks.wall_ns()
    behind = last_ns - wall
    if behind <= PARTED_NS:
        return
    if behind <= START_WAIT_NS:
        from loguru import logger

        logger.warning(
            "the machine's clock is {:.1f} s behind {}: waiting for it", behind / SECOND_NS, of
        )
        clocks.sleep(behind / SECOND_NS)
        wall = clocks.wall_ns()
        if last_ns - wall <= PARTED_NS:
            return
    raise ClockError(
        f"the machine's clock says {shown(wall)}, but {of} goes up to {shown(last_ns)}: set the "
        "clock (`timedatectl` shows it). If it is right, it was wrong at an earlier start: see "
        "'The clock was wrong' in docs/RUNBOOK.md"
    )


def shown(ts: int) -> str:
    """Return a time as people read it in India, to the second."""
    return f"{iso_ist(ts)[:19].replace('T', ' ')} IST"
