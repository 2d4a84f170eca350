"""The core is composed: what it does not do, room by room, and each check shown to find a fault.

An exception is a line of the source with its reason, never a whole file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.kit.source import Module, modules
from tests.structure import rules
from tests.structure.rules import Check, Fault

MODULES = modules()


@cache
def own_classes() -> frozenset[str]:
    """Return the program's classes; not at import, which every process of a test run pays."""
    return rules.class_names(MODULES)


def own_isinstance(module: Module) -> Iterator[Fault]:
    """Yield every question for one of the program's classes."""
    return rules.own_isinstance(module, own_classes())


CHECKS: dict[str, Check] = {
    "assigns to another object": rules.foreign_assignments,
    "names Any": rules.any_annotations,
    "asks isinstance of our classes": own_isinstance,
    "has a hook that does nothing": rules.empty_methods,
}
ROOMS = ("daemon/execution/", "daemon/exchange/", "daemon/market/", "daemon/clockwork/")
CORE = (*ROOMS, "daemon/broker/", "daemon/chain/", "daemon/domain/", "daemon/risk/")
SCAN = "the scan is the cost of a tick: a call for each line would be a third of it"
NULL_OBJECT = "an object that stands for none has nothing to do here"
TOLD_TICKS = "every tick that a strategy asked for: a call would cost a tenth of it"
BY_TYPE = "a table's methods each take the type that is their key"
INPUT_KINDS = "a block has its own path, and a kind of input is told by its type"
DUE, PAPER, ROWS = (f"daemon/clockwork/{name}.py" for name in ("due", "paper_engine", "rows"))
EXCEPTIONS: dict[tuple[str, str, str], str] = {
    ("assigns to another object", "daemon/market/scan.py", "book.row = row"): SCAN,
    ("assigns to another object", "daemon/market/scan.py", "book.open = book.low = ltp"): SCAN,
    ("assigns to another object", "daemon/market/scan.py", "book.high = ltp"): SCAN,
    ("assigns to another object", "daemon/market/scan.py", "book.low = ltp"): SCAN,
    ("assigns to another object", "daemon/market/scan.py", "book.baseline = volume"): SCAN,
    ("assigns to another object", "daemon/market/scan.py", "book.volume = volume"): SCAN,
    (
        "has a hook that does nothing",
        "daemon/execution/context.py",
        "def forget(self, position: Position) -> None:",
    ): NULL_OBJECT,
    (
        "has a hook that does nothing",
        "daemon/execution/context.py",
        "def warm(self, candles: Sequence[Candle], /) -> None:",
    ): NULL_OBJECT,
    (
        "has a hook that does nothing",
        "daemon/execution/context.py",
        "def set_enabled(self, strategy_id: str, on: bool, /) -> None:",
    ): NULL_OBJECT,
    (
        "has a hook that does nothing",
        "daemon/execution/context.py",
        "def disable(self, strategy_id: str, since: int, /) -> None:",
    ): NULL_OBJECT,
    (
        "has a hook that does nothing",
        "daemon/execution/exits/coroutine.py",
        "def serve(self, hands: Hands, position: Position) -> Wake | None:",
    ): "only the fill wakes it: there is nothing to begin",
    ("assigns to another object", ROWS, "stretch.row = row"): TOLD_TICKS,
    ("assigns to another object", ROWS, "at.now = ts"): TOLD_TICKS,
    ("names Any", DUE, "PhaseWork = Callable[[int, Sequence[Any]], Iterator[None]]"): BY_TYPE,
    ("names Any", DUE, "self._requests: dict[type, Callable[[Any], object]] = {"): BY_TYPE,
    ("names Any", DUE, "def _one_by_one(take: Callable[[Any], object]) -> PhaseWork:"): BY_TYPE,
    ("names Any", DUE, "def work(due_ts: int, items: Sequence[Any]) -> Iterator[None]:"): BY_TYPE,
    ("names Any", PAPER, "self._arrived: dict[type, Callable[[Any], None]] = {"): BY_TYPE,
    ("asks isinstance of our classes", PAPER, "if isinstance(item, Ticks):"): INPUT_KINDS,
    (
        "asks isinstance of our classes",
        PAPER,
        "if isinstance(item, Command | Settlement):  # has its place in what is due",
    ): INPUT_KINDS,
    (
        "asks isinstance of our classes",
        PAPER,
        "ts = int(item.ts[0]) if isinstance(item, Ticks) else item.ts",
    ): INPUT_KINDS,
}


def faults(name: str, module: Module) -> list[str]:
    """Return what a check finds in a module and no exception allows."""
    return [
        f"{module.path}:{line} {name}: {text}"
        for line, text in CHECKS[name](module)
        if (name, module.path, text) not in EXCEPTIONS
    ]


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", CHECKS)
def test_no_module_of_a_room(name: str, room: str) -> None:
    found = [each for each in MODULES if each.path.startswith(room)]
    assert found
    wrong = [line for module in found for line in faults(name, module)]
    assert not wrong, "\n".join(wrong)


def test_no_class_of_the_core_is_longer_than_300_lines() -> None:
    wrong = [
        f"{module.path}:{line} {text}"
        for module in MODULES
        if module.path.startswith(CORE)
        for line, text in rules.long_classes(module)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_engine_has_no_base_class_and_at_most_250_lines() -> None:
    (engine,) = (each for each in MODULES if "\nclass ExecutionEngineV3" in each.text)
    assert not list(rules.engine_faults(engine))


def test_nothing_outside_feeds_kite_compares_with_kite() -> None:
    wrong = [
        f"{module.path}:{line} {text}"
        for module in MODULES
        if not module.path.startswith("feeds/kite/")
        for line, text in rules.kite_comparisons(module)
    ]
    assert not wrong, "\n".join(wrong)


def test_an_exception_is_still_needed() -> None:
    needed = {
        (name, module.path, text)
        for name, check in CHECKS.items()
        for module in MODULES
        if module.path.startswith(ROOMS)
        for _, text in check(module)
    }
    assert set(EXCEPTIONS) <= needed


def test_an_exception_is_for_its_line_alone() -> None:
    (name, path, text) = next(iter(EXCEPTIONS))
    allowed = Module("daemon.fine", path, text, ast.parse(text))
    assert faults(name, allowed) == []
    other = text.replace("row", "answer")
    planted = Module("daemon.fine", path, other, ast.parse(other))
    assert len(faults(name, planted)) == 1


def found_by(check: Check, source: str) -> int:
    """Return how many faults a check finds in a source."""
    planted = Module("daemon.planted", "daemon/market/planted.py", source, ast.parse(source))
    return len(list(check(planted)))


PLANTED = {
    "assignment": ("assigns to another object", "def f(book):\n    book.row = 1"),
    "assignment two steps away": (
        "assigns to another object", "class A:\n    def f(self):\n        self.at.now = 1",
    ),
    "addition": ("assigns to another object", "def f(book):\n    book.row += 1"),
    "one of a tuple": ("assigns to another object", "def f(a, b):\n    x, (a.y, *b.z) = 1, (2, 3)"),
    "annotated assignment": ("assigns to another object", "def f(a):\n    a.x: int = 1"),
    "loop": ("assigns to another object", "def f(a):\n    for a.x in (1, 2): ..."),
    "deletion": ("assigns to another object", "def f(a):\n    del a.x"),
    "any": ("names Any", "from typing import Any\nx: list[Any] = []"),
    "any of its module": ("names Any", "import typing\ndef f(x: typing.Any) -> None: ..."),
    "isinstance": ("asks isinstance of our classes", "x = isinstance(1, Ticks)"),
    "one of several": ("asks isinstance of our classes", "x = isinstance(1, (int, Ticks))"),
    "a union": ("asks isinstance of our classes", "x = isinstance(1, int | ticks.Ticks)"),
    "subclass": ("asks isinstance of our classes", "x = issubclass(int, Ticks)"),
    "docstring": ("has a hook that does nothing", "class A:\n    def f(self):\n        'Hook.'"),
    "pass": ("has a hook that does nothing", "class A(B):\n    def f(self):\n        pass"),
    "dots": ("has a hook that does nothing", "class A:\n    async def f(self): ..."),
    "return": (
        "has a hook that does nothing",
        "class A:\n    def f(self):\n        ''\n        return None",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "source"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(name: str, source: str) -> None:
    assert found_by(CHECKS[name], source)


ALLOWED = {
    "own attribute": (
        "assigns to another object", "class A:\n    def f(self):\n        self.x, y = 1, 2",
    ),
    "an item": ("assigns to another object", "def f(a):\n    a.x[1] = 2"),
    "object": ("names Any", "x: list[object] = []"),
    "a builtin": ("asks isinstance of our classes", "x = isinstance(1, int)"),
    "protocol": (
        "has a hook that does nothing", "class A(Protocol[T]):\n    def f(self):\n        'Do.'",
    ),
    "function": ("has a hook that does nothing", "def f():\n    pass"),
    "constant": ("has a hook that does nothing", "class A:\n    def f(self):\n        return 0"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "source"), ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed_is_not_found(name: str, source: str) -> None:
    assert not found_by(CHECKS[name], source)


def test_every_check_has_a_planted_fault() -> None:
    assert {name for name, _ in PLANTED.values()} == set(CHECKS)


def test_a_long_class_and_a_ladder_are_found() -> None:
    body = "    x = 1\n"
    assert found_by(rules.long_classes, "class A:\n" + body * 300) == 1
    assert found_by(rules.long_classes, "class A:\n" + body * 299) == 0
    assert found_by(rules.engine_faults, "class ExecutionEngineV3:\n" + body * 250) == 1
    assert found_by(rules.engine_faults, "class ExecutionEngineV3:\n" + body * 249) == 0
    assert found_by(rules.engine_faults, "class ExecutionEngineV3(Core):\n" + body) == 1


@pytest.mark.parametrize(
    "source",
    [
        "if kind == 'kite': ...",
        "if 'kite' != kind: ...",
        "if kind in ('replay', 'kite'): ...",
        "match kind:\n    case 'kite': ...",
    ],
)
def test_a_comparison_with_kite_is_found(source: str) -> None:
    assert found_by(rules.kite_comparisons, source)


def test_a_table_of_kinds_is_no_comparison() -> None:
    assert not found_by(rules.kite_comparisons, "KINDS = {'kite': open_kite}\nx = KINDS['kite']")
