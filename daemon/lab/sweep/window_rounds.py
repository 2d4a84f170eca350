"""A study of optuna for each training of a walk-forward, which sees none of its tests.

All studies have the same seed, so their first sixteen trials are the same variants, run once. Then
each goes its own way; a round has the next sixteen trials of every study. A variant is run over all
sessions whoever proposed it, and a study is given the cut to its training.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial

from daemon.lab.numbers.walk_forward import Select, WalkForward, score_of, walk_forward
from daemon.lab.numbers.walk_forward import Variant as Cut
from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.optuna_rounds import Study, known_of
from daemon.lab.sweep.rounds import Outcomes
from daemon.lab.sweep.tasks import JobDone
from daemon.lab.sweep.terms import OptunaTrials
from daemon.lab.sweep.variants import Variant
from daemon.lab.sweep.window_choice import WindowChoice

Dates = Sequence[dt.date]


class WindowRounds:
    """The trials of all studies, sixteen of each at a time."""

    def __init__(self, loaded: LoadedSweep, trials: OptunaTrials, how: WalkForward) -> None:
        """Begin the first study. Raises ConfigError for what it cannot select by."""
        self._loaded, self._trials, self._how = loaded, trials, how
        self._first = Study(loaded, trials, lambda _: None)
        self._dates: list[dt.date] = []
        self._studies: list[Study] = []
        self._common: set[str] = set()

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return the new variants of the next batch of every study.

        Raises ConfigError for a variant that the `check` command would refuse, or where the
        sessions are too few for one window.
        """
        known = known_of(outcomes)
        if not self._studies:
            if not (dates := _dates_of(known)):  # the first sixteen tell which sessions there are
                return [] if self._first.proposed else self._first.next_batch(known)
            self._begin(known, dates)
        found = {
            variant.key: variant for study in self._studies for variant in study.next_batch(known)
        }
        return list(found.values())

    def windows(self, outcomes: Outcomes) -> list[WindowChoice]:
        """Return what each window chose among what was written and what its study proposed."""
        known = known_of(outcomes)
        return [self._choice(number, known) for number in range(len(self._studies))]

    def _begin(self, known: Mapping[str, JobDone], dates: list[dt.date]) -> None:
        if text := self._how.too_few(len(dates)):
            raise self._loaded.error(("walk_forward",), text)
        none = Cut(changes_paise=[0] * len(dates), trades=[0] * len(dates))
        spans = walk_forward([none], self._how).windows
        self._dates, self._common = dates, set(known)
        for span in spans:
            training = frozenset(dates[slice(*span.train)])
            score = partial(score_in, training, self._trials.select, self._how.min_trades)
            self._studies.append(Study(self._loaded, self._trials, score))

    def _choice(self, number: int, known: Mapping[str, JobDone]) -> WindowChoice:
        among = self._common | self._studies[number].proposed
        done = {key: each for key, each in known.items() if key in among and each.status == "done"}
        cut = [_cut(each, self._dates) for each in done.values()]
        window = walk_forward(cut, self._how).windows[number]
        candidates, chosen = tuple(done), window.chosen
        tested = [] if chosen is None else cut[chosen].changes_paise[slice(*window.test)]
        return WindowChoice(
            train=_ends(self._dates, window.train), test=_ends(self._dates, window.test),
            candidates=candidates, chosen=None if chosen is None else candidates[chosen],
            score_in_training=window.train_score, score_in_test=window.test_score,
            rank_in_test=window.rank_in_test, net_in_test_paise=sum(tested),
        )  # fmt: skip


def score_in(
    training: frozenset[dt.date], select: Select, min_trades: int, done: JobDone
) -> float | None:
    """Return the score of a run by its days in a training; None with too few trades there.

    `where` is not asked: its numbers are of all sessions, those of the tests too.
    """
    days = [day for day in done.days if day.date in training]
    if sum(day.trades for day in days) < min_trades:
        return None
    return score_of(select, [day.pnl_paise for day in days])


def _dates_of(known: Mapping[str, JobDone]) -> list[dt.date]:
    return sorted(
        {day.date for done in known.values() if done.status == "done" for day in done.days}
    )


def _cut(done: JobDone, dates: Dates) -> Cut:
    by_date = {day.date: day for day in done.days}
    days = [by_date.get(date) for date in dates]
    return Cut(
        changes_paise=[day.pnl_paise if day else 0 for day in days],
        trades=[day.trades if day else 0 for day in days],
    )


def _ends(dates: Dates, span: tuple[int, int]) -> tuple[dt.date, dt.date]:
    return dates[span[0]], dates[span[1] - 1]
