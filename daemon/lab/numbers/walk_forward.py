"""Walk forward: choose a variant on some sessions, see what it did on the next ones.

Cuts of daily P&L that is there already: nothing is run again, and state is carried as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from daemon.lab.numbers.bootstrap import Interval, bootstrap
from daemon.lab.numbers.ratios import annual_return, daily_drawdown, sharpe

Select = Literal["sharpe", "net", "calmar", "median_neighbour"]
Positive = Annotated[int, Meta(ge=1)]


class WalkForward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the sessions are cut; all lengths are in sessions."""

    train: Positive = 40
    test: Positive = 10
    step: Positive | None = None
    """From one window to the next; null: as long as the test, and never shorter."""
    anchored: bool = False
    """Whether each training begins with the first session."""
    embargo: Annotated[int, Meta(ge=0)] = 0
    """Left out between training and test."""
    select: Select = "sharpe"
    min_trades: Annotated[int, Meta(ge=0)] = 30
    """What a variant must have traded in the training to be chosen."""

    def too_few(self, sessions: int) -> str:
        """Return why sessions are too few for one window, empty if they are enough."""
        needed = self.train + self.embargo + self.test
        if sessions >= needed:
            return ""
        return f"{sessions} sessions are too few for one window, which takes {needed}"


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """What one variant did on each session, in the order of the grid."""

    changes_paise: Sequence[int]
    trades: Sequence[int]
    neighbours: Sequence[int] = ()
    """The numbers of those one step away on an axis, for `select: median_neighbour`."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One cut: sessions by number, the end not included."""

    train: tuple[int, int]
    test: tuple[int, int]
    chosen: int | None
    """The variant; None where too little was traded, and nothing is then."""
    train_score: float | None = None
    test_score: float | None = None
    rank_in_test: int | None = None
    """1 for the best of its candidates in the test."""
    candidates: int = 0
    """How many variants it chose among."""


class OutOfSample(msgspec.Struct, frozen=True, kw_only=True):
    """The tests joined: what choosing so would have made."""

    windows: list[Window]
    changes_paise: list[int]
    sharpe: float | None
    interval: Interval | None
    """Of the sum, paise."""
    efficiency: float | None
    """Result a session in the tests by that in the trainings; None unless these made money."""
    dropped: tuple[int, int] | None
    """A last test that was too short, by its sessions."""


def walk_forward(
    variants: Sequence[Variant],
    how: WalkForward,
    *,
    seed: int = 0,
    over_nights: bool = False,
    candidates: Sequence[Sequence[int]] | None = None,
) -> OutOfSample:
    """Return what the variants chosen on each training did in the test after it.

    Highest score first, then the smaller drawdown, then the order of the grid. `candidates` are the
    variants that each window may choose among, where a later window's have seen its test; None: all
    of them. Raises ValueError where the variants do not have one number of sessions, `step` is
    shorter than `test`, or there are not candidates for each window.
    """
    lengths = {len(variant.changes_paise) for variant in variants}
    lengths |= {len(variant.trades) for variant in variants}
    if len(lengths) != 1:
        raise ValueError("walk_forward: expected variants of the same sessions")
    if how.step is not None and how.step < how.test:
        raise ValueError(f"walk_forward: expected a step of at least {how.test}, was {how.step}")
    days = lengths.pop()
    cuts = list(_cuts(how, days))
    among = [range(len(variants))] * len(cuts) if candidates is None else candidates
    if len(among) != len(cuts):
        raise ValueError(f"walk_forward: candidates of {len(among)} windows, there are {len(cuts)}")
    windows = [_window(variants, how, *cut, of_it) for cut, of_it in zip(cuts, among, strict=True)]
    joined = [change for window in windows for change in _in_test(variants, window)]
    return OutOfSample(
        windows=windows, changes_paise=joined, sharpe=sharpe(joined),
        interval=bootstrap(joined, seed=seed, over_nights=over_nights),
        efficiency=_efficiency(variants, windows), dropped=_dropped(how, days, len(windows)),
    )  # fmt: skip


def _cuts(how: WalkForward, days: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    start = 0
    while (begin := start + how.train + how.embargo) + how.test <= days:
        yield (0 if how.anchored else start, start + how.train), (begin, begin + how.test)
        start += how.step or how.test


def _dropped(how: WalkForward, days: int, windows: int) -> tuple[int, int] | None:
    begin = windows * (how.step or how.test) + how.train + how.embargo
    return (begin, days) if begin < days else None


def _window(
    variants: Sequence[Variant],
    how: WalkForward,
    train: tuple[int, int],
    test: tuple[int, int],
    among: Sequence[int],
) -> Window:
    scores = {at: _score(variants, at, how.select, train) for at in among}
    ranked = [
        (-score, _fall(variants[at], train), at)
        for at, score in scores.items()
        if score is not None and sum(variants[at].trades[slice(*train)]) >= how.min_trades
    ]
    if not ranked:
        return Window(train=train, test=test, chosen=None, candidates=len(among))
    chosen = min(ranked)[2]
    found = {at: _score(variants, at, how.select, test) for at in among}
    own = found[chosen]
    better = [
        each for each in found.values() if own is not None and each is not None and each > own
    ]
    return Window(
        train=train, test=test, chosen=chosen, train_score=scores[chosen], test_score=own,
        rank_in_test=None if own is None else 1 + len(better), candidates=len(among),
    )  # fmt: skip


def _calmar(changes: Sequence[int]) -> float | None:
    """Return annual result by the deepest fall, in which the capital cancels."""
    yearly, fall = annual_return(changes), daily_drawdown(changes).depth_paise
    return yearly / fall if yearly is not None and fall else None


_SCORES: Final[Mapping[Select, Callable[[Sequence[int]], float | None]]] = {
    "sharpe": sharpe,
    "net": lambda changes: float(sum(changes)),
    "calmar": _calmar,
    "median_neighbour": sharpe,
}


def score_of(select: Select, changes: Sequence[int]) -> float | None:
    """Return what one variant's sessions (paise) are chosen by; of `median_neighbour` its own."""
    return _SCORES[select](changes)


def _score(
    variants: Sequence[Variant], at: int, select: Select, span: tuple[int, int]
) -> float | None:
    own = score_of(select, variants[at].changes_paise[slice(*span)])
    if select != "median_neighbour" or own is None:
        return own
    others = (
        sharpe(variants[number].changes_paise[slice(*span)]) for number in variants[at].neighbours
    )
    return median([own, *(score for score in others if score is not None)])


def _fall(variant: Variant, span: tuple[int, int]) -> int:
    return daily_drawdown(variant.changes_paise[slice(*span)]).depth_paise


def _in_test(variants: Sequence[Variant], window: Window) -> Sequence[int]:
    if window.chosen is None:
        return [0] * (window.test[1] - window.test[0])
    return variants[window.chosen].changes_paise[slice(*window.test)]


def _efficiency(variants: Sequence[Variant], windows: Sequence[Window]) -> float | None:
    trained = [
        change
        for window in windows
        if window.chosen is not None
        for change in variants[window.chosen].changes_paise[slice(*window.train)]
    ]
    tested = [
        change
        for window in windows
        if window.chosen is not None
        for change in _in_test(variants, window)
    ]
    made = math.fsum(trained) / len(trained) if trained else 0.0
    return math.fsum(tested) / len(tested) / made if made > 0 else None
