"""The border of the terminal: what the commands print goes through here, escaped."""

from __future__ import annotations

import typer

from daemon.visible import visible, visible_lines


def say(text: str, *, err: bool = False) -> None:
    """Print one line; what it holds from outside cannot make a second or move the cursor."""
    typer.echo(visible(text), err=err)


def say_text(text: str, *, err: bool = False) -> None:
    """Print lines whose parts are escaped already, such as a table or a traceback."""
    typer.echo(visible_lines(text), err=err)
