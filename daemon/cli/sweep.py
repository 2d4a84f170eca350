"""`run_fno_paper sweep FILE`: many variants of a configuration, on all of the machine's cores."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from daemon.cli.journal import ARTIFACTS
from daemon.cli.say import say, say_text
from daemon.cli.sweep_executor import executor_for
from daemon.errors import ExitCode

if TYPE_CHECKING:
    from daemon.lab.sweep.executor import Executor


class FileFirst(TyperGroup):
    """A group of commands whose first word may be the file of the command `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before a file, and before options of it."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


sweep = typer.Typer(
    help="Run many variants of a configuration: `sweep FILE`.", cls=FileFirst, no_args_is_help=True
)

Cluster = Annotated[
    str, typer.Option(help="HOST:PORT of a dask scheduler: run on its nodes instead.")
]
DataDir = Annotated[
    Path | None, typer.Option("--data", help="Replaces ${FNO_DATA} in paths of recordings.")
]


@sweep.command()
def report(
    directory: Annotated[Path, typer.Argument(help="The directory of a sweep (sweep=NAME).")],
    to: Annotated[Path | None, typer.Option("--to", help="Where to write the page.")] = None,
) -> None:
    """Write the page of a sweep again: one self-contained HTML file."""
    from daemon.cli.sweep_report import write_sweep_page

    say(str(write_sweep_page(directory, to)))


@sweep.command()
def run(
    file: Annotated[Path, typer.Argument(help="The sweep file (YAML).")],
    out: Annotated[Path, typer.Option(help="The output directory.")] = ARTIFACTS,
    workers: Annotated[
        int, typer.Option(help="Processes; default one for each core.", min=0, max=1024)
    ] = 0,
    cluster: Cluster = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would be run, and what is wrong.")
    ] = False,
    data: DataDir = None,
) -> None:
    """Run a sweep, or what is missing of it; the default of `sweep FILE`."""
    if check:
        from daemon.cli.check_sweep import check_sweep

        for line in check_sweep(file, data):
            say(line)
        return
    if not _swept(file, out, partial(executor_for, cluster, workers), data):
        raise typer.Exit(ExitCode.INTERRUPTED)


@sweep.command()
def show(
    key: Annotated[str, typer.Argument(help="A variant's key, or how it begins.")],
    out: Annotated[Path, typer.Option(help="The output directory of the sweep.")] = ARTIFACTS,
    name: Annotated[str, typer.Option("--sweep", help="The sweep; default any.")] = "",
    cluster: Cluster = "",
    data: DataDir = None,
) -> None:
    """Show the numbers of a variant, run it again, and compare what it decides."""
    from daemon.cli.sweep_show import shown_again

    for line in shown_again(key, out, name, partial(executor_for, cluster, 0), data):
        say(line)


def _swept(file: Path, out: Path, executor_of: Callable[[], Executor], data: Path | None) -> bool:
    """Run a sweep and say what it came to; return False where a person stopped it."""
    from daemon.cli.sweep_report import write_sweep_page
    from daemon.cli.sweep_words import (
        best_text,
        closing_lines,
        refuse_if_none_ran,
        windows_text,
    )
    from daemon.lab.sweep.all_rounds import rounds_of
    from daemon.lab.sweep.file import load_sweep
    from daemon.lab.sweep.jobs import JobMaker
    from daemon.lab.sweep.run import run_sweep
    from daemon.lab.sweep.runner import Terms
    from daemon.lab.sweep.store import SweepStore

    loaded = load_sweep(file)
    rounds, maker = rounds_of(loaded), JobMaker(loaded, data)
    with (
        closing(SweepStore(out, loaded.sweep.name)) as store,
        closing(executor_of()) as executor,
        _interrupts() as stopping,
    ):
        place = None if data is None else str(data.absolute())
        terms = Terms(loaded.sweep.batch, place, stopping, lambda text: say(text, err=True))
        swept = run_sweep(loaded, rounds, maker, store, executor, terms)
        page = write_sweep_page(store.directory)
    say_text(best_text(swept))
    if swept.windows:
        say_text(windows_text(swept))
    say(str(page))
    for line in closing_lines(swept):
        say(line)
    if not swept.was_stopped:
        refuse_if_none_ran(swept)
    return not swept.was_stopped


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Yield whether Ctrl-C or a SIGTERM came; a second one ends the process."""
    numbers: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if numbers:
            raise typer.Exit(ExitCode.INTERRUPTED)
        numbers.append(number)

    before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(numbers)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
