"""`run_fno_paper compare A B`: where two runs went apart."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from daemon.lab.comparison.compare import compare
from daemon.lab.comparison.text import compared_json, compared_text
from daemon.runtime.run_files import find_run


class Compared(NamedTuple):
    """What is printed, and whether the runs differ."""

    text: str
    differs: bool


def compare_runs(a: str, b: str, out: Path, *, as_json: bool) -> Compared:
    """Compare two accounts or runs. Raises UsageError or JournalCorrupt."""
    found = compare(find_run(a, out), find_run(b, out))
    text = compared_json(found) if as_json else compared_text(found)
    return Compared(text, not found.is_equal)
