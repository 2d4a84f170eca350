"""A file that holds a secret is read only where others cannot read it, and never quoted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.errors import ConfigError
from daemon.files.secret_file import SECRET_MAX, read_secret, read_secret_line


def secret(place: Path, data: bytes, mode: int = 0o600) -> Path:
    path = place / "secret"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_a_line_is_read_without_its_end(tmp_path: Path) -> None:
    assert read_secret_line(secret(tmp_path, b"s3cret\n"), "it") == "s3cret"
    assert read_secret(secret(tmp_path, b"a\nb"), "it") == b"a\nb"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_use_is_refused_and_the_remedy_named(
    tmp_path: Path, mode: int
) -> None:
    path = secret(tmp_path, b"s3cret", mode)
    with pytest.raises(ConfigError, match=f"run: chmod 600 {path}") as found:
        read_secret(path, "the password")
    assert "s3cret" not in str(found.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"s3cret\nmore", b"\xff", b"s" * (SECRET_MAX + 1)])
def test_what_is_no_line_is_refused_and_not_quoted(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ConfigError) as found:
        read_secret_line(secret(tmp_path, data), "the password")
    assert "s3cret" not in str(found.value)
    assert len(str(found.value)) < 300


def test_a_directory_a_pipe_and_nothing_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("pipe", ".", "none"):
        with pytest.raises(ConfigError):
            read_secret(tmp_path / name, "the password")


def test_a_credential_of_the_service_manager_has_a_mode_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret(tmp_path, b"s3cret", 0o440)
    with pytest.raises(ConfigError):
        read_secret(path, "it")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret(path, "it") == b"s3cret"
