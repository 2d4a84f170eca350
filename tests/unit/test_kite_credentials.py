"""The login's file: who may read it, what is refused, and that nothing of it is shown."""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
import pickle
import stat
from pathlib import Path
from typing import Final

import msgspec
import pytest

from daemon.domain.dates import SECOND_NS, ist_ns, parse_ts
from daemon.errors import ConfigError, ExitCode, TokenRefused
from daemon.settings.config import KiteConfig
from feeds.kite.credentials import (
    Credentials,
    Secret,
    credentials_path,
    is_expired,
    login_path,
    read_credentials,
    write_credentials,
)
from feeds.kite.token_end import valid_until

CANARY: Final = "canaryAccessToken0123456789"
LOGIN: Final = Credentials("apikey12", Secret(CANARY), parse_ts("2026-11-23T08:15:00"))
HOUR: Final = 3600 * SECOND_NS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def store(path: Path, text: str, permissions: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(permissions)
    return path


def written(**changes: object) -> str:
    fields = {"version": 1, "api_key": "k", "access_token": CANARY, "login_ts": 5}
    return json.dumps({**fields, **changes})


def test_what_is_written_is_read_back(home: Path) -> None:
    path = home / "kite.json"
    write_credentials(path, LOGIN)
    assert read_credentials(path) == LOGIN
    assert read_credentials(path) != LOGIN._replace(access_token=Secret("other"))


def test_only_the_owner_can_read_it_and_its_directory(home: Path) -> None:
    before = os.umask(0)
    try:
        path = credentials_path(KiteConfig())
        write_credentials(path, LOGIN)
    finally:
        os.umask(before)
    assert path == home / "config/run_fno_paper/kite.json"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_it_is_private_from_the_first_byte(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    fsync = os.fsync

    def look(handle: int) -> None:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            seen.append(os.fstat(handle).st_mode & 0o777)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", look)
    write_credentials(home / "kite.json", LOGIN)
    assert seen == [0o600]


def test_a_file_that_others_could_read_becomes_private_with_the_next_login(home: Path) -> None:
    path = store(home / "kite.json", "{}", 0o644)
    write_credentials(path, LOGIN)
    assert mode(path) == 0o600


def test_a_failed_write_leaves_the_old_login_and_no_other_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "kite.json"
    write_credentials(path, LOGIN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"No space left.*credentials_file"):
        write_credentials(path, LOGIN._replace(api_key="another"))
    assert read_credentials(path) == LOGIN
    assert os.listdir(home) == ["kite.json"]


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o620, 0o660, 0o644, 0o601])
def test_a_file_that_others_can_use_is_refused(home: Path, permissions: int) -> None:
    path = store(home / "kite.json", written(), permissions)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_credentials(path)


def test_the_service_managers_copy_is_used_and_trusted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = home / "handed"
    handed.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert credentials_path(KiteConfig()) == login_path(KiteConfig()), "there is no copy yet"
    path = store(handed / "kite.json", written(), 0o440)
    assert credentials_path(KiteConfig()) == path
    assert read_credentials(path).access_token == Secret(CANARY)
    assert login_path(KiteConfig()) == home / "config/run_fno_paper/kite.json"
    own = str(home / "own.json")
    assert credentials_path(KiteConfig(credentials_file=own)) == Path(own)
    with pytest.raises(ConfigError, match="chmod"):
        read_credentials(store(handed / "other.json", written(), 0o440))


def test_a_copy_in_a_closed_directory_is_told_in_a_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(home))
    with monkeypatch.context() as closed:
        closed.setattr(os, "stat", _closed)
        path = credentials_path(KiteConfig())
    assert path == home / "kite.json"
    with monkeypatch.context() as closed:
        closed.setattr(os, "open", _closed)
        with pytest.raises(ConfigError, match=r"kite\.json: cannot be read \(Permission denied\)"):
            read_credentials(path)


def _closed(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_relative_configuration_home_is_ignored(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "somewhere")
    assert login_path(KiteConfig()) == home / ".config/run_fno_paper/kite.json"
    assert login_path(KiteConfig(credentials_file="~/k.json")) == home / "k.json"


def test_without_a_home_directory_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_user(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", no_user)
    with pytest.raises(ConfigError, match=r"^~/\.config: no home directory is known; set HOME, or"):
        login_path(KiteConfig())


def test_without_a_file_the_trader_is_told_to_log_in(home: Path) -> None:
    with pytest.raises(TokenRefused, match="run_fno_paper login") as told:
        read_credentials(home / "absent.json")
    assert told.value.exit_code is ExitCode.TOKEN_REFUSED


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANARY,
        f'"{CANARY}"',
        f'{{"version": 1, "access_token": "{CANARY}"',
        written(version=2),
        written(version="1"),
        written(login_ts=-1),
        written(login_ts=None),
        written(access_token=""),
        written(access_token=f"{CANARY}\r\nX-Header: 1"),
        written(api_key=["k"]),
        written(more=CANARY),
        "[" * 60_000,
        "\udcff",
    ],
)
def test_a_damaged_file_is_refused_in_one_line_that_shows_nothing(home: Path, text: str) -> None:
    path = home / "kite.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="run_fno_paper login") as told:
        read_credentials(path)
    assert "\n" not in str(told.value)
    assert CANARY not in f"{told.value!r} {told.value.__cause__!r}"


def test_what_is_no_file_is_refused_without_waiting(home: Path) -> None:
    os.mkfifo(home / "pipe", 0o600)
    for name in ("pipe", ""):
        with pytest.raises(ConfigError, match="expected a file"):
            read_credentials(home / name)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_credentials(store(home / "plain", "{}") / "kite.json")


def test_a_token_that_kite_never_gives_is_not_written(home: Path) -> None:
    with pytest.raises(ConfigError, match="letters") as told:
        write_credentials(home / "kite.json", LOGIN._replace(access_token=Secret(f"{CANARY}\n")))
    assert CANARY not in f"{told.value!r}"
    assert os.listdir(home) == []


def test_a_secret_shows_nothing() -> None:
    secret = Secret(CANARY)
    shown = f"{secret} {secret!r} {secret!s} {LOGIN} {LOGIN!r} {[secret]} {{'a': secret}}"
    assert CANARY not in shown
    assert str(secret) == repr(secret) == "***"
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == CANARY


def test_a_secret_cannot_be_stored_by_accident() -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, msgspec.json.encode, hash):
        with pytest.raises(TypeError) as told:
            attempt(Secret(CANARY))
        assert CANARY not in str(told.value)
    with pytest.raises(TypeError):
        msgspec.msgpack.encode(LOGIN)
    assert CANARY.encode() not in msgspec.json.encode(LOGIN, enc_hook=str)


def test_secrets_are_equal_by_their_text_only() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("₹") == Secret("₹")


@pytest.mark.parametrize(
    ("login", "dies"),
    [
        ("2026-11-23T08:15:00", "2026-11-24T06:00:00"),
        ("2026-11-23T23:59:59", "2026-11-24T06:00:00"),
        ("2026-11-23T06:00:00", "2026-11-24T06:00:00"),
        ("2026-11-23T05:59:59", "2026-11-23T06:00:00"),
        ("2026-12-31T09:00:00", "2027-01-01T06:00:00"),
    ],
)
def test_a_token_dies_at_six_in_the_morning(login: str, dies: str) -> None:
    end = parse_ts(dies)
    assert valid_until(parse_ts(login)) == end
    assert not is_expired(parse_ts(login), end - 1)
    assert is_expired(parse_ts(login), end)
    assert end == ist_ns(dt.date.fromisoformat(dies[:10]), dt.time(6))
