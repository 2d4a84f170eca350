"""The last prices of a run that is over: what it kept for its report."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from daemon.errors import JournalCorrupt
from daemon.files.text_lines import read_stored
from daemon.runtime.run_files import SERIES_FILE
from daemon.runtime.series import Series, last_marks, read_series


def last_prices_of(directory: Path) -> dict[str, int]:
    """Return the last price (paise) of each symbol, none where nothing was kept."""
    series = series_of(directory)
    return {} if series is None else last_marks(series)


def series_of(directory: Path) -> Series | None:
    """Return the series that a run kept, None without one that can be read."""
    path = directory / SERIES_FILE
    try:
        found = path.stat()
    except OSError:
        return None
    return _read(path, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _inode: int) -> Series | None:
    try:
        return read_series(read_stored(path), str(path))
    except (OSError, ValueError, JournalCorrupt):
        return None
