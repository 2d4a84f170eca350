"""What is wrong outside a live run is told in one line, and the journal ends in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import pytest
import yaml

from daemon.domain.dates import parse_ts
from daemon.errors import ExitCode
from daemon.journal.store import JournalStore
from daemon.runtime.app import App
from feeds.kite.server.encode import encode_frame, encode_packets
from tests.kit.cli import Result, finished, invoke, metrics_of, spawn
from tests.kit.kite_dump import day_rows, write_dump
from tests.kit.live import (
    Hand,
    Market,
    free_port,
    market,
    proven,
    recorded_rows,
    run,
    script_of,
    server_of,
    trading,
    until,
    write_live_config,
)
from tests.kit.ticker_rig import plays
from tests.kit.ticker_script import Client, Script, ScriptedTicker, wire
from tests.kit.tiers import with_more_in_ci

REFUSED: Final = "Kite refused the access token (HTTP 403)"


@pytest.fixture(scope="module")
def of() -> Market:
    return market()


def ended_by_itself(config: Path) -> Result:
    return finished(spawn("--config", config), within_s=30)


def last_stop(place: Path) -> dict[str, Any]:
    return dict(proven(place).kinds("stop")[-1])


def test_a_refused_token_ends_with_77_and_one_line(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, 1), port=port)

    async def session() -> Result:
        async with server_of(of, port, "403") as server:
            ended: Result = await anyio.to_thread.run_sync(ended_by_itself, config)
            assert server.stats.refused == 1, "it must not try again"
            return ended

    ended = run(session)
    assert ended.code == ExitCode.TOKEN_REFUSED
    assert ended.complaint.startswith(REFUSED)
    assert "run_fno_paper login" in ended.complaint
    stop = last_stop(tmp_path)
    assert stop["reason"] != "end_of_feed"
    assert str(stop["error"]).startswith(REFUSED)


def test_a_token_that_ends_in_mid_session_stops_the_run_in_order(
    of: Market, tmp_path: Path
) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, 1), port=port)

    async def session() -> Result:
        async with server_of(of, port, blocks=[of.block.rows(0, 1000)]) as server:
            process = spawn("--config", config)
            await server.finished()
            await until(lambda: metrics_of(tmp_path).get("ticks") == 1000)
        async with server_of(of, port, "403"):
            ended: Result = await anyio.to_thread.run_sync(finished, process)
            return ended

    ended = run(session)
    assert ended.code == ExitCode.TOKEN_REFUSED
    assert ended.complaint.startswith(REFUSED)
    outcome = proven(tmp_path)
    assert recorded_rows(outcome.directory) == 1000
    assert outcome.events
    assert outcome.kinds("stop")[-1]["seq"] == len(outcome.events)


# bytes


def rubbish(of: Market, draw: random.Random) -> list[bytes]:
    """Frames that a server of this protocol would never send, and a few that look nearly right."""
    known = of.universe[1].instrument_token.to_bytes(4, "big")
    stranger = (0x00FFFF02).to_bytes(4, "big")
    price = b"\x00\x00\x01\x00"
    made: list[Callable[[], bytes]] = [
        lambda: draw.randbytes(draw.randrange(2, 400)),
        lambda: b"",
        lambda: b"\x00\x01\x00\x08" + stranger + price,
        lambda: b"\x00\x02\x00\x08" + known,  # cut in its first packet
        lambda: b"\x00\x01\x00\x07" + known + b"abc",  # of no kind
        lambda: b"\xff\xff" * draw.randrange(1, 50),
        lambda: b"\x00\x01\x00\x08" + known + b"\x00" * 4,  # a price of nothing
        lambda: b"\x00\x00",
    ]
    return [draw.choice(made)() for _ in range(400)] + [draw.randbytes(1 << 20)]


def sound_frames(of: Market, rows: int) -> list[bytes]:
    packets = encode_packets(of.block.rows(0, rows), of.universe, "full")
    return [encode_frame(packets[at : at + 5]) for at in range(0, rows, 5)]


@pytest.mark.parametrize("seed", with_more_in_ci(0, more=[1, 2]))
def test_rubbish_between_the_ticks_changes_nothing(seed: int, of: Market, tmp_path: Path) -> None:
    """The same events as without it: no position changes, nothing is lost, all is counted."""
    rows = 500
    script = script_of(of, 1, every_s=2)
    draw = random.Random(seed)
    sound = sound_frames(of, rows)
    mixed = list(sound)
    for each in rubbish(of, draw):
        mixed.insert(draw.randrange(len(mixed) + 1), each)

    async def session(place: Path, frames: list[bytes]) -> App:
        script_for: Script = plays(*(wire(each) for each in frames), then=listen)
        async with ScriptedTicker((script_for,)).listening() as server:
            port = int(server.url.rpartition(":")[2])
            config = write_live_config(place, of, script, port=port)
            async with trading(config) as app:
                await until(lambda: app.feed.quality()["frames"] >= sum(len(e) > 1 for e in frames))
        return app

    journals = []
    for name, frames in {"plain": sound, "mixed": mixed}.items():
        place = tmp_path / name
        place.mkdir()
        app = run(session, place, frames)
        outcome = proven(place, app)
        journals.append([(e.order_id, e.to_state, e.reason, e.fill) for e in outcome.moves])
        taken = recorded_rows(outcome.directory)
    assert journals[0]
    assert journals[0] == journals[1]
    stats = app.engine.stats()
    refused = sum(stats.refused_rows.values())
    assert taken - refused == rows
    quality = app.feed.quality()
    assert quality["packets_unknown_token"] > 0
    assert quality["packets_unknown_length"] > 0
    assert quality["packets_cut"] > 0


async def listen(client: Client) -> None:
    """Keep the connection."""
    await client.gone()


# instruments


def underlyings_config(place: Path, of: Market, port: int) -> Path:
    """What names its instruments by their underlying, with an API that cannot be reached."""
    path = write_live_config(place, of, [], port=port)
    config = yaml.safe_load(path.read_text())
    config["universe"] = {"underlyings": [{"name": "NIFTY", "futures": ["current"]}]}
    config["feed"]["kite"]["api_url"] = f"http://127.0.0.1:{free_port()}"
    config["feed"]["kite"]["instruments_cache"] = str(place / "instruments")
    config["strategies"]["list"] = []
    path.write_text(yaml.safe_dump(config))
    return path


def put_dumps(directory: Path, cut: int | None = None) -> None:
    """Dumps of an older day, or their first bytes."""
    directory.mkdir()
    for exchange in ("NSE", "NFO"):
        rows = [each for each in day_rows() if each.exchange == exchange]
        path = write_dump(directory / f"{exchange}-2026-11-18.csv", rows)
        path.write_bytes(path.read_bytes()[:cut])


def test_without_a_network_the_instruments_of_an_older_day_are_used_and_told(
    of: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.runtime.live.MACHINE_CLOCKS", Hand(parse_ts("2026-11-19T10:00:00")))
    port = free_port()
    config = underlyings_config(tmp_path, of, port)
    put_dumps(tmp_path / "instruments")

    async def session() -> App:
        async with server_of(of, port), trading(config) as app:
            await until(lambda: app.feed.state() == "live")
        return app

    app = run(session)
    assert {"NIFTY 50"} < set(app.feed.universe.symbols)
    with JournalStore.open(app.directory) as store:
        problems = [
            each.detail["problem"] for each in store.operations() if "problem" in each.detail
        ]
    assert any("using NFO-2026-11-18.csv" in str(each) for each in problems)


@pytest.mark.parametrize("cut", with_more_in_ci(None, 200, more=[0, 5_000]))
def test_without_instruments_the_run_does_not_begin(
    cut: int | None, of: Market, tmp_path: Path
) -> None:
    """No file at all, an empty one, one that was cut: one line, and nothing is traded."""
    config = underlyings_config(tmp_path, of, free_port())
    if cut is not None:
        put_dumps(tmp_path / "instruments", cut)
    ended = invoke("--config", config)
    assert ended.code == ExitCode.FEED_LOST
    assert "no instruments of " in ended.complaint
