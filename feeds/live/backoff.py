"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from typing import Final

FIRST_PAUSE_S: Final = 0.5
"""The first pause after a link was lost, before jitter. It also gives a login that has just
replaced the token the time to write it down."""


class Backoff:
    """Pauses that double up to a limit, each cut short by chance, so that a server which comes
    back is not met by all of its clients in the same instant.

    A pause is drawn evenly from the upper half of the present limit: never nothing, never longer
    than `longest_s`.
    """

    def __init__(self, rng: random.Random, longest_s: float, first_s: float = FIRST_PAUSE_S):
        self._rng = rng
        self._longest_s = longest_s
        self._first_s = min(first_s, longest_s)
        self._limit_s = self._first_s
        self.attempts = 0
        """Pauses given since the last reset."""

    def pause_s(self) -> float:
        """The next pause, in seconds."""
        limit_s = self._limit_s
        self._limit_s = min(2 * limit_s, self._longest_s)
        self.attempts += 1
        return self._rng.uniform(limit_s / 2, limit_s)

    def reset(self) -> None:
        """The link has proven itself: the next loss starts from the shortest pause."""
        self._limit_s = self._first_s
        self.attempts = 0


def fresh_chance() -> random.Random:
    """Chance that differs from process to process, for pauses; nothing that trades may use it."""
    return random.Random()  # noqa: S311 - no secret
