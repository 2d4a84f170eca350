"""What the universe of a day must have for the plans of its configuration (P8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from msgspec.structs import replace

from daemon.plans.terms.plan import Plan
from daemon.settings.config import OptionsConfig, UnderlyingConfig, UniverseConfig

FutureWord = Literal["current", "next"]
_FUTURES: Final[dict[str, FutureWord]] = {"monthly": "current", "next_monthly": "next"}


def with_plans(universe: UniverseConfig, plans: Iterable[Plan]) -> UniverseConfig:
    """Return a universe with the expiries and futures that enabled plans name and it lacks.

    One that is written out contract by contract stays as it is: nothing is looked up for it.
    """
    if universe.instruments and not universe.underlyings:
        return universe
    found = list(universe.underlyings)
    for plan in plans:
        for more in _needs(plan) if plan.enabled else ():
            if not any(_covers(each, more) for each in found):
                found.append(more)
    return replace(universe, underlyings=found)


def _needs(plan: Plan) -> Iterator[UnderlyingConfig]:
    name = plan.underlying
    rolls = [] if plan.roll is None else [plan.roll.to]
    for leg in (*plan.legs, *plan.lazy_legs):
        for word in (leg.expiry, *rolls):
            if leg.type != "FUT":
                # the window of the plan itself is subscribed (`daemon/plans/wanted.py`)
                options = OptionsConfig(expiry=word, strikes_each_side=0)
                yield UnderlyingConfig(name=name, options=options)
            elif word in _FUTURES:
                yield UnderlyingConfig(name=name, futures=[_FUTURES[word]])
    if plan.reference == "future":
        yield UnderlyingConfig(name=name, futures=["current"])


def _covers(has: UnderlyingConfig, needs: UnderlyingConfig) -> bool:
    """Return whether an entry of the universe has what is needed."""
    if has.name != needs.name or not set(needs.futures) <= set(has.futures):
        return False
    if needs.options is None:
        return True
    mine = has.options
    return mine is not None and mine.expiry == needs.options.expiry and len(mine.types) > 1
