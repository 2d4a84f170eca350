"""Variants that are not independent: a strategy keeps something outside its own objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from daemon.lab.alone import run_apart
from daemon.lab.outcome import Outcome, is_equal
from daemon.runtime.machine import StrategyClasses
from daemon.settings.config import Config

TOUCH = "variants_touch_each_other"


def one_by_one(
    variants: Mapping[int, Config],
    in_pass: Mapping[int, Outcome],
    sample: int,
    data_dir: Path | None,
    classes: StrategyClasses | None,
) -> dict[int, Outcome]:
    """Return the outcomes of the variants of a refused pass, by place.

    Each is run in a process of its own, and the strategies are named of those that came to
    something else there. A class that is in no module cannot be run so: its variants fail. `sample`
    is the one that gave the pass away.
    """
    if classes:
        cause = f"{TOUCH}: {_names([variants[sample]])}; write the class into a module of its own"
        return {place: Outcome(status="failed", cause=cause) for place in variants}
    apart = {place: run_apart(config, data_dir) for place, config in variants.items()}
    changed = [
        variants[place] for place, outcome in apart.items() if not is_equal(outcome, in_pass[place])
    ]
    warning = f"{TOUCH}: {_names(changed or [variants[sample]])}; each was run by itself"
    return {
        place: replace(outcome, warning="; ".join(filter(None, (warning, outcome.warning))))
        for place, outcome in apart.items()
    }


def _names(configs: list[Config]) -> str:
    """Name the strategies that all of these have, or else all strategies of theirs."""
    each = [
        {item.id: item.module for item in config.strategies.items if item.enabled}
        for config in configs
    ]
    shared = set(each[0]).intersection(*each[1:]) or set().union(*each)
    modules = {name: module for found in each for name, module in found.items()}
    told = ", ".join(f"{name} ({modules[name]})" for name in sorted(shared))
    return f"strategy {told or 'unknown'} keeps something outside its own object, such as a global"
