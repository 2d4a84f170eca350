"""`runtime.simulate` decides what the `run` command journals, without a loop or a journal."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.errors import ConfigError
from daemon.journal.store import JournalStore
from daemon.report.summary import summary_dict
from daemon.runtime.simulate import Simulated
from daemon.runtime.simulate import run as simulate
from daemon.settings.config import Config, FeedConfig
from daemon.settings.file import load_config
from tests.kit import golden
from tests.kit.cli import ROOT, summary_of

NOT_NUMBERS = {"run_id", "notes", "paths", "margin", "return_on_peak_margin"}
"""Margins are no part of it: without a capital a simulation computes none."""
SHORT = {"feed.replay.end": "2026-11-18T10:45:00"}


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def sample(**overrides: Any) -> Config:
    return load_config(ROOT / golden.SAMPLE, overrides)


def numbers(summary: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in summary.items() if name not in NOT_NUMBERS}


def test_events_and_numbers_are_those_of_the_run_command(tmp_path: Path) -> None:
    done = golden.replay(golden.SAMPLE, tmp_path)
    simulated = simulate(sample())
    with JournalStore.open(done.directory) as store:
        assert simulated.events == list(store.events())
    assert numbers(as_kept(simulated)) == numbers(summary_of(done.directory))


def as_kept(simulated: Simulated) -> dict[str, Any]:
    kept: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(summary_dict(simulated.summary)))
    return kept


@pytest.mark.ci
def test_a_synthetic_market_gives_the_same_too(tmp_path: Path) -> None:
    short = {
        "feed.synthetic.ticks_per_second": 0.05, "feed.synthetic.speed": "max",
        "feed.synthetic.strikes_each_side": 1,
    }  # fmt: skip
    done = golden.replay("configs/dev.yaml", tmp_path, short)
    simulated = simulate(load_config(ROOT / "configs/dev.yaml", short))
    assert simulated.events
    with JournalStore.open(done.directory) as store:
        assert simulated.events == list(store.events())
    assert numbers(as_kept(simulated)) == numbers(summary_of(done.directory))


def test_it_works_inside_a_running_loop_and_two_at_a_time_in_threads() -> None:
    expected = simulate(sample(**SHORT))
    assert expected.events

    async def inside() -> Simulated:
        return simulate(sample(**SHORT))

    assert decided(asyncio.run(inside())) == decided(expected)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: simulate(sample(**SHORT)), range(2)))
    assert list(map(decided, both)) == [decided(expected)] * 2


def decided(simulated: Simulated) -> tuple[object, ...]:
    return simulated.events, simulated.summary, simulated.series, simulated.closes


def test_nothing_is_written(tmp_path: Path) -> None:
    before = tree(tmp_path)
    simulate(sample(out=str(tmp_path), **SHORT))
    assert tree(tmp_path) == before


def tree(place: Path) -> str:
    return hashlib.sha256("".join(map(str, sorted(place.rglob("*")))).encode()).hexdigest()


def test_a_live_feed_is_refused() -> None:
    with pytest.raises(ConfigError, match="kite is a live feed"):
        simulate(Config(feed=FeedConfig(kind="kite")))
