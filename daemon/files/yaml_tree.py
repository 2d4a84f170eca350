"""YAML without its surprises: a tree of located values, or one line that says what is wrong.

Only what a person means by plain YAML is read: mappings, lists, text, numbers, true, false and
null. Times, dates, `010`, `yes` and `on` stay text; anchors, tags and merge keys are refused.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import yaml

from daemon.errors import ConfigError

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
# libyaml where PyYAML was built with it: the same events, ten times faster.
_LOADER: Final = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class Node(msgspec.Struct):
    """A value and where it was written: `line` counts from 1, of its key where it has one.

    `value` is a scalar, a dict of nodes or a list of nodes. Line 0: it came from no file.
    """

    value: Any
    line: int = 0
    text: str = ""
    """A scalar as it was written."""


def parse_scalar(text: str) -> bool | int | float | str | None:
    """Return the value of unquoted text, by the rules of the files (for `--set key=value`).

    Raises ValueError for infinity, NaN and integers beyond 64 bits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
            raise ValueError(f"expected an integer of at most 64 bits, was {text[:40]}")
        return int(text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"expected a finite number, was {text}")
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"expected a finite number, was {text[:40]}")
        return number
    return text


def read_tree(path: Path) -> Node:
    """Return the tree of a YAML file. Raises ConfigError with the file and the line."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: expected at most {MAX_BYTES} bytes")
    return parse_tree(data, str(path))


def parse_tree(data: bytes, file: str) -> Node:
    """Return the tree of YAML text; `file` is what errors call it. Raises ConfigError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file}:{line}: expected UTF-8 text") from error
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.add(event)
    except yaml.YAMLError as error:
        raise _syntax_error(file, data, error) from error
    if builder.root is None:
        raise ConfigError(f"{file}:1: expected a mapping, the file is empty")
    return builder.root


def plain(node: Node) -> Any:
    """Return the values of a tree without their places."""
    if isinstance(node.value, dict):
        return {key: plain(each) for key, each in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def _syntax_error(file: str, data: bytes, error: yaml.YAMLError) -> ConfigError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line = error.problem_mark.line + 1
        problem = error.problem or "not YAML"
    else:
        line = data[: getattr(error, "position", 0)].count(b"\n") + 1
        problem = getattr(error, "reason", "not YAML")
    return ConfigError(f"{file}:{line}: expected YAML, {' '.join(str(problem).split())}")


class _Builder:
    """Builds the tree from parser events with a stack of its own: depth cannot overflow."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.open: list[Node] = []
        self.keys: list[tuple[str, int] | None] = []
        """For each open container the key that waits for its value."""

    def add(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self._error(event, "expected one document")
        if isinstance(event, yaml.AliasEvent):
            raise self._error(event, "aliases are not allowed, write the value out")
        if isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
            self.keys.pop()
        if isinstance(event, yaml.NodeEvent):
            self._add_node(event)

    def _add_node(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise self._error(event, "anchors are not allowed")
        if event.tag is not None:  # type: ignore[attr-defined]
            raise self._error(event, "tags are not allowed")
        wants_key = bool(self.open) and isinstance(self.open[-1].value, dict) and not self.keys[-1]
        if wants_key:
            self._add_key(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._place(Node(self._scalar(event), _line(event), event.value))
        else:
            empty: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            node = Node(empty, _line(event))
            self._place(node)
            self.open.append(node)
            self.keys.append(None)
            if len(self.open) > MAX_DEPTH:
                raise self._error(event, f"expected at most {MAX_DEPTH} levels")

    def _add_key(self, event: yaml.NodeEvent) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(event, "expected a key of plain text")
        key = event.value
        if key == "<<" and event.implicit[0]:
            raise self._error(event, "merge keys are not allowed")
        before = self.open[-1].value.get(key)
        if before is not None:
            raise self._error(event, f"key {key!r} is given twice, first in line {before.line}")
        self.keys[-1] = (key, _line(event))

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if not event.implicit[0]:
            return event.value
        try:
            return parse_scalar(event.value)
        except ValueError as error:
            raise self._error(event, str(error)) from error

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node
        elif isinstance(self.open[-1].value, list):
            self.open[-1].value.append(node)
        else:
            waiting = self.keys[-1]
            assert waiting is not None
            key, node.line = waiting
            self.open[-1].value[key] = node
            self.keys[-1] = None

    def _error(self, event: yaml.Event, text: str) -> ConfigError:
        return ConfigError(f"{self.file}:{_line(event)}: {text}")


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    assert mark is not None
    return int(mark.line) + 1
