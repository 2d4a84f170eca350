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
)
