"""The live daemon stopped, killed and started again: nothing shown is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any, Final
from unittest import mock

import anyio
import anyio.to_thread
import msgspec
import pytest

from daemon.domain.dates import SECOND_NS, ist_date, parse_ts
from daemon.errors import ExitCode
from daemon.rules import load_rulebook
from daemon.runtime.app import App
from daemon.runtime.machine import machine_of
from daemon.runtime.series import Series, read_series
from feeds.recording.compact import CompactedLog
from feeds.recording.reader import InputLog
from tests.kit.cli import Result, finished, metrics_of, spawn
from tests.kit.live import (
    Market,
    QuickClocks,
    entries,
    free_port,
    market,
    program_at,
    proven,
    recorded_rows,
    run,
    script_of,
    server_of,
    shifted,
    trade_all,
    until,
    write_live_config,
)
from tests.kit.shown import shown_wrong

KILLS: Final = int(os.environ.get("FNO_KILLS", "6"))
"""Set it to 100 or 2,000 for the longer proofs (RELIABILITY A1)."""
KILLS_A_SESSION: Final = 3


@pytest.fixture(scope="module")
def of() -> Market:
    return market()


class Observer:
    """Reads the metrics file all the time, from outside; keeps one reading of each `seq`."""

    def __init__(self, out: Path) -> None:
        self.seen: dict[int, dict[str, Any]] = {}
        self._path = out / "analytics/runtime_metrics.json"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            if self._path.exists():
                shown = msgspec.json.decode(self._path.read_bytes())
                self.seen.setdefault(shown["seq"], shown)
            self._ended.wait(0.001)


async def killed_often(
    config: Path, of: Market, port: int, draw: random.Random, kills: int
) -> list[str]:
    """Daemons killed one after another at random instants, then one that sees the end."""
    said = []
    async with server_of(of, port, speed="120") as server:
        for _ in range(kills):
            process = spawn("--config", config)
            await anyio.to_thread.run_sync(survive, process, draw.uniform(0.3, 1.6))
            process.kill()
            said.append((await anyio.to_thread.run_sync(finished, process)).err)
        process = spawn("--config", config)
        await server.finished()
        await anyio.to_thread.run_sync(survive, process, 0.5)
        process.send_signal(signal.SIGTERM)
        ended: Result = await anyio.to_thread.run_sync(finished, process)
        assert ended.code == ExitCode.STOPPED, ended.err
        said.append(ended.err)
    return said


def survive(process: subprocess.Popen[str], seconds: float) -> None:
    """Let it run for so long."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"it ended by itself: {process.communicate()[1]}")


@pytest.mark.ci
@pytest.mark.timeout(120 + 4 * KILLS)
@pytest.mark.parametrize("seed", range(max(1, KILLS // KILLS_A_SESSION)))
def test_kill_9_at_any_instant_loses_nothing_and_doubles_nothing(
    seed: int, of: Market, tmp_path: Path
) -> None:
    draw = random.Random(seed)
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, seed, every_s=2), port=port)
    with Observer(tmp_path) as observer:
        said = run(killed_often, config, of, port, draw, KILLS_A_SESSION)
    assert not [each for each in said if "Traceback" in each]
    outcome = proven(tmp_path)
    assert not shown_wrong(observer.seen.values(), outcome.directory, config)
    assert len(observer.seen) > 3
    assert [each.seq for each in outcome.events] == list(range(1, len(outcome.events) + 1))
    assert not outcome.kinds("not_run_again")
    assert len(outcome.kinds("recovered")) <= KILLS_A_SESSION


def test_a_stop_and_a_start_in_mid_session_are_one_run(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, 7), port=port)

    async def half(start: int, stop: int) -> None:
        async with server_of(of, port, blocks=[of.block.rows(start, stop)]):
            process = spawn("--config", config)
            await until(lambda: metrics_of(tmp_path).get("ticks") == stop)
            await stopped(process)

    run(half, 0, 1500)
    run(half, 1500, 3000)
    outcome = proven(tmp_path)
    assert recorded_rows(outcome.directory) == 3000
    assert len(list((outcome.directory / "recordings").iterdir())) == 1
    assert len(outcome.kinds("recovered")) == 1
    (gap,) = outcome.kinds("gap")
    stamps = of.block.exchange_ts
    assert stamps is not None
    assert gap["since"] == int(stamps[1499])
    assert gap["instruments"] == len(of.universe)
    [log] = (outcome.directory / "recordings").iterdir()
    kept = read_series((outcome.directory / "series.json").read_bytes(), "series")
    assert kept == series_of(InputLog(log))


def series_of(log: InputLog) -> Series:
    """Prices and equity of all inputs of a recording, as if nothing had stopped in between."""
    machine = machine_of(log.header, load_rulebook(None))
    for item in log.inputs():
        machine.sampler.take(machine.engine.handle(item))
    return machine.sampler.series()


async def stopped(process: subprocess.Popen[str]) -> None:
    """End a daemon in order."""
    process.send_signal(signal.SIGTERM)
    ended: Result = await anyio.to_thread.run_sync(finished, process)
    assert ended.code == ExitCode.STOPPED, ended.err
    assert "Traceback" not in ended.err


def test_another_configuration_on_the_same_day_begins_another_recording(
    of: Market, tmp_path: Path
) -> None:
    port = free_port()
    script = script_of(of, 8)

    async def half(start: int, stop: int, slippage: float) -> App:
        config = write_live_config(
            tmp_path, of, script, port=port, execution={"slippage_bps": slippage}
        )
        async with server_of(of, port, blocks=[of.block.rows(start, stop)]) as server:
            return await trade_all(config, server)

    run(half, 0, 1000, 5)
    run(half, 1000, 2000, 7)
    app = run(half, 2000, 3000, 5)
    outcome = proven(tmp_path, app)
    names = sorted(each.name for each in (outcome.directory / "recordings").iterdir())
    assert [each.rpartition("-")[2] for each in names] == ["1.parquet", "2.parquet", "3.inputs"]
    assert recorded_rows(outcome.directory) == 3000
    created = [each for each in outcome.ledger.orders.values() if each.strategy_id == "script"]
    written = sum(each["signal"] != "EXIT" for each in script)
    assert len(created) <= written, "an intent had its turn twice"


def test_a_crash_on_one_day_and_a_start_on_the_next(of: Market, tmp_path: Path) -> None:
    """MIS positions are closed at the end of their own day; NRML ones go on."""
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port, clock="wall")
    first = int(of.block.ts[0])
    next_day = parse_ts("2026-11-19T09:20:00")

    async def crash() -> None:
        async with server_of(of, port, blocks=[of.block.rows(0, 1000)], speed="60"):
            process = spawn("--config", config, code=program_at(first - SECOND_NS))
            await until(lambda: metrics_of(tmp_path).get("active_positions") == 5)
            process.kill()
            await anyio.to_thread.run_sync(finished, process)

    async def start() -> App:
        later = shifted(of.block.rows(0, 500), next_day - first)
        with mock.patch("daemon.runtime.live.MACHINE_CLOCKS", QuickClocks(next_day)):
            async with server_of(of, port, blocks=[later]) as server:
                return await trade_all(config, server)

    run(crash)
    app = run(start)
    outcome = proven(tmp_path, app)
    closed = [each for each in outcome.moves if each.to_state == "CLOSED"]
    assert {each.reason for each in closed} == {"square_off"}
    assert {(ist_date(each.ts).isoformat(), each.fill and each.fill.stale) for each in closed} == {
        ("2026-11-18", True)
    }
    assert [each.product for each in outcome.ledger.open_positions()] == ["NRML"] * 2
    assert len(closed) == 3
    yesterday, today = sorted((outcome.directory / "recordings").iterdir())
    assert CompactedLog(yesterday).header.date == "2026-11-18"
    assert today.name == "2026-11-19-1.inputs"
    ended = CompactedLog(yesterday).ending.equity
    assert ended is not None
    assert ended.drawdown.depth_paise > 0
    assert set(ended.marks) == {each.tradingsymbol for each in outcome.ledger.open_positions()}
    assert InputLog(today).header.equity == ended
    shown = app.series().drawdown
    assert shown is not None
    assert shown.depth_paise >= ended.drawdown.depth_paise
