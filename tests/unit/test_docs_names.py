"""What the documents name exists: files, classes and their members, modules and their names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from daemon.settings.config import Config
from tests.kit.cli import ROOT
from tests.kit.source import modules
from tests.test_layers import ROOMS

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FILES = {
    "/" + path.relative_to(ROOT).as_posix()
    for place in ("daemon", "feeds", "strategies", "tests")
    for path in (ROOT / place).rglob("*.py")
} | {"/run_fno_paper.py"}
EXAMPLES = {
    # files that a reader makes, and those of the additions that `tests/additions` shows
    "configs/mine.yaml", "configs/NAME.yaml",
    "breakout.py", "random.py", "daemon/execution/exits/three_r.py", "feeds/sawtooth.py",
}  # fmt: skip
NOT_OURS = {
    "BuyPrice", "BuyQty", "OpenInterest", "SellPrice", "SellQty",  # columns of GDFL
    "AskedInputs",  # a name that the glossary bans
    "BlockingIOError", "ExecStart", "KeyError", "KiteTicker", "LoadCredential", "MemoryMax",
    "NotRequired", "TasksMax", "TypedDict", "ValueError", "WorkingDirectory",
}  # fmt: skip
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?<![\w./~])(?:daemon|feeds|strategies|tests|configs|docs)/[\w./@-]*\w")
CAMEL = re.compile(r"\b[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+\b")
MEMBER = re.compile(r"^([A-Z][A-Za-z0-9]+)\.([a-z_]\w*)(?:\(.*\))?$")
DOTTED = re.compile(r"^(?:daemon|feeds|strategies)(?:\.\w+)+$")


@cache
def trees() -> dict[str, ast.Module]:
    """Return the syntax tree of every module by its name."""
    return {module.name: module.tree for module in modules()}


@cache
def text_of_tests() -> str:
    """Return the text of all tests."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))


def members(node: ast.ClassDef) -> set[str]:
    """Return the methods, fields and attributes that a class has in its own text."""
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(each.name)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
            names |= {target.attr for target in targets if isinstance(target, ast.Attribute)}
    return names


@cache
def classes() -> dict[str, set[str]]:
    """Return the members of every class by its name."""
    found: dict[str, set[str]] = {}
    for tree in trees().values():
        for each in ast.walk(tree):
            if isinstance(each, ast.ClassDef):
                found.setdefault(each.name, set()).update(members(each))
    return found


@cache
def names() -> set[str]:
    """Return every class, every name that the program uses, and the known names of others."""
    walked = (each for tree in trees().values() for each in ast.walk(tree))
    return set(classes()) | NOT_OURS | {each.id for each in walked if isinstance(each, ast.Name)}


def unknown_paths(text: str) -> list[str]:
    """Return every path into the tree that leads to nothing, and every unknown name of a file."""
    paths = {found for found in PATH.findall(text) if not (ROOT / found).exists()}
    files = {code for code in CODE.findall(text) if re.fullmatch(r"[\w/]+\.py", code)}
    missing = {code for code in files if not any(path.endswith("/" + code) for path in FILES)}
    return sorted((paths | missing) - EXAMPLES)


def unknown_names(text: str) -> list[str]:
    """Return every class, `Class.member` and dotted name in backticks that is not in the tree."""
    wrong = []
    for code in CODE.findall(text):
        member = MEMBER.match(code)
        if member and member[1] in classes():
            if member[2] not in classes()[member[1]]:
                wrong.append(code)
        elif DOTTED.match(code):
            if not is_dotted(code):
                wrong.append(code)
        else:
            wrong += [
                each for each in CAMEL.findall(code) if each not in names() and each not in NOT_OURS
            ]
    return wrong


def is_dotted(name: str) -> bool:
    """Return whether a name is a module, a name in one, or a key of the configuration."""
    room, _, last = name.rpartition(".")
    if name in trees() or (room in trees() and last in top_level(trees()[room])):
        return True
    section, _, key = name.partition(".")
    kinds = {field.name: field.type for field in msgspec.structs.fields(Config)}
    if section not in kinds:
        return False
    return key.partition(".")[0] in {
        field.encode_name for field in msgspec.structs.fields(kinds[section])
    }


def top_level(tree: ast.Module) -> set[str]:
    """Return the names that a module defines."""
    named = {getattr(node, "name", "") for node in tree.body}
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return named | {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_named_in_a_document_exist(path: Path) -> None:
    assert unknown_paths(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_names_of_ours_in_a_document_exist(path: Path) -> None:
    assert unknown_names(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_tests_named_in_a_document_exist(path: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if f"def {name}(" not in text_of_tests()] == []


def test_the_picture_of_the_architecture_shows_every_room() -> None:
    text = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    picture = text.split("\n## The picture\n")[1].split("\n## ")[0]
    rooms = {room.replace(".", "/") for room in ROOMS} - {"daemon/execution/helpers"}
    assert [room for room in sorted(rooms) if f"`{room}`" not in picture.replace(".py`", "`")] == []


def test_what_does_not_exist_is_found() -> None:
    assert unknown_paths("see daemon/market/nowhere.py and `nowhere.py`") == [
        "daemon/market/nowhere.py",
        "nowhere.py",
    ]
    text = "`PaperEngine.fly`, `PaperMotor`, `daemon.errors.NoError`, `strategies.flights`"
    assert unknown_names(text) == [
        "PaperEngine.fly",
        "PaperMotor",
        "daemon.errors.NoError",
        "strategies.flights",
    ]
    known = "`PaperEngine.handle`, `daemon.errors.ExitCode`, `strategies.conflict`, `EmaTrend`"
    assert unknown_names(known) == []
