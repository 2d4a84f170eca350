"""A setting is declared in `daemon/settings/config.py` and derived there, nowhere else."""

from __future__ import annotations

import ast
from typing import Any, Final

import msgspec
import pytest
from msgspec import NODEFAULT, inspect

from daemon.domain.intent import ExitOverrides
from daemon.domain.order import ExitRules
from daemon.settings.check import _SINCE_0_2_0
from daemon.settings.config import Config, ExecutionConfig
from tests.kit.source import modules

UNITS: Final = ("_s", "_ms", "_min", "_bps", "_mb")


def settings_with_units() -> set[str]:
    return {
        field.name
        for kind in msgspec.structs.fields(Config)
        for field in getattr(inspect.type_info(kind.type), "fields", ())
        if field.name.endswith(UNITS)
    }


def test_no_module_but_the_declaration_converts_a_setting_to_another_unit() -> None:
    names = settings_with_units() - {"rotation_mb"}  # the log library counts in bytes
    assert {"latency_ms", "stale_after_s", "square_off_before_close_min"} <= names
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.name != "daemon.settings.config"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
        for side in (node.left, node.right)
        if isinstance(side, ast.Attribute) and side.attr in names
    ]
    assert wrong == []


def test_what_is_derived_is_in_nanoseconds_and_whole() -> None:
    config = ExecutionConfig(
        latency_ms=500, reject_after_s=0.7, stale_after_s=0.1, quote_max_age_s=1e-9,
        candle_grace_ms=1, square_off_before_close_min=20,
    )  # fmt: skip
    assert config.latency_ns == 500_000_000
    assert config.reject_after_ns == 700_000_000
    assert config.stale_after_ns == 100_000_000
    assert config.quote_max_age_ns == 1
    assert config.candle_grace_ns == 1_000_000
    assert config.square_off_ns == 20 * 60 * 1_000_000_000


def default_at(path: tuple[str | None, ...]) -> Any:
    kind: Any = inspect.type_info(Config)
    for step in path[:-1]:
        if step is None:
            kind = kind.item_type
        else:
            kind = next(field.type for field in kind.fields if field.encode_name == step)
    [field] = [field for field in kind.fields if field.encode_name == path[-1]]
    made = field.default if field.default is not NODEFAULT else field.default_factory()
    return msgspec.to_builtins(made)


@pytest.mark.parametrize("path_and_value", _SINCE_0_2_0, ids=lambda row: ".".join(map(str, row[0])))
def test_what_a_fingerprint_leaves_out_is_the_declared_default(path_and_value: Any) -> None:
    path, value = path_and_value
    assert default_at(path) == value


def test_exit_settings_have_the_same_type_at_every_level() -> None:
    declared = {f.name: f.type for f in msgspec.structs.fields(ExecutionConfig)}
    for field in msgspec.structs.fields(ExitOverrides):
        assert field.type == declared[field.name] | None, field.name
        assert field.default is None
    resolved = {f.name for f in msgspec.structs.fields(ExitRules)} - {"step_trail"}  # of plans
    assert resolved <= {f.name for f in msgspec.structs.fields(ExitOverrides)}
