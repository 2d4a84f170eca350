"""The live daemon while the machine sleeps and its clock is set: on time, or halted and said."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date, parse_ts
from daemon.domain.inputs import Gap
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError, ExitCode
from daemon.runtime.app import App
from daemon.runtime.live import open_live
from daemon.settings.file import load_config
from feeds.kite.server.encode import encode_frame, encode_packets
from tests.kit.cli import Result, finished, metrics_of, spawn
from tests.kit.live import (
    Hand,
    Market,
    Outcome,
    QuickClocks,
    entries,
    free_port,
    market,
    program_at,
    proven,
    recorded,
    recorded_rows,
    run,
    script_of,
    server_of,
    shifted,
    took_all,
    trading,
    until,
    write_live_config,
)
from tests.kit.tiers import with_more_in_ci

OPENED = parse_ts("2026-11-18T15:17:00")
SQUARE_OFF = parse_ts("2026-11-18T15:20:00")
ROWS = 500


@pytest.fixture(scope="module")
def whole() -> Market:
    return market()


@pytest.fixture
def of(whole: Market) -> Market:
    """The market as of some minutes before the square-off."""
    late = shifted(whole.block, OPENED - int(whole.block.ts[0]))
    return whole._replace(block=late)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    """The machine's clocks; silence is short."""
    hand = Hand(OPENED)
    monkeypatch.setattr("daemon.runtime.live.MACHINE_CLOCKS", hand)
    monkeypatch.setattr("feeds.kite.feed.SILENCE_S", 0.005)
    return hand


class Place:
    """A daemon in its directory, on the ticks of one server after another."""

    def __init__(self, directory: Path, of: Market, hand: Hand) -> None:
        self.directory, self.of, self.hand = directory, of, hand
        self.port = free_port()
        self.config = write_live_config(directory, of, entries(of, 0), port=self.port, clock="wall")

    async def play(self, app: App, block: Ticks, then: Any = None) -> None:
        """Let it trade a block, and let `then` happen while the link is still up."""
        before = app.engine.intake.rows
        blocks = self.hand.playing(block)
        async with server_of(self.of, self.port, blocks=blocks) as server:
            await server.finished()
            await until(took_all(app, server, before))
            if then is not None:
                await then(app)

    def live(self, moves: Any, after: Ticks | None = None) -> App:
        """The first rows, `moves(hand)` while the link is up, what is noticed, and rows after."""

        async def moved(app: App) -> None:
            moves(self.hand)
            await until(lambda: has_noticed(app))

        async def session() -> App:
            async with trading(self.config) as app:
                await self.play(app, self.of.block.rows(0, ROWS), moved)
                if after is not None:
                    await self.play(app, after)
            return app

        app: App = run(session)
        return app

    def proven(self, app: App | None = None) -> Outcome:
        return proven(self.directory, app)


def has_noticed(app: App) -> bool:
    return bool(app.feed.quality()["clock_jumps"]) or app.feed_lost is not None


@pytest.fixture
def place(tmp_path: Path, of: Market, hand: Hand) -> Place:
    return Place(tmp_path, of, hand)


def gaps(directory: Path) -> list[Gap]:
    return [each for each in recorded(directory) if isinstance(each, Gap)]


def suspend_for(ns: int) -> Any:
    return lambda hand: hand.suspend(ns)


def set_by(ns: int) -> Any:
    return lambda hand: setattr(hand, "wall_ahead", hand.wall_ahead + ns)


# asleep over what is due


@pytest.mark.parametrize("move", [suspend_for, set_by])
def test_a_square_off_that_fell_due_in_a_sleep_is_done_at_the_first_tick_after_it(
    move: Any, place: Place
) -> None:
    """Suspended, or a virtual machine that stood still and whose clock was set afterwards."""
    hand, asleep_ns = place.hand, 10 * MINUTE_NS
    resumed = OPENED + asleep_ns
    later = shifted(place.of.block.rows(ROWS, 2 * ROWS), asleep_ns)
    app = place.live(move(asleep_ns), later)
    assert app.clock.now_ns() == hand.wall_ns() > resumed
    outcome = place.proven(app)
    assert app.timings is not None
    measured = app.timings.rows()["tick_to_fill"]
    assert sum(measured.counts) == sum(each.fill is not None for each in outcome.moves)
    (jump,) = outcome.kinds("clock_jump")
    assert jump["seconds"] == 600
    assert jump["cause"] == ("suspended" if move is suspend_for else "set")
    asleep = gaps(outcome.directory)[0]
    assert asleep.ts - asleep.since == asleep_ns
    squared = [each for each in outcome.moves if each.reason == "square_off"]
    asked = [each for each in squared if each.from_state == "ACTIVE"]
    assert len(asked) == 3
    assert {(each.ts, each.due_ts) for each in asked} == {(asleep.ts, SQUARE_OFF)}
    let_out = [each for each in squared if each.fill is not None]
    assert len(let_out) == 3
    assert {each.fill.after_gap for each in let_out if each.fill is not None} == {True}
    assert min(each.ts for each in let_out) >= int(later.ts[0])


def test_prices_from_before_a_sleep_are_never_traded_on(place: Place) -> None:
    """What waits in a connection when the machine sleeps is read after it, hours old."""
    of, hand = place.of, place.hand

    async def session() -> App:
        async with trading(place.config) as app:
            await place.play(app, of.block.rows(0, ROWS))
            rows = app.engine.intake.rows
            blocks = [of.block.rows(ROWS, ROWS + 20)]
            async with server_of(of, place.port, blocks=blocks) as server:
                await until(lambda: app.feed.state() == "live" and server.stats.packets >= 20)
                await until(lambda: app.engine.intake.rows >= rows + 20)
                feed: Any = app.feed
                packets = encode_packets(blocks[0], of.universe, "full")
                hand.suspend(5 * MINUTE_NS)
                feed._inbox.put(encode_frame(packets))
                await until(lambda: has_noticed(app))
                await until(lambda: app.feed.quality()["packets_before_jump"] == 20)
                assert app.engine.intake.rows == rows + 20
        return app

    place.proven(run(session))


def test_a_sleep_past_the_close_ends_the_day_in_order(place: Place) -> None:
    app = place.live(suspend_for(180 * MINUTE_NS))
    assert app.feed_lost is None
    assert getattr(app.feed, "is_over", False)
    outcome = place.proven(app)
    assert outcome.kinds("stop")[-1]["reason"] == "end_of_feed"
    closed = [each for each in outcome.moves if each.reason == "square_off" and each.fill]
    assert {ist_date(each.due_ts).isoformat() for each in closed} == {"2026-11-18"}
    assert {each.product for each in outcome.ledger.open_positions()} == {"NRML"}
    assert app.prepared.finish_day() is not None


def test_a_sleep_over_night_ends_with_71_and_the_next_start_does_both_days_right(
    place: Place,
) -> None:
    night = 19 * 60 * MINUTE_NS
    app = place.live(suspend_for(night))
    assert isinstance(app.feed_lost, ClockError)
    assert app.feed_lost.exit_code == ExitCode.CLOCK
    assert "start again for the new day" in str(app.feed_lost)
    assert place.proven().kinds("stop")[-1]["reason"] == "clock"

    later = shifted(place.of.block.rows(0, ROWS), night + MINUTE_NS)

    async def next_day() -> App:
        async with trading(place.config) as app:
            await place.play(app, later)
        return app

    outcome = place.proven(run(next_day))
    closed = [each for each in outcome.moves if each.reason == "square_off" and each.fill]
    assert {ist_date(each.ts).isoformat() for each in closed} == {"2026-11-18"}
    names = sorted(each.name for each in (outcome.directory / "recordings").iterdir())
    assert names == ["2026-11-18-1.parquet", "2026-11-19-1.inputs"]


# a clock that is set


def test_a_clock_set_back_halts_and_a_start_waits_until_it_is_right(place: Place) -> None:
    """By ten seconds: the next start waits for it, and all goes on."""
    app = place.live(set_by(-10 * SECOND_NS))
    assert isinstance(app.feed_lost, ClockError)
    assert "set back by 10.0 s" in str(app.feed_lost)
    stop = place.proven().kinds("stop")[-1]
    assert stop["reason"] == "clock"
    assert stop["error"] == str(app.feed_lost)
    until_ts = place.hand.now_ns
    again = place.live(suspend_for(3 * SECOND_NS))
    assert again.feed_lost is None
    assert place.hand.wall_ns() > until_ts
    outcome = place.proven(again)
    times = [each.ts for each in outcome.events]
    assert times == sorted(times)


def test_a_start_an_hour_before_the_accounts_last_time_is_refused_and_touches_nothing(
    place: Place,
) -> None:
    place.live(set_by(-3_600 * SECOND_NS))
    directory = place.proven().directory
    before = files_of(directory)
    for _ in range(2):
        with pytest.raises(ClockError, match="event goes up to 2026-11-18 15:1"):
            open_live(load_config(place.config))
    assert files_of(directory) == before
    place.hand.wall_ahead = 0
    again = place.live(suspend_for(3 * SECOND_NS))
    assert again.feed_lost is None
    place.proven(again)


def files_of(directory: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(directory)): each.read_bytes()
        for each in sorted(directory.rglob("*"))
        if each.is_file() and each.suffix not in (".db-wal", ".db-shm")
    }


def test_a_wrong_date_of_one_start_is_mended_by_taking_its_recording_away(place: Place) -> None:
    """As docs/RUNBOOK.md says it."""
    hand = place.hand
    place.live(suspend_for(3 * SECOND_NS))
    right = hand.now_ns
    hand.now_ns = parse_ts("2026-12-15T09:20:00")

    async def wrong() -> App:
        async with trading(place.config) as app:
            await until(lambda: app.engine.at.now >= hand.now_ns)
        return app

    run(wrong)
    hand.now_ns = right + 24 * 60 * MINUTE_NS
    with pytest.raises(ClockError, match=r"2026-12-15-1\.inputs goes up to 2026-12-15 09:20"):
        open_live(load_config(place.config))
    (place.directory / "accounts/live/recordings/2026-12-15-1.inputs").unlink()

    async def mended() -> App:
        later = shifted(place.of.block.rows(0, ROWS), hand.now_ns - OPENED)
        async with trading(place.config) as app:
            await place.play(app, later)
        return app

    outcome = place.proven(run(mended))
    [note] = outcome.kinds("not_run_again")  # the wrong start's one input is without its recording
    assert note["restored"] == "no switch is set"
    assert outcome.ledger.open_positions()


# from outside


def ended(config: Path, code: str) -> Result:
    return finished(spawn("--config", config, code=code), within_s=30)


def test_the_command_line_says_both_times_in_one_line_and_71(of: Market, tmp_path: Path) -> None:
    """A day with the right clock, then a start an hour before it."""
    port = free_port()
    config = write_live_config(tmp_path, of, [], port=port, clock="wall")

    async def session() -> Result:
        async with server_of(of, port, blocks=[of.block.rows(0, 100)]):
            process = spawn("--config", config, code=program_at(OPENED, 1))
            account = tmp_path / "accounts/live"
            recordings = account / "recordings"
            await until(lambda: any(recordings.glob("*.inputs")) and recorded_rows(account) > 0)
            process.kill()
            await anyio.to_thread.run_sync(finished, process)
        early = program_at(OPENED - 3_600 * SECOND_NS, 1)
        result: Result = await anyio.to_thread.run_sync(ended, config, early)
        return result

    result = run(session)
    assert result.code == ExitCode.CLOCK
    assert result.complaint.startswith("the machine's clock says 2026-11-18 14:17:")
    assert "2026-11-18-1.inputs goes up to 2026-11-18 15:17:" in result.complaint
    assert "Traceback" not in result.err


@pytest.mark.parametrize("off_h", with_more_in_ci(-24, 3, more=[-3]))
def test_a_clock_hours_off_the_exchanges_time_is_refused(
    off_h: int, whole: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange is at 11:17 on the 18th, the machine a day or three hours before, or after."""
    eleven = OPENED - 4 * 3_600 * SECOND_NS
    of = whole._replace(block=shifted(whole.block, eleven - int(whole.block.ts[0])))
    clocks = QuickClocks(eleven + off_h * 3_600 * SECOND_NS)
    monkeypatch.setattr("daemon.runtime.live.MACHINE_CLOCKS", clocks)
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port, clock="wall")

    async def session() -> App:
        async with server_of(of, port, speed="60"), trading(config) as app:
            await until(lambda: app.feed_lost is not None)
        return app

    app = run(session)
    assert isinstance(app.feed_lost, ClockError)
    assert "the exchange's ticks are of 2026-11-18 11:1" in str(app.feed_lost)
    assert proven(tmp_path, app).kinds("stop")[-1]["reason"] == "clock"


LIBFAKETIME = Path(f"/usr/lib/{platform.machine()}-linux-gnu/faketime/libfaketime.so.1")


@pytest.mark.ci
@pytest.mark.skipif(not LIBFAKETIME.exists(), reason=f"no {LIBFAKETIME} (package faketime)")
def test_the_systems_own_clock_set_ahead_is_followed_and_set_back_ends_with_71(
    of: Market, tmp_path: Path
) -> None:
    """The whole program on a wall clock that is set under it; nothing in it is replaced."""
    offset, port = tmp_path / "offset", free_port()
    config = write_live_config(tmp_path, of, [], port=port, clock="wall")
    faked = {
        "LD_PRELOAD": str(LIBFAKETIME), "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    away_s = (OPENED - time.time_ns()) // SECOND_NS

    def set_clock(by_s: int) -> None:
        new = tmp_path / "offset.new"
        new.write_text(f"{away_s + by_s:+d}")
        new.replace(offset)

    def counted(name: str) -> int:
        return int(metrics_of(tmp_path).get("counters", {}).get(name, 0))

    async def session() -> Result:
        async with server_of(of, port, speed="1") as server:
            set_clock(0)
            process = spawn("--config", config, env=faked)
            await until(lambda: counted("frames") > 0)
            set_clock(120)
            await until(lambda: counted("clock_jumps") == 1)
            await until(lambda: server.stats.connections == 2)
            set_clock(110)
            result: Result = await anyio.to_thread.run_sync(finished, process)
            return result

    result = run(session)
    assert result.code == ExitCode.CLOCK
    assert result.complaint.startswith("the machine's clock was set back by ")
    outcome = proven(tmp_path)
    (jump,) = outcome.kinds("clock_jump")
    assert 119 < jump["seconds"] < 121
    assert jump["cause"] == "set"
    assert next(each.ts - each.since for each in gaps(outcome.directory)) > 119 * SECOND_NS


# a recording that is served


@pytest.mark.parametrize("absurd", ["1970-01-02T00:00:00", "2038-01-19T08:44:07"])
def test_one_absurd_exchange_time_does_not_stop_a_served_day(
    absurd: str, whole: Market, tmp_path: Path
) -> None:
    """The same orders as without that tick; it is counted."""
    at, journals = 400, []
    kept = np.arange(800) != at
    stamped = whole.block.rows(0, 800).take(np.arange(800))
    assert stamped.exchange_ts is not None
    stamped.exchange_ts[at] = parse_ts(absurd)
    for name, block in {"without": stamped.take(kept), "with": stamped}.items():
        port, directory = free_port(), tmp_path / name
        directory.mkdir()
        config = write_live_config(directory, whole, script_of(whole, 1, every_s=2), port=port)

        async def session(config: Path = config, block: Ticks = block, port: int = port) -> App:
            async with trading(config) as app, server_of(whole, port, blocks=[block]) as server:
                await server.finished()
                refused = int("with" in str(config) and "2038" in absurd)
                await until(lambda: app.engine.intake.rows >= len(block) - refused)
            return app

        app = run(session)
        outcome = proven(directory, app)
        last = int(block.ts[-1])  # time goes on without ticks, for as long as the session lasts
        moves = [each for each in outcome.moves if each.ts <= last]
        journals.append([(e.order_id, e.to_state, e.reason, e.ts) for e in moves])
    assert len(journals[0]) > 20
    if "2038" in absurd:
        assert app.feed.quality()["packets_time_ahead"] == 1
        assert journals[0] == journals[1]
    assert len(journals[1]) > 20
    assert outcome.events[-1].ts < parse_ts("2026-11-18T15:30:00")
