"""One way to replace a file: whole or not at all, and as private as was asked."""

from __future__ import annotations

import ast
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.files.replace import rename_durably, replace_file, replace_private, replacing
from tests.kit.source import modules


def put_durably(path: Path, data: bytes) -> None:
    with replacing(path) as file:
        file.write(data)


WAYS = pytest.mark.parametrize("put", [put_durably, replace_file, replace_private])
Put = Callable[[Path, bytes], None]


@WAYS
def test_the_new_bytes_take_the_place_of_the_old(tmp_path: Path, put: Put) -> None:
    path = tmp_path / "file"
    put(path, b"old")
    put(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@WAYS
def test_what_cannot_be_renamed_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    put(path, b"old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        put(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_durable_file_that_fails_while_it_is_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    put_durably(path, b"old")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_is_its_owners_whatever_the_directory_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    replace_private(tmp_path / "token", b"secret")
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


@pytest.mark.parametrize("put", [put_durably, replace_private])
def test_a_durable_file_is_synced_before_it_has_its_name_and_its_name_after(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def note_fsync(handle: int) -> None:
        steps.append("names" if stat.S_ISDIR(os.fstat(handle).st_mode) else "bytes")
        fsync(handle)

    def note_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    put(tmp_path / "file", b"data")
    assert steps == ["bytes", "rename", "names"]
    steps.clear()
    rename_durably(tmp_path / "file", tmp_path / "other")
    assert steps == ["rename", "names"]
    steps.clear()
    replace_file(tmp_path / "other", b"quick")
    assert steps == ["rename"]


def test_no_other_module_replaces_a_file() -> None:
    """A run that is packed leaves its directory to a name in another one: both are synced there.

    A socket is no file: nothing of it is to outlive the daemon.
    """
    others = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in ("rename", "mkstemp", "NamedTemporaryFile")
        or ast.unparse(node.func) in ("os.replace", "path.replace", "part.replace")
    }
    assert others == {
        "daemon.control.listener", "daemon.files.replace", "daemon.journal.archive_runs",
    }  # fmt: skip
