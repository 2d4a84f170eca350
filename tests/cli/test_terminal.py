"""What a person sees on a terminal: a bar that stays on its line, then the tables."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.kit.cli import ROOT, SAMPLE
from tests.kit.tiers import with_more_in_ci

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def seen(tmp_path: Path, columns: int, *, interrupt_at: str = "", config: str = SAMPLE) -> str:
    """All that the program writes to a terminal of a width; Ctrl-C when some text appears."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-W", "error", "-c", _PROGRAM, "--config", config, "--out", str(tmp_path),
         "--speed", "3000"],
        os.environ | {"TERM": "xterm-256color"},
        file_actions=[(os.POSIX_SPAWN_DUP2, theirs, each) for each in (0, 1, 2)],
    )  # fmt: skip
    os.close(theirs)
    text, deadline = "", time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                text += os.read(ours, 65_536).decode(errors="replace")
            except OSError:  # the other end is closed
                break
            if interrupt_at and interrupt_at in text:
                interrupt_at = ""
                os.kill(pid, signal.SIGINT)
    finally:
        os.close(ours)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return text


_PROGRAM = f"import os; os.chdir({str(ROOT)!r}); from daemon.main import main; main()"


@pytest.mark.parametrize("columns", with_more_in_ci(80, more=[120]))
def test_the_bar_keeps_its_line_and_shows_the_profit_whole(tmp_path: Path, columns: int) -> None:
    text = seen(tmp_path, columns, interrupt_at=" 2 open")
    bar, _, tables = text.partition("\x1b[?25h")
    assert tables, "the cursor is shown again"
    frames = [CODES.sub("", each) for each in re.split(r"[\r\n]+", bar)]
    frames = [each.replace("^C", "").rstrip() for each in frames if "P&L" in each]
    assert len(frames) > 3
    assert all(len(each) <= columns for each in frames), frames
    assert all(re.search(r"P&L +-?[\d,]+\.\d\d ", each + " ") for each in frames), frames
    assert "\n" not in bar.rstrip("\r\n")
    plain = CODES.sub("", tables)
    for heading in ("RUN replay-", "TRADES", "TOTALS", "WRITTEN"):
        assert heading in plain
    assert "Stopped by SIGINT before the end of the feed." in plain
    assert "INFO" not in text
    assert "Traceback" not in text


def test_a_warning_appears_above_the_bar_on_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "analytics").write_text("in the way of the metrics")
    text = seen(tmp_path, 200, interrupt_at=" 2 open")
    lines = [CODES.sub("", each) for each in text.replace("\r\n", "\n").split("\n")]
    (warning,) = [each for each in lines if "metrics file not written" in each]
    assert "P&L" not in warning.rpartition("\r")[2]
