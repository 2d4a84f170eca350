"""The daemon as a service: stopped, told, reloaded, watched; and what it never tells."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import msgspec
import pytest
import yaml

from daemon.control.request_messages import Outcome as Done
from daemon.control.socket import Refused, Request, send_command
from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.inputs import Command
from daemon.domain.order_requests import CancelOrder, PlaceOrder
from daemon.errors import ExitCode
from daemon.runtime.app import App
from daemon.settings.config import RiskConfig
from feeds.kite.credentials import Credentials, Secret, write_credentials
from tests.kit.cli import Result, finished, metrics_of, spawn
from tests.kit.kite_api import CANARY, kite_api, refusal
from tests.kit.live import (
    ACCOUNT,
    Market,
    Outcome,
    entries,
    free_port,
    market,
    proven,
    recorded,
    run,
    script_of,
    server_of,
    trade_all,
    until,
    write_live_config,
)
from tests.kit.requests import program

ROWS: Final = 1500
OPENED: Final = 5


@pytest.fixture(scope="module")
def of() -> Market:
    return market(ROWS)


@asynccontextmanager
async def daemon(
    of: Market, place: Path, config: Path, *faults: str, port: int, **environment: str
) -> AsyncIterator[subprocess.Popen[str]]:
    """A daemon of its own process that has seen the whole market and waits for more."""
    async with server_of(of, port, *faults) as server:
        process = spawn("--config", config, env=environment)
        try:
            await server.finished()
            await until(lambda: metrics_of(place).get("ticks") == server.stats.packets)
            yield process
        finally:
            process.kill()


async def ended(process: subprocess.Popen[str]) -> Result:
    result: Result = await anyio.to_thread.run_sync(finished, process)
    return result


async def stop(process: subprocess.Popen[str]) -> Result:
    """SIGTERM: in order, in time, without a complaint."""
    process.send_signal(signal.SIGTERM)
    result = await ended(process)
    assert result.code == ExitCode.STOPPED, result.err
    assert "Traceback" not in result.err
    return result


async def tell(place: Path, command: Any, target: str = "") -> str:
    directory = place / "accounts" / ACCOUNT
    return await anyio.to_thread.run_sync(send_command, directory, Request(command, target))


async def refused(place: Path, command: str, target: str = "") -> str:
    with pytest.raises(Refused) as raised:
        await tell(place, command, target)
    return str(raised.value)


def open_ids(place: Path) -> list[str]:
    return [each["order_id"] for each in metrics_of(place)["positions"]]


def last_stop(outcome: Outcome) -> str:
    last = outcome.operations[-1]
    assert last.kind == "stop"
    assert last.detail["seq"] == len(outcome.events)
    return str(last.detail["reason"])


def edit(config: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the YAML as a person would."""
    loaded = yaml.safe_load(config.read_text())
    change(loaded)
    config.write_text(yaml.safe_dump(loaded))


# commands


def test_commands_are_inputs_that_are_recorded_and_run_again(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port)

    async def session() -> None:
        async with daemon(of, tmp_path, config, port=port) as process:
            await until(lambda: len(open_ids(tmp_path)) == OPENED)
            wanted = open_ids(tmp_path)[1]
            said = await tell(tmp_path, "manual_exit", wanted)
            assert said.startswith(f"manual_exit {wanted}: accepted as input")
            await until(lambda: len(open_ids(tmp_path)) == OPENED - 1)
            assert "no open position" in await refused(tmp_path, "manual_exit", wanted)
            assert "no strategy 'rsi'" in await refused(tmp_path, "strategy_off", "rsi")
            assert "accepted" in await tell(tmp_path, "strategy_off", "ema")
            by_hand = spawn("command", ACCOUNT, "kill_switch", "--out", tmp_path)
            told: Result = await anyio.to_thread.run_sync(finished, by_hand)
            assert (told.code, told.err) == (0, "")
            assert told.out.startswith("kill_switch: accepted as input")
            await until(lambda: not open_ids(tmp_path))
            await stop(process)

    run(session)
    outcome = proven(tmp_path)
    assert [each.reason for each in outcome.exits] == ["manual_exit"] + ["kill_switch"] * 4
    assert [each["command"] for each in outcome.kinds("command")] == [
        "manual_exit", "strategy_off", "kill_switch",
    ]  # fmt: skip
    assert not (outcome.directory / "control.sock").exists()


def test_a_programs_request_is_done_once_also_over_a_kill(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port)
    directory = tmp_path / "accounts" / ACCOUNT

    async def session() -> None:
        async with daemon(of, tmp_path, config, port=port) as process:
            await until(lambda: len(open_ids(tmp_path)) == OPENED)
            wanted = open_ids(tmp_path)[1]
            async with program(directory) as asks:
                first = await asks.ask("manual_exit", wanted, client_id="exit-1")
                assert first.outcome is Done.DONE
                assert await asks.ask("manual_exit", wanted, client_id="exit-1") == first
            process.kill()  # what was answered is on disk
            await ended(process)
        async with daemon(of, tmp_path, config, port=port) as process:
            assert wanted not in open_ids(tmp_path)
            async with program(directory) as asks:
                again = await asks.ask("manual_exit", wanted, client_id="exit-1")
                assert again == first
                other = await asks.ask("manual_exit", wanted, client_id="exit-2")
                assert other.outcome is Done.REFUSED
            await stop(process)

    run(session)
    outcome = proven(tmp_path)
    assert [each.reason for each in outcome.exits] == ["manual_exit"]
    commands = [each for each in recorded(outcome.directory) if isinstance(each, Command)]
    assert [each.client_id for each in commands] == ["exit-1"]
    assert not (outcome.directory / "requests.sock").exists()


@pytest.mark.ci
def test_orders_of_a_program_are_done_once_also_over_a_kill(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, [], port=port)
    directory = tmp_path / "accounts" / ACCOUNT
    contract = of.universe[1]
    wanted = PlaceOrder(
        tradingsymbol=contract.tradingsymbol, exchange=contract.exchange, side="BUY",
        quantity=contract.lot_size, product="NRML", order_type="LIMIT",
        price_paise=contract.tick_paise, tag="from outside",
    )  # fmt: skip
    wrong = msgspec.structs.replace(wanted, quantity=1)

    async def session() -> None:
        async with daemon(of, tmp_path, config, port=port) as process:
            async with program(directory) as asks:
                first = await asks.order(wanted, client_id="order-1")
                assert first.outcome is Done.DONE, first
                assert first.result is not None
                (order_id,) = first.result.order_ids
                assert await asks.order(wanted, client_id="order-1") == first
                refusal = await asks.order(wrong, client_id="order-2")
                assert (refusal.outcome, refusal.text[:8]) == (Done.REFUSED, "lot_size")
                assert refusal.input_no > first.input_no
            process.kill()  # what was answered is on disk
            await ended(process)
        async with daemon(of, tmp_path, config, port=port) as process:
            async with program(directory) as asks:
                assert await asks.order(wanted, client_id="order-1") == first
                assert await asks.order(wrong, client_id="order-2") == refusal
                done = await asks.order(CancelOrder(order_id=order_id), client_id="order-3")
                assert done.outcome is Done.DONE, done
                gone = await asks.order(CancelOrder(order_id=order_id))
                assert gone.result is not None
                assert gone.result.refusal is not None
                assert (gone.outcome, gone.result.refusal.reason) == (Done.REFUSED, "not_open")
            await stop(process)

    run(session)
    outcome = proven(tmp_path)
    commands = [each for each in recorded(outcome.directory) if isinstance(each, Command)]
    assert [each.client_id for each in commands] == ["order-1", "order-2", "order-3", ""]
    own = [each for each in outcome.events if isinstance(each, ExchangeOrderMoved)]
    assert [each.kind for each in own] == [
        "accepted", "open", "rejected", "cancelled", "cancel_refused",
    ]  # fmt: skip
    assert {each.tag for each in own} == {"from outside"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("nobody", "kill_switch"), "no daemon runs this account"),
        ((ACCOUNT, "buy"), "expected one of kill_switch, reload, "),
        ((ACCOUNT, "manual_exit"), "expected the order's id after it"),
    ],
)
def test_a_command_that_makes_no_sense_is_a_usage_error(
    arguments: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    done = finished(spawn("command", *arguments, "--out", tmp_path))
    assert done.code == ExitCode.USAGE
    assert text in done.complaint


def test_a_strategy_that_its_failures_disabled_stays_so_until_a_person_brings_it_back(
    of: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    log = tmp_path / "run.log"
    config = write_live_config(tmp_path, of, [], port=port)
    failing = {"id": "failing", "module": "always_failing", "class": "Failing"}
    edit(config, lambda c: c["strategies"]["list"].append(failing))
    edit(config, lambda c: c.update(log={"file": str(log)}))
    (tmp_path / "always_failing.py").write_text(
        "class Failing:\n"
        "    def on_candle(self, candle, view):\n        return None\n"
        "    def on_tick(self, tick, view):\n        raise KeyError('no quote yet')\n"
    )

    monkeypatch.syspath_prepend(str(tmp_path))
    first, second = of.halves

    async def disabled() -> None:
        async with server_of(of, port, blocks=[first]) as server:
            app = await trade_all(config, server)
            assert set(app.parts.strategies.disabled()) == {"failing"}

    def is_disabled() -> bool:
        return bool(metrics_of(tmp_path)["strategies"]["failing"]["disabled"])

    async def brought_back() -> None:
        async with server_of(of, port, blocks=[second]) as server:
            process = spawn("--config", config, env={"PYTHONPATH": str(tmp_path)})
            await server.finished()
            await until(lambda: metrics_of(tmp_path).get("ticks") == len(of.block))
            assert is_disabled()
            assert "accepted" in await tell(tmp_path, "strategy_on", "failing")
            await until(lambda: not is_disabled())
            await stop(process)

    run(disabled)
    run(brought_back)
    outcome = proven(tmp_path)
    assert len(outcome.kinds("strategy_fault")) == 3
    assert outcome.kinds("strategy_disabled") == [{"strategy_id": "failing"}] * 2
    faults = [each.ts for each in outcome.operations if each.kind == "strategy_fault"]
    told = [each.ts for each in outcome.operations if each.kind == "strategy_disabled"]
    assert told == [faults[-1]] * 2
    assert log.read_text().count(f"`command {ACCOUNT} strategy_on failing` brings it back") == 1


# stops


def test_a_stop_keeps_positions_and_further_signals_change_nothing(
    of: Market, tmp_path: Path
) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port)

    async def session() -> None:
        async with daemon(of, tmp_path, config, port=port) as process:
            process.send_signal(signal.SIGTERM)
            with anyio.fail_after(30):
                while process.poll() is None:
                    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                        process.send_signal(number)
                    await anyio.sleep(0.001)
            result = await ended(process)
            assert result.code == ExitCode.STOPPED, result.err
            assert "Traceback" not in result.err
            assert "TOTALS" in result.out

    run(session)
    outcome = proven(tmp_path)
    assert last_stop(outcome) in ("SIGTERM", "SIGINT")  # at once: the lower number is told first
    assert len(outcome.ledger.open_positions()) == OPENED


def test_a_stop_that_squares_off_closes_what_has_a_quote(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(
        tmp_path, of, entries(of, 0), port=port, execution={"on_stop": "square_off"}
    )

    async def session() -> str:
        async with daemon(of, tmp_path, config, port=port) as process:
            await until(lambda: len(open_ids(tmp_path)) == OPENED)
            return (await stop(process)).err

    err = run(session)
    outcome = proven(tmp_path)
    left = outcome.ledger.open_positions()
    assert {each.reason for each in outcome.exits} == {"square_off"}
    assert len(outcome.exits) + len(left) == OPENED
    assert (f"{len(left)} positions stay open" in err) == bool(left)
    assert last_stop(outcome) == "SIGTERM"


def test_a_stop_while_the_account_is_taken_up_is_a_stop(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port)

    async def session() -> App:
        async with server_of(of, port) as server:
            return await trade_all(config, server)

    run(session)
    head = tmp_path / "accounts" / ACCOUNT / "head"
    seen = head.stat().st_atime_ns
    process = spawn("--config", config)

    async def stopped() -> None:
        await until(lambda: head.stat().st_atime_ns != seen or locked(process))
        await stop(process)

    run(stopped)
    outcome = proven(tmp_path)
    assert last_stop(outcome) == "SIGTERM"
    assert len(outcome.kinds("recovered")) == 1
    assert len(outcome.ledger.open_positions()) == OPENED


def locked(process: subprocess.Popen[str]) -> bool:
    """Whether the process has a file of an account open."""
    for each in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            if f"/accounts/{ACCOUNT}/" in str(each.readlink()):
                return True
        except FileNotFoundError:
            continue
    return False


# reload


def test_a_hangup_takes_what_can_change_and_refuses_the_rest(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, 3), port=port)
    log = tmp_path / "run.log"
    edit(config, lambda c: c.update(log={"file": str(log)}))
    as_it_was = config.read_text()

    async def reload(process: subprocess.Popen[str], text: str) -> None:
        process.send_signal(signal.SIGHUP)
        await until(lambda: text in log.read_text())

    def change(config: dict[str, Any]) -> None:
        config["risk"] = {"max_open_positions": 3}
        config["log"]["level"] = "DEBUG"
        config["strategies"]["list"][1]["enabled"] = False

    async def session() -> None:
        async with daemon(of, tmp_path, config, port=port) as process:
            edit(config, change)
            await reload(process, "strategy ema off, risk.daily_loss_rupees null")
            edit(config, lambda c: c.update(risk={}, execution={"fill_mode": "ltp"}))
            await reload(process, 'execution.fill_mode: was "bid_ask", is now "ltp"')
            config.write_text("version: 1\nrisk: {max_loss: 3}\n")
            await reload(process, "max_loss")
            said = await refused(tmp_path, "reload")
            assert said.endswith("nothing was changed")
            config.write_text(as_it_was)
            await stop(process)

    run(session)
    outcome = proven(tmp_path)
    [changed] = outcome.kinds("config_change")
    assert "risk.max_open_positions 3" in str(changed["changed"])

    # the file says again what it said at first, so the next start goes on and takes the change back
    async def again() -> App:
        async with server_of(of, port) as server:
            return await trade_all(config, server)

    app = run(again)
    assert app.engine.engine.admission.risk == RiskConfig()
    assert app.engine.engine.admission.config_off == set()
    outcome = proven(tmp_path, app)
    assert len(outcome.kinds("config_change")) == 2
    assert len(list((outcome.directory / "recordings").iterdir())) == 1


# the service manager


def test_the_service_manager_hears_of_the_start_of_progress_and_of_the_stop(
    of: Market, tmp_path: Path
) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port)
    name = "/tmp/" + os.urandom(8).hex()  # tmp_path may be too long for a socket
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.setblocking(False)

        def listen() -> list[str]:
            while True:
                try:
                    heard.append(manager.recv(4096).decode())
                except BlockingIOError:
                    return heard

        async def session() -> None:
            environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "400000"}
            async with daemon(of, tmp_path, config, port=port, **environment) as process:
                await until(lambda: sum("WATCHDOG=1" in each for each in listen()) > 3)
                await stop(process)

        try:
            run(session)
            listen()
        finally:
            Path(name).unlink()
    assert heard[0] == "READY=1\nSTATUS=kite: started"
    assert heard[-1] == "STOPPING=1"
    beats = heard[1:-1]
    assert all(each.startswith("WATCHDOG=1\nSTATUS=feed ") for each in beats)
    assert "ticks" in beats[-1]
    assert f"{OPENED} open, gross P&L " in beats[-1]


# secrets


def test_no_artefact_has_the_secret_in_it(of: Market, tmp_path: Path) -> None:
    port = free_port()
    login = tmp_path / "login" / "kite.json"
    write_credentials(login, Credentials("apikey12", Secret(CANARY), 0))
    place = tmp_path / "out"
    place.mkdir()
    with kite_api(refusal(400, "InputException", f"odd token {CANARY}")) as api:
        kite = {"credentials_file": str(login), "api_url": api.url, "history": True}
        config = write_live_config(place, of, script_of(of, 4), port=port, kite=kite)
        log = {"file": str(place / "run.log"), "level": "DEBUG", "format": "json"}
        edit(config, lambda c: c.update(log=log))

        async def session() -> Result:
            faults = ["garbage@200", "text@300", "drop@500", "duplicate@700"]
            async with daemon(of, place, config, *faults, port=port) as process:
                arguments = await anyio.Path(f"/proc/{process.pid}/cmdline").read_text()
                assert CANARY not in arguments
                assert await tell(place, "reload")
                return await stop(process)

        said = run(session)
        asked = [CANARY in str(each.headers) for each in api.requests]
    assert asked, "the secret was never used, so this shows nothing"
    assert all(asked)
    kept = [each for each in place.rglob("*") if each.is_file()]
    assert {"journal.db", "runtime_metrics.json", "summary.json", "run.log"} <= {
        each.name for each in kept
    }
    assert any(each.suffix == ".inputs" for each in kept)
    found = [str(each) for each in kept if CANARY.encode() in each.read_bytes()]
    assert found == []
    assert CANARY not in said.out + said.err
    assert "historical candles" in (place / "run.log").read_text()
