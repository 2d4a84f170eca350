"""What a sweep must satisfy beyond the types of its keys."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from daemon.files.yaml_document import Step
from daemon.lab.sweep.terms import Space, Sweep
from daemon.lab.sweep.where import condition_problem

VARIANTS_MAX: Final = 1_000_000
_FIXED: Final[Mapping[str, str]] = {
    "version": "is the file's format",
    "account": "is a name",
    "out": "is where a run writes",
    "log": "decides nothing",
    "metrics": "decides nothing",
    "recording": "decides nothing",
    "web": "decides nothing",
    "alerts": "decides nothing",
    "mcp": "decides nothing",
    "api": "decides nothing",
    "origin": "is filled in by the program",
    "feed": "says the data, and all variants of a sweep see the same",
}
"""The first step of a key -> why a sweep does not vary it."""
Problem = tuple[tuple[Step, ...], str]


def problems(sweep: Sweep) -> Iterator[Problem]:
    """Yield what is wrong with a sweep, each with its place below `sweep`."""
    if not (sweep.grid or sweep.singles or sweep.random or sweep.optuna):
        yield (), "expected grid, list, random or optuna: nothing varies"
    for at, key in keys_of(sweep):
        if (why := _FIXED.get(key.partition(".")[0])) is not None:
            yield at, f"cannot be varied: it {why}"
        if key == "capital_rupees" and sweep.select == "net":
            yield at, "cannot be varied with select: net, as more capital earns more; use sharpe"
    yield from _value_problems(sweep)
    yield from _split_problems(sweep)
    yield from _walk_problems(sweep)
    if sweep.where and (text := condition_problem(sweep.where)):
        yield ("where",), text


def keys_of(sweep: Sweep) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Yield every dotted key that varies, with its place."""
    yield from ((("grid", key), key) for key in sweep.grid)
    for number, single in enumerate(sweep.singles):
        yield from ((("list", number, key), key) for key in single)
    for name, drawn in (("random", sweep.random), ("optuna", sweep.optuna)):
        yield from (((name, "space", key), key) for key in (drawn.space if drawn else ()))


def _value_problems(sweep: Sweep) -> Iterator[Problem]:
    spaces: list[tuple[str, Space | Mapping[str, list[Any]]]] = [("grid", sweep.grid)]
    spaces += [("random", sweep.random.space)] if sweep.random else []
    spaces += [("optuna", sweep.optuna.space)] if sweep.optuna else []
    for name, space in spaces:
        at = (name,) if name == "grid" else (name, "space")
        if name != "grid" and not space:
            yield at, "expected at least one key"
        for key, values in space.items():
            if isinstance(values, list) and not values:
                yield (*at, key), "expected at least one value"
            if isinstance(values, list) and any(
                each in values[:n] for n, each in enumerate(values)
            ):
                yield (*at, key), "has a value twice"
    count = math.prod(len(values) for values in sweep.grid.values())
    if count > VARIANTS_MAX:
        yield ("grid",), f"has {count:,} variants; at most {VARIANTS_MAX:,} are run"


def _split_problems(sweep: Sweep) -> Iterator[Problem]:
    if sweep.split == "day" and sweep.warmup_sessions is None:
        text = "expected warmup_sessions: N with it (sessions whose candles are shown first)"
        yield ("split",), text
    if sweep.split == "range" and sweep.warmup_sessions is not None:
        yield ("warmup_sessions",), "is for split: day; a range carries its state"
    if sweep.split == "day" and sweep.optuna is not None:
        yield ("split",), "expected range with optuna, which selects by whole runs"


def _walk_problems(sweep: Sweep) -> Iterator[Problem]:
    how = sweep.walk_forward
    if how is None:
        return
    if how.step is not None and how.step < how.test:
        text = f"expected at least test ({how.test}): a session is in one test"
        yield ("walk_forward", "step"), text
    if sweep.optuna is not None and sweep.optuna.select != how.select:
        text = f"expected {sweep.optuna.select}, by which optuna's study of a training selects"
        yield ("walk_forward", "select"), text
