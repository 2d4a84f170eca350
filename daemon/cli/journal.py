"""`run_fno_paper journal show|export|verify|explain|archive|backup`: read and keep a journal."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.say import say, say_text
from daemon.domain.dates import DAY_NS, ist_date, ist_midnight
from daemon.errors import UsageError

if TYPE_CHECKING:
    from daemon.journal.store import JournalStore

journal = typer.Typer(help="Read a run's journal, and keep it small.", no_args_is_help=True)

Run = Annotated[
    str,
    typer.Option("--run", help="An account, or a run's directory or id; default the newest run."),
]
Out = Annotated[
    Path, typer.Option("--out", help="The output directory that holds the runs and accounts.")
]
ARTIFACTS = Path("artifacts")


def open_run(run: str, out: Path) -> JournalStore:
    """Open the journal of an account or a run, verified. Raises UsageError, JournalCorrupt."""
    from daemon.journal.store import JournalStore
    from daemon.runtime.run_files import find_run

    return JournalStore.open_whole(find_run(run, out))


@journal.command()
def show(
    run: Run = "",
    out: Out = ARTIFACTS,
    limit: Annotated[int, typer.Option(min=1, help="How many rows of each.")] = 20,
    operations: Annotated[
        bool, typer.Option("--operations", help="What the process met instead: starts, gaps.")
    ] = False,
) -> None:
    """Show the newest orders and trades."""
    from daemon.journal import show as show_module
    from daemon.journal.operations import operations_text

    with open_run(run, out) as store:
        if operations:
            say_text(operations_text(store, limit))
        else:
            say_text(show_module.show(store, limit).text())


@journal.command()
def export(
    run: Run = "",
    out: Out = ARTIFACTS,
    to: Annotated[Path | None, typer.Option("--to", help="A file; default the terminal.")] = None,
) -> None:
    """Write the trading events as JSON Lines, the same bytes for the same run."""
    from daemon.journal import show as show_module

    with open_run(run, out) as store:
        count = show_module.export(store, to)
        archived = show_module.archived_text(store)
    if to is not None:
        say(f"{count} events written to {to}", err=True)
    if archived:
        say(archived, err=True)


@journal.command()
def verify(run: Run = "", out: Out = ARTIFACTS) -> None:
    """Check every event from the first: hash chains, head file, fold, archives, snapshots."""
    from daemon.journal.audit import audit
    from daemon.journal.store import JournalStore
    from daemon.runtime.run_files import find_run

    with JournalStore.open(find_run(run, out)) as store:
        report = audit(store)
    for note in report.notes:
        say(note, err=True)
    found, ledger = report.journal, report.ledger
    archives = f" and {report.archived_events} in {report.archives} archive(s)"
    say(
        f"{store.directory}: intact, {found.events} events"
        f"{archives if report.archives else ''} and {found.operations} operations; "
        f"{ledger.total_orders} orders, {len(ledger.positions)} positions open"
    )


@journal.command()
def explain(
    order_id: Annotated[
        str,
        typer.Argument(
            help="Such as V3-20261118-000001, straddle-20261118-1, GTT-7, X-20261118-000001, risk."
        ),
    ],
    run: Run = "",
    out: Out = ARTIFACTS,
) -> None:
    """Tell in plain words the life of an order, a GTT or a plan's round, or the risk states."""
    from daemon.journal.explain import explain as explained

    with open_run(run, out) as store:
        say_text(explained(store, order_id))


@journal.command()
def archive(
    run: Annotated[str, typer.Argument(help="An account, or a run's directory or id.")] = "",
    out: Out = ARTIFACTS,
    before: Annotated[
        str, typer.Option("--before", help="Move what is before this date; default today.")
    ] = "",
    runs: Annotated[
        bool, typer.Option("--runs", help="Pack whole finished replay runs instead.")
    ] = False,
    older_than: Annotated[
        int, typer.Option("--older-than", min=0, help="With --runs: days since they began.")
    ] = 30,
) -> None:
    """Move events of finished days into an archive, or pack old runs; not while they run."""
    from daemon.process.clock import Clock
    from daemon.runtime.run_files import find_run

    now_ts = Clock().now_ns()
    if runs:
        if run or before:
            raise UsageError("--runs packs all old runs; leave the name and --before out")
        _archive_runs(out / "runs", now_ts - older_than * DAY_NS)
    elif run:
        _archive_events(find_run(run, out), _midnight(before, now_ts), now_ts)
    else:
        raise UsageError("say whose journal: run_fno_paper journal archive ACCOUNT, or --runs")


@journal.command()
def backup(
    run: Annotated[str, typer.Argument(help="An account, or a run's directory or id.")],
    to: Annotated[Path, typer.Argument(help="The directory to make, such as backups/monday.")],
    out: Out = ARTIFACTS,
) -> None:
    """Copy an account or a run, also while it trades, and verify the copy."""
    from daemon.runtime.backup import back_up
    from daemon.runtime.run_files import find_run

    done = back_up(find_run(run, out), to)
    for note in done.audit.notes:
        say(note, err=True)
    say(
        f"{done.directory}: a backup that verifies, {done.audit.journal.events} events, "
        f"{done.recordings} recording(s), {_size(done.size)}"
    )


def _archive_events(directory: Path, before_ts: int, now_ts: int) -> None:
    from daemon.journal.archive import archive_events

    report = archive_events(directory, before_ts=before_ts, now_ts=now_ts)
    if report is None:
        say(f"{directory}: nothing to archive before {ist_date(before_ts)}")
        return
    say(
        f"{directory}: events {report.first_seq} to {report.last_seq} are in {report.file}; the "
        f"journal went from {_size(report.bytes_before)} to {_size(report.bytes_after)}"
    )
    if report.note:
        say(report.note, err=True)


def _archive_runs(runs: Path, before_ts: int) -> None:
    from daemon.journal.archive_runs import archive_runs

    if not runs.is_dir():
        raise UsageError(f"no run under {runs} yet")
    report = archive_runs(runs, before_ts=before_ts)
    for name, reason in report.left.items():
        say(f"{name} was left: {reason}", err=True)
    for path in report.packed:
        say(str(path))
    say(f"{len(report.packed)} runs packed, {len(report.left)} left")


def _midnight(before: str, now_ts: int) -> int:
    """Return midnight before a date, of today for an empty text; tomorrow has no events."""
    today = ist_date(now_ts)
    try:
        date = dt.date.fromisoformat(before) if before else today
    except ValueError as error:
        raise UsageError(f"--before {before}: expected a date such as 2026-11-23") from error
    if date > today:
        raise UsageError(f"--before {before}: today ({today}) is not finished; name it or earlier")
    return ist_midnight(date)


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"
