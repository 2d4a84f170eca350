"""The part of the command line that the arguments ask for."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import typer
from typer.models import CommandInfo


def asked(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """Return the program with the commands that the arguments name, or as it is.

    Typer makes a parser for each command, which takes longer than most commands' work. It needs all
    of them for help, and to say which command was meant by one that is not there.
    """
    first = arguments[0] if arguments else ""
    commands = {_name(each): each for each in app.registered_commands}
    groups = {str(each.name): each for each in app.registered_groups}
    is_run = first.startswith("-") and "--help" not in arguments
    if not (is_run or first in commands or first in groups):
        return app
    found = copy(app)
    found.registered_commands = [each for name, each in commands.items() if name in arguments]
    found.registered_groups = [each for name, each in groups.items() if name in arguments]
    return found


def _name(command: CommandInfo) -> str:
    assert command.callback is not None
    return command.name or command.callback.__name__
