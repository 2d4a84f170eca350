"""What this project does not do, read from its source; tests/test_local_rules.py has the rest."""

from __future__ import annotations

import ast
import subprocess
from typing import Final

import pytest

from tests.kit.source import ROOT, calls, dotted, imports, modules

MODULES = modules()
MAY_PRINT = ("daemon/main.py", "daemon/cli/", "feeds/make_sample.py", "feeds/convert.py")
TOP_LEVEL: Final = {
    ".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "artifacts", "configs",
    "daemon", "docs", "feeds", "pyproject.toml", "requirements-dev.lock", "requirements.lock",
    "run_fno_paper.py", "strategies", "tests",
}  # fmt: skip


def test_nothing_else_lies_at_the_top_of_the_repository() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(listed.stdout.split()) == TOP_LEVEL


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
