"""`run_fno_paper plan new|import|export`: plans as files."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from daemon.cli.say import say, say_text
from daemon.errors import ConfigError, UsageError

plan = typer.Typer(help="Write, read and pass on plans.", no_args_is_help=True)

To = Annotated[Path | None, typer.Option("--to", help="A new file; default the terminal.")]
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_MAX_BYTES: Final = 1 << 20


@plan.command()
def new(
    name: Annotated[str, typer.Argument(help="The plan's id: letters, digits, _ . and -.")],
    to: Annotated[Path | None, typer.Option("--to", help="Default NAME.yaml, here.")] = None,
) -> None:
    """Write a configuration with one plan, every line of it explained."""
    from daemon.plan_files.template import template_text

    if not _ID.fullmatch(name):
        raise UsageError(f"{name}: expected letters, digits, _ . and -, at most 40")
    path = Path(f"{name}.yaml") if to is None else to
    _write(path, template_text(name))
    say(f"wrote {path}")
    say(f"next: run_fno_paper check {path}")


@plan.command("import")
def import_(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON; - reads what is piped.")],
    to: To = None,
) -> None:
    """Turn JSON into a plan in YAML: that of `plan export`, or an export of AlgoTest.

    What has no counterpart here is named on the terminal, one line each.
    """
    from daemon.plan_files.exchange import import_json
    from daemon.plan_files.written import yaml_text

    found = import_json(_read(source), "stdin" if source == "-" else source)
    text = yaml_text([each.plan for each in found])
    if to is None:
        say_text(text.removesuffix("\n"))
    else:
        _write(to, text)
        say(f"wrote {to}")
    for taken in found:
        for note in taken.notes:
            say(f"plan {taken.plan.id}: not taken over: {note}", err=True)


@plan.command("export")
def export(
    config: Annotated[Path, typer.Argument(help="The YAML configuration.")],
    name: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id.")],
) -> None:
    """Print a plan as JSON to paste."""
    from daemon.plan_files.exchange import export_json
    from daemon.settings.file import load_config

    plans = load_config(config).plans.items
    for each in plans:
        if each.id == name:
            say_text(export_json(each))
            return
    known = ", ".join(each.id for each in plans) or "none"
    raise UsageError(f"{name}: {config} has no such plan; it has {known}")


def _read(source: str) -> bytes:
    try:
        if source == "-":
            data = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{source}: cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{source}: expected at most {_MAX_BYTES} bytes")
    return data


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(
            f"{path}: is there already; nothing was written, name another file"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
