"""The end of a recording ends its last timestamp as a clock would, a session's end its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.inputs import Clock, Input
from daemon.market.timestamp_end import EndRank
from daemon.runtime.app import App
from daemon.runtime.build import build
from daemon.runtime.prepared_run import open_run
from daemon.runtime.simulate import run as simulate
from daemon.settings.config import Config
from daemon.settings.file import load_config
from tests.kit.cli import tick_rows, write_config, write_ticks
from tests.kit.market import CLOSE, Market

ROWS = 100


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(timestamp, time) of every end, in engines that ask at each of their inputs but a clock."""
    heard: list[tuple[int, int]] = []
    begin, make = PaperEngine._begin, PaperEngine._attach_strategies

    def asked(engine: PaperEngine, rows: object) -> None:
        begin(engine, rows)  # type: ignore[arg-type]
        take = engine._rows.take

        def taken(rows: object) -> None:
            take(rows)  # type: ignore[arg-type]
            engine.engine.timestamp_end.ask()
            engine._rows.take = take  # type: ignore[method-assign]

        engine._rows.take = taken  # type: ignore[method-assign]

    def listening(engine: PaperEngine, carry: object) -> None:
        make(engine, carry)  # type: ignore[arg-type]

        def hear(ts: int) -> Iterator[None]:
            heard.append((ts, engine.at.stamp))
            yield

        engine.engine.timestamp_end.listen(EndRank.PLANS, hear)

    monkeypatch.setattr(PaperEngine, "_begin", asked)
    monkeypatch.setattr(PaperEngine, "_attach_strategies", listening)
    return heard


def small_config(tmp_path: Path) -> Config:
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(ROWS))
    path = write_config(tmp_path / "c.yaml", ticks)
    return load_config(path, {"out": str(tmp_path), "feed.replay.block_rows": 10})


def test_a_simulated_recording_ends_its_last_timestamp(
    tmp_path: Path, ended: list[tuple[int, int]]
) -> None:
    simulate(small_config(tmp_path))
    assert len(ended) == ROWS // 10
    last, now = ended[-1]
    assert now == last + 1
    assert all(now - ts > 1 for ts, now in ended[:-1])


@pytest.mark.asyncio
async def test_a_run_of_a_recording_ends_its_last_timestamp(
    tmp_path: Path, ended: list[tuple[int, int]]
) -> None:
    app = App(open_run(build(small_config(tmp_path)), tmp_path), out=tmp_path)
    with anyio.fail_after(30):
        await app.run()
    assert len(ended) == ROWS // 10
    assert app.engine.input_no == ROWS + 1
    assert app.engine.at.now == ended[-1][0] + 1


@pytest.mark.asyncio
async def test_a_run_that_a_person_stops_waits_for_what_follows(
    tmp_path: Path, ended: list[tuple[int, int]]
) -> None:
    app = App(open_run(build(small_config(tmp_path)), tmp_path), out=tmp_path)

    async def stop(item: Input) -> None:
        app.stop("SIGINT")

    app.bus.drive(stop)
    with anyio.fail_after(30):
        await app.run()
    assert 0 < app.engine.input_no < ROWS
    assert app.engine.final_clock() is not None
    assert app.engine.at.now == app.engine.engine.timestamp_end.asked_ts
    assert len(ended) == app.engine.input_no // 10 - 1


def test_a_recording_at_whose_end_nothing_waits_gets_no_clock(tmp_path: Path) -> None:
    parts = build(small_config(tmp_path))
    assert parts.engine.final_clock() is None


def test_the_end_of_a_session_ends_the_timestamp_it_is_decided_at() -> None:
    market, heard = Market(), list[tuple[int, int]]()
    end = market.engine.engine.timestamp_end

    def hear(ts: int) -> Iterator[None]:
        heard.append((ts, market.engine.at.stamp))
        yield

    end.listen(EndRank.PLANS, hear)
    market.tick(100)
    market.signal("BUY", 25, product="MIS")
    close = market.engine.engine.end_session

    def asking(indices: frozenset[int], date: str) -> None:
        close(indices, date)
        end.ask()

    market.engine.engine.end_session = asking  # type: ignore[method-assign]
    market.engine.handle(Clock(CLOSE))
    assert heard == [(CLOSE, CLOSE)]
    market.engine.handle(Clock(CLOSE + 5))
    assert len(heard) == 1
