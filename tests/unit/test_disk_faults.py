"""What the crash tests found: the disk is at fault, and the daemon says so and stops at once."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import anyio
import pytest

from daemon.control.socket import serve_control
from daemon.domain.carry_over import CarryOver
from daemon.domain.inputs import Clock
from daemon.errors import ExitCode, FeedError, JournalCorrupt, JournalIOError
from daemon.journal.archive import archive_events
from daemon.journal.audit import audit
from daemon.journal.head import read_head
from daemon.journal.recovery import fold
from daemon.journal.snapshots import list_snapshots
from daemon.journal.store import JournalMeta, JournalStore
from daemon.runtime.disk_faults import disk_errors_as_journal_errors
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder
from tests.kit.cli import finished, spawn
from tests.kit.drive import make_engine
from tests.kit.sample_events import sample_events
from tests.kit.scenario import random_scenario

LIMITED = (
    "import resource, sys; limit = int(sys.argv.pop(1)); "
    "resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)); "
    "from daemon.main import main; main()"
)


@contextlib.contextmanager
def refusing(number: int, name: str) -> Iterator[None]:
    """A system call that fails."""
    error = OSError(number, os.strerror(number))
    with mock.patch.object(os, name, side_effect=error):
        yield


def journal(directory: Path) -> JournalStore:
    meta = JournalMeta(run_id="r", account="a", program_version="1", created_ts=1)
    store = JournalStore.create(directory, meta)
    events = sample_events()
    store.append(events[:5], input_no=events[4].input_no)
    return store


def append_more(store: JournalStore) -> None:
    events = sample_events()
    store.append(events[5:7], input_no=events[6].input_no)


def test_after_a_failed_sync_nothing_is_synced_again_by_closing(tmp_path: Path) -> None:
    """SQLite's last connection copies the WAL into the database when it closes, synced."""
    store = journal(tmp_path / "a")
    with refusing(errno.EIO, "fdatasync"), pytest.raises(JournalIOError):
        append_more(store)
    wal = (tmp_path / "a/journal.db-wal").read_bytes()
    store.close()
    assert (tmp_path / "a/journal.db-wal").read_bytes() == wal
    with JournalStore.open(tmp_path / "a", write=True) as again:
        assert again.last_seq >= 5


def test_closing_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    store = journal(tmp_path / "a")
    hangs, answers = threading.Event(), threading.Event()

    def hang(_: int) -> None:
        hangs.set()
        assert answers.wait(60)

    with mock.patch.object(os, "fdatasync", hang):
        writing = threading.Thread(target=append_more, args=(store,))
        writing.start()
        assert hangs.wait(30)
        closing = threading.Thread(target=store.close)
        closing.start()
        closing.join(30)
        has_left = not closing.is_alive()
        answers.set()
        writing.join()
        closing.join()
    assert has_left
    store.close()


def test_a_base_that_cannot_be_moved_is_a_journal_error_and_the_events_stay(
    tmp_path: Path,
) -> None:
    with journal(tmp_path / "a") as store:
        with (
            refusing(errno.EIO, "fdatasync"),
            pytest.raises(JournalIOError, match=r"journal\.db: cannot be written: .*Input/output"),
        ):
            store.begin_after(5, fold(store), file="events.gz", ts=1)
        with pytest.raises(JournalIOError, match="takes no more"):
            append_more(store)
    with JournalStore.open(tmp_path / "a", write=True) as again:
        assert [event.seq for event in again.events()] == [1, 2, 3, 4, 5]


def test_without_a_failure_closing_leaves_no_wal(tmp_path: Path) -> None:
    journal(tmp_path / "a").close()
    assert not (tmp_path / "a/journal.db-wal").exists()


def replaced(directory: Path) -> None:
    shutil.copy(directory / "head", directory / "other")
    (directory / "other").rename(directory / "head")


TAKEN: dict[str, Callable[[Path], object]] = {
    "directory removed": shutil.rmtree,
    "directory moved": lambda each: each.rename(each.with_name("elsewhere")),
    "database removed": lambda each: (each / "journal.db").unlink(),
    "WAL removed": lambda each: (each / "journal.db-wal").unlink(),
    "head removed": lambda each: (each / "head").unlink(),
    "head replaced": replaced,
}


@pytest.mark.parametrize("take", TAKEN.values(), ids=TAKEN)
def test_what_is_committed_to_a_file_that_is_gone_is_not_committed(
    take: Callable[[Path], object], tmp_path: Path
) -> None:
    store = journal(tmp_path / "a")
    take(tmp_path / "a")
    with pytest.raises(JournalIOError, match="cannot be written"):
        append_more(store)
    with pytest.raises(JournalIOError, match="takes no more"):
        append_more(store)
    store.close()


@pytest.mark.parametrize("how", ["removed", "moved", "replaced"])
def test_inputs_are_not_recorded_in_a_file_that_was_taken_away(how: str, tmp_path: Path) -> None:
    path = tmp_path / "a.inputs"
    recorder = InputRecorder(path, os.open(path, os.O_WRONLY | os.O_CREAT))
    recorder.record(Clock(ts=1))
    recorder.flush()
    if how == "removed":
        path.unlink()
    else:
        path.rename(path.with_name("elsewhere"))
    if how == "replaced":
        path.touch()
    recorder.record(Clock(ts=2))
    with pytest.raises(JournalIOError, match=path.name):
        recorder.flush()
    recorder.close()


def test_a_disk_that_cannot_be_read_is_no_damage(tmp_path: Path) -> None:
    with refusing(errno.EIO, "scandir"), pytest.raises(JournalIOError):
        list_snapshots(tmp_path)
    (tmp_path / "head").mkdir()
    with pytest.raises(JournalIOError):
        read_head(tmp_path / "head")


def archived(directory: Path) -> None:
    journal(directory).close()
    archive_events(directory, before_ts=2**62, now_ts=1)


def test_an_archive_that_cannot_be_read_is_no_damage(tmp_path: Path) -> None:
    archived(tmp_path / "a")
    with JournalStore.open(tmp_path / "a") as store:
        error = OSError(errno.EIO, os.strerror(errno.EIO))
        with mock.patch("gzip.open", side_effect=error), pytest.raises(JournalIOError):
            audit(store)
        (each,) = (tmp_path / "a/archive").iterdir()
        each.write_bytes(b"no archive")
        with pytest.raises(JournalCorrupt):
            audit(store)


def test_what_is_useless_after_archiving_and_cannot_be_removed_is_said_in_a_line(
    tmp_path: Path,
) -> None:
    with refusing(errno.EIO, "listdir"), pytest.raises(JournalIOError, match="was archived"):
        archived(tmp_path / "a")
    with JournalStore.open(tmp_path / "a") as store:
        audit(store)


def test_a_recording_that_cannot_be_read_now_is_no_reason_to_go_on_without_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(JournalIOError), disk_errors_as_journal_errors(tmp_path):
        InputLog(tmp_path)  # a directory: the system refuses, whatever is in it
    with pytest.raises(JournalIOError), disk_errors_as_journal_errors(tmp_path):
        (tmp_path / "missing").read_bytes()


def test_a_damaged_recording_is_still_one(tmp_path: Path) -> None:
    (tmp_path / "a.inputs").write_bytes(b"no log")
    with pytest.raises(FeedError), disk_errors_as_journal_errors(tmp_path):
        InputLog(tmp_path / "a.inputs")
    # pyarrow's, for what a file holds
    with pytest.raises(FeedError), disk_errors_as_journal_errors(tmp_path):
        raise FeedError("damaged") from OSError("Couldn't deserialize thrift")


async def test_a_socket_that_cannot_be_removed_hides_no_cause(tmp_path: Path) -> None:
    async def obey(request: object) -> None:
        raise AssertionError("nobody asks")

    async with anyio.create_task_group() as tasks:
        await tasks.start(serve_control, tmp_path, obey)
        with refusing(errno.EROFS, "unlink"):
            tasks.cancel_scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert tasks.cancel_scope.cancelled_caught


@pytest.mark.parametrize("limit", [16, 63])
def test_too_few_descriptors_are_said_before_anything_begins(limit: int, tmp_path: Path) -> None:
    arguments = ("--config", "configs/sample.yaml", "--out", tmp_path)
    ended = finished(spawn(limit, *arguments, code=LIMITED))
    assert ended.code == ExitCode.JOURNAL_IO
    assert f"only {limit} open files are allowed" in ended.complaint
    assert not list(tmp_path.iterdir())


def test_a_low_limit_is_raised_where_it_may_be() -> None:
    code = (
        "import resource; from daemon.process.descriptors import allow_descriptors; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (32, 200)); allow_descriptors(); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    process: subprocess.Popen[str] = spawn(code=code)
    assert finished(process).out == "(200, 200)\n"


def test_a_start_that_ended_before_its_first_input_forgets_no_time() -> None:
    """Or the intents of a script would have another turn on the next day."""
    scenario = random_scenario(1)
    engine = make_engine(scenario, carry=CarryOver(until=1_794_996_020_000_000_000))
    assert engine.engine.carry().until == 1_794_996_020_000_000_000


def test_a_recording_that_hangs_in_a_thread_is_not_asked_again_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.inputs"
    recorder = InputRecorder(path, os.open(path, os.O_WRONLY | os.O_CREAT))
    recorder.record(Clock(ts=1))
    hangs, answers = threading.Event(), threading.Event()

    def hang(_: int) -> None:
        hangs.set()
        assert answers.wait(60)

    with mock.patch.object(os, "fdatasync", hang):
        thread = threading.Thread(target=recorder.flush)
        thread.start()
        assert hangs.wait(30)
        recorder.record(Clock(ts=2))
        assert recorder.has_stopped
        recorder.close()  # returns, though the disk does not answer
        answers.set()
        thread.join()
    assert not recorder.has_stopped


def test_who_waits_for_a_disk_that_hangs_leaves_all_the_same() -> None:
    code = (
        "import threading; from daemon.process.halt import leave_soon; "
        "leave_soon('the disk hangs'); threading.Event().wait()"
    )
    ended = finished(spawn(code=code), within_s=30)
    assert ended.code == ExitCode.JOURNAL_IO
    assert ended.complaint == "the disk hangs"
