"""The margin as the daemon last told it: in an account's metrics, or in the summary of a run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.domain.statistics import MarginStatus
from daemon.files.text_lines import read_stored
from daemon.runtime.run_files import METRICS_FILE, SUMMARY_FILE
from daemon.web.sources.watched import Watched


class _Told(msgspec.Struct):
    margin: dict[str, float | str | None] | None = None


class Margins:
    """The newest figures. `look` reads the file again only if it was replaced."""

    def __init__(self, watched: Watched) -> None:
        name = METRICS_FILE if watched.is_account else SUMMARY_FILE
        self._path: Path = watched.directory / name
        self._seen: tuple[int, int] | None = None
        self._status: MarginStatus | None = None

    def look(self) -> MarginStatus | None:
        """Return what is blocked; None if that is not computed or not told, or not readable."""
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_ino)
            if seen != self._seen:
                told = msgspec.json.decode(read_stored(self._path), type=_Told).margin
                self._status = None if told is None else MarginStatus.from_rupees(told)
                self._seen = seen
        except (OSError, ValueError):
            self._seen = self._status = None
        return self._status
