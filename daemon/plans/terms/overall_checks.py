"""What is wrong with the levels of a round's P&L (P40 to P45)."""

from __future__ import annotations

from typing import Final

from daemon.plans.terms.finding import Finding, Findings, Path, exactly_one, needs
from daemon.plans.terms.plan import Lock, Overall, OverallReentry, Plan

_LEVELS: Final = ("rupees", "points", "premium_percent")


def overall_errors(at: Path, plan: Plan) -> Findings:
    """Yield what is wrong with `overall`."""
    overall = plan.overall
    if overall is None:
        return
    here = (*at, "overall")
    has_options = any(leg.type != "FUT" for leg in plan.legs)
    for name, level in (("stop", overall.stop), ("target", overall.target)):
        if level is None:
            continue
        yield from exactly_one((*here, name), level, _LEVELS)
        if level.premium_percent is not None and not has_options:
            yield Finding((*here, name), "premium_percent counts options, and no leg is one")
    yield from _trail(here, overall)
    if overall.lock is not None:
        yield from _lock((*here, "lock"), overall.lock)
    if overall.reentry_on_stop is not None and not (overall.stop or overall.lock):
        yield needs(here, "reentry_on_stop", "stop or lock")
    if overall.reentry_on_target is not None and overall.target is None:
        yield needs(here, "reentry_on_target", "target")
    yield from _range_stops(here, plan, overall)


def _range_stops(at: Path, plan: Plan, overall: Overall) -> Findings:
    """Refuse a new round whose contracts or sides are not those of a range that is a stop (P49)."""
    ranged = [leg for leg in plan.legs if leg.stop is not None and leg.stop.range is not None]
    for name in ("reentry_on_stop", "reentry_on_target"):
        reentry: OverallReentry | None = getattr(overall, name)
        for leg in ranged if reentry is not None else ():
            of_premium = leg.breakout is not None and leg.breakout.of == "premium"
            if reentry is not None and (reentry.is_reverse or (of_premium and not reentry.waits)):
                text = (
                    f"the stop of leg {leg.id} is the range of its first contract and side, which "
                    f"{reentry.as_} changes; write another stop there or another re-entry"
                )
                yield Finding((*at, name), text)


def _trail(at: Path, overall: Overall) -> Findings:
    trail = overall.trail
    if trail is None:
        return
    if overall.stop is None:
        yield needs(at, "trail", "overall.stop", "it is what moves")
    if trail.by > trail.every:
        yield Finding((*at, "trail", "by"), _too_far("stop", trail.every, trail.by))


def _lock(at: Path, lock: Lock) -> Findings:
    if lock.keep >= lock.at:
        yield Finding((*at, "keep"), f"expected less than at ({lock.at:g}), was {lock.keep:g}")
    if (lock.every is None) != (lock.by is None):
        missing, written = ("every", "by") if lock.every is None else ("by", "every")
        yield Finding((*at, written), f"has no effect without {missing}; write both or neither")
    elif lock.every is not None and lock.by is not None and lock.by > lock.every:
        yield Finding((*at, "by"), _too_far("floor", lock.every, lock.by))


def _too_far(what: str, every: float, by: float) -> str:
    return f"expected at most every ({every:g}), as the {what} would pass the P&L, was {by:g}"
