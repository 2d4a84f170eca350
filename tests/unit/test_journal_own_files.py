"""Files of a journal that another process changed, and a lock whose directory was replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import AlreadyRunning, JournalCorrupt
from daemon.journal.archive import archive_events
from daemon.journal.archive_file import ARCHIVES
from daemon.journal.lock import DirectoryLock
from daemon.journal.own_files import OwnFiles
from daemon.journal.past import archived_events
from daemon.journal.store import JournalMeta, JournalStore
from tests.kit.sample_events import START, by_input, sample_events

META = JournalMeta(run_id="run-1", account="dev")
HOUR_NS = 3_600_000_000_000
PAGE = 512
FRAME = 24 + PAGE
HEADER = 32


@contextmanager
def own_files(directory: Path, *, wal_frames: int = 0) -> Iterator[OwnFiles]:
    (directory / "journal.db").write_bytes(b"d" * PAGE)
    (directory / "journal.db-wal").write_bytes(b"w" * (HEADER + wal_frames * FRAME))
    (directory / "head").write_bytes(b"h" * 8192)
    files = OwnFiles(directory, PAGE)
    try:
        yield files
    finally:
        files.close()
        files.close()


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "head"])
def test_a_cut_between_commits_is_noticed_from_the_first_look(tmp_path: Path, name: str) -> None:
    with own_files(tmp_path) as files:
        files.check()
        size = (tmp_path / name).stat().st_size
        os.truncate(tmp_path / name, size - 1)
        with pytest.raises(OSError, match=f"cut from outside to {size - 1} of {size} bytes"):
            files.check()


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "head"])
def test_another_file_in_its_place_is_noticed(tmp_path: Path, name: str) -> None:
    with own_files(tmp_path) as files:
        other = tmp_path / "other"
        other.write_bytes((tmp_path / name).read_bytes())
        other.rename(tmp_path / name)
        with pytest.raises(FileNotFoundError, match="another file is in its place"):
            files.check()


def test_files_that_grow_by_commits_are_known_as_they_are_then(tmp_path: Path) -> None:
    with own_files(tmp_path, wal_frames=1) as files:
        grow(tmp_path, b"w" * FRAME)
        files.took_commit()
        os.truncate(tmp_path / "journal.db-wal", HEADER + FRAME)
        with pytest.raises(OSError, match="cut from outside"):
            files.check()
        files.forget_sizes()
        files.check()
        files.took_commit()


def grow(directory: Path, data: bytes) -> None:
    with (directory / "journal.db-wal").open("ab") as file:
        file.write(data)


def test_a_hole_where_the_last_frame_was_is_a_cut(tmp_path: Path) -> None:
    with own_files(tmp_path, wal_frames=2) as files:
        os.truncate(tmp_path / "journal.db-wal", HEADER + FRAME)
        os.truncate(tmp_path / "journal.db-wal", HEADER + 2 * FRAME)
        grow(tmp_path, b"w" * FRAME)
        with pytest.raises(OSError, match="and has a hole now"):
            files.took_commit()


def test_a_torn_frame_behind_the_last_whole_one_is_no_cut(tmp_path: Path) -> None:
    with own_files(tmp_path, wal_frames=1) as files:
        grow(tmp_path, b"w" * 10)
        files.took_commit()
        os.truncate(tmp_path / "journal.db-wal", HEADER + FRAME + 10)
        grow(tmp_path, b"\\0" * 5)
        files.took_commit()


def test_a_wal_without_a_frame_has_none_to_lose(tmp_path: Path) -> None:
    with own_files(tmp_path) as files:
        (tmp_path / "journal.db-wal").write_bytes(b"\\0" * HEADER)
        grow(tmp_path, b"w" * FRAME)
        files.took_commit()


def test_a_lock_on_a_directory_that_was_replaced_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "account"
    directory.mkdir()
    really = os.open

    def replaced(path: Any, flags: int, *rest: Any) -> int:
        handle = really(path, flags, *rest)
        if Path(path) == directory:
            directory.rename(tmp_path / "moved")
            directory.mkdir()
        return handle

    monkeypatch.setattr(os, "open", replaced)
    with pytest.raises(AlreadyRunning, match="was replaced while it was opened; try again"):
        DirectoryLock(directory)


def archived(directory: Path) -> Path:
    with JournalStore.create(directory, META) as store:
        for input_no, group in by_input(sample_events()):
            store.append(group, input_no=input_no)
    archive_events(directory, before_ts=START + HOUR_NS // 6, now_ts=START + 9 * HOUR_NS)
    [path] = (directory / ARCHIVES).iterdir()
    return path


def test_a_torn_archive_is_said_to_be_unreadable(tmp_path: Path) -> None:
    path = archived(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    with JournalStore.open(tmp_path) as store:
        [(_, events)] = archived_events(store)
        with pytest.raises(JournalCorrupt, match=r"gz: cannot be read \("):
            list(events)
