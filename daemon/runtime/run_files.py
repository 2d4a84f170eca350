"""Where a run keeps its files: `runs/RUN_ID` under the output directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import JournalIOError, UsageError
from daemon.files.private import user_name
from daemon.files.replace import replace_file
from daemon.journal.files import DATABASE
from daemon.settings.account_name import is_account_name

ACCOUNTS: Final = "accounts"
CONFIG_FILE: Final = "config.json"
SUMMARY_FILE: Final = "summary.json"
METRICS_FILE: Final = "metrics.json"
"""The numbers of one account; `metrics.path` is the file that accounts share."""
SERIES_FILE: Final = "series.json"
REPORT_FILE: Final = "report.html"
RECORDINGS: Final = "recordings"
_RUNS_MAX: Final = 100_000


def new_run_directory(out: Path, feed: str, fingerprint: str) -> Path:
    """Make a new directory for a run. Raises JournalIOError if it cannot be made.

    The name says the feed and the configuration; running the same again counts up.
    """
    runs = out / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for number in range(1, _RUNS_MAX):
            directory = runs / f"{feed}-{fingerprint[:8]}-{number:03d}"
            try:
                directory.mkdir()
            except FileExistsError:
                continue
            return directory
    except OSError as error:
        raise JournalIOError(
            f"{runs}: cannot make a directory for the run ({os.strerror(error.errno or 0)}); "
            "choose another with --out"
        ) from error
    raise JournalIOError(f"{runs}: holds too many runs of one configuration; move some away")


def newest_runs(out: Path) -> list[Path]:
    """Return the runs and accounts under `out` that have a journal, the newest first."""
    places = [out / "runs", out / ACCOUNTS]
    found = [entry for place in places if place.is_dir() for entry in place.iterdir()]
    return sorted(filter(_has_journal, found), key=_began, reverse=True)


def _has_journal(directory: Path) -> bool:
    return os.path.exists(directory / DATABASE)  # False without permission to look


def _began(run: Path) -> tuple[int, str]:
    """Return when a run began, or an account was last written; a report makes nothing newer."""
    config = run / CONFIG_FILE
    return ((config if config.exists() else run / DATABASE).stat().st_mtime_ns, run.name)


def find_run(text: str, out: Path) -> Path:
    """Return the directory of a run given by path or by id, the newest for an empty text.

    Raises UsageError that names the newest ones.
    """
    if not text:
        newest = newest_runs(out)
        if newest:
            return newest[0]
        raise UsageError(f"no run under {out} yet; make one, or say where with --out")
    accounts = [out / ACCOUNTS / text] if is_account_name(text) else []
    for candidate in (Path(text), out / "runs" / text, *accounts):
        if candidate.is_dir():
            refuse_unreadable(candidate)
            return candidate
    hint = ", ".join(each.name for each in newest_runs(out)[:5]) or "none yet"
    raise UsageError(f"run {text!r} not found; the newest under {out}: {hint}")


def refuse_unreadable(directory: Path) -> None:
    """Refuse a directory that another user has closed, in a line. Raises UsageError."""
    if directory.is_dir() and not os.access(directory, os.R_OK | os.X_OK):
        owner = user_name(directory.stat().st_uid)
        raise UsageError(f"{directory}: only its owner ({owner}) may read it; ask as that user")


def write_json(path: Path, value: object) -> None:
    """Put a value at `path` as JSON, in one step. Raises JournalIOError."""
    data = msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
    try:
        replace_file(path, data)
    except OSError as error:
        raise JournalIOError(f"{path}: cannot be written ({error.strerror})") from error


def write_raw_json(path: Path, text: str) -> None:
    """Put a value that is JSON already at `path`. Raises JournalIOError."""
    write_json(path, msgspec.Raw(text.encode()))
