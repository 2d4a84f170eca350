"""Replaying what was recorded gives the journal of the live run, event for event."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, parse_ts
from daemon.domain.inputs import Clock as TimePasses
from daemon.domain.inputs import Gap
from daemon.errors import ExitCode
from daemon.runtime.app import App
from feeds.kite.server.ticker_server import TickerServer
from feeds.recording.opened import open_recording
from tests.kit.cli import SAMPLE, invoke, only_run
from tests.kit.live import (
    ACCOUNT,
    Hand,
    Market,
    entries,
    free_port,
    market,
    numbered,
    proven,
    recorded,
    recorded_rows,
    replays_equal,
    run,
    script_of,
    server_of,
    shifted,
    took_all,
    trade_all,
    trading,
    until,
    write_live_config,
)
from tests.kit.tiers import with_more_in_ci

LOSES_NOTHING = ["garbage@300", "text@500", "cut@900", "delay@1200", "duplicate@2000"]
FAULTS = {
    "none": [],
    "drops": ["drop@0", "drop@700", "drop@1500"],
    "half-open": ["half-open@1000"],
    "odd messages": LOSES_NOTHING,
    "late packets lost with their link": ["delay@500", "drop@600", "garbage@601", "half-open@2000"],
    "everything": [*LOSES_NOTHING, "drop@400", "half-open@1600", "garbage@2500", "drop@2600"],
}


@pytest.fixture(scope="module")
def of() -> Market:
    return market()


def traded(place: Path, of: Market, faults: list[str], seed: int) -> tuple[TickerServer, App]:
    port = free_port()
    config = write_live_config(place, of, script_of(of, seed), port=port)

    async def session() -> tuple[TickerServer, App]:
        async with server_of(of, port, *faults) as server:
            return server, await trade_all(config, server)

    served: tuple[TickerServer, App] = run(session)
    return served


@pytest.mark.parametrize("seed", with_more_in_ci(1, more=[2]))
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_recording_replays_to_the_live_journal(
    faults: list[str], seed: int, of: Market, tmp_path: Path
) -> None:
    server, app = traded(tmp_path, of, faults, seed)
    outcome = proven(tmp_path, app)
    assert len(server.stats.faults) == len(faults)
    assert recorded_rows(outcome.directory) == server.stats.packets
    assert len(outcome.exits) > 20
    assert {"stop_loss", "take_profit", "time_stop"} <= outcome.ledger.exits.keys()
    was_live = [each for each in server.stats.faults if each.at > 0]
    lost = [each for each in was_live if each.kind in ("drop", "half-open")]
    assert app.feed.quality()["reconnects"] == len(lost)
    assert len(outcome.kinds("gap")) == len(lost)
    assert app.engine.stats().refused_rows == {}


def test_a_replay_that_differs_says_where_and_ends_with_its_own_code(
    of: Market, tmp_path: Path
) -> None:
    traded(tmp_path, of, [], 1)
    account = tmp_path / "accounts" / ACCOUNT
    [recording] = (account / "recordings").iterdir()
    same = invoke("replay", recording, "--out", tmp_path / "replays")
    assert (same.code, same.out.splitlines()[-1].split(": ")[0]) == (0, str(recording))
    assert invoke("--config", SAMPLE, "--out", tmp_path / "other").code == 0
    other = only_run(tmp_path / "other")
    (other / "recordings").mkdir()
    moved = Path(shutil.copy(recording, other / "recordings"))
    done = invoke("replay", moved, "--out", tmp_path / "replays")
    assert done.code == ExitCode.DIFFERS
    last = done.out.splitlines()[-1]
    assert last == f"{moved}: DIFFERS from the live journal at event 1"
    assert "Traceback" not in done.err


def test_a_recording_replays_in_any_directory(
    of: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever directory the daemon stood in, and whatever was relative in its configuration."""
    monkeypatch.chdir(tmp_path)
    port = free_port()
    config = write_live_config(Path(), of, script_of(of, 1), port=port)
    assert "file: live.jsonl" in config.read_text()

    async def session() -> App:
        async with server_of(of, port) as server:
            return await trade_all(config, server)

    app = run(session)
    monkeypatch.chdir("/")
    outcome = proven(tmp_path, app)
    [recording] = (outcome.directory / "recordings").iterdir()
    kept = json.loads(open_recording(recording).header.config)
    assert kept["out"] == str(tmp_path)
    assert kept["strategies"]["list"][0]["params"] == {"file": f"{tmp_path}/live.jsonl"}


def test_a_server_that_is_away_for_a_while_is_found_again(of: Market, tmp_path: Path) -> None:
    """What was missed is in the journal, and the exits at the first prices after it are marked."""
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, 3, every_s=1), port=port)
    first, second = of.block.rows(0, 1000), of.block.rows(2000, 3000)

    async def session() -> App:
        async with trading(config) as app:
            async with server_of(of, port, blocks=[first]) as server:
                await server.finished()
                await until(took_all(app, server))
            await until(lambda: app.feed.state() == "reconnecting")
            async with server_of(of, port, blocks=[second]) as server:
                await server.finished()
                await until(took_all(app, server, len(first)))
        return app

    outcome = proven(tmp_path, run(session))
    assert recorded_rows(outcome.directory) == 2000
    (gap,) = [each for each in recorded(outcome.directory) if isinstance(each, Gap)]
    assert gap.symbols == ()
    assert gap.ts - gap.since > MINUTE_NS
    (told,) = outcome.kinds("gap")
    assert told["since"] == gap.since
    assert told["seconds"] == round((gap.ts - gap.since) / SECOND_NS, 3)
    assert told["instruments"] == len(of.universe)
    order = [
        each.detail.get("to", each.kind)
        for each in outcome.operations
        if each.kind not in ("state", "contract")
    ]
    assert order == ["history", "start", "live", "reconnecting", "live", "gap", "stop"]
    marked = [each for each in outcome.exits if each.fill is not None and each.fill.after_gap]
    assert marked
    assert all(each.ts >= gap.ts for each in marked)


# on a clock of its own


@pytest.fixture
def hand(of: Market, monkeypatch: pytest.MonkeyPatch) -> Hand:
    """The daemon's clock, at the market's beginning; silence is short."""
    hand = Hand(int(of.block.ts[0]))
    monkeypatch.setattr("daemon.runtime.live.MACHINE_CLOCKS", hand)
    monkeypatch.setattr("feeds.kite.feed.SILENCE_S", 0.005)
    return hand


def test_a_time_stop_falls_due_while_the_feed_is_blind(
    of: Market, hand: Hand, tmp_path: Path
) -> None:
    port = free_port()
    config = write_live_config(
        tmp_path, of, entries(of, 2), port=port, clock="wall", kite={"read_timeout_s": 0.3}
    )
    first, second = of.block.rows(0, 500), of.block.rows(1500, 2500)

    async def session() -> App:
        async with trading(config) as app:
            async with server_of(of, port, "half-open@450", blocks=hand.playing(first)) as server:
                await until(lambda: bool(server.stats.faults))
                await until(took_all(app, server))
                await hand.move(app, int(second.ts[0]))
                await until(lambda: app.feed.state() == "reconnecting")
            before = app.engine.intake.rows
            async with server_of(of, port, blocks=hand.playing(second)) as server:
                await server.finished()
                await until(took_all(app, server, before))
        return app

    app = run(session)
    outcome = proven(tmp_path, app)
    inputs = numbered(outcome.directory)
    due = [each for each in outcome.moves if each.reason == "time_stop"]
    asked = [each for each in due if each.to_state == "EXIT_PENDING"]
    assert len(asked) == 5
    assert {type(inputs.get(each.input_no)) for each in asked} == {TimePasses}
    (gap,) = [each for each in inputs.values() if isinstance(each, Gap)]
    assert gap.ts - gap.since > MINUTE_NS
    let_out = [each for each in due if each.fill is not None and each.fill.after_gap]
    assert len(let_out) == 5
    assert {each.ts >= gap.ts for each in let_out} == {True}
    states = [each["to"] for each in outcome.kinds("feed_state")]
    assert states[:4] == ["live", "stale", "reconnecting", "live"]


def test_square_off_and_the_close_come_without_a_feed(
    of: Market, hand: Hand, tmp_path: Path
) -> None:
    """The link goes half-open before the square-off; the day ends by time alone."""
    hand.now_ns = parse_ts("2026-11-18T15:17:00")
    late = shifted(of.block, hand.now_ns - int(of.block.ts[0]))
    port = free_port()
    config = write_live_config(
        tmp_path, of._replace(block=late), entries(of._replace(block=late), 0), port=port,
        clock="wall", kite={"read_timeout_s": 0.3},
    )  # fmt: skip

    async def session() -> App:
        async with trading(config) as app:
            async with server_of(
                of, port, "half-open@450", blocks=hand.playing(late.rows(0, 500))
            ) as server:
                await until(lambda: bool(server.stats.faults))
                await until(took_all(app, server))
            await hand.move(app, parse_ts("2026-11-18T15:41:00"))
        return app

    app = run(session)
    assert getattr(app.feed, "is_over", False)
    outcome = proven(tmp_path, app)
    inputs = numbered(outcome.directory)
    squared = [each for each in outcome.moves if each.reason == "square_off"]
    asked = [each for each in squared if each.fill is None and each.from_state == "ACTIVE"]
    assert [each.due_ts or each.ts for each in asked] == [parse_ts("2026-11-18T15:20:00")] * 3
    closed = [each for each in squared if each.fill is not None]
    assert [each.fill is not None and each.fill.stale for each in closed] == [True] * 3
    assert {type(inputs.get(each.input_no)) for each in squared} == {TimePasses}
    assert {each.product for each in outcome.ledger.open_positions()} == {"NRML"}
    packed = app.prepared.finish_day()
    assert packed is not None
    assert list((outcome.directory / "recordings").iterdir()) == [packed]
    replays_equal(packed, tmp_path / "replays")
