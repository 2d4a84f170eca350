"""A live run's recording, opened in whichever form it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors import FeedError
from feeds.files.recorded_files import no_file
from feeds.recording.format import COMPACTED
from feeds.recording.reader import InputLog

if TYPE_CHECKING:
    from feeds.recording.compact import CompactedLog


def open_recording(path: Path) -> InputLog | CompactedLog:
    """Open a live run's recording in either form. Raises FeedError."""
    if problem := no_file(path):
        raise FeedError(f"{path}: {problem.replace('file', 'recording')}; check the path")
    if path.suffix != COMPACTED:
        return InputLog(path)
    from feeds.recording.compact import CompactedLog  # reads Parquet: 30 MB that a log needs not

    return CompactedLog(path)
