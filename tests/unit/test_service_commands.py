"""What people ask of a running daemon takes its turn, or is refused and changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from daemon.control import commands
from daemon.control.client_ids import ClientIds
from daemon.control.commands import Commands
from daemon.control.request_messages import Answer, Asked, Outcome
from daemon.control.requests import (
    WAITING_MAX,
    Admitted,
    RequestDropped,
    Requested,
    RequestQueue,
)
from daemon.control.socket import PACE_COMMANDS, Reply, Request
from daemon.domain.inputs import Command, ConfigChange
from daemon.domain.order_requests import PlaceOrder
from daemon.domain.order_results import OrderResult, RefusalKind, refused
from daemon.errors import ConfigError
from daemon.journal.request_words import request_refusal
from daemon.settings.config import Config, ExecutionConfig, LogConfig, RiskConfig
from tests.kit.market import CALL, PUT, Market

NOW = 1_795_000_000_000_000_000


class Desk:
    """Commands before an engine that takes what they ask for, at once."""

    def __init__(self) -> None:
        self.market = Market()
        self.market.tick(100)
        self.requests = RequestQueue(wake=lambda: None)
        self.file: Config | Exception = Config()
        self.taken: list[Requested] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.levels: list[str] = []
        self.kept: list[int] = []
        self.known: dict[str, Admitted] = {}
        self.commands = Commands(
            self.requests,
            config=Config(),
            read_again=self.read,
            ledger=lambda: self.market.engine.ledger,
            strategies={"ema"},
            note=lambda kind, detail: self.notes.append((kind, detail)),
            set_level=lambda config: self.levels.append(config.log.level),
            on_disk=self.on_disk,
            known=self.known.get,
        )

    def read(self) -> Config:
        if isinstance(self.file, Exception):
            raise self.file
        return self.file

    async def on_disk(self, input_no: int) -> None:
        self.kept.append(input_no)

    async def publish(self, item: Requested) -> Admitted:
        self.taken.append(item)
        taken = Admitted(len(self.taken), 10 * len(self.taken))
        if isinstance(item, Command) and item.client_id:
            self.known[item.client_id] = taken
        return taken

    async def obey(self, command: Any, target: str = "") -> Reply:
        reply: Reply = await self.during(lambda: self.commands.obey(Request(command, target)))
        return reply

    async def during(self, what: Callable[[], Any]) -> Any:
        """Ask, while the feed gives inputs."""
        replies: list[Any] = []

        async def ask() -> None:
            replies.append(await what())

        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                while not replies:
                    await anyio.lowlevel.checkpoint()
                    await self.requests.admit(NOW, self.publish)
        return replies[0]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_command_becomes_an_input_at_the_engines_time(desk: Desk) -> None:
    reply = await desk.obey("kill_switch")
    assert reply.accepted
    assert "accepted as input 1" in reply.text
    assert desk.taken == [Command(ts=NOW, command="kill_switch")]
    assert desk.notes == []  # the run notes it, in the commit of the input


async def test_positions_entries_and_strategies_are_known_by_their_ids(desk: Desk) -> None:
    desk.market.signal("BUY", 25)
    desk.market.signal("BUY", 25, symbol=PUT)
    opened, waiting = (each.order_id for each in desk.market.engine.ledger.orders.values())
    assert (await desk.obey("manual_exit", opened)).accepted
    assert (await desk.obey("manual_exit", waiting)).accepted
    assert (await desk.obey("strategy_off", "ema")).accepted
    assert (await desk.obey("strategy_on", "ema")).accepted
    assert [each.target for each in desk.taken if isinstance(each, Command)] == [
        opened, waiting, "ema", "ema",
    ]  # fmt: skip
    assert desk.market.position.tradingsymbol == CALL


@pytest.mark.parametrize(
    ("command", "target", "text"),
    [
        ("manual_exit", "", "no open position and no waiting entry ''"),
        ("manual_exit", "V3-9", "no open position and no waiting entry 'V3-9'"),
        ("strategy_off", "rsi", "no strategy 'rsi' was loaded"),
        ("strategy_on", "", "no strategy '' was loaded"),
        ("kill_switch", "ema", "kill_switch has no target, was 'ema'"),
        ("reload", "ema", "reload has no target, was 'ema'"),
    ],
)
async def test_what_cannot_mean_anything_never_becomes_an_input(
    desk: Desk, command: str, target: str, text: str
) -> None:
    reply = await desk.obey(command, target)
    assert not reply.accepted
    assert text in reply.text
    assert (desk.taken, desk.notes) == ([], [])


# reload


async def test_a_reload_is_an_input_and_then_the_configuration_in_force(desk: Desk) -> None:
    desk.file = replace(
        Config(), risk=RiskConfig(max_open_positions=3), log=LogConfig(level="DEBUG")
    )
    reply = await desk.during(desk.commands.reload)
    assert reply.accepted
    [change] = desk.taken
    assert isinstance(change, ConfigChange)
    assert desk.levels == ["DEBUG"]
    assert desk.commands.config is desk.file
    assert [kind for kind, _ in desk.notes] == ["config_change"]
    again = await desk.during(desk.commands.reload)
    assert again == Reply(True, "the configuration is as before")
    assert len(desk.taken) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (ConfigError("c.yaml:3: risk.x: unknown key"), "c.yaml:3: risk.x: unknown key; nothing"),
        (
            replace(Config(), execution=ExecutionConfig(fill_mode="ltp"), risk=RiskConfig(
                max_open_positions=3
            )),
            'was "mid", is now "ltp"; that takes a restart; nothing was changed',
        ),
    ],
)  # fmt: skip
async def test_a_reload_is_all_or_nothing(desk: Desk, file: Config | Exception, text: str) -> None:
    desk.file = file
    reply = await desk.during(desk.commands.reload)
    assert not reply.accepted
    assert text in reply.text
    assert (desk.taken, desk.levels, desk.notes) == ([], [], [])
    assert desk.commands.config == Config()


# turns


def kill(ts: int) -> Command:
    return Command(ts=ts, command="kill_switch")


async def test_without_an_input_of_the_feed_the_command_is_withdrawn(desk: Desk) -> None:
    desk.requests = RequestQueue(wake=lambda: None, patience_s=0)
    with pytest.raises(RequestDropped, match="given no input"):
        await desk.requests.ask(kill)
    await desk.requests.admit(NOW, desk.publish)
    assert desk.taken == []


async def test_who_waits_is_told_when_the_daemon_stops(desk: Desk) -> None:
    faults: list[RequestDropped] = []

    async def ask() -> None:
        with pytest.raises(RequestDropped) as raised:
            await desk.requests.ask(kill)
        faults.append(raised.value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        desk.requests.close()
    with pytest.raises(RequestDropped, match="stopping"):
        await desk.requests.ask(kill)
    assert "stopping" in str(faults[0])


async def test_the_queue_of_people_is_bounded_and_in_order(desk: Desk) -> None:
    numbers: list[int] = []

    async def ask(at: int) -> None:
        taken = await desk.requests.ask(
            lambda ts: Command(ts=ts, command="strategy_on", target=str(at))
        )
        numbers.append(taken.input_no)

    async with anyio.create_task_group() as tasks:
        for at in range(WAITING_MAX):
            tasks.start_soon(ask, at)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(RequestDropped, match="others wait already"):
            await desk.requests.ask(kill)
        await desk.requests.admit(NOW, desk.publish)
    assert sorted(numbers) == list(range(1, WAITING_MAX + 1))
    assert [each.target for each in desk.taken if isinstance(each, Command)] == [
        str(at) for at in range(WAITING_MAX)
    ]


async def test_a_fault_while_it_is_handled_leaves_nobody_waiting(desk: Desk) -> None:
    async def broken(_: Requested) -> Admitted:
        raise ZeroDivisionError

    async def ask() -> None:
        with pytest.raises(RequestDropped):
            await desk.requests.ask(kill)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(ZeroDivisionError):
                await desk.requests.admit(NOW, broken)


async def test_what_is_accepted_is_on_disk() -> None:
    """A kill right behind the reply must not lose a kill switch."""
    desk = Desk()
    is_there = anyio.Event()
    replies: list[Reply] = []

    async def on_disk(input_no: int) -> None:
        desk.kept.append(input_no)
        await is_there.wait()

    desk.commands._on_disk = on_disk

    async def ask() -> None:
        replies.append(await desk.commands.obey(Request("kill_switch", "")))

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while not desk.kept:
                await desk.requests.admit(NOW, desk.publish)
                await anyio.lowlevel.checkpoint()
            assert not replies
            is_there.set()
    assert [each.accepted for each in replies] == [True]


@pytest.mark.parametrize("command", PACE_COMMANDS)
async def test_a_live_market_has_no_pace(command: str, desk: Desk) -> None:
    reply = await desk.obey(command, "20" if command == "speed" else "")
    assert reply == Reply(False, f"{command}: a live market has no pace; nothing was changed")
    assert desk.taken == []


# programs


def asked(client_id: str = "", number: int = 5) -> Asked:
    return Asked(id=number, client_id=client_id, command=Request("kill_switch"))


async def test_a_program_is_answered_with_the_input_and_the_journals_last_event(desk: Desk) -> None:
    answer = await desk.during(lambda: desk.commands.answer(asked("one")))
    assert (answer.id, answer.outcome, answer.input_no, answer.seq) == (5, Outcome.DONE, 1, 10)
    assert desk.taken == [Command(ts=NOW, command="kill_switch", client_id="one")]


async def test_a_request_with_the_same_client_id_changes_nothing_and_is_answered_alike(
    desk: Desk,
) -> None:
    first = await desk.during(lambda: desk.commands.answer(asked("one")))
    second = await desk.during(lambda: desk.commands.answer(asked("one", 6)))
    assert second == replace(first, id=6)
    third = await desk.during(lambda: desk.commands.answer(asked("two")))
    assert (third.input_no, len(desk.taken)) == (2, 2)


async def test_the_same_client_id_while_the_first_waits_is_one_input(desk: Desk) -> None:
    answers: list[Answer] = []

    async def ask(number: int) -> None:
        answers.append(await desk.commands.answer(asked("one", number)))

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(ask, number)
            await anyio.wait_all_tasks_blocked()
            await desk.requests.admit(NOW, desk.publish)
    assert len(desk.taken) == 1
    assert {answer.input_no for answer in answers} == {1}
    assert {answer.id for answer in answers} == {0, 1, 2}


async def test_without_a_client_id_the_same_request_is_another(desk: Desk) -> None:
    for number in (1, 2):
        answer = await desk.during(lambda: desk.commands.answer(asked()))
        assert answer.input_no == number


async def test_a_refusal_is_not_remembered(desk: Desk) -> None:
    wanted = Asked(id=1, client_id="one", command=Request("strategy_off", "rsi"))
    answer = await desk.commands.answer(wanted)
    assert (answer.outcome, answer.input_no) == (Outcome.REFUSED, 0)
    answer = await desk.during(lambda: desk.commands.answer(asked("one")))
    assert answer.outcome is Outcome.DONE


async def test_a_request_without_a_turn_is_withdrawn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.requests, "_patience_s", 0.0)
    answer = await desk.commands.answer(asked("one"))
    assert answer.outcome is Outcome.WITHDRAWN
    assert "nothing was changed" in answer.text
    await desk.requests.admit(NOW, desk.publish)
    assert desk.taken == []


async def test_a_request_that_the_disk_keeps_waiting_is_unknown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "ON_DISK_WITHIN_S", 0.05)

    async def never(_: int) -> None:
        await anyio.sleep_forever()

    desk.commands._on_disk = never
    answer = await desk.during(lambda: desk.commands.answer(asked("one")))
    assert (answer.outcome, answer.input_no) == (Outcome.UNKNOWN, 1)
    assert "taken as input 1, not on disk yet" in answer.text


async def test_whoever_asks_wakes_the_feed(desk: Desk) -> None:
    woken: list[bool] = []
    requests = RequestQueue(wake=lambda: woken.append(True), patience_s=0)
    with pytest.raises(RequestDropped):
        await requests.ask(kill)
    assert woken == [True]


def test_client_ids_are_of_a_session_day() -> None:
    ids, day = ClientIds(), dt.date(2026, 11, 24)
    item = Command(ts=NOW, command="kill_switch", client_id="one")
    ids.saw(item, Admitted(3, 7), day)
    ids.saw(item, Admitted(4, 8), day)
    ids.saw(Command(ts=NOW, command="kill_switch"), Admitted(5, 8), day)
    assert ids.find("one", day) == Admitted(3, 7)
    assert ids.find("", day) is None
    next_day = day + dt.timedelta(days=1)
    assert ids.find("one", next_day) is None
    ids.saw(item, Admitted(9, 9), next_day)
    assert ids.find("one", next_day) == Admitted(9, 9)


# orders of programs

WANTED = PlaceOrder(
    tradingsymbol=CALL, side="BUY", quantity=25, product="NRML", order_type="MARKET",
    market_protection=-1,
)  # fmt: skip


async def asked_for(desk: Desk, result: OrderResult, client_id: str = "one") -> Answer:
    """Ask for an order of an engine that makes this of it."""

    async def publish(item: Requested) -> Admitted:
        taken = (await desk.publish(item))._replace(result=result)
        desk.known[client_id] = taken
        return taken

    answers: list[Answer] = []

    async def ask() -> None:
        asked = Asked(id=7, client_id=client_id, order=WANTED)
        answers.append(await desk.commands.answer(asked))

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while not answers:
                await anyio.lowlevel.checkpoint()
                await desk.requests.admit(NOW, publish)
    return answers[0]


async def test_an_order_is_an_input_and_its_result_the_answer(desk: Desk) -> None:
    result = OrderResult(order_ids=("X-20261118-000001",))
    answer = await asked_for(desk, result)
    assert desk.taken == [Command(ts=NOW, command="order", order=WANTED, client_id="one")]
    assert (answer.outcome, answer.result, answer.input_no) == (Outcome.DONE, result, 1)
    assert desk.kept == [1]
    assert await asked_for(desk, OrderResult()) == answer
    assert len(desk.taken) == 1


async def test_what_the_engine_refused_is_on_disk_and_said_with_its_kind(desk: Desk) -> None:
    answer = await asked_for(desk, refused("lot_size", {"quantity": 26, "lot_size": 25}))
    assert (answer.outcome, answer.text) == (Outcome.REFUSED, "lot_size")
    assert answer.result is not None
    assert answer.result.refusal is not None
    assert answer.result.refusal.kind is RefusalKind.INPUT
    assert (answer.input_no, desk.kept) == (1, [1])


def test_a_request_is_a_command_an_order_or_a_signal() -> None:
    for more in ({}, {"command": Request("kill_switch"), "order": WANTED}):
        with pytest.raises(ValueError, match="expected one of"):
            Asked(id=1, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("no_protection", "Market orders without market protection are not allowed via API."),
        ("bad_product", "bad_product: a GTT of a contract is NRML."),
        ("unknown_order", "unknown_order: no such order of today is known."),
    ],
)
def test_a_refusal_is_said_in_the_broker_s_words_or_a_trader_s(reason: str, said: str) -> None:
    refusal = refused(reason).refusal
    assert refusal is not None
    assert request_refusal(refusal) == said
