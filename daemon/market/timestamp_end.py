"""The end of a timestamp: what is decided once all its inputs are known.

See SEMANTICS, "The end of a timestamp". A timestamp whose end is not asked for costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum

from daemon.market.agenda import Agenda, Phase
from daemon.market.moment import Moment

EndWork = Callable[[int], Iterator[None]]
"""Decide at the end of a timestamp (UTC ns), with pauses."""


class EndRank(IntEnum):
    """The order in which the end of one timestamp is heard."""

    WATCHES = 0
    PLANS = 1
    STRATEGIES = 2


class TimestampEnd:
    """Let whoever asks at timestamp t decide at its end, which the first later input brings.

    The agenda has it at t + 1 ns, before all else of that time. What asks while something is due
    asks for the end of the input in work.
    """

    def __init__(self, agenda: Agenda, at: Moment) -> None:
        self._agenda = agenda
        self._at = at
        self._asked: set[int] = set()
        self._works: dict[EndRank, EndWork] = {}

    def listen(self, rank: EndRank, work: EndWork) -> None:
        """Let `work` hear of the end of every timestamp at which somebody asks; one for a rank."""
        if rank in self._works:
            raise ValueError(f"expected one listener for {rank.name}, was a second")
        self._works = dict(sorted({**self._works, rank: work}.items()))

    def ask(self) -> None:
        """Ask for the end of the present timestamp; asking again changes nothing."""
        now = self._at.stamp  # not the time that is looked back at
        if now not in self._asked:
            self._asked.add(now)
            self._agenda.add(now + 1, Phase.TIMESTAMP_END, 0, now)

    @property
    def asked_ts(self) -> int | None:
        """Return the latest timestamp (UTC ns) whose end is still to come, None if none is."""
        return max(self._asked, default=None)

    def reach(self, ts: int) -> Iterator[None]:
        """Do the work of the end of `ts`, unless that was done already."""
        if ts not in self._asked:
            return
        self._asked.remove(ts)
        for work in self._works.values():
            yield from work(ts)

    def reach_now(self) -> Iterator[None]:
        """End the present timestamp early, as the end of a session does."""
        return self.reach(self._at.now)
