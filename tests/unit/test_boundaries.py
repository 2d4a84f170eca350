"""An exception of any kind ends somewhere only at a boundary that has a name and a reason here."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.kit.source import dotted, modules

BOUNDARIES = {
    ("daemon/main.py", "main"): "the last resort: shown with its traceback, code 70",
    ("daemon/alerts/sender.py", "send"): "one of 130 services of a library: tried again, given up",
    (
        "daemon/clockwork/choose_engine.py",
        "choose_engine",
    ): "v3 cannot be built: v2, loudly, or raised",
    ("feeds/stream/ahead.py", "_run"): "of a thread: handed to the reader's side, which raises it",
    ("feeds/files/jsonl_ticks.py", "_rows"): "handed back, raised after the good rows",
    ("feeds/kite/handshake.py", "connect"): "raised below, without the address that may be in it",
    (
        "feeds/kite/server/ticker_server.py",
        "__aexit__",
    ): "what went wrong inside the block is raised as it was",
    ("feeds/kite/sockets.py", "run"): "one fault is raised below for all connections",
    ("daemon/runtime/one_pass.py", "entries_by_data"): "a variant that cannot be run: its cause",
    ("daemon/runtime/one_pass.py", "_enter"): "likewise, while its parts are built",
    ("daemon/runtime/one_pass.py", "_guarded"): "a variant on its way: it ends alone",
    ("daemon/runtime/one_pass.py", "run"): "the data of a pass: the cause of all its variants",
    ("daemon/lab/one_pass.py", "_pass"): "likewise, where they cannot be opened",
    ("daemon/lab/alone.py", "run_alone"): "a variant that is run by itself: its cause",
    ("strategies/runner.py", "answer"): "the user's code: counted, disabled after N in a row",
    ("strategies/catalog.py", "_module"): "the user's module: a ConfigError",
    ("strategies/catalog.py", "_build"): "the user's constructor: a ConfigError",
    ("strategies/memory.py", "save"): "the user's code: told, and what was saved before stays",
}


def ends_here(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(function, line) of every handler for all exceptions that can end without raising."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.ExceptHandler) or not is_broad(node.type):
                continue
            if not isinstance(node.body[-1], ast.Raise):
                yield function.name, node.lineno


def is_broad(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(is_broad, kind.elts))
    return kind is None or dotted(kind) in {"Exception", "BaseException", "BaseExceptionGroup"}


def found() -> dict[tuple[str, str], int]:
    return {
        (module.path, function): line
        for module in modules()
        for function, line in ends_here(module.tree)
    }


def test_no_other_place_ends_an_exception_of_any_kind() -> None:
    assert found().keys() == BOUNDARIES.keys()


def test_a_planted_one_is_found() -> None:
    planted = "def f():\n try: g()\n except (ValueError, Exception): log()\n"
    raised = "def f():\n try: g()\n except BaseException:\n  close()\n  raise\n"
    assert list(ends_here(ast.parse(planted))) == [("f", 3)]
    assert not list(ends_here(ast.parse(raised)))
