"""Recordings that are older than the configuration keeps are removed, never one that is needed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from daemon.runtime.account import Account
from daemon.runtime.retention import NEEDED, old_recordings, remove
from daemon.settings.check import fingerprint
from daemon.settings.config import Config, RecordingConfig

TODAY = dt.date(2026, 11, 30)


def recordings(place: Path, *names: str) -> list[Path]:
    account = Account.open(place, "paper", created_ts=1)
    account.close()
    for name in names:
        path = account.directory / "recordings" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x" * 10)
    return account.recordings()


def days(*ago: int, suffix: str = ".parquet") -> list[str]:
    return [f"{TODAY - dt.timedelta(days=each)}-1{suffix}" for each in ago]


RECENT = days(3, 2, 1, 0)


@pytest.mark.parametrize(
    ("names", "removed"),
    [
        (days(40, 31, 30, 29), days(40, 31)),
        (days(31), days(31)),
        (days(30), []),
        ([], []),
        # a day with a recording that was not finished stays whole
        ([*days(40), "2026-10-21-2.inputs", *days(39)], days(39)),
        # packed, and killed before the log was removed
        ([*days(40), *days(40, suffix=".inputs"), *days(39)], days(39)),
        # what a person put there
        (["mine.parquet", "2026-13-45-1.parquet", "2020-01-01.parquet", *days(40)], days(40)),
    ],
)
def test_only_finished_recordings_before_the_kept_days_are_old(
    names: list[str], removed: list[str], tmp_path: Path
) -> None:
    assert len(RECENT) == NEEDED
    found = old_recordings(recordings(tmp_path, *names, *RECENT), today=TODAY, keep_days=30)
    assert [each.name for each in found] == removed


def test_what_a_start_and_a_warm_up_need_stays_however_old_it_is(tmp_path: Path) -> None:
    all_old = recordings(tmp_path, *days(105, 104, 103, 102, 101, 100))
    old = old_recordings(all_old, today=TODAY, keep_days=1)
    assert old == all_old[:-NEEDED]
    assert remove(old) == (2, 20, "")
    assert recordings(tmp_path) == all_old[-NEEDED:]


def test_a_recording_that_cannot_be_removed_is_told_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    (tmp_path / "b").mkdir()
    done = remove([tmp_path / "a", tmp_path / "b"])
    assert (done.files, done.size) == (1, 3)
    assert done.failed.startswith(f"{tmp_path / 'b'}: ")


def test_more_days_than_there_were_keep_everything(tmp_path: Path) -> None:
    everything = recordings(tmp_path, *days(700_000, 100), *RECENT)
    assert old_recordings(everything, today=TODAY, keep_days=10**9) == []


def test_what_is_kept_is_no_part_of_what_is_decided() -> None:
    assert fingerprint(Config()) == fingerprint(Config(recording=RecordingConfig(keep_days=3)))
