"""`run_fno_paper journal show|export|verify|explain`: read a run's journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from daemon.journal import explain as explain_module
from daemon.journal import show as show_module
from daemon.journal.store import JournalStore
from daemon.run_files import find_run

journal = typer.Typer(help="Read a run's journal.", no_args_is_help=True)

Run = Annotated[str, typer.Option("--run", help="The run's directory or id; default the newest.")]
Out = Annotated[Path, typer.Option("--out", help="The output directory that holds the runs.")]
ARTIFACTS = Path("artifacts")


def open_run(run: str, out: Path) -> JournalStore:
    """The journal of a run, the newest if none is named. Raises UsageError, JournalCorrupt."""
    return JournalStore.open(find_run(run, out))


@journal.command()
def show(
    run: Run = "",
    out: Out = ARTIFACTS,
    limit: Annotated[int, typer.Option(min=1, help="How many rows of each.")] = 20,
) -> None:
    """Show the newest orders and trades."""
    with open_run(run, out) as store:
        typer.echo(show_module.show(store, limit).text())


@journal.command()
def export(
    run: Run = "",
    out: Out = ARTIFACTS,
    to: Annotated[Path | None, typer.Option("--to", help="A file; default the terminal.")] = None,
) -> None:
    """Write the trading events as JSON Lines, the same bytes for the same run."""
    with open_run(run, out) as store:
        count = show_module.export(store, to)
    if to is not None:
        typer.echo(f"{count} events written to {to}", err=True)


@journal.command()
def verify(run: Run = "", out: Out = ARTIFACTS) -> None:
    """Check every event from the first: both hash chains, the head file, the fold."""
    from daemon.journal.recovery import fold

    with open_run(run, out) as store:
        report = store.verify()
        ledger = fold(store)
    typer.echo(
        f"{store.directory}: intact, {report.events} events and {report.operations} operations; "
        f"{ledger.total_orders} orders, {len(ledger.positions)} positions open"
    )


@journal.command()
def explain(
    order_id: Annotated[str, typer.Argument(help="Such as V3-20261118-000001.")],
    run: Run = "",
    out: Out = ARTIFACTS,
) -> None:
    """Tell an order's life in plain words."""
    with open_run(run, out) as store:
        typer.echo(explain_module.explain(store, order_id))
