"""Levels of a leg in paise: P20 to P22 read aloud."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle.plan_scenario import paise


def snap(level: Fraction, step: int, up: bool) -> int:
    """Return the nearest multiple of the step; a tie goes `up` or down."""
    low = math.floor(level / step) * step
    rest = 2 * (level - low)
    return low if rest < step or (rest == step and not up) else low + step


def distance(spec: Mapping[str, Any], of: Fraction) -> Fraction:
    """Return points or a percent of something, in paise."""
    if "points" in spec:
        return paise(spec["points"])
    return of * Fraction(str(spec["percent"])) / 100


def level(spec: Mapping[str, Any] | None, entry: int, step: int, up: bool) -> int | None:
    """Return a level above (`up`) or below E; None without a level or where there is no room."""
    if spec is None:
        return None
    if "price" in spec:
        return snap(paise(spec["price"]), step, up)
    if not {"points", "percent"} & set(spec):
        return None
    move = distance(spec, Fraction(entry))
    return beyond(snap(entry + move if up else entry - move, step, up), entry, step, up)


def beyond(found: int, entry: int, step: int, up: bool) -> int | None:
    """P20a: a level on E moves one step away; under one step there is no room."""
    if found == entry:
        found += step if up else -step
    return found if found >= step else None


def trailed(
    spec: Mapping[str, Any], entry: int, first: int, best: int, step: int, long: bool
) -> int:
    """P22: return the stop for the best price so far."""
    e, sign = Fraction(entry), 1 if long else -1
    move = sign * (best - entry)
    after = distance(spec.get("after") or {"points": 0}, e)
    steps = max(0, math.floor((move - after) / distance(spec["every"], e)))
    base = Fraction(first)
    if spec.get("lock") and move >= after:
        base = e + sign * distance(spec["lock"], e)
    return snap(base + sign * steps * distance(spec["by"], e), step, not long)
