"""A plan as what a person would write: without the keys that have their default."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import yaml

from daemon.files.yaml_tree import parse_scalar
from daemon.plans.terms.plan import Plan


def written(part: msgspec.Struct) -> dict[str, Any]:
    """Return the keys of a struct that differ from their defaults, by their names in YAML."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if value != default:
            found[field.encode_name] = _plain(value)
    return found


def yaml_text(plans: Iterable[Plan]) -> str:
    """Return a configuration that holds these plans only."""
    rows = {"version": 1, "plans": {"list": [written(plan) for plan in plans]}}
    text: str = yaml.dump(rows, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=100)
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes what our own reader would take for a number or a word, such as an id of digits."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    try:
        is_plain = parse_scalar(value) == value
    except ValueError:
        is_plain = False
    style = None if is_plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return written(value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # as it would be written: 25, not 25.0
    return msgspec.to_builtins(value)
