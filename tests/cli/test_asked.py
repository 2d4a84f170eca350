"""Only the commands that are asked for are made, and nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from daemon.cli.asked import asked
from daemon.main import app


def commands(*arguments: str) -> set[str]:
    found: Any = typer.main.get_command(asked(app, arguments))
    return set(found.commands)


ALL = commands("--help")


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_command_that_is_named_is_the_one_that_is_made(name: str) -> None:
    assert commands(name, "configs/sample.yaml") == {name}


@pytest.mark.parametrize(
    "arguments", [(), ("--help",), ("chek", "configs/sample.yaml"), ("--config", "x", "--help")]
)
def test_help_and_a_command_that_is_not_there_have_all_of_them(arguments: tuple[str, ...]) -> None:
    assert commands(*arguments) == ALL
    assert {"check", "serve-ticks", "journal", "plan", "hook"} <= ALL


@pytest.mark.parametrize("arguments", [("--config", "configs/sample.yaml"), ("--version",)])
def test_a_run_has_none(arguments: tuple[str, ...]) -> None:
    assert commands(*arguments) == set()


def test_a_command_after_an_option_is_there_to_be_refused() -> None:
    assert commands("--config", "configs/sample.yaml", "check") == {"check"}
