"""Who may have a journal: one writer of its owner, and no stranger keeps that one out."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from loguru import logger

from daemon.errors import AlreadyRunning
from daemon.journal import lock as lock_module
from daemon.journal.lock import LOCK, DirectoryLock, is_held_by_strangers

STRANGER = 54_321


class KernelTable:
    """Stands for /proc/locks and the processes in it: pid -> uid."""

    def __init__(self, owners: dict[str, int], rows: list[str]) -> None:
        self._owners = owners
        self._rows = rows

    def read_text(self) -> str:
        return "".join(f"{row}\n" for row in self._rows)

    def with_name(self, pid: str) -> SimpleNamespace:
        if pid not in self._owners:
            raise FileNotFoundError(pid)
        return SimpleNamespace(stat=lambda: SimpleNamespace(st_uid=self._owners[pid]))


def row(pid: str, file: os.stat_result, kind: str = "FLOCK", inode: int = 0) -> str:
    device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}"
    return f"1: {kind}  ADVISORY  WRITE {pid} {device}:{inode or file.st_ino} 0 EOF"


@contextmanager
def opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        yield handle
    finally:
        os.close(handle)


@pytest.mark.parametrize(("owners", "strangers"), [
    ({"7": STRANGER}, True),
    ({"7": STRANGER, "8": STRANGER + 1}, True),
    ({"7": os.geteuid()}, False),
    ({"7": 0}, False),
    ({"7": STRANGER, "8": os.geteuid()}, False),
    ({}, False),
])  # fmt: skip
def test_a_lock_is_held_by_strangers_if_all_its_holders_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owners: dict[str, int], strangers: bool
) -> None:
    with opened(tmp_path / "lock") as handle:
        found = os.fstat(handle)
        others = [row("9", found, "POSIX"), row("9", found, inode=found.st_ino + 1)]
        table = KernelTable({**owners, "9": 0}, [*others, *(row(each, found) for each in owners)])
        monkeypatch.setattr(lock_module, "_LOCKS", table)
        assert is_held_by_strangers(handle) is strangers


@pytest.mark.parametrize("rows", [["1: FLOCK"], [""]])
def test_a_table_that_is_not_understood_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[str]
) -> None:
    with opened(tmp_path / "lock") as handle:
        monkeypatch.setattr(lock_module, "_LOCKS", KernelTable({}, rows))
        assert not is_held_by_strangers(handle)
        gone = [row("7", os.fstat(handle))]
        monkeypatch.setattr(lock_module, "_LOCKS", KernelTable({}, gone))
        assert not is_held_by_strangers(handle)


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    told: list[str] = []
    handler = logger.add(lambda message: told.append(message.record["message"]), level="WARNING")
    yield told
    logger.remove(handler)


def test_a_free_directory_is_locked_without_a_word_and_freed(
    tmp_path: Path, warnings: list[str]
) -> None:
    held = DirectoryLock(tmp_path)
    for _ in range(2):
        with pytest.raises(AlreadyRunning, match="in use by another process; stop that one"):
            DirectoryLock(tmp_path)
    held.release()
    held.release()
    DirectoryLock(tmp_path).release()
    assert warnings == []


@pytest.mark.parametrize("name", ["", LOCK])
def test_a_stranger_with_the_lock_is_passed_over_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str], name: str
) -> None:
    path = tmp_path / name
    if name:
        path.touch(mode=0o600)
    handle = os.open(path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(AlreadyRunning):  # this user has it
        DirectoryLock(tmp_path)
    monkeypatch.setattr(lock_module, "is_held_by_strangers", lambda handle: True)
    before = path.stat().st_ino
    DirectoryLock(tmp_path).release()
    assert warnings == [f"{path}: a process of another user holds its lock; it is passed over"]
    assert (path.stat().st_ino == before) is (not name)
    os.close(handle)
