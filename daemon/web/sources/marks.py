"""The last prices of a run that is over: what it kept for its report."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from daemon.errors import JournalCorrupt
from daemon.runtime.run_files import SERIES_FILE
from daemon.runtime.series import Series, kept_series, last_marks


def last_prices_of(directory: Path) -> dict[str, int]:
    """Return the last price (paise) of each symbol, none where nothing was kept."""
    series = series_of(directory)
    return {} if series is None else last_marks(series)


def series_of(directory: Path) -> Series | None:
    """Return the series that a run kept, None without one that can be read."""
    try:
        found = (directory / SERIES_FILE).stat()
    except OSError:
        return None
    return _read(directory, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=4)
def _read(directory: Path, _changed: int, _inode: int) -> Series | None:
    try:
        return kept_series(directory)
    except (OSError, JournalCorrupt):
        return None
