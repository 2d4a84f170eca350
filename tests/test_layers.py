"""Imports point one way (ARCHITECTURE, "Imports point one way"), read from the source itself."""

from __future__ import annotations

import ast
import sys
from functools import cache

import pytest

from tests.kit.source import dotted, imports, modules
from tests.structure.graph import circles

BELOW = ("daemon.domain", "daemon.errors", "daemon.visible")
"""What every room may use: the vocabulary, typed errors, and texts made harmless to show."""
# room -> the rooms that it may import (itself and BELOW are understood)
ROOMS: dict[str, tuple[str, ...]] = {
    "daemon.domain": (),
    "daemon.errors": (),
    "daemon.visible": (),
    "daemon.files": (),
    "daemon.rules": ("daemon.files",),
    "daemon.settings": ("daemon.files", "daemon.plans.terms", "daemon.rules"),
    "daemon.market": (),
    "daemon.pricing": (),
    "daemon.margin": ("daemon.pricing",),
    "daemon.span": (),
    "daemon.chain": ("daemon.files",),
    "daemon.plans.terms": ("daemon.chain",),
    "daemon.plans": (
        "daemon.chain", "daemon.levels", "daemon.market", "daemon.plans.terms", "daemon.pricing",
    ),
    "daemon.plan_files": ("daemon.files", "daemon.plans.terms"),
    "daemon.exchange": ("daemon.market", "daemon.settings"),
    "daemon.levels": (),
    "daemon.broker": (),
    "daemon.risk": ("daemon.margin", "daemon.settings"),
    "daemon.execution": (
        "daemon.broker",
        "daemon.chain",
        "daemon.exchange",
        "daemon.levels",
        "daemon.margin",
        "daemon.market",
        "daemon.risk",
        "daemon.settings",
    ),
    "daemon.execution.helpers": ("daemon.embedding",),  # an address of other programs, not ours
    "daemon.embedding": (
        "daemon.clockwork", "daemon.execution", "daemon.settings",
    ),
    "daemon.clockwork": (
        "daemon.chain", "daemon.execution", "daemon.market", "daemon.plans", "daemon.plans.terms",
        "daemon.settings",
    ),
    "daemon.journal": ("daemon.exchange", "daemon.files"),
    "daemon.metrics": ("daemon.files", "daemon.settings"),
    "daemon.charts": (),
    "daemon.report": (
        "daemon.charts", "daemon.execution", "daemon.files", "daemon.journal", "daemon.metrics",
        "daemon.rules",
    ),
    "daemon.export": ("daemon.files", "daemon.journal", "daemon.metrics", "daemon.report"),
    "daemon.quotes": ("daemon.files", "daemon.market"),
    "daemon.web.access": ("daemon.files",),
    "daemon.web.serving": ("daemon.web.access",),
    "daemon.web.sources": (
        "daemon.files", "daemon.journal", "daemon.quotes", "daemon.runtime",
        "daemon.settings", "feeds.recording",
    ),
    "daemon.web.fold": (
        "daemon.journal", "daemon.metrics", "daemon.quotes", "daemon.report", "daemon.web.sources",
    ),
    "daemon.web.panels": (
        "daemon.chain", "daemon.control", "daemon.execution", "daemon.journal", "daemon.levels",
        "daemon.market", "daemon.metrics", "daemon.plans", "daemon.plans.terms", "daemon.quotes",
        "daemon.report", "daemon.rules", "daemon.runtime", "daemon.settings", "daemon.web.fold",
        "daemon.web.sources", "feeds.kite", "strategies",
    ),
    "daemon.web.stream": (
        "daemon.control", "daemon.report", "daemon.rules", "daemon.runtime", "daemon.settings",
        "daemon.web.fold", "daemon.web.panels", "daemon.web.serving", "daemon.web.sources",
    ),
    "daemon.web.day_charts": (
        "daemon.journal", "daemon.market", "daemon.metrics", "daemon.quotes", "daemon.report",
        "daemon.rules", "daemon.runtime", "daemon.settings", "daemon.web.fold",
        "daemon.web.sources", "feeds.recording",
    ),
    "daemon.web.past": (
        "daemon.files", "daemon.journal", "daemon.metrics", "daemon.process", "daemon.quotes",
        "daemon.report", "daemon.runtime", "daemon.settings", "daemon.web.day_charts",
        "daemon.web.fold", "daemon.web.serving", "daemon.web.sources", "daemon.web.stream",
    ),
    "daemon.web.monitoring": (
        "daemon.files", "daemon.journal", "daemon.metrics", "daemon.process", "daemon.runtime",
        "daemon.web.access", "daemon.web.panels", "daemon.web.serving", "daemon.web.stream",
    ),
    "daemon.web.kite": (
        "daemon.broker", "daemon.execution", "daemon.files", "daemon.journal", "daemon.margin",
        "daemon.market", "daemon.process", "daemon.quotes", "daemon.rules", "daemon.runtime",
        "daemon.settings", "daemon.web.serving", "daemon.web.sources",
        "feeds.kite.wire",  # the layout of packets, and no client
    ),
    "daemon.web.hooks": ("daemon.control", "daemon.files", "daemon.process", "daemon.web.serving"),
    "daemon.web": (  # puts the process of the page together
        "daemon.control", "daemon.process", "daemon.runtime", "daemon.settings",
        "daemon.web.access", "daemon.web.hooks", "daemon.web.kite", "daemon.web.monitoring",
        "daemon.web.panels", "daemon.web.past", "daemon.web.serving", "daemon.web.sources",
        "daemon.web.stream",
    ),
    "daemon.alerts": (
        "daemon.files", "daemon.journal", "daemon.metrics", "daemon.process", "daemon.settings",
        "daemon.web.fold", "daemon.web.panels", "daemon.web.sources", "daemon.web.stream",
    ),
    "daemon.sinks": ("daemon.web.sources",),
    "daemon.assistant": (
        "daemon.control", "daemon.journal", "daemon.process", "daemon.web.panels",
        "daemon.web.sources", "daemon.web.stream",
    ),
    "daemon.control": ("daemon.files", "daemon.settings"),
    "daemon.process": (
        "daemon.files", "daemon.journal", "daemon.metrics", "daemon.report", "daemon.settings",
        "feeds.stream",
    ),
    "feeds.stream": (),
    "feeds.live": ("feeds.stream",),
    "feeds.files": ("daemon.files", "daemon.settings", "feeds.stream"),
    "feeds.contracts": ("daemon.chain", "daemon.files", "daemon.settings", "feeds.files"),
    "feeds.lake": (
        "daemon.files", "daemon.settings", "feeds.files", "feeds.recording", "feeds.stream",
    ),
    "feeds.presets": ("daemon.files", "daemon.settings", "feeds.contracts", "feeds.files"),
    "feeds.recording": ("daemon.files", "feeds.files", "feeds.stream"),
    "feeds.kite": (
        "daemon.files", "daemon.plans.terms", "daemon.settings", "feeds.contracts", "feeds.live",
        "feeds.stream",
    ),
    "feeds.kite.server": ("feeds.kite", "feeds.stream"),
    "feeds": (
        "daemon.files", "daemon.settings", "feeds.contracts", "feeds.files", "feeds.lake",
        "feeds.presets", "feeds.recording", "feeds.stream",
    ),
    "strategies": ("daemon.chain", "daemon.files", "daemon.pricing", "daemon.settings"),
    "daemon.runtime": (
        "daemon.broker", "daemon.chain", "daemon.clockwork", "daemon.control", "daemon.execution",
        "daemon.files", "daemon.journal", "daemon.market", "daemon.metrics", "daemon.plans.terms",
        "daemon.process", "daemon.quotes", "daemon.report", "daemon.rules", "daemon.settings",
        "daemon.span", "feeds", "strategies",
    ),
    "daemon.lab": (
        "daemon.export", "daemon.files", "daemon.journal", "daemon.lab.numbers", "daemon.report",
        "daemon.runtime", "daemon.settings",
    ),
    "daemon.lab.numbers": ("daemon.report",),
    "daemon.lab.calibrate": (
        "daemon.exchange", "daemon.journal", "daemon.lab.numbers", "daemon.market",
        "daemon.report", "daemon.runtime", "daemon.settings", "feeds",
    ),
    "daemon.lab.page": (
        "daemon.files", "daemon.lab.numbers", "daemon.lab.sweep", "daemon.report", "daemon.rules",
    ),
    "daemon.lab.sweep": (
        "daemon.export", "daemon.files", "daemon.journal", "daemon.lab.numbers",
        "daemon.plans.terms", "daemon.rules", "daemon.runtime", "daemon.settings", "feeds",
        "feeds.files", "feeds.lake",
    ),
    "daemon.lab.worker": ("daemon.lab", "daemon.lab.sweep"),
    "daemon.cli": (
        "daemon.alerts", "daemon.assistant", "daemon.chain", "daemon.control",
        "daemon.execution", "daemon.export", "daemon.files", "daemon.journal", "daemon.lab",
        "daemon.lab.calibrate", "daemon.lab.sweep", "daemon.market", "daemon.metrics",
        "daemon.plan_files",
        "daemon.plans.terms", "daemon.process", "daemon.report", "daemon.rules", "daemon.runtime",
        "daemon.settings", "daemon.sinks", "daemon.web", "feeds", "strategies",
    ),
    "daemon.main": (
        "daemon.cli", "daemon.process", "daemon.report", "daemon.runtime", "daemon.settings",
        "feeds.kite.server",
    ),
}  # fmt: skip
CORE = (
    "daemon.domain", "daemon.chain", "daemon.market", "daemon.pricing", "daemon.margin",
    "daemon.exchange", "daemon.levels", "daemon.broker", "daemon.risk", "daemon.execution",
    "daemon.clockwork", "daemon.plans",
)  # fmt: skip
# what the deterministic core may use of other people's
CORE_THIRD_PARTY = {"msgspec", "numpy"}
CORE_STDLIB = {
    "__future__", "bisect", "collections", "datetime", "decimal", "enum", "fractions",
    "functools", "heapq", "itertools", "math", "operator", "re", "typing",
}  # fmt: skip
OUTER_THIRD_PARTY = {
    "feeds": {"anyio", "httpx", "loguru", "msgspec", "numpy", "picows", "pyarrow"},
    "strategies": {"msgspec", "numpy", "talipp"},
}
MODULES = modules()


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in packages)


def room_of(name: str) -> str:
    """The innermost room that a module lies in, empty for the packages themselves."""
    return max((room for room in ROOMS if is_in(name, (room,))), key=len, default="")


@cache
def arrows() -> tuple[tuple[str, str, str], ...]:
    """(room, room, where) of every import from one room into another."""
    known = {module.name for module in MODULES}
    return tuple(
        (room_of(module.name), room_of(name), f"{module.path}:{line} imports {name}")
        for module in MODULES
        for line, name in imports(module.tree)
        if name in known and room_of(name) and room_of(name) != room_of(module.name)
    )


def test_every_module_lies_in_a_room_and_every_room_has_one() -> None:
    names = {module.name for module in MODULES}
    assert set(ROOMS) <= names
    assert len(names) > 200
    homeless = [name for name in names if not room_of(name)]
    assert homeless == ["daemon"]  # its version and nothing else


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_is_listed_for_it(room: str) -> None:
    allowed = (*ROOMS[room], *BELOW)
    wrong = [where for at, to, where in arrows() if at == room and not may_use(to, where, allowed)]
    assert not wrong, "\n".join(wrong)


def may_use(to: str, where: str, allowed: tuple[str, ...]) -> bool:
    return is_in(to, allowed) or is_in(where.rpartition(" ")[2], allowed)


def test_no_permission_is_left_over() -> None:
    used = {(at, to) for at, to, _ in arrows()}
    idle = [
        f"{room} -> {permission}"
        for room, permissions in ROOMS.items()
        for permission in permissions
        if not any(at == room and is_in(to, (room_of(permission),)) for at, to in used)
    ]
    assert not idle, "\n".join(idle)


def test_no_rooms_import_each_other_in_a_circle() -> None:
    assert circles((at, to) for at, to, _ in arrows()) == []


def test_a_planted_circle_of_rooms_is_found() -> None:
    planted = [(at, to) for at, to, _ in arrows()]
    found = circles([*planted, ("daemon.domain", "daemon.market")])
    assert any({"daemon.domain", "daemon.market"} <= circle for circle in found)


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {module.name for module in MODULES}
    graph = {
        module.name: {name for _, name in imports(module.tree) if name in known}
        for module in MODULES
    }
    found = circles((at, to) for at, others in graph.items() for to in others)
    assert not found, f"{found} (imports for type checking count)"


def test_the_core_uses_no_clock_no_io_no_log_and_no_event_loop() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if is_in(module.name, CORE)
        for line, name in imports(module.tree)
        if name.split(".")[0] not in CORE_STDLIB | CORE_THIRD_PARTY | {"daemon"}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_core_draws_no_random_numbers() -> None:
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in MODULES
        if is_in(module.name, CORE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in {"np.random", "numpy.random"}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", OUTER_THIRD_PARTY)
def test_feeds_and_strategies_use_only_what_was_chosen_for_them(package: str) -> None:
    known = OUTER_THIRD_PARTY[package] | set(sys.stdlib_module_names)
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if is_in(module.name, (package,))
        for line, name in imports(module.tree)
        if name.split(".")[0] not in known | {"daemon", package}
    ]
    assert not wrong, "\n".join(wrong)


def test_strategies_have_no_event_loop_and_no_log() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if is_in(module.name, ("strategies",))
        for line, name in imports(module.tree)
        if name.split(".")[0] in {"asyncio", "anyio", "loguru", "threading", "socket"}
    ]
    assert not wrong, "\n".join(wrong)
