"""Old finished runs are packed whole; a kill at any step leaves the run or its file."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from daemon.errors import JournalIOError
from daemon.journal import archive_runs as archive_runs_module
from daemon.journal.archive_runs import PACKED, archive_runs
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.kill import killed_at
from tests.kit.sample_events import sample_events

STOP = Operation(ts=5, kind="stop", detail={"reason": "end_of_feed"})


def run(runs: Path, name: str, *, created_ts: int = 1, finished: bool = True) -> Path:
    directory = runs / name
    meta = JournalMeta(run_id=name, account="dev", created_ts=created_ts)
    with JournalStore.create(directory, meta) as store:
        noted = [STOP] if finished else []
        store.append(sample_events(), input_no=99, operations=noted)
    (directory / "config.json").write_text('{"version": 1}')
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    """The files that matter: any reader leaves an empty WAL and its index behind."""
    passing = ("lock", "journal.db-wal", "journal.db-shm")
    return {
        path.name: path.read_bytes() for path in directory.iterdir() if path.name not in passing
    }


def test_a_packed_run_unpacks_to_what_it_was(tmp_path: Path) -> None:
    before = contents(run(tmp_path, "replay-1"))
    report = archive_runs(tmp_path, before_ts=10)
    assert report.packed == [tmp_path / PACKED / "replay-1.tar.gz"]
    assert sorted(each.name for each in tmp_path.rglob("*")) == [PACKED, "replay-1.tar.gz"]
    with tarfile.open(report.packed[0]) as tar:
        tar.extractall(tmp_path, filter="data")
    assert contents(tmp_path / "replay-1") == before
    with JournalStore.open(tmp_path / "replay-1", write=True) as store:
        assert list(store.events()) == sample_events()


def test_the_token_of_a_runs_page_is_not_packed(tmp_path: Path) -> None:
    (run(tmp_path, "replay-1") / "web.json").write_text("secret")
    report = archive_runs(tmp_path, before_ts=10)
    with tarfile.open(report.packed[0]) as tar:
        assert "replay-1/journal.db" in tar.getnames()
        assert "replay-1/web.json" not in tar.getnames()
    assert not (tmp_path / "replay-1").exists()


def test_what_is_not_over_is_left_with_the_reason(tmp_path: Path) -> None:
    run(tmp_path, "young", created_ts=10)
    run(tmp_path, "cut_off", finished=False)
    broken = run(tmp_path, "broken")
    (broken / "head").unlink()
    busy = run(tmp_path, "busy")
    (tmp_path / "no_run").mkdir()
    with JournalStore.open(busy, write=True):
        report = archive_runs(tmp_path, before_ts=10)
    assert report.packed == []
    assert report.left["young"] == "not old enough"
    assert report.left["cut_off"] == "not finished"
    assert "in use" in report.left["busy"]
    assert "head file" in report.left["broken"]
    assert set(report.left) == {"young", "cut_off", "busy", "broken"}


def test_a_file_that_is_not_what_was_packed_keeps_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = run(tmp_path, "replay-1")
    monkeypatch.setattr(archive_runs_module, "_packed_digests", lambda *_: {})
    report = archive_runs(tmp_path, before_ts=10)
    assert "was left as it is" in report.left["replay-1"]
    assert JournalStore.exists(directory)


def test_a_full_disk_keeps_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = run(tmp_path, "replay-1")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile, "open", full)
    with pytest.raises(JournalIOError, match="No space left"):
        archive_runs(tmp_path, before_ts=10)
    assert JournalStore.exists(directory)
    assert list((tmp_path / PACKED).iterdir()) == []


def test_a_kill_at_any_step_leaves_the_run_or_its_file(tmp_path: Path) -> None:
    original, work = tmp_path / "original", tmp_path / "work"
    run(original, "replay-1")
    step = 0
    while True:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(original, work)
        if not killed_at(step, lambda: archive_runs(work, before_ts=10)):
            break
        packed = work / PACKED / "replay-1.tar.gz"
        assert JournalStore.exists(work / "replay-1") or packed.exists(), f"step {step}"
        archive_runs(work, before_ts=10)
        assert [each.name for each in work.iterdir()] == [PACKED]
        assert list((work / PACKED).iterdir()) == [packed]
        step += 1
    assert step > 5
