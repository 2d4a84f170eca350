"""Stops that were triggered and have not filled: a trader wants to know of them (F33)."""

from __future__ import annotations

import heapq
from typing import Final, NamedTuple

from daemon.domain.dates import SECOND_NS
from daemon.market.agenda import Agenda, Phase

UNFILLED_NS: Final = SECOND_NS
"""How long a triggered stop may stand with anything unfilled before that is said."""


class Triggered(NamedTuple):
    """A stop that was triggered: when it is looked at, whose it is, and which exit it began."""

    due: int
    order_id: str
    exchange_id: str
    exit_seq: int


class UnfilledStops:
    """Keep triggered stops until they are looked at."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._waiting: list[Triggered] = []

    def triggered(self, order_id: str, exchange_id: str, exit_seq: int, now: int) -> None:
        """Look at a stop of a trade a second from now (UTC ns)."""
        due = now + UNFILLED_NS
        heapq.heappush(self._waiting, Triggered(due, order_id, exchange_id, exit_seq))
        self._agenda.add(due, Phase.EXCHANGE, 1, due)

    def take_due(self, now: int) -> list[Triggered]:
        """Remove and return what must be looked at by now (UTC ns)."""
        due: list[Triggered] = []
        while self._waiting and self._waiting[0].due <= now:
            due.append(heapq.heappop(self._waiting))
        return due
