"""What the newest round of each plan did and why, in a trader's words."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Final

from daemon.domain.events import RoundMoved
from daemon.journal.round_words import round_lines
from daemon.visible import visible
from daemon.web.fold.later import Later
from daemon.web.fold.rows import Row, ms

LINES: Final = 12


class RoundLines:
    """The newest lines of the newest round of each plan."""

    def __init__(self) -> None:
        self._rounds: dict[str, str] = {}
        self._lines: dict[str, deque[Later]] = {}

    def take(self, event: RoundMoved) -> None:
        """Take one event; a new round forgets the one before."""
        if self._rounds.get(event.plan) != event.round:
            self._rounds[event.plan] = event.round
            self._lines[event.plan] = deque(maxlen=LINES)
        self._lines[event.plan].append(Later(partial(_row, event)))

    def round_of(self, plan: str) -> str | None:
        """Return the newest round of a plan, None before its first."""
        return self._rounds.get(plan)

    def of(self, plan: str) -> list[Row]:
        """Return the lines of a plan's newest round, newest first."""
        return [later.row() for later in reversed(self._lines.get(plan, ()))]


def _row(event: RoundMoved) -> Row:
    return {
        "seq": event.seq,
        "at_ms": ms(event.ts),
        "words": visible(" ".join(round_lines(event))),
    }
