"""Imports point one way (design.md section 5), read from the source itself."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.kit.source import dotted, imports, modules

VOCABULARY = ("daemon.domain",)
# package -> what it may import of ours (itself is understood)
LAYERS: dict[str, tuple[str, ...]] = {
    "daemon.domain": (),
    "daemon.errors": (),
    "daemon.files.user": (),
    "daemon.visible": (),
    "daemon.files.private": (),
    "daemon.settings.account_name": ("daemon.errors",),
    "daemon.files.text_lines": (),
    "daemon.settings.config": (*VOCABULARY, "daemon.settings.account_name"),
    "daemon.market": VOCABULARY,
    "daemon.rules": (*VOCABULARY, "daemon.errors", "daemon.files.yaml_document"),
    "daemon.risk": (*VOCABULARY, "daemon.settings.config"),
    "daemon.execution": (*VOCABULARY, "daemon.settings.config", "daemon.market", "daemon.risk"),
    "daemon.journal": (
        *VOCABULARY,
        "daemon.settings.config",
        "daemon.errors",
        "daemon.files.private",
        "daemon.visible",
    ),
    "daemon.metrics": (
        *VOCABULARY,
        "daemon.settings.config",
        "daemon.errors",
        "daemon.files.private",
    ),
    "feeds": (
        *VOCABULARY,
        "daemon.settings.config",
        "daemon.errors",
        "daemon.files.private",
        "daemon.files.text_lines",
        "daemon.files.user",
    ),
    "strategies": (
        *VOCABULARY,
        "daemon.settings.config",
        "daemon.errors",
        "daemon.files.text_lines",
    ),
}
TOP = ("daemon.runtime.app", "daemon.runtime.build", "daemon.main", "daemon.cli")
"""What builds the process; nothing below it knows it."""
CORE = ("daemon.domain", "daemon.market", "daemon.risk", "daemon.execution")
# what the deterministic core may use of other people's
CORE_THIRD_PARTY = {"msgspec", "numpy"}
CORE_STDLIB = {
    "__future__", "bisect", "collections", "datetime", "decimal", "enum", "functools", "heapq",
    "itertools", "math", "operator", "re", "typing",
}  # fmt: skip
OUTER_THIRD_PARTY = {
    "feeds": {"anyio", "httpx", "loguru", "msgspec", "numpy", "picows", "pyarrow"},
    "strategies": {"msgspec", "numpy", "talipp"},
}
MODULES = modules()


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in packages)


def test_the_layers_that_are_listed_exist() -> None:
    names = {each.name for each in MODULES}
    assert set(LAYERS) <= names
    assert len(MODULES) > 80


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_is_below_it(layer: str) -> None:
    allowed = (layer, *LAYERS[layer])
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if is_in(module.name, (layer,))
        for line, name in imports(module.tree)
        if is_in(name, ("daemon", "feeds", "strategies"))
        and name != "daemon"
        and not is_in(name, allowed)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_below_knows_what_builds_the_process() -> None:
    packages = ("daemon.journal", "daemon.metrics", "daemon.report", "daemon.rules", *CORE)
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if is_in(module.name, packages)
        for line, name in imports(module.tree)
        if is_in(name, (*TOP, "feeds", "strategies"))
    ]
    assert not wrong, "\n".join(wrong)


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
