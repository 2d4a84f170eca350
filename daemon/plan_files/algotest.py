"""Exports of AlgoTest: which plans they hold, and what has no counterpart here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from daemon.errors import ConfigError
from daemon.plan_files.algotest_legs import SYNTHETIC, leg_of, number, reentry_of
from daemon.plan_files.source import Source

_LEGS: Final = "ListOfLegConfigs"
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_NAME_MAX: Final = 40
_OVERALL_LEVELS: Final = {
    "MTM": "rupees", "PremiumPercentage": "premium_percent",
    "TotalPremiumPercentage": "premium_percent",
}  # fmt: skip
_OVERALL_AGAIN: Final = ("asap", "asap_reverse", "momentum", "momentum_reverse")
_SAME_DAY, _NEXT_DAY = "IntradaySameDay", "IntradayNextDay"

Plan = dict[str, Any]


def is_algotest(value: Any) -> bool:
    """Return whether this is an export of AlgoTest in one of its three forms."""
    return any(True for _ in _definitions(value))


def algotest_plans(value: Any, file: str) -> Iterator[tuple[Plan, tuple[str, ...]]]:
    """Yield each plan as it would be written, with a line for all that was not taken over.

    Raises ConfigError where a time is missing, or where how long it is held is not stated.
    """
    for name, definition, item in _definitions(value):
        notes: list[str] = []
        yield _plan(name, Source(definition, "", notes), item, file), tuple(notes)


def _definitions(value: Any) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield (name, definition, the portfolio's settings for it)."""
    if not isinstance(value, Mapping):
        return
    data = value.get("data")
    if isinstance(data, Mapping) and isinstance(data.get("strategies"), Mapping):
        portfolio = data.get("portfolio")
        items = portfolio.get("items") if isinstance(portfolio, Mapping) else None
        rows = items if isinstance(items, list) else []
        by_id = {str(item.get("id")): item for item in rows if isinstance(item, Mapping)}
        for key, each in data["strategies"].items():
            if isinstance(each, Mapping) and isinstance(each.get("definition"), Mapping):
                yield str(each.get("name") or key), each["definition"], by_id.get(key, {})
        return
    inner = value.get("strategy")
    definition = inner if isinstance(inner, Mapping) else value
    if _LEGS in definition:
        yield str(value.get("name") or "imported"), definition, {}


def _plan(name: str, source: Source, item: Mapping[str, Any], file: str) -> Plan:
    entry, left = _time(source, "EntryIndicators"), _time(source, "ExitIndicators")
    if entry is None or left is None:
        which = "EntryIndicators" if entry is None else "ExitIndicators"
        raise ConfigError(
            f"{file}: {which}: expected a time of day, as a plan enters and leaves by"
        )
    plan: Plan = {
        "id": _NOT_IN_A_NAME.sub("-", name).strip("-")[:_NAME_MAX] or "imported",
        "underlying": source.word("Ticker"),
    }
    is_spot = source.take("TakeUnderlyingFromCashOrNot") in (None, True, "True")
    plan["reference"] = "spot" if is_spot else "future"
    plan |= _portfolio(Source(item, "portfolio.", source.notes))
    plan["entry"] = {"at": entry}
    plan |= _holding(source, left, file)
    _stops(source, plan)
    overall = _overall(source)
    if overall:
        plan["overall"] = overall
    _legs(source, plan, file)
    if source.take("MaxPositionInADay") not in (None, 1, "1"):
        source.note("MaxPositionInADay", "more than 1", "has no counterpart here: one round a day")
    source.take("WeeklyOldRegime")  # chooses between two tables of past expiries
    source.name_the_rest()
    return plan


def _time(source: Source, key: str) -> str | None:
    """Return the time in a tree of indicators that is one time of day."""
    tree = source.take(key)
    nodes = tree.get("Value") if isinstance(tree, Mapping) else None
    found = None
    for node in nodes if isinstance(nodes, list) else []:
        value = node.get("Value") if isinstance(node, Mapping) else None
        name = str(value.get("IndicatorName")) if isinstance(value, Mapping) else "?"
        parts = value.get("Parameters") if isinstance(value, Mapping) else None
        if name.endswith("TimeIndicator") and isinstance(parts, Mapping) and found is None:
            clock = [str(parts.get(each, 0)) for each in ("Hour", "Minute", "Second")]
            found = ":".join(each.rjust(2, "0") for each in clock)
        else:
            source.note(key, name, "is not taken over: a plan enters and leaves by the clock")
    return found


def _holding(source: Source, left: str, file: str) -> Plan:
    kind = source.word("StrategyType")
    if kind in (_SAME_DAY, ""):
        return {"exit": {"at": left}, "product": "MIS"}
    if kind == _NEXT_DAY:
        return {"exit": {"sessions": 1, "at": left}, "product": "NRML"}
    raise ConfigError(
        f"{file}: StrategyType: {kind} does not say here when it is left; export it as intraday, "
        "then write product: NRML and exit: {dte: N} yourself"
    )


def _stops(source: Source, plan: Plan) -> None:
    closes_all, to_cost = source.flag("SquareOffAllLegs"), source.flag("TrailSLtoBreakeven")
    if closes_all:
        plan["square_off"] = "complete"
    if to_cost and closes_all:
        source.note("TrailSLtoBreakeven", True, "has no effect with SquareOffAllLegs")
    elif to_cost:
        plan["move_to_cost"] = {"of": "all"}


def _portfolio(item: Source) -> Plan:
    plan: Plan = {}
    days, dte, times = item.take("weekdays"), item.take("dte"), item.take("multiplier")
    if isinstance(days, Mapping) and not all(days.get(day) for day in list(days)[:5]):
        plan["days"] = [day[:3].lower() for day, on in days.items() if on]
    if dte:
        plan["dte"] = dte
    if times not in (None, 1):
        plan["multiplier"] = number(times)
    item.take("id", "checked")
    item.name_the_rest()
    return plan


def _overall(source: Source) -> Plan:
    overall: Plan = {}
    for theirs, ours in (("OverallSL", "stop"), ("OverallTgt", "target")):
        kind, value = source.typed(theirs)
        if kind in _OVERALL_LEVELS:
            overall[ours] = {_OVERALL_LEVELS[kind]: number(value)}
        elif kind:
            source.note(theirs, {"Type": kind})
    kind, value = source.typed("OverallTrailSL")
    if kind == "MTM" and isinstance(value, Mapping):
        every, by = value.get("InstrumentMove"), value.get("StopLossMove")
        overall["trail"] = {"every": number(every), "by": number(by)}
    elif kind:
        source.note("OverallTrailSL", {"Type": kind})
    _lock(source, overall)
    for theirs, ours in (
        ("OverallReentrySL", "reentry_on_stop"),
        ("OverallReentryTgt", "reentry_on_target"),
    ):
        again = reentry_of(source, theirs)
        if again is not None and again["as"] in _OVERALL_AGAIN:
            overall[ours] = again
        elif again is not None:
            source.note(theirs, again["as"])
    return overall


def _lock(source: Source, overall: Plan) -> None:
    kind, value = source.typed("LockAndTrail")
    if not kind:
        return
    if not isinstance(value, Mapping) or "ProfitReaches" not in value:
        source.note("LockAndTrail", {"Type": kind})
        return
    lock = {"at": number(value["ProfitReaches"]), "keep": number(value.get("LockProfit"))}
    every, by = value.get("IncreaseInProfitBy"), value.get("TrailProfitBy")
    if every and by:
        lock |= {"every": number(every), "by": number(by)}
    overall["lock"] = lock


def _legs(source: Source, plan: Plan, file: str) -> None:
    legs, lazy = source.take(_LEGS), source.take("IdleLegConfigs") or {}
    if (
        not _are_mappings(legs)
        or not isinstance(lazy, Mapping)
        or not _are_mappings([*lazy.values()])
    ):
        raise ConfigError(f"{file}: {_LEGS}, IdleLegConfigs: expected mappings, one a leg")
    rows = [(str(leg.get("id") or f"leg{at}"), leg) for at, leg in enumerate(legs, start=1)]
    hows = {str(leg.get("EntryType")).rsplit(".", 1)[-1] for _, leg in rows}
    if SYNTHETIC in hows:
        if hows != {SYNTHETIC}:
            source.note("EntryType", SYNTHETIC, "is of one leg only; a plan has one reference")
        plan["reference"] = "synthetic"
    plan["legs"] = [_leg(source, name, leg) for name, leg in rows]
    if lazy:
        plan["lazy_legs"] = [_leg(source, str(name), leg) for name, leg in lazy.items()]
    sides = {leg["side"] for leg in plan["legs"]}
    if sides == {"buy", "sell"} and any(
        leg["side"] == "buy" and "momentum" in leg for leg in plan["legs"]
    ):
        plan["entry"]["hedges_first"] = False  # they would wait for each other (P10)


def _are_mappings(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(each, Mapping) for each in rows)


def _leg(source: Source, name: str, leg: Mapping[str, Any]) -> Plan:
    return leg_of(Source(leg, f"{name}: ", source.notes), name)
