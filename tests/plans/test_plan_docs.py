"""docs/PLANS.md lists every key of a plan with its default, its choices and its rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec import NODEFAULT, inspect

from daemon.plans.terms.base import Distance
from daemon.plans.terms.plan import Plan
from tests.kit.source import ROOT

TEXT: Final = (ROOT / "docs/PLANS.md").read_text(encoding="utf-8")


def parts(kind: inspect.Type) -> dict[str, type[Any]]:
    """Every struct of a plan by name; a target is a stop without `range`, distances are words."""
    found: dict[str, type[Any]] = {}
    if isinstance(kind, inspect.StructType):
        found[kind.cls.__name__] = kind.cls
        for field in kind.fields:
            found |= parts(field.type)
    for below in getattr(kind, "types", ()):
        found |= parts(below)
    if isinstance(kind, inspect.VarTupleType):
        found |= parts(kind.item_type)
    return found


PARTS: Final = {
    name: cls
    for name, cls in parts(inspect.type_info(Plan)).items()
    if name not in ("Target", "Distance", "ExitOverrides", "SlLimitBuffer")
}


def shown(name: str) -> dict[str, tuple[str, str]]:
    """(values, default) of each key in the table of a struct."""
    table = TEXT.split(f"<!-- {name} -->\n")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| [^|]+ \|$", table, re.MULTILINE)
    return {key: (values, default) for key, values, default in rows}


def written(field: Any) -> str:
    default = field.default
    if field.default_factory is not NODEFAULT:
        default = field.default_factory()
    if default is NODEFAULT:
        return "required"
    if default is None or isinstance(default, bool):
        return f"`{str(default).lower() if default is not None else 'null'}`"
    if isinstance(default, msgspec.Struct):
        return "`{points: 0}`" if isinstance(default, Distance) else "`{}`"
    return "`[]`" if default == () else f"`{default}`"


def choices(kind: inspect.Type) -> set[str]:
    found = {str(value) for value in getattr(kind, "values", ())}
    for below in (*getattr(kind, "types", ()), getattr(kind, "item_type", None)):
        found |= choices(below) if below is not None else set()
    return found


@pytest.mark.parametrize("name", PARTS)
def test_every_key_of_a_plan_is_documented_with_its_default(name: str) -> None:
    fields = msgspec.structs.fields(PARTS[name])
    table = shown(name)
    assert list(table) == [field.encode_name for field in fields]
    assert {key: default for key, (_, default) in table.items()} == {
        field.encode_name: written(field) for field in fields
    }
    types = {field.encode_name: field.type for field in inspect.type_info(PARTS[name]).fields}  # type: ignore[attr-defined]
    for key, (values, _) in table.items():
        expected = choices(types[key])
        assert not expected or set(re.findall(r"`(\w+)`", values)) == expected, key


def test_every_shipped_plan_is_in_the_list() -> None:
    named = set(re.findall(r"configs/plans/([a-z-]+)\.yaml", TEXT))
    assert named == {file.stem for file in Path(ROOT / "configs/plans").glob("*.yaml")}
