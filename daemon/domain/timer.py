"""Times at which a strategy wants to be called."""

from __future__ import annotations

import msgspec


class TimerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to be called: once a date at `at_ns` after midnight, or every `every_ns`.

    `every` counts from the open of the instrument's session, at an index of the universe.
    `number` is the place of the timer among all of them.
    """

    number: int
    strategy_id: str
    name: str
    instrument: int
    at_ns: int | None = None
    every_ns: int | None = None
    after_candles: bool = False


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a timer. `ts` is now, `due_ts` when it was due (UTC ns).

    `missed` counts the earlier times of an `every` that a silence has swallowed.
    """

    name: str
    ts: int
    due_ts: int
    missed: int = 0
