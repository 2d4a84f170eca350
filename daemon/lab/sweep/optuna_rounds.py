"""Variants that optuna proposes, by the results of those before: the extra `optuna`.

It is asked in batches of 16 and told the results in the order of the trials, so that neither the
number of workers nor their speed changes a proposal. A sweep that is started again asks and tells
the same, out of what is done.
"""

from __future__ import annotations

from collections.abc import Mapping
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

BATCH: Final = 16
"""Trials that are asked for before the result of any is given."""
_SCORES: Final = {"sharpe": "sharpe", "net": "net_rupees", "calmar": "calmar"}
"""What may be selected by -> its number."""


class _Asked(NamedTuple):
    trial: Trial
    variant: Variant


class OptunaRounds:
    """The trials of a sweep, sixteen at a time."""

    def __init__(self, loaded: LoadedSweep, trials: OptunaTrials) -> None:
        """Begin with the seed. Raises ConfigError for what it cannot select by."""
        if trials.select not in _SCORES:
            text = f"expected one of {', '.join(_SCORES)}, as a trial has no neighbours yet"
            raise loaded.error(("optuna", "select"), text)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=trials.seed, constant_liar=True)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._loaded = loaded
        self._score = _SCORES[trials.select]
        self._space = {key: dimension(values) for key, values in trials.space.items()}
        self._left = trials.trials
        self._asked: list[_Asked] = []

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return the new variants of the next batch; those that were run already are told at once.

        Raises ConfigError for a variant that the `check` command would refuse.
        """
        known = {job.variant: done for job, done in outcomes}
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
            self._asked.append(_Asked(trial, variant_of(self._loaded, params, ("optuna",))))

    def _tell(self, known: Mapping[str, JobDone]) -> None:
        for trial, variant in self._asked:
            score = self._score_of(known[variant.key])
            if score is None:  # counts as worse than every score
                self._study.tell(trial, state=TrialState.PRUNED)
            else:
                self._study.tell(trial, score)
        self._asked = []

    def _score_of(self, done: JobDone) -> float | None:
        """Return what is maximised; None if it failed, has no such number or misses `where`."""
        if done.status != "done" or not holds(self._loaded.sweep.where, done.numbers):
            return None
        return done.numbers.get(self._score)
