"""One scenario through a driver and the oracle: the smallest difference, printed.

`python -m tests.oracle.exchange_compare 4000` runs seeds by hand and counts the differences.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence

from tests.oracle.exchange_engine import run as oracle
from tests.oracle.exchange_random import random_scenario
from tests.oracle.exchange_scenario import COMPARED, Event, Input, Scenario

DRIVER = "tests.exchange.driver"
ALWAYS = ("ts", "input_no", "order", "event", "reason", "status", "filled", "pending")
OF_A_FILL = ("quantity", "price", "rule")
OF_EVIDENCE = tuple(key for key in COMPARED if key not in ALWAYS + OF_A_FILL)
Driver = Callable[[Scenario], list[Event]]


def find_driver() -> Driver | None:
    """Return the driver of the engine's exchange, or None while there is none."""
    if importlib.util.find_spec("tests.exchange") is None:
        return None
    if importlib.util.find_spec(DRIVER) is None:
        return None
    driver: Driver = importlib.import_module(DRIVER).run
    return driver


def comparable(event: Event) -> dict[str, object]:
    """What must agree: of a fill its price and rule too, of a fill at rest its evidence too."""
    keys = list(ALWAYS)
    if event["event"] == "filled":
        keys += OF_A_FILL
        if event["rule"] != "take":
            keys += OF_EVIDENCE
    found = {key: event[key] for key in keys}
    if "ltq" in found:
        found |= {"ltq": found["ltq"] or 0, "displayed": found["displayed"] or 0}
    return found


def first_difference(mine: Sequence[Event], theirs: Sequence[Event]) -> int | None:
    """The place of the first event that differs, or None."""
    for place, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        if comparable(one) != comparable(other):
            return place
    return None if len(mine) == len(theirs) else min(len(mine), len(theirs))


def differs(driver: Driver, scenario: Scenario) -> bool:
    """Whether driver and oracle differ; a crash is a difference."""
    try:
        return first_difference(driver(scenario), oracle(scenario)) is not None
    except Exception:  # noqa: BLE001 - a crash of the exchange is a difference
        return True


def with_inputs(scenario: Scenario, inputs: Sequence[Input]) -> Scenario:
    """The scenario with other inputs, numbered without holes."""
    numbered = (
        dataclasses.replace(each, input_no=number + 1) for number, each in enumerate(inputs)
    )
    return dataclasses.replace(scenario, inputs=tuple(numbered))


def shrunk(driver: Driver, scenario: Scenario) -> Scenario:
    """The smallest prefix that differs, then without the inputs and requests it can do without."""
    inputs = list(scenario.inputs)
    for length in range(1, len(inputs) + 1):
        if differs(driver, with_inputs(scenario, inputs[:length])):
            inputs = inputs[:length]
            break
    place = len(inputs) - 1
    while place >= 0:
        fewer = inputs[:place] + inputs[place + 1 :]
        if differs(driver, with_inputs(scenario, fewer)):
            inputs = fewer
        else:
            inputs = without_requests(driver, scenario, inputs, place)
        place -= 1
    return with_inputs(scenario, inputs)


def without_requests(
    driver: Driver, scenario: Scenario, inputs: list[Input], place: int
) -> list[Input]:
    """The inputs without the requests of one that the difference can do without."""
    for at in range(len(inputs[place].requests) - 1, -1, -1):
        requests = inputs[place].requests
        less = dataclasses.replace(inputs[place], requests=requests[:at] + requests[at + 1 :])
        fewer = [*inputs[:place], less, *inputs[place + 1 :]]
        if differs(driver, with_inputs(scenario, fewer)):
            inputs = fewer
    return inputs


def describe(driver: Driver, scenario: Scenario) -> str:
    """The shrunk scenario, and both lists around the first difference."""
    small = shrunk(driver, scenario)
    lines = [str(each) for each in small.setup.instruments]
    lines.append(str(small.setup.execution))
    lines += [brief(each) for each in small.inputs]
    expected = oracle(small)
    try:
        got = driver(small)
    except Exception:  # noqa: BLE001 - a crash of the exchange is a difference
        return "\n".join([*lines, "the engine:", traceback.format_exc(limit=-4)])
    place = first_difference(got, expected)
    assert place is not None
    first, last = max(0, place - 3), place + 3
    lines.append(f"first difference at event {place} in {wrong_keys(got, expected, place)}")
    lines += ["the engine:", *map(line_of, got[first:last])]
    lines += ["the oracle:", *map(line_of, expected[first:last])]
    return "\n".join(lines)


def wrong_keys(got: Sequence[Event], expected: Sequence[Event], place: int) -> str:
    """The keys that differ there."""
    if place >= min(len(got), len(expected)):
        return "length"
    one, other = comparable(got[place]), comparable(expected[place])
    return ", ".join(key for key in COMPARED if one.get(key) != other.get(key))


def brief(item: Input) -> str:
    """One input on a line, with its requests under it; fields at their defaults left out."""
    lines = [f"{item.input_no:>4} {item.ts} {short(item.what)}"]
    lines += [f"       -> {short(each)}" for each in item.requests]
    return "\n".join(lines)


def short(value: object) -> str:
    """A record without its defaults."""
    assert dataclasses.is_dataclass(value)
    told = [
        f"{each.name}={getattr(value, each.name)!r}"
        for each in dataclasses.fields(value)
        if getattr(value, each.name) != each.default
    ]
    return f"{type(value).__name__}({', '.join(told)})"


def line_of(event: Event) -> str:
    """One event on a line, empty fields left out."""
    keys = [key for key in comparable(event) if key != "ts"]
    told = [f"{key}={event[key]}" for key in keys if event[key] is not None and event[key] != ""]
    return "  " + " ".join(told)


def main(arguments: Sequence[str]) -> int:
    """Run seeds [first] count, print each kind of difference once, and return how many differ."""
    driver = find_driver()
    if driver is None:
        print(f"no driver at {DRIVER}")
        return 1
    count = int(arguments[0]) if arguments else 4000
    start = int(arguments[1]) if len(arguments) > 1 else 0
    shown = int(arguments[2]) if len(arguments) > 2 else 5
    kinds: Counter[str] = Counter()
    for seed in range(start, start + count):
        scenario = random_scenario(seed)
        if not differs(driver, scenario):
            continue
        kinds["differ"] += 1
        if kinds["differ"] <= shown:
            print(f"---- seed {seed}\n{describe(driver, scenario)}")
    print(f"{count} seeds, {kinds['differ']} differ")
    return int(kinds["differ"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
