"""What this project does not do, read from its source; tests/test_local_rules.py has the rest."""

from __future__ import annotations

import ast

from tests.kit.source import calls, dotted, imports, modules

MODULES = modules()
MAY_PRINT = ("daemon/main.py", "daemon/cli/", "feeds/make_sample.py", "feeds/convert.py")


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{module.path}:{line}"
        for module in MODULES
        if not module.path.startswith(MAY_PRINT)
        for line, called, _ in calls(module.tree)
        if called == "print"
    ]
    assert not wrong, "\n".join(wrong)


def test_no_exception_is_swallowed_whole() -> None:
    wrong = []
    for module in MODULES:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            silent = all(isinstance(each, ast.Pass) for each in node.body)
            wide = node.type is None or dotted(node.type) in {"Exception", "BaseException"}
            if node.type is None or (wide and silent):
                wrong.append(f"{module.path}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


def test_assertions_are_on() -> None:
    assert __debug__, "the core checks itself with assert; do not run it with -O"


def test_every_module_says_what_it_is_for() -> None:
    wrong = [
        each.path for each in MODULES if each.text.strip() and not ast.get_docstring(each.tree)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_planted_fault_is_found() -> None:
    planted = ast.parse(
        "import time, daemon.runtime.app\nfrom daemon import bus\n"
        "def f():\n    from random import choice\n    return time.time(eval('1'))\n"
    )
    assert [found for _, found in imports(planted)] == [
        "time", "daemon.runtime.app", "daemon", "daemon.bus", "random",
    ]  # fmt: skip
    assert [called for _, called, _ in calls(planted)] == ["time.time", "eval"]
