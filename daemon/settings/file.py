"""The configuration file: YAML in, one frozen `Config` out, or one line that says what to fix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daemon.errors import ConfigError
from daemon.files.yaml_document import Step, dotted_path, found, read_document
from daemon.files.yaml_tree import Node
from daemon.settings.check import problems
from daemon.settings.config import Config
from daemon.settings.inputs import locate_inputs

_OVERRIDES: Final = "overrides"
_SPEEDS: Final = (("feed", "replay", "speed"), ("feed", "synthetic", "speed"))


def load_config(path: Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read a file, lay `overrides` over it, and check all of it before anything trades on it.

    Overrides are keyed by dotted paths (`execution.fill_mode`) or nested like the file; mappings
    merge, everything else replaces. Inputs named by a relative path are looked for next to the
    file, those of an override in the working directory; the paths in the result are absolute.
    Raises ConfigError: file, line, path, expected and found.
    """
    document = read_document(path)
    for key, value in (overrides or {}).items():
        steps = tuple(key.split("."))
        _lay_over(document.root, steps, _node(value, steps))
    _speed_as_text(document.root)
    config = document.to(Config)
    for problem in problems(config):
        raise document.error(problem.path, problem.text)
    return locate_inputs(config, document)


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
    name, *rest = path
    if not isinstance(target.value, dict):
        was = found(target.value)
        raise ConfigError(f"{_OVERRIDES}: expected a mapping above {name!r}, was {was}")
    old = target.value.get(name)
    if rest:
        if old is None:
            old = target.value[name] = Node({})
        _lay_over(old, tuple(rest), new)
    elif old is not None and isinstance(old.value, dict) and isinstance(new.value, dict):
        for key, each in new.value.items():
            _lay_over(old, (key,), each)
    else:
        target.value[name] = new


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
