"""What the daemon itself says of its run: its metrics file, and what the kernel knows of it."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

import msgspec

from daemon.files.text_lines import read_stored
from daemon.metrics.histogram import HistogramRow
from daemon.runtime.run_files import METRICS_FILE

_PAGE: Final = resource.getpagesize()


class DaemonNumbers(msgspec.Struct, frozen=True):
    """The counts since the daemon's last start; nothing of a file that cannot be read."""

    ticks: int | None = None
    counters: dict[str, int] = {}
    timings: dict[str, HistogramRow] = {}

    def timing(self, name: str) -> HistogramRow | None:
        """Return a histogram of its name, None where the daemon has none that is whole."""
        row = self.timings.get(name)
        return row if row is not None and row.is_whole else None


def daemon_numbers(directory: Path) -> DaemonNumbers:
    """Return what the metrics file of an account says."""
    try:
        return msgspec.json.decode(read_stored(directory / METRICS_FILE), type=DaemonNumbers)
    except (OSError, ValueError):
        return DaemonNumbers()


def resident_bytes(pid: int | None) -> int | None:
    """Return the memory of a process, None where it cannot be seen."""
    if pid is None:
        return None
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(fields[1]) * _PAGE


def file_bytes(path: Path) -> int | None:
    """Return a file's size, None where it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return None
