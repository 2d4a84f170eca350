"""Which recordings of a live account are old enough to go (`recording.keep_days`).

The journal stays whole without them; what is lost is that day's exact replay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from feeds.recording.format import COMPACTED
from feeds.recording.reader import SUFFIX as LOG

NEEDED: Final = 4
"""The newest recording, which the next start takes up, and the three before it, which strategies
are warmed from where Kite gives no candles."""


class Removed(NamedTuple):
    """What was removed: files and their bytes; `failed` says why the first that stayed did."""

    files: int
    size: int
    failed: str = ""


def old_recordings(recordings: Sequence[Path], *, today: dt.date, keep_days: int) -> list[Path]:
    """Return the recordings (given oldest first) of days more than `keep_days` before `today`.

    Never one that a start or a warm-up needs, and none of a day of which a recording was not
    finished: that day is not closed in the journal, or could not be run again.
    """
    first_kept = today.toordinal() - keep_days
    unfinished = {_day(path) for path in recordings if not _is_finished(path)}
    return [
        path
        for path in recordings[:-NEEDED]
        if (day := _day(path)) and day < first_kept and day not in unfinished
    ]


def remove(recordings: Sequence[Path]) -> Removed:
    """Remove files, the oldest first, up to the first that cannot be removed."""
    files = size = 0
    for path in recordings:
        try:
            found = path.stat().st_size
            path.unlink()
        except OSError as error:
            return Removed(files, size, f"{path}: {error.strerror}")
        files, size = files + 1, size + found
    return Removed(files, size)


def _is_finished(path: Path) -> bool:
    """Return whether it was packed, and the log that it was packed from is gone."""
    return path.suffix == COMPACTED and not path.with_suffix(LOG).exists()


def _day(path: Path) -> int:
    """Return the day in a recording's name, such as 2026-11-25-1.parquet; 0 without one."""
    try:
        return dt.date.fromisoformat(path.stem.rpartition("-")[0]).toordinal()
    except ValueError:
        return 0
