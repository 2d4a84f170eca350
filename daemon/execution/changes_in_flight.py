"""Modifications of entries that are on their way: what they ask for counts from their sending."""

from __future__ import annotations

from typing import NamedTuple


class Asked(NamedTuple):
    """The quantity and the limit (paise, 0 unknown) that an order would have."""

    quantity: int
    limit_paise: int


class ChangesInFlight:
    """What modifications ask for until the exchange has answered each of them.

    Of several for one order the largest quantity and the highest limit count: one may be refused.
    """

    def __init__(self) -> None:
        self._asked: dict[str, list[Asked]] = {}

    def reserve(self, exchange_id: str, asked: Asked) -> None:
        """Count what a modification that is being sent asks for."""
        self._asked.setdefault(exchange_id, []).append(asked)

    def answered(self, exchange_id: str) -> None:
        """Forget the modification that was sent first: it has acted, or was refused."""
        waiting = self._asked.get(exchange_id)
        if waiting:
            del waiting[0]
        if not waiting:
            self.forget(exchange_id)

    def forget(self, exchange_id: str) -> None:
        """Forget all of an order that is over."""
        self._asked.pop(exchange_id, None)

    def most(self, exchange_id: str, now: Asked) -> Asked:
        """Return the most that an order may ask for: what it is now, or would be."""
        waiting = self._asked.get(exchange_id)
        if not waiting:
            return now
        every = [now, *waiting]
        return Asked(max(each.quantity for each in every), max(each.limit_paise for each in every))
