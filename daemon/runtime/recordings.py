"""The recordings of an account, by date and segment."""

from __future__ import annotations

from pathlib import Path

from daemon.errors import FeedError
from daemon.runtime.run_files import RECORDINGS
from feeds.recording.format import COMPACTED
from feeds.recording.reader import SUFFIX as LOG
from feeds.recording.reader import InputLog


def recordings_of(account: Path) -> list[Path]:
    """Return all recordings of an account, oldest first; a log in both forms counts once."""
    directory = account / RECORDINGS
    found = [*directory.glob(f"*{LOG}"), *directory.glob(f"[!.]*{COMPACTED}")]
    by_name = {path.stem: path for path in sorted(found, key=lambda path: path.suffix)}
    return [by_name[stem] for stem in sorted(by_name, key=_order)]


def next_recording(account: Path, date: str) -> tuple[Path, int]:
    """Return where the next recording of a date (ISO) belongs, and which segment it is."""
    today = [path for path in recordings_of(account) if path.stem.startswith(date)]
    segment = 1 + max((_order(path.stem)[1] for path in today), default=0)
    return account / RECORDINGS / f"{date}-{segment}{LOG}", segment


def compared_after(account: Path) -> int | None:
    """Return the event after which the newest recording's inputs are held against the journal.

    None if it is not run again; what is wrong with it is found when it is.
    """
    newest = recordings_of(account)[-1:]
    if not newest or newest[0].suffix != LOG:
        return None
    try:
        return InputLog(newest[0]).header.base_seq
    except FeedError:
        return None


def _order(stem: str) -> tuple[str, int]:
    date, _, segment = stem.rpartition("-")
    return date, int(segment) if segment.isdigit() else 0
