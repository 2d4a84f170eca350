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


def _w1(name: str) -> Callable[..., dict[str, Any]]:
    def run(path: str, *counts: str) -> dict[str, Any]:
        from tests.bench import w1_cases

        found: dict[str, Any] = getattr(w1_cases, name)(Path(path), *map(int, counts))
        return found

    return run


def _engine(name: str) -> Callable[..., dict[str, Any]]:
    def run(*arguments: str) -> dict[str, Any]:
        from tests.bench import engine_cases

        values = [int(each) if each.isdecimal() else Path(each) for each in arguments]
        found: dict[str, Any] = getattr(engine_cases, name)(*values)
        return found

    return run


def _system(name: str) -> Callable[..., dict[str, Any]]:
    def run(*arguments: str) -> dict[str, Any]:
        from tests.bench import system_cases

        values = [int(each) if each.isdecimal() else each for each in arguments]
        found: dict[str, Any] = getattr(system_cases, name)(*values)
        return found

    return run


def _web(name: str) -> Callable[..., dict[str, Any]]:
    def run(count: str) -> dict[str, Any]:
        from tests.bench import web_cases

        found: dict[str, Any] = getattr(web_cases, name)(int(count))
        return found

    return run


def _depth(name: str) -> Callable[..., dict[str, Any]]:
    def run(path: str, depth: str) -> dict[str, Any]:
        from tests.bench import depth_cases

        found: dict[str, Any] = getattr(depth_cases, name)(path, int(depth))
        return found

    return run


def _exchange(name: str) -> Callable[..., dict[str, Any]]:
    def run(*arguments: str) -> dict[str, Any]:
        from tests.bench import exchange_cases

        values = [int(each) if each.isdecimal() else Path(each) for each in arguments]
        found: dict[str, Any] = getattr(exchange_cases, name)(*values)
        return found

    return run


def _margin(positions: str) -> dict[str, Any]:
    from tests.bench.margin_cases import margin

    return margin(int(positions))


def _levels(name: str) -> Callable[..., dict[str, Any]]:
    def run(count: str, near: str = "0") -> dict[str, Any]:
        from tests.bench import level_cases

        found: dict[str, Any] = getattr(level_cases, name)(int(count), int(near))
        return found

    return run


def _plans(name: str) -> Callable[..., dict[str, Any]]:
    def run(count: str) -> dict[str, Any]:
        from tests.bench import plan_cases

        found: dict[str, Any] = getattr(plan_cases, name)(int(count))
        return found

    return run


def _lab(name: str) -> Callable[..., dict[str, Any]]:
    def run(path: str, *counts: str) -> dict[str, Any]:
        from tests.bench import lab_cases

        found: dict[str, Any] = getattr(lab_cases, name)(Path(path), *map(int, counts))
        return found

    return run


def _floor(name: str) -> Callable[..., dict[str, Any]]:
    def run(path: str) -> dict[str, Any]:
        from tests.bench import floors

        found: dict[str, Any] = getattr(floors, name)(Path(path))
        return found

    return run


CASES: dict[str, Callable[..., Any]] = {
    **{name: _w1(name) for name in ("w1_engine", "w1_rows", "w1_app", "w1_native")},
    **{
        name: _engine(name)
        for name in (
            "positions", "positions_rows", "tick_strategy", "bracket", "bracket_journaled",
            "waiting", "waiting_rows", "gtts", "gtts_rows",
        )
    },
    **{
        name: _system(name)
        for name in ("journal", "recovery", "check_command", "first_tick", "to_first_tick")
    },
    **{name: _web(name) for name in ("quotes_map", "facts")},
    "depth_read": _depth("depth_read"),
    **{
        name: _exchange(name)
        for name in ("far_orders", "touch_market", "touch_queue", "exchange_life", "order_life")
    },
    "margin": _margin,
    **{name: _levels(name) for name in ("combined", "combined_rows")},
    **{name: _plans(name) for name in ("plans", "plans_rows")},
    **{name: _lab(name) for name in ("one_pass", "simulated", "own_process")},
    **{name: _floor(name) for name in ("parquet_read", "threshold_scan")},
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Run one case and print its figures as one line of JSON."""
    name, *rest = arguments
    found = run(name, rest)
    sys.stdout.write(json.dumps({**found, "peak_mb": peak_rss_mb()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
