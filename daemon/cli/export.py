"""`run_fno_paper export RUN`: what a run traded, as a table."""

from __future__ import annotations

from pathlib import Path

from daemon.cli.journal import open_run
from daemon.export.file import check_file, write_table
from daemon.export.tables import check_table, table
from daemon.journal.history import history_of
from daemon.report.text import count
from daemon.runtime.series import kept_series


def export_table(run: str, out: Path, to: Path, name: str) -> tuple[str, str]:
    """Write a table of an account or a run to `to`; return what was done, and a note or "".

    Raises UsageError or JournalCorrupt.
    """
    check_table(name)
    check_file(to)
    with open_run(run, out) as store:
        history = history_of(store)
        kept = kept_series(store.directory).equity if name == "equity" else ()
        rows = write_table(to, name, table(name, history, kept), store.meta)
        done = f"{to}: {count(rows)} rows of {name}"
        if history.is_whole:
            return done, ""
        base = store.base()
    last = 0 if base is None else base.seq
    note = f"events up to {last} are in archives that are not here: what is in them is left out"
    return done, note
