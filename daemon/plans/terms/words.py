"""A plan in the words of a trader: what `check` says that it would do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.domain.money import rupees_text
from daemon.plans.terms.leg_words import leg_text, times_text
from daemon.plans.terms.plan import Lock, MoveToCost, Overall, OverallLevel, Plan
from daemon.plans.terms.time_checks import ends_same_day

_DAYS: Final = {
    "mon": "Mondays", "tue": "Tuesdays", "wed": "Wednesdays", "thu": "Thursdays", "fri": "Fridays",
    "sat": "Saturdays", "sun": "Sundays",
}  # fmt: skip
_WORKING: Final = ("mon", "tue", "wed", "thu", "fri")
_REENTRY: Final = {
    "asap": "every leg enters at once",
    "momentum": "legs with a trigger wait for it once more",
}


def plan_text(plan: Plan) -> str:
    """Return a plan without errors as a short paragraph of one line."""
    return " ".join(f"{each[0].upper()}{each[1:]}." for each in _sentences(plan))


def _sentences(plan: Plan) -> Iterator[str]:
    if not plan.enabled:
        yield "it is switched off"
    yield f"{_when(plan)} it {_legs(plan)}"
    for leg in plan.lazy_legs:
        yield f"armed by another leg only, it {leg_text(leg, plan.multiplier)}"
    if plan.one_of is not None:
        yield f"the first of {_list(plan.one_of, 'and')} that fills drops the others"
    yield from _batch(plan)
    if plan.square_off == "complete":
        yield "when one leg's stop or target is hit, every leg is closed"
    if plan.move_to_cost is not None:
        yield _to_cost(plan.move_to_cost)
    if plan.overall is not None:
        yield from _overall(plan.overall)
    if plan.no_reentry_after is not None:
        yield f"nothing is entered again from {plan.no_reentry_after} on"
    yield _end(plan)


def _when(plan: Plan) -> str:
    days = plan.days
    if days is None or set(days) >= set(_WORKING):
        text = "each session" if plan.dte is None else ""
    else:
        text = f"on {_list([_DAYS[day] for day in days], 'and')}"
    if plan.dte is not None:
        text = ", ".join(each for each in (text, _dte(plan.dte)) if each)
    if plan.only_dates is not None:
        text += f" of {len(plan.only_dates)} dates"
    return f"{text} at {plan.entry.at}, looking at {plan.underlying}'s {plan.reference} price,"


def _dte(numbers: tuple[int, ...]) -> str:
    before = [str(number) for number in numbers if number]
    texts = ["on expiry day"] if 0 in numbers else []
    if before:
        noun = "session" if before == ["1"] else "sessions"
        texts.append(f"{_list(before, 'or')} {noun} before expiry day")
    return " or ".join(texts)


def _legs(plan: Plan) -> str:
    return _list([leg_text(leg, plan.multiplier) for leg in plan.legs], "and")


def _batch(plan: Plan) -> Iterator[str]:
    sides = {leg.side for leg in plan.legs}
    if plan.entry.hedges_first and sides == {"buy", "sell"}:
        yield "bought legs are sent first, and sold legs when those are filled"
    within = f"{plan.entry.within_s:g} s"
    if sum(not leg.waits for leg in plan.legs) > 1:
        others = (
            "all of them are closed" if plan.entry.if_incomplete == "unwind" else "the rest stays"
        )
        yield f"if one of these first legs is not filled within {within}, {others}"


def _to_cost(move: MoveToCost) -> str:
    whose = {
        "opposite": "the legs of the other option type",
        "all": "every other leg",
    }.get(move.of if isinstance(move.of, str) else "", "")
    if isinstance(move.of, tuple):
        whose = _list(move.of, "and")
    cost = "entry price and charges" if move.with_charges else "entry price"
    return f"when a leg's stop is hit, the stop of {whose} moves to its {cost}"


def _overall(overall: Overall) -> Iterator[str]:
    if overall.stop is not None:
        yield f"the round leaves at a loss of {_level(overall.stop)}{_trail(overall)}"
    if overall.target is not None:
        yield f"it leaves at a profit of {_level(overall.target)}"
    if overall.lock is not None:
        yield _lock(overall.lock)
    for name, reentry in (
        ("stop", overall.reentry_on_stop),
        ("target", overall.reentry_on_target),
    ):
        if reentry is not None:
            sides = " on the opposite sides" if reentry.is_reverse else ""
            how = _REENTRY[reentry.as_.removesuffix("_reverse")]
            yield (
                f"after such a {name} another round begins{sides} once all is closed, at most "
                f"{times_text(reentry.most)} from the scheduled one: {how}"
            )


def _trail(overall: Overall) -> str:
    trail = overall.trail
    if trail is None:
        return ""
    return f", which moves up by {_money(trail.by)} for every {_money(trail.every)} of profit"


def _lock(lock: Lock) -> str:
    text = f"once the profit was {_money(lock.at)}, it leaves at {_money(lock.keep)}"
    if lock.every is None or lock.by is None:
        return text
    return f"{text}, and {_money(lock.by)} more for every further {_money(lock.every)}"


def _level(level: OverallLevel) -> str:
    if level.rupees is not None:
        return _money(level.rupees)
    if level.points is not None:
        return f"{level.points:g} points on the smallest leg"
    return f"{level.premium_percent or 0:g} % of the net premium"


def _end(plan: Plan) -> str:
    parts = []
    if plan.roll is not None:
        roll = plan.roll
        parts.append(
            f"at {roll.at} {_before_expiry(roll.dte)}, open legs move to the "
            f"{roll.to.replace('_', ' ')}, at most {times_text(roll.max)}"
        )
    if plan.exit is not None:
        parts.append(f"everything still open is closed {_exit(plan)}")
    return " and ".join(parts)


def _exit(plan: Plan) -> str:
    left = plan.exit
    assert left is not None
    if ends_same_day(plan):
        earlier = ", or by the MIS square-off if that is earlier" if plan.product == "MIS" else ""
        return f"at {left.at}{earlier}"
    if left.dte is not None:
        return f"at {left.at} {_before_expiry(left.dte)}"
    return f"at {left.at}, {_sessions(left.sessions or 0)} after the entry"


def _before_expiry(dte: int) -> str:
    return "on expiry day" if dte == 0 else f"{_sessions(dte)} before expiry day"


def _sessions(number: int) -> str:
    return f"{number} session{'s' if number != 1 else ''}"


def _money(rupees: float) -> str:
    paise = round(rupees * 100)
    return f"Rs {rupees_text(paise).removesuffix('.00')}"


def _list(items: list[str] | tuple[str, ...], word: str) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"
