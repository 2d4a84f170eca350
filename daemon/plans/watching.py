"""The levels that wake plans: triggers, and stops and targets by the underlying."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.plans.desk import Desk
from daemon.plans.leg_exits import bounds, is_up_good
from daemon.plans.levels import has_underlying_level
from daemon.plans.round_exits import intervals
from daemon.plans.run import PlanRun
from daemon.plans.triggers import instrument_of, levels_of


class Watched(NamedTuple):
    """Levels of an instrument, paise."""

    instrument: int
    below: int | None
    above: int | None


Key = tuple[str, ...]


def watched_by(run: PlanRun) -> Iterator[tuple[Key, Watched]]:
    """Yield the levels that a plan's round waits for."""
    round_ = run.round
    if round_ is None:
        return
    for leg, wait in round_.waits.items():
        levels = levels_of(run, wait)
        index = None if levels is None else instrument_of(run, wait)
        if levels is None or (index is None and run.market.is_synthetic):
            continue
        for each in run.market.sources() if index is None else (index,):
            yield ("wait", leg), Watched(each, *levels)
    for index, until in intervals(run):
        yield ("value", str(index)), Watched(index, *until)
    if run.market.is_synthetic:
        yield from _any_tick_of_reference(run)
        return
    for attempt in round_.attempts:
        if attempt.state != "OPEN" or not has_underlying_level(run.plan.leg(attempt.leg)):
            continue
        if attempt.reference_paise:
            stop, target = bounds(run, attempt)
            below, above = (stop, target) if is_up_good(run, attempt) else (target, stop)
            for each in run.market.sources():
                yield ("attempt", attempt.order_id), Watched(each, below, above)


def _any_tick_of_reference(run: PlanRun) -> Iterator[tuple[Key, Watched]]:
    """Yield what wakes at every tick that the synthetic price is made of, if anything waits for it.

    It has no levels of its own: it moves with two premiums and with the strike at the money.
    """
    round_, spot = run.active, run.market.contracts.spot
    is_waited_for = any(
        attempt.state == "OPEN" and has_underlying_level(run.plan.leg(attempt.leg))
        for attempt in round_.attempts
    ) or any(
        levels_of(run, wait) is not None and instrument_of(run, wait) is None
        for wait in round_.waits.values()
    )
    if is_waited_for and spot is not None:
        for index in run.market.sources() or (spot,):
            yield ("reference", str(index)), Watched(index, None, 0)


class Watcher:
    """Keep the trigger books as one plan's round wants them."""

    def __init__(self, desk: Desk, first_waiter: int) -> None:
        self._desk = desk
        self._next = first_waiter
        self._set: dict[Key, tuple[int, Watched]] = {}
        self._keys: dict[int, Key] = {}

    def fired(self, waiter: int) -> bool:
        """Take note that a level has fired, which its book has forgotten; False if not its own."""
        key = self._keys.pop(waiter, None)
        if key is None:
            return False
        del self._set[key]
        return True

    def follow(self, run: PlanRun) -> None:
        """Set what is new or has fired, and forget what nothing waits for any more."""
        wanted = dict(watched_by(run))
        for key, (waiter, watched) in list(self._set.items()):
            if wanted.get(key) != watched:
                self._desk.unwatch(waiter, watched.instrument)
                del self._set[key], self._keys[waiter]
        for key, watched in wanted.items():
            if key not in self._set:
                self._next += 1
                self._set[key] = self._next, watched
                self._keys[self._next] = key
                self._desk.watch(self._next, *watched)
