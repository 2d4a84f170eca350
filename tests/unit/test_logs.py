"""Log lines: where they go, how many, how long they are kept, what is bound to them."""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from daemon.errors import ConfigError
from daemon.process.log_repeats import HIDDEN, WINDOW_S, Repeats
from daemon.process.logs import start_logging
from daemon.settings.config import LogConfig


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    yield
    logger.remove()
    logger.configure(extra={}, patcher=None)


def record(message: str, at: float, line: int = 1) -> Any:
    return {
        "name": "daemon.x", "line": line, "message": message, "extra": {},
        "elapsed": dt.timedelta(seconds=at),
    }  # fmt: skip


def judged(repeats: Repeats, message: str, at: float) -> dict[str, Any]:
    made = record(message, at)
    repeats(made)
    extra: dict[str, Any] = made["extra"]
    return extra


# repeats


def test_the_same_line_is_shown_a_few_times_a_minute_then_counted() -> None:
    repeats = Repeats(per_minute=3)
    found = [judged(repeats, "lost", at) for at in range(10)]
    assert found == [{}] * 3 + [{HIDDEN: True}] * 7
    assert judged(repeats, "lost", WINDOW_S) == {"repeated": 7}


def test_what_does_not_come_again_is_told_with_the_next_line_of_any_kind() -> None:
    repeats = Repeats(per_minute=1)
    for at in range(5):
        judged(repeats, "lost", at)
    assert judged(repeats, "other", 30) == {}
    assert judged(repeats, "another", 70) == {"not_shown": "4 x lost"}
    assert judged(repeats, "one more", 71) == {}


def test_other_words_and_other_places_are_other_lines() -> None:
    repeats = Repeats(per_minute=1)
    assert judged(repeats, "a", 0) == judged(repeats, "b", 0) == {}
    elsewhere = record("a", 0, line=2)
    repeats(elsewhere)
    assert elsewhere["extra"] == {}


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(0, 9)), max_size=80),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_memory_is_bounded_and_every_line_is_shown_or_hidden_once(
    lines: list[tuple[float, int]], per_minute: int, known: int
) -> None:
    repeats, now = Repeats(per_minute, known), 0.0
    shown: dict[int, list[float]] = {}
    hidden = told = 0
    for wait, which in lines:
        now += wait
        extra = judged(repeats, str(which), now)
        assert len(repeats._seen) <= known + 1
        if HIDDEN in extra:
            hidden += 1
        else:
            shown.setdefault(which, []).append(now)
        told += extra.get("repeated", 0) + int(str(extra.get("not_shown", "0")).split()[0])
    assert told <= hidden
    assert hidden + sum(map(len, shown.values())) == len(lines)
    if len({which for _, which in lines}) <= known:
        for times in shown.values():
            for sooner, later in zip(times, times[per_minute * 2 :], strict=False):
                assert later - sooner >= WINDOW_S / 2


# sinks


def logged(tmp_path: Path, form: Literal["text", "json"] = "text", **more: Any) -> Path:
    path = tmp_path / "logs" / "run.log"
    start_logging(LogConfig(file=str(path), format=form, **more), quiet=True, account="paper")
    return path


def test_the_account_and_what_is_bound_are_in_every_line(tmp_path: Path) -> None:
    path = logged(tmp_path)
    logger.bind(order_id="V3-1", seq=7).info("closed")
    assert path.read_text().rstrip().endswith("closed account=paper order_id=V3-1 seq=7")
    path.unlink()
    path = logged(tmp_path, "json")
    logger.bind(order_id="V3-1").info("closed")
    [line] = path.read_text().splitlines()
    assert json.loads(line)["record"]["extra"] == {"account": "paper", "order_id": "V3-1"}


def test_repeats_are_collapsed_in_the_file(tmp_path: Path) -> None:
    path = logged(tmp_path)
    for _ in range(100):
        logger.warning("the feed said nonsense")
    logger.info("something else")
    lines = path.read_text().splitlines()
    assert len(lines) == 11
    assert "something else" in lines[-1]


def test_the_file_is_private_rotated_and_only_so_many_are_kept(tmp_path: Path) -> None:
    path = logged(tmp_path, rotation_mb=1, retention_files=2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for number in range(9):
        logger.info("{} {}", number, "x" * 600_000)
    kept = sorted(path.parent.iterdir())
    assert 2 <= len(kept) <= 3
    assert all(each.stat().st_size <= 1_000_000 for each in kept)
    assert path in kept


def test_the_level_can_be_changed_while_it_runs(tmp_path: Path) -> None:
    path = logged(tmp_path)
    logger.debug("not this")
    logged(tmp_path, level="DEBUG")
    logger.debug("but this")
    logged(tmp_path, level="ERROR")
    logger.warning("nor this")
    [line] = path.read_text().splitlines()
    assert " but this " in line


def test_a_traceback_shows_no_variables(tmp_path: Path) -> None:
    path = logged(tmp_path)
    holder = SimpleNamespace(token="canaryAccessToken")
    try:
        raise ValueError(len(holder.token) // 0)
    except ZeroDivisionError:
        logger.exception("made up")
    text = path.read_text()
    assert "ZeroDivisionError" in text
    assert "canary" not in text


@pytest.mark.parametrize("name", ["{day}.log", "{0}.log", "{.log", "{time:{}}.log"])
def test_a_file_name_with_unknown_braces_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected no other braces than \{account\} and \{time"):
        start_logging(LogConfig(file=str(tmp_path / name)))
