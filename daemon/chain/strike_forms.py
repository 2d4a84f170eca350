"""Read how a plan names a strike: each form, and a mistake in one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from daemon.chain.strike_rules import (
    AtmPercent,
    AtOffset,
    DeltaBetween,
    DeltaClosest,
    ExactStrike,
    FromLegPoints,
    FromLegSteps,
    How,
    Only,
    PremiumAtLeast,
    PremiumAtMost,
    PremiumBetween,
    PremiumClosest,
    StraddlePercent,
    StraddleWidth,
    StrikeRule,
)
from daemon.domain.errors import BadNumber
from daemon.domain.money import PAISE_MAX, decimal_from, paise_exact
from daemon.files.yaml_document import found, near_match

STEPS_MAX: Final = 500
"""More listed strikes from ATM than any expiry has."""
_PERCENT_MAX: Final = 1_000
_WORD: Final = re.compile(r"(OTM|ITM)([1-9][0-9]{0,2})")
_WORDS: Final = ["ATM", "OTM1", "OTM2", "ITM1", "ITM2"]
_HOWS: Final[tuple[How, ...]] = ("closest", "at_least", "at_most")


class BadStrike(ValueError):
    """A strike that is written in no known form; the text is one line, without a path."""


def parse_strike(value: object) -> StrikeRule:
    """Return the rule that a YAML value means: a word, a strike in rupees or a mapping.

    Raises BadStrike.
    """
    if isinstance(value, str):
        return _of_word(value)
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return ExactStrike(_rupees("strike", value))
    raise BadStrike(f"expected a strike such as ATM, OTM2, 24000 or a mapping, was {found(value)}")


def _of_word(text: str) -> StrikeRule:
    if text == "ATM":
        return AtOffset(0)
    match = _WORD.fullmatch(text)
    if match is None:
        raise BadStrike(
            f"expected ATM, OTM1, ITM1 or the like, was {found(text)}{_near_word(text)}"
        )
    return AtOffset(_steps(match[1], int(match[2]) * (1 if match[1] == "OTM" else -1)))


def _near_word(text: str) -> str:
    upper = "".join(text.upper().split())
    if upper == "ATM" or _WORD.fullmatch(upper):
        return f"; did you mean {upper!r}?"
    if upper in ("OTM0", "ITM0"):
        return "; did you mean 'ATM'?"
    if upper.isdigit():
        return f"; did you mean the number {upper}, without quotes?"
    return near_match(upper, _WORDS)


class _Form(NamedTuple):
    read: Callable[[Mapping[str, object]], StrikeRule]
    options: tuple[str, ...] = ()


def _of_mapping(value: Mapping[object, object]) -> StrikeRule:
    written = {key: each for key, each in value.items() if isinstance(key, str)}
    if len(written) < len(value):
        wrong = next(key for key in value if not isinstance(key, str))
        raise BadStrike(f"expected keys of text, was {found(wrong)}")
    named = [key for key in written if key in _FORMS]
    if not named:
        unknown = next((key for key in written if key not in _OPTIONS), None)
        if unknown is not None:
            raise BadStrike(f"unknown key {found(unknown)}{near_match(unknown, list(_FORMS))}")
        raise BadStrike(f"expected one of the keys {', '.join(_FORMS)}")
    if len(named) > 1:
        raise BadStrike(f"expected one way to choose a strike, was {' and '.join(named)}")
    form = _FORMS[named[0]]
    for key in written:
        if key != named[0] and key not in form.options:
            known = [named[0], *form.options]
            where = f"unknown key {found(key)} with {named[0]}"
            raise BadStrike(where + near_match(key, known))
    return form.read(written)


def _premium(kind: type[PremiumClosest | PremiumAtLeast | PremiumAtMost], name: str) -> _Form:
    return _Form(lambda each: kind(_rupees(name, each[name]), _only(each)), ("only",))


def _premium_between(value: Mapping[str, object]) -> StrikeRule:
    low, high = _pair("premium_between", value["premium_between"])
    paise = _rupees("premium_between", low), _rupees("premium_between", high)
    _ordered("premium_between", paise[0] < paise[1], low, high)
    return PremiumBetween(*paise, _only(value))


def _straddle_width(value: Mapping[str, object]) -> StrikeRule:
    times = _number("straddle_width", value["straddle_width"])
    if abs(times) > STEPS_MAX:
        raise BadStrike(f"straddle_width: expected at most {STEPS_MAX}, was {times}")
    return StraddleWidth(times)


def _straddle_percent(value: Mapping[str, object]) -> StrikeRule:
    percent = _number("straddle_percent", value["straddle_percent"])
    if not 0 < percent <= _PERCENT_MAX:
        raise BadStrike(
            f"straddle_percent: expected above 0 and at most {_PERCENT_MAX}, was {percent}"
        )
    return StraddlePercent(percent, _how(value), _only(value))


def _atm_percent(value: Mapping[str, object]) -> StrikeRule:
    percent = _number("atm_percent", value["atm_percent"])
    if not -100 < percent <= _PERCENT_MAX:
        raise BadStrike(
            f"atm_percent: expected above -100 and at most {_PERCENT_MAX}, was {percent}"
        )
    return AtmPercent(percent)


def _delta_closest(value: Mapping[str, object]) -> StrikeRule:
    return DeltaClosest(_delta("delta_closest", value["delta_closest"]), _only(value))


def _delta_between(value: Mapping[str, object]) -> StrikeRule:
    pair = _pair("delta_between", value["delta_between"])
    low, high = (_delta("delta_between", each) for each in pair)
    _ordered("delta_between", low < high, *pair)
    return DeltaBetween(low, high, _only(value))


def _from_leg(value: Mapping[str, object]) -> StrikeRule:
    leg = value["leg"]
    if not isinstance(leg, str) or not leg:
        raise BadStrike(f"leg: expected the id of a leg, was {found(leg)}")
    if "points" in value and "steps" in value:
        raise BadStrike("expected points or steps from the leg, was both")
    if "steps" in value:
        return FromLegSteps(leg, _steps("steps", value["steps"]))
    return FromLegPoints(leg, _paise("points", value.get("points", 0)))


_FORMS: Final[Mapping[str, _Form]] = {
    "atm": _Form(lambda value: AtOffset(_steps("atm", value["atm"]))),
    "atm_percent": _Form(_atm_percent),
    "premium_closest": _premium(PremiumClosest, "premium_closest"),
    "premium_at_least": _premium(PremiumAtLeast, "premium_at_least"),
    "premium_at_most": _premium(PremiumAtMost, "premium_at_most"),
    "premium_between": _Form(_premium_between, ("only",)),
    "straddle_width": _Form(_straddle_width),
    "straddle_percent": _Form(_straddle_percent, ("how", "only")),
    "delta_closest": _Form(_delta_closest, ("only",)),
    "delta_between": _Form(_delta_between, ("only",)),
    "leg": _Form(_from_leg, ("points", "steps")),
}
_OPTIONS: Final = frozenset(option for form in _FORMS.values() for option in form.options)


def _number(name: str, value: object) -> Decimal:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            return decimal_from(value)
        except BadNumber:
            pass  # not finite: said below
    raise BadStrike(f"{name}: expected a number, was {found(value)}")


def _paise(name: str, value: object) -> int:
    """Return rupees of either sign as paise."""
    try:
        return paise_exact(_number(name, value))
    except BadNumber:
        most = PAISE_MAX // 100
        raise BadStrike(
            f"{name}: expected rupees and whole paise, at most {most}, was {found(value)}"
        ) from None


def _rupees(name: str, value: object) -> int:
    paise = _paise(name, value)
    if paise <= 0:
        raise BadStrike(f"{name}: expected rupees above 0, was {found(value)}")
    return paise


def _steps(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= STEPS_MAX:
        return value
    raise BadStrike(
        f"{name}: expected a whole number of strikes, at most {STEPS_MAX}, was {found(value)}"
    )


def _delta(name: str, value: object) -> Decimal:
    delta = _number(name, value)
    if not 0 < delta < 1:
        raise BadStrike(
            f"{name}: expected a size between 0 and 1 for calls and puts, was {found(value)}"
        )
    return delta


def _pair(name: str, value: object) -> tuple[object, object]:
    if isinstance(value, list | tuple) and len(value) == 2:
        return value[0], value[1]
    raise BadStrike(f"{name}: expected [low, high], was {found(value)}")


def _ordered(name: str, is_ordered: bool, low: object, high: object) -> None:
    if not is_ordered:
        raise BadStrike(f"{name}: expected low before high, was [{found(low)}, {found(high)}]")


def _how(value: Mapping[str, object]) -> How:
    written = value.get("how", "closest")
    for how in _HOWS:
        if written == how:
            return how
    hint = near_match(written, list(_HOWS)) if isinstance(written, str) else ""
    raise BadStrike(f"how: expected one of {', '.join(_HOWS)}, was {found(written)}{hint}")


def _only(value: Mapping[str, object]) -> Only | None:
    written = value.get("only")
    if written is None or written == "otm":
        return None if written is None else "otm"
    raise BadStrike(f"only: expected otm, was {found(written)}")
