"""Mutants that no test can notice, because they compute the same; each with its reason."""

from __future__ import annotations

from typing import Final, NamedTuple


class Equivalent(NamedTuple):
    """A mutation by file, line (its text), what is replaced and by what."""

    path: str
    line: str
    old: str
    new: str
    why: str


_TRIGGERS: Final = "daemon/market/triggers.py"
_HEAD: Final = "daemon/journal/head.py"
_PLACES: Final = "places = [slot.place if slot is not None else (-1, -1, -1) for slot in slots]"
_SHORT: Final = (
    "if size < 2 * SLOT_BYTES:  # behind what is there: it may be a slot that still counts"
)
_OWN: Final = "daemon/journal/own_files.py"
_PORTIONS: Final = "_ROWS_AT_ONCE: Final = (512, 64, 8, 1)"
_LEAST: Final = "the first number alone is less than any slot's"
_STDIN: Final = "descriptor 0 is standard input, or is closed by the end of the process"
_SWEEP: Final = "if len(self._below) + len(self._above) > 4 * len(self._turns) + _SLACK:"
_ANY_NUMBER: Final = "turns are only compared for being the same"
_NO_PRICE: Final = "no price is there: they are above 0 and at most 10**15 paise"

EQUIVALENT: Final[tuple[Equivalent, ...]] = (
    Equivalent(_TRIGGERS, "NO_LEVEL_BELOW: Final = -1", "1", "2", _NO_PRICE),
    Equivalent(_TRIGGERS, "NO_LEVEL_ABOVE: Final = 1 << 62", "1", "2", _NO_PRICE),
    Equivalent(_TRIGGERS, "NO_LEVEL_ABOVE: Final = 1 << 62", "62", "63", _NO_PRICE),
    Equivalent(_TRIGGERS, "_SLACK: Final = 64", "64", "65", "one more stale level may wait"),
    Equivalent(_TRIGGERS, "self._turn = 0", "0", "1", _ANY_NUMBER),
    Equivalent(_TRIGGERS, "self._turn += 1", "+=", "-=", _ANY_NUMBER),
    Equivalent(_TRIGGERS, "self._turn += 1", "1", "2", _ANY_NUMBER),
    Equivalent(_TRIGGERS, _SWEEP, ">", ">=", "a sweep one level earlier leaves the same levels"),
    Equivalent(_TRIGGERS, _SWEEP, "4", "5", "a sweep that comes later leaves the same levels"),
    Equivalent(_HEAD, _PLACES, "1", "2", _LEAST),
    Equivalent(_HEAD, _SHORT, "<", "<=", "nothing is missing, so nothing is written"),
    Equivalent(_HEAD, _SHORT, "2", "3", "nothing is missing, so nothing is written"),
    Equivalent(_HEAD, "if self._descriptor >= 0:", ">=", ">", _STDIN),
    Equivalent(_HEAD, "if self._descriptor >= 0:", "0", "1", _STDIN),
    Equivalent(_HEAD, "self._descriptor = -1", "1", "2", "no descriptor is negative"),
    Equivalent(_OWN, "if self._wal_file >= 0:", ">=", ">", _STDIN),
    Equivalent(_OWN, "if self._wal_file >= 0:", "0", "1", _STDIN),
    Equivalent(_OWN, "self._wal_file = -1", "1", "2", "no descriptor is negative"),
    Equivalent(
        "daemon/market/intake.py",
        "first_step = 0 if feed_last < 0 else int(part.ts[0]) - feed_last",
        "0",
        "1",
        "a nanosecond is no silence",
    ),
    Equivalent(
        "daemon/market/intake.py",
        'self._refuse("late", sound, late, int(before[late[0]]) if len(late) else 0)',
        "0",
        "1",
        "without a row that is late nothing is counted",
    ),
    Equivalent(
        "daemon/journal/recovery.py",
        "if give_up is not None and event.seq % _ASK_EVERY == 0 and give_up():",
        "0",
        "1",
        "it is asked as often, an event later",
    ),
    Equivalent("daemon/market/book.py", "if self.high < 0:", "<", "<=", "no price is 0"),
    Equivalent(
        "daemon/journal/explain.py",
        "near += difflib.get_close_matches(order_id, known, n=5, cutoff=0.7)",
        "5",
        "6",
        "five are shown",
    ),
    *(
        Equivalent("daemon/journal/appender.py", _PORTIONS, old, new, "the same rows in portions")
        for old, new in (("512", "513"), ("64", "65"), ("8", "9"))
    ),
)
