"""A YAML tree as frozen structs; a misfit is reported by file, line, path and expectation."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from daemon.errors import ConfigError
from daemon.files.yaml_tree import Node, plain, read_tree

T = TypeVar("T")
Step = str | int
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_SHOWN_MAX: Final = 40
_ANY_VALUE: Final = "..."
"""How msgspec writes the key of a dict in a path."""


class Document:
    """A tree and the name of its file: converts it, and says where in it something is wrong."""

    def __init__(self, root: Node, file: str) -> None:
        self.root = root
        self.file = file

    def to(self, kind: type[T]) -> T:
        """Return the tree as a struct of this type. Raises ConfigError at the first misfit."""
        try:
            return msgspec.convert(plain(self.root), kind, strict=True)
        except msgspec.ValidationError as error:
            raise self._misfit(kind, str(error)) from error

    def line(self, path: tuple[Step, ...]) -> int:
        """Return the line of the nearest known node; 0 if it came from no file."""
        return self._nearest(path).line

    def error(self, path: tuple[Step, ...], text: str) -> ConfigError:
        """Return the error `file:line: path: text` with the line of the nearest known node."""
        line = self.line(path)
        place = f"{self.file}:{line}" if line else f"{self.file} with overrides"
        dotted = dotted_path(path)
        return ConfigError(f"{place}: {dotted}: {text}" if dotted else f"{place}: {text}")

    def _nearest(self, path: tuple[Step, ...]) -> Node:
        node = self.root
        for step in path:
            below = _child(node, step)
            if below is None:
                break
            node = below
        return node

    def _misfit(self, kind: type[Any], message: str) -> ConfigError:
        match = _MESSAGE.fullmatch(message)
        assert match is not None
        what = match["what"]
        steps = _STEP.findall(match["path"] or "")
        path = self._resolved(steps)
        info = _type_at(inspect.type_info(kind), path)
        if unknown := _UNKNOWN.fullmatch(what):
            key = unknown[1]
            return self.error((*path, key), f"unknown key{_hint(key, info)}")
        if missing := _MISSING.fullmatch(what):
            return self.error(path, f"expected the key {missing[1]!r}, which is missing")
        if len(path) < len(steps) or not what.startswith(("Expected", "Invalid")):
            return self.error(path, " ".join(what.split()))
        node = self._nearest(path)
        return self.error(path, f"expected {_expected(info)}, was {found(plain(node))}")

    def _resolved(self, steps: list[tuple[str, str]]) -> tuple[Step, ...]:
        """Return the steps as far as they lead to one node: msgspec does not name a dict's key."""
        path: list[Step] = []
        node = self.root
        for name, index in steps:
            step = _first_not_text(node) if index == _ANY_VALUE else (name or int(index))
            below = _child(node, step)
            if below is None:
                break
            path.append(step)
            node = below
        return tuple(path)


def read_document(path: Path) -> Document:
    """Read a YAML file whose top is a mapping. Raises ConfigError."""
    document = Document(read_tree(path), str(path))
    if not isinstance(document.root.value, dict):
        was = found(plain(document.root))
        raise document.error((), f"expected a mapping, was {was}")
    return document


def dotted_path(path: tuple[Step, ...]) -> str:
    """Return `("strategies", "list", 0, "id")` as `strategies.list[0].id`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if step.isprintable() else json.dumps(step)
            text += f".{name}" if text else name
    return text


def found(value: Any) -> str:
    """Return a value as an error shows it: short, on one line, text in quotes."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    shown = repr(value) if isinstance(value, str) else json.dumps(value)
    return shown if len(shown) <= _SHOWN_MAX else shown[: _SHOWN_MAX - 3] + "..."


def near_match(name: str, known: list[str]) -> str:
    """Return `; did you mean 'x'?`, or what is known when nothing is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(known)}" if known else ""


def _child(node: Node, step: Step) -> Node | None:
    if isinstance(node.value, dict) and isinstance(step, str):
        return node.value.get(step)
    if isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
        below: Node = node.value[step]
        return below
    return None


def _first_not_text(node: Node) -> Step:
    """Return the likely misfit of a dict: those of our structs hold text."""
    wrong = (key for key, each in node.value.items() if not isinstance(each.value, str))
    return next(wrong, _ANY_VALUE)


def _type_at(info: inspect.Type, path: tuple[Step, ...]) -> inspect.Type:
    for step in path:
        info = _type_below(_container(info), step)
    return info


def _type_below(info: inspect.Type, step: Step) -> inspect.Type:
    if isinstance(info, inspect.StructType):
        return next(field.type for field in info.fields if field.encode_name == step)
    if isinstance(info, inspect.DictType):
        return info.value_type
    assert isinstance(info, inspect.CollectionType | inspect.VarTupleType), info
    return info.item_type


def _container(info: inspect.Type) -> inspect.Type:
    """Return the type that has parts, where null is allowed too."""
    if isinstance(info, inspect.UnionType):
        return next(option for option in info.types if not isinstance(option, inspect.NoneType))
    return info


def _hint(key: str, info: inspect.Type) -> str:
    owner = _container(info)
    assert isinstance(owner, inspect.StructType), owner
    also: Mapping[str, str] = getattr(owner.cls, "ALSO_CALLED", {})
    if key.lower() in also:
        return f"; did you mean {also[key.lower()]!r}?"
    return near_match(key, [field.encode_name for field in owner.fields])


def _expected(info: inspect.Type) -> str:
    if isinstance(info, inspect.UnionType):
        return " or ".join(_expected(option) for option in info.types)
    if isinstance(info, inspect.LiteralType):
        return f"one of {', '.join(map(str, info.values))}"
    if isinstance(info, inspect.IntType | inspect.FloatType):
        noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
        return " ".join([noun, " and ".join(_bounds(info))]).rstrip()
    if isinstance(info, inspect.StrType):
        return f"text like {info.pattern}" if info.pattern else "text"
    return _NOUNS.get(type(info), "another value")


def _bounds(info: inspect.IntType | inspect.FloatType) -> list[str]:
    limits = ((">", info.gt), (">=", info.ge), ("<", info.lt), ("<=", info.le))
    return [f"{sign} {limit:.15g}" for sign, limit in limits if limit is not None]


_NOUNS: Final[dict[type[inspect.Type], str]] = {
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.StructType: "a mapping",
    inspect.DictType: "a mapping",
    inspect.ListType: "a list",
    inspect.VarTupleType: "a list",
    inspect.DateType: "a date such as 2026-08-03",
    inspect.DecimalType: "a decimal number",
}
