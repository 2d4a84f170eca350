"""All rounds of a sweep: those that are written, then those that optuna proposes."""

from __future__ import annotations

from typing import Final

from daemon.errors import UsageError
from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.rounds import Outcomes, Rounds, Written
from daemon.lab.sweep.terms import OptunaTrials
from daemon.lab.sweep.variants import Variant
from daemon.lab.sweep.window_choice import WindowChoice

_INSTALL: Final = "sweep: optuna: install it with pip install 'run-fno-paper[optuna]'"


class InTurn:
    """Rounds of one kind, then those of the next."""

    def __init__(self, *rounds: Rounds) -> None:
        self._rounds = rounds
        self._at = 0

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return the next variants of the first kind that has any."""
        while self._at < len(self._rounds):
            if variants := self._rounds[self._at].next_round(outcomes):
                return variants
            self._at += 1
        return []

    def windows(self, outcomes: Outcomes) -> list[WindowChoice]:
        """Return the windows of all kinds."""
        return [window for rounds in self._rounds for window in rounds.windows(outcomes)]


def rounds_of(loaded: LoadedSweep) -> Rounds:
    """Return all rounds of a sweep. Raises ConfigError, UsageError where optuna is missing."""
    written = Written(loaded)
    trials = loaded.sweep.optuna
    return written if trials is None else InTurn(written, proposing(loaded, trials))


def proposing(loaded: LoadedSweep, trials: OptunaTrials) -> Rounds:
    """Return the rounds of optuna. Raises ConfigError, UsageError where it is missing."""
    how = loaded.sweep.walk_forward
    try:
        from daemon.lab.sweep.optuna_rounds import OptunaRounds
        from daemon.lab.sweep.window_rounds import WindowRounds
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "optuna":
            raise
        raise UsageError(_INSTALL) from error
    return OptunaRounds(loaded, trials) if how is None else WindowRounds(loaded, trials, how)
