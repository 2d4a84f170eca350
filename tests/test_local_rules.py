"""What this project does not use, by its full name, however it was imported or passed on.

Each rule is shown to find what is planted for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.kit.source import Module, dotted, imports, modules

MODULES = modules()
WALL_CLOCK = "the wall clock is read in daemon/process/clock.py only"
RUNS_TEXT = "text is never run as code"
UNSAFE = "what is read may not decide what is run"
TASKS = "tasks belong to a task group"
# full name -> why not, and the files that may after all
BANNED: dict[str, tuple[str, tuple[str, ...]]] = {
    **{
        f"time.{each}": (WALL_CLOCK, ())
        for each in ("time", "localtime", "gmtime", "ctime", "asctime", "strftime")
    },
    "time.time_ns": (WALL_CLOCK, ("daemon/process/clock.py",)),
    "datetime.datetime.now": (WALL_CLOCK, ()),
    "datetime.datetime.utcnow": (WALL_CLOCK, ()),
    "datetime.datetime.today": (WALL_CLOCK, ()),
    "datetime.date.today": (WALL_CLOCK, ()),
    "numpy.random": (
        "chance comes from a seed that the user names",
        ("feeds/synthetic", "daemon/lab/numbers/bootstrap.py", "daemon/lab/sweep/draws.py"),
    ),
    "eval": (RUNS_TEXT, ()),
    "exec": (RUNS_TEXT, ()),
    "os.system": (RUNS_TEXT, ()),
    "os.popen": (RUNS_TEXT, ()),
    **{
        f"yaml.{each}": (UNSAFE, ())
        for each in ("load", "load_all", "unsafe_load", "full_load", "Loader", "UnsafeLoader")
    },
    "asyncio.create_task": (TASKS, ()),
    "asyncio.ensure_future": (TASKS, ()),
    "asyncio.get_event_loop": (TASKS, ()),
    "breakpoint": ("nobody is there to answer", ()),
    "input": ("nobody is there to answer", ()),
}
BANNED_MODULES = {
    "pickle", "cPickle", "dill", "marshal", "shelve", "uuid", "subprocess", "pdb", "code",
    "multiprocessing", "telnetlib", "ftplib",
}  # fmt: skip
RANDOM_MODULES = {"random", "secrets"}
MAKES_SECRETS = (
    "daemon/web/access/sessions.py", "daemon/web/kite/keys.py", "daemon/web/hooks/store.py",
)  # fmt: skip
"""The places of the daemon that draw at random: the page's token and sessions, the API's keys, the
tokens of hooks."""

STARTS_PROCESSES = (
    "daemon/process/page_process.py", "daemon/lab/sweep/processes.py", "daemon/lab/alone.py",
)  # fmt: skip
"""The places that start a process, this program's own page and workers; never through a shell."""
PICKLES = ("daemon/lab/alone.py",)
"""Speaks so to a child that it started itself, over a pipe that nothing else reaches."""


def full_names(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.asname:
                    known[each.asname] = each.name
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                known[each.asname or each.name] = f"{node.module}.{each.name}"
    return known


def mentions(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, full name) of every name and attribute that is read, called or not."""
    known = full_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and (said := dotted(node)):
            first, _, rest = said.partition(".")
            full = known.get(first, first)
            yield node.lineno, f"{full}.{rest}" if rest else full


def faults(module: Module) -> list[str]:
    """Everything in a module that the rules forbid, one line each."""
    found = []
    for line, name in mentions(module.tree):
        why, allowed = BANNED.get(name, ("", ()))
        if why and not module.path.startswith(allowed or ("-",)):
            found.append(f"{module.path}:{line} {name}: {why}")
    banned = BANNED_MODULES | (RANDOM_MODULES if module.path.startswith("daemon/") else set())
    for line, name in imports(module.tree):
        if name == "subprocess" and module.path in STARTS_PROCESSES:
            continue
        if name == "pickle" and module.path in PICKLES:
            continue
        if name == "secrets" and module.path in MAKES_SECRETS:
            continue
        if name.split(".")[0] in banned:
            found.append(f"{module.path}:{line} imports {name}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.keyword) and node.arg == "shell":
            is_false = isinstance(node.value, ast.Constant) and node.value.value is False
            if not is_false:
                found.append(f"{module.path}:{node.value.lineno} opens a shell")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.path)
def test_nothing_forbidden_is_used(module: Module) -> None:
    assert not (found := faults(module)), "\n".join(found)


PLANTED = {
    "wall clock": "import time\nx = time.time()",
    "wall clock by its own name": "from time import time_ns\nx = time_ns()",
    "wall clock by another name": "from time import time as now\nx = now()",
    "wall clock that is handed on": "import time\ndef f(now=time.time): ...",
    "wall clock of a date": "import datetime as dt\nx = dt.datetime.now(dt.UTC)",
    "wall clock of an imported date": "from datetime import date as d\nx = d.today()",
    "local time": "import time\nx = time.strftime('%H')",
    "uuid": "import uuid",
    "uuid inside a function": "def f():\n    from uuid import uuid4",
    "pickle": "from pickle import loads",
    "subprocess": "import subprocess as s",
    "random in the daemon": "from random import choice",
    "numpy's random": "import numpy as np\nx = np.random.default_rng()",
    "yaml.load": "import yaml\nx = yaml.load('a')",
    "yaml's loader": "from yaml import UnsafeLoader as L\nx = L",
    "eval": "x = eval('1')",
    "exec that is handed on": "f = exec",
    "system": "import os\nos.system('ls')",
    "shell": "run('ls', shell=True)",
    "shell by a variable": "run('ls', shell=wanted)",
    "a task of its own": "import asyncio\nasyncio.create_task(f())",
}


@pytest.mark.parametrize("source", PLANTED.values(), ids=PLANTED)
def test_what_is_planted_is_found(source: str) -> None:
    planted = Module("daemon.planted", "daemon/planted.py", source, ast.parse(source))
    assert faults(planted)


@pytest.mark.parametrize(
    "source",
    [
        "import time\nx = time.monotonic()",
        "run('ls', shell=False)",
        "import datetime as dt\nx = dt.datetime.fromisoformat('2026-11-18')",
        "import yaml\nx = yaml.safe_load('a')",
        "def f(self):\n    self.exec(1)",
    ],
)
def test_what_is_allowed_is_not_found(source: str) -> None:
    allowed = Module("daemon.fine", "daemon/fine.py", source, ast.parse(source))
    assert faults(allowed) == []


def test_an_exception_from_a_rule_is_still_needed() -> None:
    needed = {name for module in MODULES for _, name in mentions(module.tree)}
    assert {name for name, (_, allowed) in BANNED.items() if allowed} <= needed
