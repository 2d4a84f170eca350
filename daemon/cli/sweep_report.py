"""`run_fno_paper sweep report DIR`: the page of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon.errors import UsageError
from daemon.lab.page.html import write_page
from daemon.lab.page.read import read_sweep

PAGE: Final = "sweep.html"


def write_sweep_page(directory: Path, to: Path | None = None) -> Path:
    """Write the page of a sweep's directory, into it unless `to` names a file; return where.

    Raises UsageError or JournalIOError.
    """
    path = to or directory / PAGE
    sweep = read_sweep(directory)
    try:
        return write_page(path, sweep)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
