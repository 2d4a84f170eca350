"""Variants that optuna proposes, by the results of those before: the extra `optuna`.

It is asked in batches of 16 and told the results in the order of the trials, so that neither the
number of workers nor their speed changes a proposal. A sweep that is started again asks and tells
the same, out of what is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import optuna
from optuna.trial import Trial, TrialState

from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.optuna_space import dimension
from daemon.lab.sweep.rounds import Outcomes
from daemon.lab.sweep.tasks import JobDone
from daemon.lab.sweep.terms import OptunaTrials
from daemon.lab.sweep.variants import Variant, variant_of
from daemon.lab.sweep.where import holds
from daemon.lab.sweep.window_choice import WindowChoice

BATCH: Final = 16
"""Trials that are asked for before the result of any is given."""
_SCORES: Final = {"sharpe": "sharpe", "net": "net_rupees", "calmar": "calmar"}
"""What may be selected by -> its number."""
Score = Callable[[JobDone], float | None]
"""What is maximised; None counts as worse than every number."""


class _Asked(NamedTuple):
    trial: Trial
    variant: Variant


class Study:
    """The trials of one study, sixteen at a time."""

    def __init__(self, loaded: LoadedSweep, trials: OptunaTrials, score: Score) -> None:
        """Begin with the seed. Raises ConfigError for what it cannot select by."""
        if trials.select not in _SCORES:
            text = f"expected one of {', '.join(_SCORES)}, as a trial has no neighbours yet"
            raise loaded.error(("optuna", "select"), text)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=trials.seed, constant_liar=True)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._loaded = loaded
        self._score = score
        self._space = {key: dimension(values) for key, values in trials.space.items()}
        self._left = trials.trials
        self._asked: list[_Asked] = []
        self.proposed: set[str] = set()
        """The keys of all variants that it asked for."""

    def next_batch(self, known: Mapping[str, JobDone]) -> list[Variant]:
        """Return the new variants of the next batch; those that are `known` are told at once.

        Raises ConfigError for a variant that the `check` command would refuse.
        """
        self._tell(known)
        while self._left:
            self._ask()
            new = {each.variant.key: each.variant for each in self._asked}
            if not new.keys() <= known.keys():
                return [variant for key, variant in new.items() if key not in known]
            self._tell(known)
        return []

    def _ask(self) -> None:
        count = min(BATCH, self._left)
        self._left -= count
        choices = {key: each.distribution for key, each in self._space.items()}
        for _ in range(count):
            trial = self._study.ask(choices)
            params = {key: each.value(trial.params[key]) for key, each in self._space.items()}
            variant = variant_of(self._loaded, params, ("optuna",))
            self._asked.append(_Asked(trial, variant))
            self.proposed.add(variant.key)

    def _tell(self, known: Mapping[str, JobDone]) -> None:
        for trial, variant in self._asked:
            score = self._score(known[variant.key])
            if score is None:  # counts as worse than every score
                self._study.tell(trial, state=TrialState.PRUNED)
            else:
                self._study.tell(trial, score)
        self._asked = []


class OptunaRounds:
    """One study by the numbers of whole runs."""

    def __init__(self, loaded: LoadedSweep, trials: OptunaTrials) -> None:
        """Begin the study. Raises ConfigError for what it cannot select by."""
        self._where = loaded.sweep.where
        self._column = _SCORES.get(trials.select, "")
        self._study = Study(loaded, trials, self._score)

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return the new variants of the next batch. Raises ConfigError."""
        return self._study.next_batch(known_of(outcomes))

    def windows(self, outcomes: Outcomes) -> list[WindowChoice]:
        """Return none: its trials saw all sessions."""
        return []

    def _score(self, done: JobDone) -> float | None:
        """Return None if it failed, has no such number or misses `where`."""
        if done.status != "done" or not holds(self._where, done.numbers):
            return None
        return done.numbers.get(self._column)


def known_of(outcomes: Outcomes) -> dict[str, JobDone]:
    """Return what each variant came to, by its key."""
    return {job.variant: done for job, done in outcomes}
