"""An account's directory and its lock: closed to other users, held by one process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import AlreadyRunning, ExitCode, JournalIOError
from daemon.files.private import close_to_others
from daemon.files.replace import replace_file
from daemon.journal.archive import archive_events
from daemon.journal.files import build_database
from daemon.journal.recovery import take_snapshot
from daemon.runtime.account import Account
from daemon.settings.account_name import is_account_name
from feeds.files.recorded_files import no_file
from tests.kit.cli import invoke
from tests.kit.sample_events import by_input, sample_events

OURS = os.geteuid()
DAY_AFTER = 4 * 10**18


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=lambda mask: f"umask {mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(directory: Path) -> dict[str, int]:
    return {
        str(each.relative_to(directory.parent)): stat.S_IMODE(each.lstat().st_mode)
        for each in (directory, *directory.rglob("*"))
    }


def assert_private(directory: Path) -> None:
    found = modes(directory)
    wrong = {name: oct(mode) for name, mode in found.items() if mode not in (0o600, 0o700)}
    assert not wrong
    assert {
        stat.S_IMODE(each.stat().st_mode) for each in directory.rglob("*") if each.is_file()
    } == {0o600}


def traded(out: Path) -> Account:
    account = Account.open(out, "paper", created_ts=1)
    for number, events in by_input(sample_events()):
        account.store.append(events, input_no=number)
    return account


def test_whatever_the_umask_an_account_is_closed_to_others(umask: int, tmp_path: Path) -> None:
    account = traded(tmp_path)
    replace_file(account.directory / "summary.json", b"{}")
    take_snapshot(account.directory)
    assert {"journal.db-wal", "journal.db-shm", "head", "lock"} <= {
        each.name for each in account.directory.iterdir()
    }
    assert_private(account.directory)
    account.close()
    archive_events(account.directory, before_ts=DAY_AFTER, now_ts=1)
    assert [each.parent.name for each in account.directory.rglob("*.gz")] == ["archive"]
    assert_private(account.directory)


def test_a_file_is_as_private_as_its_directory(tmp_path: Path) -> None:
    for mode, expected in ((0o755, 0o644), (0o700, 0o600), (0o750, 0o644)):
        directory = tmp_path / oct(mode)
        directory.mkdir()
        directory.chmod(mode)
        before = os.umask(0o022)
        replace_file(directory / "x", b"")
        os.umask(before)
        assert stat.S_IMODE((directory / "x").stat().st_mode) == expected


def test_an_account_of_before_is_closed_at_its_start_and_that_is_said_once(tmp_path: Path) -> None:
    account = traded(tmp_path)
    account.close()
    recordings = account.directory / "recordings"
    recordings.mkdir()
    (recordings / "2026-11-18-1.parquet").write_text("")
    (account.directory / "elsewhere").symlink_to(tmp_path / "mine")
    (tmp_path / "mine").write_text("")
    (tmp_path / "mine").chmod(0o644)
    for each in (account.directory, *account.directory.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() else 0o644)
    again = Account.open(tmp_path, "paper", created_ts=1)
    (operation,) = again.operations
    assert operation.kind == "closed_to_others"
    again.close()
    (account.directory / "elsewhere").unlink()
    assert_private(account.directory)
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o644
    third = Account.open(tmp_path, "paper", created_ts=1)
    assert third.operations == []
    third.close()


def test_what_belongs_to_another_user_is_left_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").write_text("")
    (tmp_path / "theirs").chmod(0o644)

    def refused(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", refused)
    assert close_to_others(tmp_path).left == [tmp_path / "theirs"]


# the lock


@pytest.mark.parametrize("how", ["removed", "replaced", "untouched"])
def test_a_lock_file_that_is_gone_lets_no_second_daemon_in(how: str, tmp_path: Path) -> None:
    account = traded(tmp_path)
    lock = account.directory / "lock"
    if how != "untouched":
        lock.unlink()
    if how == "replaced":
        lock.write_text("")
    with pytest.raises(AlreadyRunning, match="is in use by another process"):
        Account.open(tmp_path, "paper", created_ts=1)
    account.close()
    Account.open(tmp_path, "paper", created_ts=1).close()


def test_a_daemon_of_0_2_0_that_holds_the_lock_file_alone_is_respected(tmp_path: Path) -> None:
    account = traded(tmp_path)
    account.close()
    with (account.directory / "lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunning):
            Account.open(tmp_path, "paper", created_ts=1)
    Account.open(tmp_path, "paper", created_ts=1).close()


PYTHON = shutil.which("python3", path="/usr/bin") or sys.executable
"""One that other users may run too."""
STRANGER = """import fcntl, sys
for handle in map(int, sys.argv[1:]):
    fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held(directory: Path, user: int) -> Iterator[None]:
    """Another process holds the locks of a directory and its lock file, opened while it could."""
    handles = [os.open(each, os.O_RDONLY) for each in (directory, directory / "lock")]
    with subprocess.Popen(
        [PYTHON, "-c", STRANGER, *map(str, handles)], user=user, pass_fds=handles,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        for each in handles:
            os.close(each)
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


@pytest.mark.skipif(OURS != 0, reason="only root can become another user")
def test_a_lock_that_another_user_holds_from_before_keeps_nobody_out(tmp_path: Path) -> None:
    account = traded(tmp_path)
    account.close()
    try:
        with held(account.directory, 65534):
            again = Account.open(tmp_path, "paper", created_ts=1)
            with pytest.raises(AlreadyRunning):
                Account.open(tmp_path, "paper", created_ts=1)
            again.close()
    except PermissionError:
        pytest.skip("the interpreter is not for other users")
    Account.open(tmp_path, "paper", created_ts=1).close()


def test_a_lock_that_the_same_user_holds_is_respected(tmp_path: Path) -> None:
    account = traded(tmp_path)
    account.close()
    with held(account.directory, OURS), pytest.raises(AlreadyRunning):
        Account.open(tmp_path, "paper", created_ts=1)


def test_an_account_of_another_user_is_refused_before_anything_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = traded(tmp_path)
    account.close()
    account.directory.chmod(0o755)
    before = modes(account.directory)
    monkeypatch.setattr(os, "geteuid", lambda: OURS + 4242)
    with pytest.raises(JournalIOError, match=r"paper: belongs to another user \(.+\); start as"):
        Account.open(tmp_path, "paper", created_ts=1)
    assert modes(account.directory) == before


@pytest.mark.skipif(OURS != 0, reason="only root can give a file away")
def test_a_lock_file_of_another_user_is_refused(tmp_path: Path) -> None:
    account = traded(tmp_path)
    account.close()
    os.chown(account.directory / "lock", 4242, 4242)
    with pytest.raises(JournalIOError, match=r"lock: belongs to another user \(number 4242\)"):
        Account.open(tmp_path, "paper", created_ts=1)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    account = traded(tmp_path)
    account.close()
    (account.directory / "lock").unlink()
    (account.directory / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalIOError, match="cannot be opened"):
        Account.open(tmp_path, "paper", created_ts=1)
    assert not (tmp_path / "elsewhere").exists()


# names


@pytest.mark.parametrize(
    "name", ["..", ".", ".hidden", "-x", "--", "", "a/b", "a b", "a\n", "x" * 41, "é"]
)
def test_a_name_that_is_none_is_refused_wherever_it_is_given(name: str, tmp_path: Path) -> None:
    assert not is_account_name(name)
    config = tmp_path / "c.yaml"
    config.write_text(f"version: 1\naccount: {name!r}\n".replace("'", '"'))
    done = invoke("check", config)
    assert done.code == ExitCode.BAD_CONFIG
    assert "account: expected text like" in done.complaint
    told = invoke("command", "--out", tmp_path, "--", name, "reload")
    assert told.code == ExitCode.USAGE
    assert "of which the first is neither . nor -" in told.complaint


@pytest.mark.parametrize("name", ["a", "_", "paper", "Paper_2.b-c", "7", "x" * 40, "a..b"])
def test_a_name_of_letters_digits_and_marks_is_one(name: str) -> None:
    assert is_account_name(name)


def test_a_journal_command_does_not_leave_the_accounts(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    account = Account.open(tmp_path / "elsewhere", "x", created_ts=1)
    account.close()
    (outside / "accounts").mkdir(parents=True)
    name = "../../elsewhere/accounts/x"
    for command in (
        ("archive", name),
        ("verify", "--run", name),
        ("backup", name, tmp_path / "to"),
    ):
        done = invoke("journal", *command, "--out", outside)
        assert done.code == ExitCode.USAGE
        assert "not found" in done.complaint


@pytest.mark.parametrize(
    "command",
    [("journal", "show", "--run", "paper"), ("journal", "verify", "--run", "paper"),
     ("journal", "archive", "paper"), ("journal", "backup", "paper", "to"), ("report", "paper"),
     ("command", "paper", "reload")],
    ids=" ".join,
)  # fmt: skip
def test_what_another_user_may_not_read_is_a_line(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Account.open(tmp_path, "paper", created_ts=1).close()
    monkeypatch.setattr(
        "daemon.runtime.run_files.os.access", lambda path, mode: Path(path) == tmp_path
    )
    done = invoke(*command, "--out", tmp_path)
    assert done.code == ExitCode.USAGE
    assert "may read it; ask as that user" in done.complaint


@pytest.mark.skipif(OURS != 0, reason="only root can become another user")
def test_a_recording_of_another_user_is_a_line_too(tmp_path: Path) -> None:
    place = tmp_path / "recordings"
    place.mkdir(0o700)
    (place / "2026-11-18-1.inputs").write_text("")
    os.seteuid(65534)
    try:
        problem = no_file(place / "2026-11-18-1.inputs")
    finally:
        os.seteuid(OURS)
    assert problem == "is in a directory that this user may not read"


def test_a_database_is_private_when_it_is_built(tmp_path: Path, umask: int) -> None:
    directory = tmp_path / "mine"
    directory.mkdir(0o700)
    build_database(directory / "journal.db", [("CREATE TABLE x (a)", ())])
    directory.chmod(0o700)  # a umask may have taken the owner's own rights
    assert_private(directory)
