"""Run one case in this process: `python -m tests.bench.cases MODULE.FUNCTION [ARGUMENT ...]`."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

KINDS: dict[str, Callable[[str], Any]] = {"int": int, "str": str, "Path": Path}


def peak_rss_mb() -> float:
    """The most memory that this process ever had resident, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def run(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Call a function of this package with texts turned into what it is annotated to take."""
    module, _, function = name.rpartition(".")
    case = getattr(importlib.import_module(f"tests.bench.{module}"), function)
    bound = inspect.signature(case).bind(*arguments)
    kinds = inspect.signature(case).parameters
    for key, value in bound.arguments.items():
        convert = KINDS[kinds[key].annotation]
        several = isinstance(value, tuple)  # of a parameter with a star
        bound.arguments[key] = tuple(map(convert, value)) if several else convert(value)
    found: dict[str, Any] = case(*bound.args)
    return found


def main(arguments: Sequence[str]) -> None:
    """Run one case and print its figures as one line of JSON."""
    name, *rest = arguments
    found = run(name, rest)
    sys.stdout.write(json.dumps({**found, "peak_mb": peak_rss_mb()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
