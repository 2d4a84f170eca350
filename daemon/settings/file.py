"""The configuration file: YAML in, one frozen `Config` out, or one line that says what to fix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daemon.errors import ConfigError
from daemon.files.yaml_document import (
    Document,
    Step,
    dotted_path,
    found,
    near_match,
    read_document,
)
from daemon.files.yaml_tree import Node
from daemon.settings.check import problems
from daemon.settings.config import Config
from daemon.settings.inputs import locate_inputs

_OVERRIDES: Final = "overrides"
_SPEEDS: Final = (("feed", "replay", "speed"), ("feed", "synthetic", "speed"))
_LIST: Final = "list"


class ConfigFile:
    """A configuration file that was read once, for any number of sets of overrides."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises ConfigError."""
        self._document = read_document(path)

    def config(self, overrides: Mapping[str, Any] | None = None) -> Config:
        """Return the configuration with `overrides` laid over it, as `load_config` does."""
        document = Document(_copied(self._document.root), self._document.file)
        for key, value in (overrides or {}).items():
            steps = tuple(key.split("."))
            _lay_over(document.root, steps, _node(value, steps))
        _speed_as_text(document.root)
        config = document.to(Config)
        for problem in problems(config):
            raise document.error(problem.path, problem.text)
        return locate_inputs(config, document)


def load_config(path: Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read a file, lay `overrides` over it, and check all of it before anything trades on it.

    Overrides are keyed by dotted paths (`execution.fill_mode`) or nested like the file; mappings
    merge, everything else replaces. An item of a list is named by its id, and the key `list` is
    left out (`strategies.ID.params.fast`, `plans.ID.legs.LEG.lots`). Inputs named by a relative
    path are looked for next to the file, those of an override in the working directory; the paths
    in the result are absolute. Raises ConfigError: file, line, path, expected and found.
    """
    return ConfigFile(path).config(overrides)


def is_sweep_file(path: Path) -> bool:
    """Return whether a YAML file is a sweep's and no configuration. Raises ConfigError."""
    return "sweep" in read_document(path).root.value


def _copied(node: Node) -> Node:
    if isinstance(node.value, dict):
        return Node({key: _copied(below) for key, below in node.value.items()}, node.line)
    if isinstance(node.value, list):
        return Node([_copied(below) for below in node.value], node.line)
    return Node(node.value, node.line, node.text)


def _node(value: Any, path: tuple[Step, ...]) -> Node:
    if isinstance(value, Mapping):
        return Node({str(key): _node(each, (*path, str(key))) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return Node([_node(each, (*path, at)) for at, each in enumerate(value)])
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused(path, f"expected a finite number, was {value}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _refused(path, "expected an integer of at most 64 bits")
    if value is not None and not isinstance(value, bool | int | float | str):
        raise _refused(path, f"expected a plain value, was a {type(value).__name__}")
    return Node(value, text=str(value))


def _refused(path: tuple[Step, ...], text: str) -> ConfigError:
    return ConfigError(f"{_OVERRIDES}: {dotted_path(path)}: {text}")


def _lay_over(target: Node, path: tuple[str, ...], new: Node) -> None:
    item, steps = _item(target, path)
    if item is not None:
        _merge(item, steps, new)
        return
    name, *rest = path
    if not isinstance(target.value, dict):
        was = found(target.value)
        raise ConfigError(f"{_OVERRIDES}: expected a mapping above {name!r}, was {was}")
    old: Node | None = target.value.get(name)
    if rest:
        below = target.value.setdefault(name, Node({}))
        _lay_over(below, tuple(rest), new)
    elif old is not None and _is_mapping(old) and _is_mapping(new):
        _merge(old, (), new)
    else:
        target.value[name] = new


def _merge(old: Node, path: tuple[str, ...], new: Node) -> None:
    """Lay a value over what lies at a path below a node; without a path over the node itself."""
    if path:
        _lay_over(old, path, new)
    elif _is_mapping(new):
        for key, below in new.value.items():
            _lay_over(old, (key,), below)
    else:
        raise ConfigError(f"{_OVERRIDES}: expected a mapping of its keys, was {found(new.value)}")


def _item(target: Node, path: tuple[str, ...]) -> tuple[Node | None, tuple[str, ...]]:
    """Return the item of a list that a path begins with, and the rest; None where it is a key.

    An id may have dots in it.
    """
    items = target
    if _is_mapping(target) and path[0] not in target.value:
        items = target.value.get(_LIST, target)
    if not isinstance(items.value, list):
        return None, path
    known = {
        each.value["id"].value: each
        for each in items.value
        if _is_mapping(each) and "id" in each.value
    }
    for length in range(len(path), 0, -1):
        if (name := ".".join(path[:length])) in known:
            return known[name], path[length:]
    if known and (items is target or len(path) > 1):
        hint = near_match(path[0], [str(name) for name in known])
        raise ConfigError(f"{_OVERRIDES}: {'.'.join(path)}: no item has the id {path[0]!r}{hint}")
    return None, path


def _speed_as_text(root: Node) -> None:
    """Keep `speed: 10` and `speed: max` as they were written."""
    for path in _SPEEDS:
        node: Any = root
        for name in path:
            node = node.value.get(name) if _is_mapping(node) else None
        if isinstance(node, Node) and type(node.value) in (int, float):
            node.value = node.text


def _is_mapping(node: Any) -> bool:
    return isinstance(node, Node) and isinstance(node.value, dict)
