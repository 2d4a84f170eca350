"""The script behind "Structure in figures" counts what it says."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.kit.source import ROOT, Module, modules
from tests.structure import graph, source
from tests.structure.__main__ import table
from tests.structure.measure import complexity, figures, lengths, rooms

CHAIN = [("a", "b"), ("b", "c"), ("a", "c")]


def module(name: str, text: str) -> Module:
    return Module(name, name.replace(".", "/") + ".py", text, ast.parse(text))


def test_a_chain_has_a_floor_for_each_of_its_nodes_and_no_circle() -> None:
    assert graph.floors(CHAIN) == 3
    assert graph.circles(CHAIN) == []


def test_a_circle_is_found_however_long_and_lies_on_one_floor() -> None:
    arrows = [*CHAIN, ("c", "d"), ("d", "b")]
    assert graph.circles(arrows) == [frozenset("bcd")]
    assert graph.floors(arrows) == 2


def test_no_arrows_make_no_floor() -> None:
    assert graph.floors([]) == 0


def test_imports_between_rooms_are_counted_once() -> None:
    found = [
        module("daemon.low.a", ""),
        module("daemon.high.a", "import daemon.low.a"),
        module("daemon.high.b", "def f():\n    from daemon.low.a import x"),
    ]
    counted = rooms(found, frozenset({"daemon.low", "daemon.high"}))
    assert counted["rooms"] == "2"
    assert counted["arrows between rooms"] == "1"
    assert counted["circles of rooms (rooms in them)"] == "0 (0)"


def test_without_a_list_a_room_is_a_folder_or_a_file_straight_in_the_daemon() -> None:
    assert source.room_of(module("daemon.app", ""), None) == "daemon.app"
    assert source.room_of(module("daemon.rules.loader", ""), None) == "daemon.rules"
    assert source.room_of(module("feeds.replay", ""), None) == "feeds"


def test_the_rooms_are_those_of_the_layer_tests() -> None:
    names = source.room_names(ROOT)
    assert names is not None
    assert {"daemon.market", "feeds.kite"} <= names


def test_lengths_and_complexity_of_a_planted_module() -> None:
    long = "def f(x):\n" + "    if x:\n        x += 1\n" * 20
    found = [module("daemon.planted", f"{long}\n\ndef g():\n    pass\n")]
    assert lengths(found)["functions over 40 lines"] == "1"
    assert lengths(found)["lines of a function: median, p95, longest"].endswith(" 41")
    assert complexity(found)["functions more complex than 15"] == "1"
    assert complexity(found)["cognitive complexity, all together"] == "20"


def test_calls_count_a_switch_where_a_call_leaves_class_or_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.structure import hops

    monkeypatch.setattr(hops, "PROGRAM", (__file__,))
    heard = hops.listened(Outer().ask)
    assert heard == {
        "calls": 3,
        "functions": 3,
        "classes": 2,
        "files": 1,
        "switches of class": 2,  # from this test into Outer, and from there into Inner
        "switches of file": 0,
    }


def test_listening_ends_with_the_task() -> None:
    from tests.structure import hops

    def task() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        hops.listened(task)
    assert sys.getprofile() is None


def test_the_documented_table_has_the_rows_of_today() -> None:
    text = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.split("\n## Structure in figures\n")[1].split("\n## ")[0]
    shown = [line.split(" | ")[0][2:] for line in section.splitlines() if line.startswith("| ")]
    assert shown == ["what", "---", *figures(ROOT)]


def test_every_module_of_the_program_is_measured() -> None:
    assert lengths(modules())["files"] == f"{len(modules()):,}"


def test_a_table_has_a_column_for_each_checkout() -> None:
    columns = {"before": {"files": "1"}, "now": {"files": "2"}}
    assert table(columns).splitlines() == [
        "| what | before | now |",
        "| --- | --- | --- |",
        "| files | 1 | 2 |",
    ]


class Outer:
    def ask(self) -> int:
        return self.own() + Inner().answer()

    def own(self) -> int:
        return 1


class Inner:
    def answer(self) -> int:
        return 2
