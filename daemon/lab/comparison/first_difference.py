"""The first event that two runs decided otherwise, whatever it is numbered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

import msgspec

from daemon.domain.events import TradingEvent, event_fields

NAMES: Final = frozenset(
    {"seq", "input_no", "order_id", "exchange_id", "replaces", "gtt_id"}
)  # fmt: skip
"""Fields that say where an event stands or which order is meant, and not what was decided.

One order more shifts the ids of all orders after it.
"""


class FirstDifference(msgspec.Struct, frozen=True, kw_only=True):
    """The n-th event of both runs, which differs; None where a run has no more."""

    number: int
    """From 1, counted in each run."""
    a: TradingEvent | None
    b: TradingEvent | None

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Return what differs by dotted name: of A, of B. Empty where a run has no more."""
        if self.a is None or self.b is None:
            return {}
        ours, theirs = (dict(_flat(_decided(event))) for event in (self.a, self.b))
        names = [*ours, *(name for name in theirs if name not in ours)]
        pairs = {name: (ours.get(name), theirs.get(name)) for name in names}
        return {name: (our, their) for name, (our, their) in pairs.items() if our != their}


def first_difference(
    ours: Iterable[TradingEvent], theirs: Iterable[TradingEvent]
) -> FirstDifference | None:
    """Return the first event that differs but for its `NAMES`; None if the runs decided alike."""
    for number, (our, their) in enumerate(zip_longest(ours, theirs), start=1):
        if our == their:
            continue
        if our is None or their is None or _decided(our) != _decided(their):
            return FirstDifference(number=number, a=our, b=their)
    return None


def _decided(event: TradingEvent) -> dict[str, Any]:
    fields = _without_names(event_fields(event))
    if isinstance(fields.get("numbers"), dict):
        fields["numbers"] = _without_names(fields["numbers"])
    return fields


def _without_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in NAMES}


def _flat(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
