"""The way from the page's process to its daemon: one connection, answers by id, words if away."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from daemon.control.request_messages import Answer, Asked, Outcome
from daemon.control.request_socket import RequestSocket
from daemon.domain.order_requests import CancelOrder, OrderRequest
from daemon.web import daemon_requests
from daemon.web.daemon_requests import DaemonAway, DaemonRequests
from daemon.web.sources.pending_changes import PendingChanges

Give = Callable[[Asked], Awaitable[Answer]]


def cancel(number: int) -> OrderRequest:
    return CancelOrder(order_id=f"X-20261118-{number:06d}")


async def done(asked: Asked) -> Answer:
    """Answer with what was asked about."""
    assert isinstance(asked.order, CancelOrder)
    return Answer(id=asked.id, outcome=Outcome.DONE, text=asked.order.order_id)


@contextlib.asynccontextmanager
async def served(directory: Path, give: Give) -> AsyncIterator[None]:
    """A daemon's socket that answers by `give`; killed at the end."""
    async with anyio.create_task_group() as tasks:
        await tasks.start(RequestSocket(give).serve, directory)
        yield
        tasks.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def requests_to(
    directory: Path, changes: PendingChanges | None = None
) -> AsyncIterator[DaemonRequests]:
    requests = DaemonRequests(directory, changes)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(requests.run)
            await anyio.wait_all_tasks_blocked()
            yield requests
            tasks.cancel_scope.cancel()


async def test_each_request_gets_its_own_answer_in_whatever_order_they_come(tmp_path: Path) -> None:
    waiting: list[anyio.Event] = []
    asked_for: list[int] = []

    async def backwards(asked: Asked) -> Answer:
        mine = anyio.Event()
        waiting.append(mine)
        asked_for.append(asked.id)
        if len(waiting) == 20:
            for event in reversed(waiting):
                event.set()
        await mine.wait()
        return await done(asked)

    answers: dict[int, str] = {}
    async with served(tmp_path, backwards), requests_to(tmp_path) as requests:

        async def ask(number: int) -> None:
            answers[number] = (await requests.ask(cancel(number))).text

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(ask, number)
    assert answers == {number: f"X-20261118-{number:06d}" for number in range(20)}
    assert len(set(asked_for)) == 20


async def test_without_a_daemon_nothing_is_asked_and_that_is_said(tmp_path: Path) -> None:
    async with requests_to(tmp_path) as requests:
        with pytest.raises(DaemonAway, match="nothing was asked of it"):
            await requests.ask(cancel(1))
        async with served(tmp_path, done):
            assert (await requests.ask(cancel(2))).outcome is Outcome.DONE


async def test_a_change_that_was_sent_is_on_its_way_and_one_that_was_refused_is_not(
    tmp_path: Path,
) -> None:
    outcomes = {1: (Outcome.DONE, 7), 2: (Outcome.REFUSED, 8), 3: (Outcome.WITHDRAWN, 0)}
    changes = PendingChanges()

    async def decide(asked: Asked) -> Answer:
        outcome, input_no = outcomes[asked.id]
        return Answer(id=asked.id, outcome=outcome, text="", input_no=input_no)

    async with served(tmp_path, decide), requests_to(tmp_path, changes) as requests:
        for number in outcomes:
            await requests.ask(cancel(number))
    found = [changes.status_of(f"X-20261118-{number:06d}", ()) for number in outcomes]
    assert found == ["CANCEL PENDING", None, None]


async def test_a_daemon_that_started_again_is_found(tmp_path: Path) -> None:
    async with requests_to(tmp_path) as requests:
        for number in range(3):
            async with served(tmp_path, done):
                assert (await requests.ask(cancel(number))).text.endswith(str(number))
        with pytest.raises(DaemonAway):
            await requests.ask(cancel(9))


async def test_a_daemon_that_dies_with_a_request_leaves_its_end_unknown(tmp_path: Path) -> None:
    taken = anyio.Event()

    async def never(_: Asked) -> Answer:
        taken.set()
        await anyio.sleep_forever()
        raise AssertionError

    texts: list[str] = []
    async with requests_to(tmp_path) as requests:

        async def ask() -> None:
            with pytest.raises(DaemonAway) as error:
                await requests.ask(cancel(1))
            texts.append(str(error.value))

        async with anyio.create_task_group() as tasks, served(tmp_path, never):
            tasks.start_soon(ask)
            await taken.wait()
    assert "look at the orders" in texts[0]


async def test_a_daemon_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_requests, "ANSWER_WITHIN_S", 0.01)

    async def never(_: Asked) -> Answer:
        await anyio.sleep_forever()
        raise AssertionError

    async with served(tmp_path, never), requests_to(tmp_path) as requests:
        with pytest.raises(DaemonAway, match="look at the orders before you repeat it"):
            await requests.ask(cancel(1))


async def test_a_connection_that_the_daemon_refuses_is_said_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.control.request_socket.CONNECTIONS_MAX", 0)
    async with served(tmp_path, done), requests_to(tmp_path) as requests:
        with pytest.raises(DaemonAway, match=r"0 others are connected|nothing was asked"):
            await requests.ask(cancel(1))
