"""Where a run keeps its files: `runs/RUN_ID` under the output directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import JournalIOError, UsageError
from daemon.metrics.writer import replace_file

CONFIG_FILE: Final = "config.json"
SUMMARY_FILE: Final = "summary.json"
SERIES_FILE: Final = "series.json"
REPORT_FILE: Final = "report.html"
EXPORT_FILE: Final = "events.jsonl"
_RUNS_MAX: Final = 100_000


def new_run_directory(out: Path, feed: str, fingerprint: str) -> Path:
    """A fresh directory for a run. Raises JournalIOError if it cannot be made.

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


def find_run(text: str, out: Path) -> Path:
    """The directory of a run given by path or by id. Raises UsageError with the newest ones."""
    for candidate in (Path(text), out / "runs" / text):
        if candidate.is_dir():
            return candidate
    runs = out / "runs"
    known: list[Path] = []
    if runs.is_dir():
        known = sorted(runs.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)[:5]
    hint = ", ".join(each.name for each in known) or "none yet"
    raise UsageError(f"run {text!r} not found; the newest under {runs}: {hint}")


def write_json(path: Path, value: object) -> None:
    """Put a value at `path` as JSON, in one step. Raises JournalIOError."""
    data = msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
    try:
        replace_file(path, data)
    except OSError as error:
        raise JournalIOError(f"{path}: cannot be written ({error.strerror})") from error
