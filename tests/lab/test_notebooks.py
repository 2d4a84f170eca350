"""The notebooks in docs run as they are, and show what they show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.notebooks import executed, notebooks, read, written

SMALL = 20_000
"""Bytes of a notebook with its outputs."""
IDS = [path.stem for path in notebooks()]


def test_there_is_one_and_each_is_small() -> None:
    assert IDS
    for path in notebooks():
        assert path.stat().st_size < SMALL
        assert written(read(path)) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", notebooks(), ids=IDS)
def test_every_cell_has_been_run_in_order(path: Path) -> None:
    cells = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell["outputs"]) for cell in cells) >= len(cells) // 2


@pytest.mark.ci
@pytest.mark.parametrize("path", notebooks(), ids=IDS)
def test_a_notebook_shows_what_its_cells_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)  # where Jupyter runs it
    notebook = read(path)
    assert json.dumps(executed(notebook)) == json.dumps(notebook)
