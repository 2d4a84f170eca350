"""A leg of an AlgoTest export as a leg of a plan, key by key.

The names are those that exports of AlgoTest carried in 2024 to 2026 (`LegStopLoss`,
`LegReentrySL`, ...). What has no counterpart becomes a note; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from daemon.domain.errors import BadNumber
from daemon.domain.money import PAISE_MAX, decimal_from
from daemon.plan_files.source import Source

_EXPIRIES: Final = {
    "Weekly": "weekly", "NextWeekly": "next_weekly",
    "Monthly": "monthly", "NextMonthly": "next_monthly",
}  # fmt: skip
_LEVELS: Final = {
    "Points": "points", "Percentage": "percent",
    "UnderlyingPoints": "underlying_points", "UnderlyingPercentage": "underlying_percent",
}  # fmt: skip
_TRAILS: Final = {"Points": "points", "Percentage": "percent"}
REENTRIES: Final = {
    "Immediate": "asap", "ImmediateReverse": "asap_reverse",
    "ASAP": "asap", "ASAPReverse": "asap_reverse",
    "LikeOriginal": "momentum", "LikeOriginalReverse": "momentum_reverse",
    "AtCost": "cost", "AtCostReverse": "cost_reverse",
}  # fmt: skip
_PREMIUMS: Final = {
    "EntryByPremium": "premium_closest", "EntryByPremiumGEQ": "premium_at_least",
    "EntryByPremiumLEQ": "premium_at_most",
}  # fmt: skip
SYNTHETIC: Final = "EntryBySyntheticFuture"


def leg_of(source: Source, name: str) -> dict[str, Any]:
    """Return a leg as it would be written; `name` is its id."""
    side, kind = source.word("PositionType"), source.word("InstrumentKind")
    expiry = source.word("ExpiryKind")
    source.take("id")
    leg: dict[str, Any] = {
        "id": name,
        "side": {"Buy": "buy", "Sell": "sell"}.get(side, side),
        "type": kind,
        "expiry": _EXPIRIES.get(expiry, expiry),
    }
    strike = _strike(source, kind)
    if strike is not None:
        leg["strike"] = strike
    leg["lots"] = _lots(source)
    _levels(source, leg)
    _momentum(source, leg)
    for theirs, ours in (
        ("LegReentrySL", "reentry_on_stop"),
        ("LegReentryTP", "reentry_on_target"),
    ):
        again = reentry_of(source, theirs)
        if again is not None:
            leg[ours] = again
    source.name_the_rest()
    return leg


def reentry_of(source: Source, key: str) -> dict[str, Any] | None:
    """Return a re-entry as it would be written, None without one."""
    kind, value = source.typed(key)
    if not kind:
        return None
    parts = value if isinstance(value, Mapping) else {"ReentryCount": value}
    if kind == "NextLeg":
        return {"as": "lazy", "leg": str(parts.get("NextLegRef"))}
    if kind not in REENTRIES:
        source.note(key, {"Type": kind})
        return None
    return {"as": REENTRIES[kind], "most": parts.get("ReentryCount") or 1}


def number(value: Any) -> int | float | str:
    """Return a number that may be written as text; other text as it is, to be refused later."""
    try:
        exact = decimal_from(value)
    except BadNumber:
        return str(value)
    if abs(exact) > PAISE_MAX:
        return str(value)
    return int(exact) if exact == int(exact) else float(exact)


def _lots(source: Source) -> Any:
    lots = source.take("LotConfig", "Lots")
    if isinstance(lots, Mapping):
        if str(lots.get("Type")).rsplit(".", 1)[-1] != "Quantity":
            source.note("LotConfig", lots)
        lots = lots.get("Value")
    return 1 if lots is None else number(lots)


def _strike(source: Source, kind: str) -> Any:
    how, value = source.word("EntryType"), source.take("StrikeParameter")
    if kind == "FUT":
        return None
    if how in ("EntryByStrikeType", SYNTHETIC, ""):
        return str(value).rsplit(".", 1)[-1]
    if how in _PREMIUMS:
        return {_PREMIUMS[how]: number(value)}
    if how == "EntryByExactStrike":
        return number(value)
    if how == "EntryByAtmMultiplier":
        return {"atm_percent": number((_decimal(value) - 1) * 100)}
    if how == "EntryByDelta":
        return {"delta_closest": _delta(value)}
    if isinstance(value, Mapping):
        return _strike_of_parts(source, how, value, kind)
    return _unknown_strike(source, how)


def _strike_of_parts(source: Source, how: str, value: Mapping[str, Any], kind: str) -> Any:
    ends = [value.get("LowerRange"), value.get("UpperRange")]
    if how == "EntryByPremiumRange":
        return {"premium_between": [number(each) for each in ends]}
    if how == "EntryByDeltaRange":
        return {"delta_between": [_delta(each) for each in ends]}
    if str(value.get("StrikeKind", "ATM")).rsplit(".", 1)[-1] != "ATM":
        return _unknown_strike(source, how)
    times = _decimal(value.get("Multiplier"))
    if how == "EntryByPremiumCloseToStraddle":
        return {"straddle_percent": number(times * 100)}
    if how == "EntryByStraddlePrice":
        adds = str(value.get("Adjustment")).rsplit(".", 1)[-1] == "Plus"
        return {"straddle_width": number(times if adds == (kind == "CE") else -times)}
    return _unknown_strike(source, how)


def _unknown_strike(source: Source, how: str) -> str:
    source.note("EntryType", how, "has no counterpart here: write the strike yourself")
    return how  # which check refuses, by name


def _levels(source: Source, leg: dict[str, Any]) -> None:
    for theirs, ours in (("LegStopLoss", "stop"), ("LegTarget", "target")):
        kind, value = source.typed(theirs)
        if kind in _LEVELS:
            leg[ours] = {_LEVELS[kind]: number(value)}
        elif kind:
            source.note(theirs, {"Type": kind})
    kind, value = source.typed("LegTrailSL")
    if kind in _TRAILS and isinstance(value, Mapping):
        unit = _TRAILS[kind]
        leg["trail"] = {
            "every": {unit: number(value.get("InstrumentMove"))},
            "by": {unit: number(value.get("StopLossMove"))},
        }
    elif kind:
        source.note("LegTrailSL", {"Type": kind})


def _momentum(source: Source, leg: dict[str, Any]) -> None:
    kind, value = source.typed("LegMomentum")
    if not kind:
        return
    unit = kind.removeprefix("Underlying")
    for name, ours in (("Points", "points"), ("Percentage", "percent")):
        for way in ("Up", "Down"):
            if unit == name + way:
                leg["momentum"] = {way.lower(): {ours: number(value)}}
                if unit != kind:
                    leg["momentum"]["of"] = "underlying"
                return
    source.note("LegMomentum", {"Type": kind})


def _decimal(value: Any) -> Decimal:
    try:
        return decimal_from(value)
    except BadNumber:
        return Decimal(0)  # refused by the check of the strike


def _delta(value: Any) -> int | float | str:
    delta = _decimal(value)
    return number(delta / 100 if abs(delta) > 1 else delta)  # 40 is written for 0.40
