"""docs/LAB.md is run: what its programs print is what it shows."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.kit.source import ROOT

LAB = (ROOT / "docs/LAB.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


def test_the_programs_of_the_lab_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    blocks = BLOCK.findall(LAB)
    names: dict[str, object] = {"__name__": "lab", "OUT": tmp_path}
    shown = printed = ""
    for kind, text in blocks:
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(text, "docs/LAB.md", "exec"), names)
            printed += out.getvalue()
        else:
            shown += text
    assert len(blocks) >= 4
    assert shown == printed
