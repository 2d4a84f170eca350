"""`init DIR` writes what runs, and writes over nothing."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.init import next_commands, write_desk
from daemon.domain.candle import Candle
from daemon.domain.intent import Signal
from daemon.errors import UsageError
from tests.kit.cli import invoke, only_run, summary_of, verified

NAMES = ["breakout.py", "paper.yaml", "sample_depth.parquet"]


def test_what_init_writes_is_valid_and_trades(tmp_path: Path) -> None:
    desk = tmp_path / "new" / "desk"
    written = invoke("init", desk)
    assert (written.code, written.err) == (0, "")
    assert sorted(each.name for each in desk.iterdir()) == NAMES
    assert invoke("check", desk / "paper.yaml").out.endswith("strategies: breakout\n")
    done = invoke("--config", desk / "paper.yaml", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    run = only_run(tmp_path / "out")
    assert verified(run)
    assert summary_of(run)["paths"][0] == f"{run}/journal.db"
    assert f"cd {desk}\n" in written.out


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_there_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    done = invoke("init", tmp_path)
    assert done.code == 64
    assert done.complaint == (
        f"{tmp_path / name}: is there already; nothing was written, name another DIR"
    )
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert invoke("init", tmp_path).code == 0


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = invoke("init", tmp_path / "file" / "desk")
    assert done.code == 64
    assert done.complaint.endswith("cannot be written: Not a directory")


def test_what_was_begun_is_taken_away_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.cli.init._FILES", (Path(__file__), tmp_path / "not-there"))
    with pytest.raises(UsageError, match="not-there: cannot be written"):
        write_desk(tmp_path / "desk")
    assert list((tmp_path / "desk").iterdir()) == []


def test_the_next_commands_name_a_program_that_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin dir" / "run_fno_paper"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bin dir/run_fno_paper"])
    monkeypatch.setenv("PATH", "/nowhere")
    lines = [shlex.split(each) for each in next_commands(Path("my desk"))]
    assert lines[0] == ["cd", "my desk"]
    assert lines[1] == [str(program), "check", "paper.yaml"]
    monkeypatch.setenv("PATH", str(program.parent))
    assert list(next_commands(Path())) == [
        "run_fno_paper check paper.yaml",
        "run_fno_paper --config paper.yaml",
        "run_fno_paper report",
    ]


class Shown:
    """The view of one instrument."""

    def __init__(self) -> None:
        self.candles: list[Candle] = []
        self.held = 0

    def history(self, symbol: str) -> list[Candle]:
        return self.candles

    def position(self, symbol: str) -> int:
        return self.held


def test_the_example_in_the_strategy_is_what_it_does(tmp_path: Path) -> None:
    write_desk(tmp_path)
    source = (tmp_path / "breakout.py").read_text()
    space: dict[str, Any] = {"__name__": "breakout"}
    exec(compile(source, "breakout.py", "exec"), space)
    strategy, view = space["Breakout"](bars=3, quantity=65), Shown()
    rows = re.findall(
        r"^    \d\d:\d\d +([\d.]+) +([\d.]+) +([\d.]+)   (nothing|BUY 65, stop ([\d.]+))",
        source, re.MULTILINE,
    )  # fmt: skip
    assert [row[3][:3] for row in rows] == ["not"] * 4 + ["BUY"] + ["not"]
    for number, (high, low, close, _, stop) in enumerate(rows):
        view.candles.append(
            Candle(
                tradingsymbol="X", timeframe="1m", ts=number, end_ts=number + 1, open=float(low),
                high=float(high), low=float(low), close=float(close), volume=1, bar=number,
            )
        )  # fmt: skip
        intent = strategy.on_candle(view.candles[-1], view)
        if not stop:
            assert intent is None
            continue
        assert (intent.signal, intent.qty, intent.sl_price) == (Signal.BUY, 65, float(stop))
        view.held = 65
