"""The static checks that every change must pass are asked for, and by the command that CI runs."""

from __future__ import annotations

import subprocess
import tomllib
from typing import Any

import pytest

from tests.kit.cli import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINTED = {"B", "S", "BLE", "DTZ", "ASYNC"}
CODE = {"daemon", "feeds", "strategies"}


def recipe(target: str) -> str:
    """What make would run, without the set-up."""
    done = subprocess.run(
        ["make", "--dry-run", "--assume-old=.venv/.ready", target],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_the_linter_looks_for_what_is_unsafe_blind_or_without_a_zone() -> None:
    lint = PROJECT["tool"]["ruff"]["lint"]
    assert set(lint["select"]) >= LINTED
    assert not [each for each in lint["ignore"] if each.startswith(tuple(LINTED - {"S"}))]
    assert [each for each in lint["ignore"] if each.startswith("S")] == ["S101"]
    assert list(lint["per-file-ignores"]) == ["tests/**", "docs/notebooks/**"]


def test_types_are_strict_on_code_and_tests() -> None:
    types = PROJECT["tool"]["mypy"]
    assert types["strict"] is True
    assert set(types["packages"]) == CODE | {"tests"}


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy", "bandit"])
def test_make_check_runs_it(command: str) -> None:
    assert f".venv/bin/{command}" in recipe("check")


def test_bandit_reads_all_code() -> None:
    [line] = [each for each in recipe("check").splitlines() if "bandit" in each]
    assert set(line.split()) >= CODE


def test_ci_runs_the_checks_and_the_tests() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert {"make check", "make test"} <= set(lines)
    assert "set -euo pipefail" in lines, "a failed line must fail the whole"
