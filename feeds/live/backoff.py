"""Choose the pause before the next attempt to connect."""

from __future__ import annotations

import random
from typing import Final

FIRST_PAUSE_S: Final = 0.5
"""The first pause after a lost link, before jitter. It also gives a login that has just replaced
the token time to store it."""


class Backoff:
    """Pauses that double up to a limit, each shortened at random.

    The jitter keeps all clients of a returning server from connecting in the same instant. A pause
    is drawn evenly from the upper half of the current limit: never zero, never longer than
    `longest_s`.
    """

    def __init__(self, rng: random.Random, longest_s: float, first_s: float = FIRST_PAUSE_S):
        self._rng = rng
        self._longest_s = longest_s
        self._first_s = min(first_s, longest_s)
        self._limit_s = self._first_s
        self.attempts = 0
        """Pauses given since the last reset."""

    def pause_s(self) -> float:
        """Return the next pause, in seconds."""
        limit_s = self._limit_s
        self._limit_s = min(2 * limit_s, self._longest_s)
        self.attempts += 1
        return self._rng.uniform(limit_s / 2, limit_s)

    def reset(self) -> None:
        """Start again from the shortest pause, now that the link has proved itself."""
        self._limit_s = self._first_s
        self.attempts = 0


def jitter_rng() -> random.Random:
    """Return a random generator seeded differently in each process.

    For pauses only; nothing that trades may use it.
    """
    return random.Random()  # noqa: S311 - no secret
