"""`journal archive` and `journal show --operations` from the command line."""

from __future__ import annotations

from pathlib import Path

from daemon.errors import ExitCode
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.cli import invoke
from tests.kit.sample_events import START, by_input, sample_events

EVENTS = sample_events()


def account(out: Path) -> Path:
    directory = out / "accounts" / "dev"
    meta = JournalMeta(run_id="account-dev", account="dev")
    with JournalStore.create(directory, meta) as store:
        for input_no, group in by_input(EVENTS):
            gap = Operation(ts=group[0].ts, kind="gap", detail={"reason": "daemon_down"})
            store.append(group, input_no=input_no, operations=[gap])
    return directory


def test_finished_days_are_archived_and_everything_still_answers(tmp_path: Path) -> None:
    directory = account(tmp_path)
    before = ("--before", "2026-11-19")
    done = invoke("journal", "archive", "dev", *before, "--out", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"events 1 to {len(EVENTS)} are in {directory / 'archive'}" in done.out
    again = invoke("journal", "archive", "dev", *before, "--out", tmp_path)
    assert "nothing to archive before 2026-11-19" in again.out
    verified = invoke("journal", "verify", "--run", "dev", "--out", tmp_path)
    assert f"0 events and {len(EVENTS)} in 1 archive(s)" in verified.out
    shown = invoke("journal", "show", "--run", "dev", "--out", tmp_path)
    assert "were archived" in shown.out
    exported = invoke("journal", "export", "--run", "dev", "--out", tmp_path)
    assert exported.out == ""
    assert "were archived" in exported.err


def test_operations_are_shown(tmp_path: Path) -> None:
    account(tmp_path)
    done = invoke("journal", "show", "--operations", "--run", "dev", "--out", tmp_path)
    assert "time passed that it did not see: reason daemon_down" in done.out


def test_a_held_account_is_75_and_left_alone(tmp_path: Path) -> None:
    with JournalStore.open(account(tmp_path), write=True) as store:
        done = invoke("journal", "archive", "dev", "--out", tmp_path)
        assert done.code == ExitCode.ALREADY_RUNNING
        assert "in use by another process" in done.complaint
        assert list(store.events()) == EVENTS


def test_what_cannot_be_meant_is_64(tmp_path: Path) -> None:
    account(tmp_path)
    for wrong, said in (
        ((), "say whose journal"),
        (("dev", "--before", "yesterday"), "expected a date"),
        (("dev", "--before", "9998-01-01"), "is not finished"),
        (("nobody",), "not found"),
        (("dev", "--runs"), "--runs packs all"),
        (("--runs",), "no run under"),
    ):
        done = invoke("journal", "archive", *wrong, "--out", tmp_path)
        assert done.code == ExitCode.USAGE
        assert said in done.complaint


def test_old_runs_are_packed_and_young_ones_left(tmp_path: Path) -> None:
    for name, created_ts in (("replay-old", 1), ("replay-new", START * 2)):
        meta = JournalMeta(run_id=name, account="dev", created_ts=created_ts)
        with JournalStore.create(tmp_path / "runs" / name, meta) as store:
            stop = Operation(ts=1, kind="stop", detail={"reason": "end_of_feed"})
            store.append(EVENTS, input_no=99, operations=[stop])
    done = invoke("journal", "archive", "--runs", "--older-than", "7", "--out", tmp_path)
    assert done.code == 0
    assert "1 runs packed, 1 left" in done.out
    assert "replay-new was left: not old enough" in done.err
    assert (tmp_path / "runs" / "archive" / "replay-old.tar.gz").exists()
    verified = invoke("journal", "verify", "--out", tmp_path)
    assert "replay-new: intact" in verified.out
