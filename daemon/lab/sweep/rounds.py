"""Which variants are run next: all at once, or in rounds by the results of those before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from daemon.errors import UsageError
from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.tasks import Job, JobDone
from daemon.lab.sweep.variants import Variant, variants_of

Outcomes = Sequence[tuple[Job, JobDone]]
"""What was run so far, in the order of the variants, without trades."""


_INSTALL: Final = "sweep: optuna: install it with pip install 'run-fno-paper[optuna]'"


class Rounds(Protocol):
    """Proposes variants. The same outcomes in the same order, the same proposals."""

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return the variants that are run next, none when all were proposed. Raises ConfigError.

        `outcomes` has every variant of the rounds before, failed ones too.
        """
        ...


class Written:
    """The variants of grid, list and random: one round."""

    def __init__(self, loaded: LoadedSweep) -> None:
        """Read them. Raises ConfigError."""
        self._variants = variants_of(loaded)

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return all of them, then none."""
        variants, self._variants = self._variants, []
        return variants


class InTurn:
    """Rounds of one kind, then those of the next."""

    def __init__(self, *rounds: Rounds) -> None:
        self._rounds = list(rounds)

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return the next variants of the first kind that has any."""
        while self._rounds:
            if variants := self._rounds[0].next_round(outcomes):
                return variants
            del self._rounds[0]
        return []


def rounds_of(loaded: LoadedSweep) -> Rounds:
    """Return all rounds of a sweep. Raises ConfigError, UsageError where optuna is missing."""
    written = Written(loaded)
    trials = loaded.sweep.optuna
    if trials is None:
        return written
    try:
        from daemon.lab.sweep.optuna_rounds import OptunaRounds
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "optuna":
            raise
        raise UsageError(_INSTALL) from error
    return InTurn(written, OptunaRounds(loaded, trials))
