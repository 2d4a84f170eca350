"""docs/LAB.md is run: what its programs print is what it shows."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.cli import PROGRAM
from tests.kit.source import ROOT

LAB = (ROOT / "docs/LAB.md").read_text(encoding="utf-8")
STORY, REST = re.split(
    r"(?=^## A run in memory)", LAB.partition("## From recordings")[2], flags=re.M
)
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"`(\w+\.yaml)`[^\n]*:\n\n```ya?ml\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^run_fno_paper (.+)$", re.MULTILINE)


def test_the_programs_of_the_lab_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    blocks = BLOCK.findall(REST)
    shown, printed = told_and_run(blocks, {"__name__": "lab", "OUT": tmp_path})
    assert len(blocks) >= 4
    assert shown == printed


@pytest.mark.ci
def test_the_story_of_the_lab_is_what_its_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, (command,) = FILE.findall(STORY), COMMAND.findall(STORY)
    assert [name for name, _ in files] == ["market.yaml", "breakout.yaml"]
    for name, text in files:
        (tmp_path / name).write_text(text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *shlex.split(command)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=True, timeout=100,
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (_, first), *others = BLOCK.findall(STORY)
    assert ran.stdout == first
    shown, printed = told_and_run(others, {"__name__": "story"})
    assert shown == printed != ""


def told_and_run(blocks: list[tuple[str, str]], names: dict[str, object]) -> tuple[str, str]:
    """Return what the texts show, and what the programs print in one namespace."""
    shown = printed = ""
    for kind, text in blocks:
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(text, "docs/LAB.md", "exec"), names)
            printed += out.getvalue()
        else:
            shown += text
    return shown, printed
