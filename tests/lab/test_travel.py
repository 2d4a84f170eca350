"""Strategies go with a task as text and hash; a node need not have their files (S6)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.errors import ConfigError
from daemon.lab.sweep.all_rounds import rounds_of
from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.tasks import Task
from daemon.lab.sweep.travel import Luggage, unpacked
from daemon.lab.sweep.versions import versions
from daemon.lab.worker import run_task
from tests.kit.sweeps import SLIPPAGE, sweep_file

STRATEGY = '''"""Buys the future once."""

from daemon.domain.intent import OrderIntent
from my_desk.sizes import QUANTITY


class BuyOnce:
    def __init__(self) -> None:
        self.candles = 0

    def on_candle(self, candle, view):
        self.candles += 1
        if self.candles != 2:
            return []
        return [OrderIntent(symbol="NIFTY26NOVFUT", signal="BUY", qty=QUANTITY)]
'''


def task_of(path: Path) -> Task:
    loaded = load_sweep(path)
    jobs = JobMaker(loaded).jobs(enumerate(rounds_of(loaded).next_round([])))
    return Luggage().packed(Task(number=0, jobs=tuple(jobs)))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A sweep with a strategy in a package of two files, next to its configuration."""
    here = tmp_path / "coordinator"
    (here / "my_desk").mkdir(parents=True)
    path = sweep_file(here, until="2026-11-18T09:20:00", grid={SLIPPAGE: [0, 5]})
    config = here / "config.yaml"
    text = config.read_text(encoding="utf-8")
    start = text.index("strategies:")
    item = "{id: once, module: my_desk.once, class: BuyOnce, symbols: [NIFTY26NOVFUT]}"
    config.write_text(f"{text[:start]}strategies: {{list: [{item}]}}\n", encoding="utf-8")
    (here / "my_desk/__init__.py").write_text("", encoding="utf-8")
    (here / "my_desk/once.py").write_text(STRATEGY, encoding="utf-8")
    (here / "my_desk/sizes.py").write_text("QUANTITY = 130\r\n", encoding="utf-8", newline="")
    return path


def test_a_node_without_the_files_decides_the_same(desk: Path, tmp_path: Path) -> None:
    task = task_of(desk)
    here = run_task(replace(task, sources=()))
    assert [done.status for done in here.jobs] == ["done", "done"]
    moved = desk.parent.rename(tmp_path / "gone")
    (tmp_path / "node").mkdir()
    there = unpacked(task, tmp_path / "node")
    assert there.jobs[0].config.strategies.path != task.jobs[0].config.strategies.path
    assert not (moved.parent / "coordinator").exists()
    found = run_task(there)
    assert [done.cause for done in found.jobs] == ["", ""]
    assert [done.events_hash for done in found.jobs] == [done.events_hash for done in here.jobs]


def test_the_whole_package_travels_byte_for_byte(desk: Path, tmp_path: Path) -> None:
    task = task_of(desk)
    unpacked(task, tmp_path / "node")
    for name in ("__init__.py", "once.py", "sizes.py"):
        [there] = (tmp_path / "node").rglob(name)
        assert there.read_bytes() == (desk.parent / "my_desk" / name).read_bytes()


def test_what_is_installed_travels_as_a_hash(tmp_path: Path) -> None:
    task = task_of(sweep_file(tmp_path, grid={SLIPPAGE: [0]}))
    names = {source.name for source in task.sources}
    assert "strategies/ema_trend.py" in names
    assert not any(source.text or source.directory for source in task.sources)
    assert unpacked(task, tmp_path / "node").jobs == task.jobs


def test_another_text_of_an_installed_strategy_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(sweep_file(tmp_path, grid={SLIPPAGE: [0]}))
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies/ema_trend.py").write_text("# another one\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConfigError, match=r"another text in .*ema_trend\.py"):
        unpacked(task, tmp_path / "node")
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConfigError, match=r"no strategies/.*\.py of that text"):
        unpacked(task, tmp_path / "node")


def test_versions_name_what_differs_and_nothing_else() -> None:
    ours = versions()
    assert ours.other(ours) == ""
    other = replace(ours, msgspec="0.1", program="0.2.0 (00)")
    assert other.other(ours) == (
        f"program 0.2.0 (00) instead of {ours.program}, msgspec 0.1 instead of {ours.msgspec}"
    )
    assert ours.python == f"{sys.version_info.major}.{sys.version_info.minor}"
