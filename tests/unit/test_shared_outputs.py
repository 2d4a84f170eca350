"""Two daemons in one output directory: whose numbers and whose log lines are where."""

from __future__ import annotations

import fcntl
import stat
from pathlib import Path

import pytest
from loguru import logger

from daemon.metrics.shared_file import SharedMetricsFile
from daemon.metrics.writer import MetricsWriter
from daemon.process.log_file import log_path, with_account
from daemon.process.logs import start_logging
from daemon.settings.config import LogConfig


def shared(place: Path, account: str) -> SharedMetricsFile:
    return SharedMetricsFile(
        place / "analytics/runtime_metrics.json", own=place / account / "metrics.json"
    )


def test_the_last_started_has_the_shared_file_and_the_other_stops_writing_it(
    tmp_path: Path,
) -> None:
    one, two = shared(tmp_path, "one"), shared(tmp_path, "two")
    said: list[str] = []
    sink = logger.add(said.append, format="{message} {extra[own]}")
    one.put(b"1")
    one.put(b"2")
    assert one.path.read_bytes() == b"2"
    two.put(b"3")
    for _ in range(3):
        one.put(b"4")
    assert one.path.read_bytes() == b"3"
    logger.remove(sink)
    (told,) = said
    assert "a daemon that started later writes the shared metrics file now" in told
    assert str(one.own) in told


def test_a_daemon_started_again_takes_the_shared_file_back(tmp_path: Path) -> None:
    one, two = shared(tmp_path, "one"), shared(tmp_path, "two")
    one.put(b"1")
    two.put(b"2")
    again = shared(tmp_path, "one")
    again._claim += "another process"
    again.put(b"3")
    two.put(b"4")
    one.put(b"5")
    assert one.path.read_bytes() == b"3"


def test_a_marker_that_somebody_removed_is_made_again(tmp_path: Path) -> None:
    one = shared(tmp_path, "one")
    one.put(b"1")
    for each in one.path.parent.glob(".*"):
        each.unlink()
    one.put(b"2")
    assert one.path.read_bytes() == b"2"
    assert len(list(one.path.parent.glob(".*"))) == 1


async def test_numbers_reach_the_shared_file_where_the_own_one_fails(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").mkdir()
    copied: list[bytes] = []
    writer = MetricsWriter(
        tmp_path / "metrics.json", lambda: {"a": 1}, interval_s=1, copy=copied.append
    )
    await writer.write_now()
    assert (len(copied), writer.writes, len(writer.failures)) == (1, 0, 1)


# logs


def test_the_accounts_name_stands_where_the_file_says_so() -> None:
    assert with_account("logs/{account}.log", "paper") == "logs/paper.log"
    assert with_account("logs/run.log", "paper") == "logs/run.log"


def test_a_log_that_another_process_writes_is_left_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = LogConfig(file=str(tmp_path / "run.log"))
    start_logging(config, account="one")
    with (tmp_path / "other.log").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        theirs = LogConfig(file=str(tmp_path / "other.log"))
        start_logging(theirs, account="two")
        logger.info("a line")
        start_logging(theirs, account="two")  # a reload
        logger.info("another line")
        assert (tmp_path / "other.log").read_text() == ""
    logger.remove()
    own = tmp_path / "other-two.log"
    assert "a line" in own.read_text()
    assert "another line" in own.read_text()
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert f"this account's lines go to {own}" in capsys.readouterr().err


def test_a_daemon_holds_the_log_that_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    start_logging(LogConfig(file=str(path)), account="one")
    assert log_path(str(path), "two") == str(tmp_path / "run-two.log")
    assert log_path(str(path), "") == str(path)  # a replay's run writes where it is told
    logger.remove()
    assert log_path(str(path), "two") == str(path)
