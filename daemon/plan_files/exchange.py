"""A plan as JSON to paste: versioned, and refused where it is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from daemon.errors import ConfigError
from daemon.files.yaml_document import Document, dotted_path
from daemon.files.yaml_tree import Node
from daemon.plan_files.algotest import algotest_plans, is_algotest
from daemon.plan_files.written import written
from daemon.plans.terms.finding import Path
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.plan_checks import plan_errors

VERSION: Final = 1


class Imported(NamedTuple):
    """A plan that was read, and one line for each thing that was not taken over."""

    plan: Plan
    notes: tuple[str, ...]


def export_json(plan: Plan) -> str:
    """Return a plan as JSON of this version."""
    return msgspec.json.format(
        msgspec.json.encode({"version": VERSION, "plan": written(plan)}).decode(), indent=2
    )


def import_json(data: bytes, file: str) -> list[Imported]:
    """Return the plans in JSON: what `export_json` wrote, or an export of AlgoTest.

    Raises ConfigError, in one line, for what is neither and for a plan with errors.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{file}: expected JSON: {' '.join(str(error).split())}") from error
    if is_algotest(value):
        return [
            Imported(_decoded(plan, file), notes) for plan, notes in algotest_plans(value, file)
        ]
    if not isinstance(value, dict) or "plan" not in value:
        raise ConfigError(
            f"{file}: expected an export of this program (keys version and plan) or of AlgoTest "
            "(ListOfLegConfigs)"
        )
    if value.get("version") != VERSION:
        raise ConfigError(f"{file}: version: expected {VERSION}, was {value.get('version')!r}")
    unknown = sorted(value.keys() - {"version", "plan"})
    if unknown:
        raise ConfigError(f"{file}: {unknown[0]}: unknown key; known are version, plan")
    return [Imported(_decoded(value["plan"], file), ())]


def _decoded(plan: Any, file: str) -> Plan:
    document = Document(_node(plan), file)
    if not isinstance(plan, dict):
        raise ConfigError(f"{file}: plan: expected a mapping")
    try:
        decoded = document.to(Plan)
    except ConfigError as error:  # a part of JSON has no line
        raise ConfigError(str(error).replace(" with overrides:", ":", 1)) from error
    _refuse(plan_errors((), decoded), file)
    return decoded


def _refuse(findings: Iterable[tuple[Path, str]], file: str) -> None:
    for path, text in findings:
        raise ConfigError(f"{file}: {dotted_path(path)}: {text}")


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({key: _node(each) for key, each in value.items()})
    if isinstance(value, list):
        return Node([_node(each) for each in value])
    return Node(value, text=str(value))
