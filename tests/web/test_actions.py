"""What a person does on the page reaches the daemon through its control socket, or is refused."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from daemon.control.socket import Reply, Request, serve_control
from daemon.web.actions import AT_ONCE
from tests.kit.web import Page

TRADE = "V3-20261118-000001"


@asynccontextmanager
async def daemon(page: Page, reply: Reply) -> AsyncIterator[list[Request]]:
    """Listen where the page's daemon does."""
    heard: list[Request] = []

    async def obey(request: Request) -> Reply:
        heard.append(request)
        return reply

    async with anyio.create_task_group() as tasks:
        await tasks.start(serve_control, page.directory, obey)
        yield heard
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ({"do": "exit", "target": TRADE}, Request("manual_exit", TRADE)),
        ({"do": "kill_switch", "confirm": True}, Request("kill_switch")),
        ({"do": "strategy_on", "target": "orb"}, Request("strategy_on", "orb")),
        ({"do": "strategy_off", "target": "orb"}, Request("strategy_off", "orb")),
        ({"do": "pause"}, Request("pause")),
        ({"do": "resume"}, Request("resume")),
        ({"do": "speed", "target": "20"}, Request("speed", "20")),
    ],
    ids=str,
)
async def test_each_action_is_the_daemons_command(
    action: dict[str, Any], command: Request, page: Page
) -> None:
    who = await page.login()
    async with daemon(page, Reply(True, "taken as input 7")) as heard:
        answer = await page.post("/api/do", action, **who)
    assert answer.json() == {"accepted": True, "text": "taken as input 7"}
    assert heard == [command]


async def test_a_refusal_of_the_daemon_is_shown_in_its_words(page: Page) -> None:
    who = await page.login()
    async with daemon(page, Reply(False, "no open position")):
        answer = await page.post("/api/do", {"do": "exit", "target": TRADE}, **who)
    assert answer.status == 200
    assert answer.json() == {"accepted": False, "text": "no open position"}


async def test_without_a_daemon_it_is_said_in_a_line(page: Page) -> None:
    who = await page.login()
    assert (await page.get("/api/session", who))["can_command"] is False
    answer = await page.post("/api/do", {"do": "exit", "target": TRADE}, **who)
    assert answer.json()["accepted"] is False
    assert "no daemon runs" in answer.json()["text"]


async def test_a_session_says_whether_a_daemon_listens(page: Page) -> None:
    who = await page.login()
    async with daemon(page, Reply(True, "")):
        assert (await page.get("/api/session", who))["can_command"] is True


@pytest.mark.parametrize(
    "action",
    [
        {"do": "kill_switch"},
        {"do": "kill_switch", "confirm": False},
        {"do": "kill_switch", "confirm": 1},
        {"do": "kill_switch", "target": "x", "confirm": True},
        {"do": "exit"},
        {"do": "exit", "target": ""},
        {"do": "exit", "target": "x" * 81},
        {"do": "exit", "target": 5},
        {"do": "reload"},
        {"do": "pause", "target": "x"},
        {"do": "speed"},
        {"do": "exit", "target": "x", "more": 1},
        {},
        [],
        None,
        "exit",
    ],
    ids=str,
)
async def test_what_makes_no_sense_reaches_no_daemon(action: Any, page: Page) -> None:
    who = await page.login()
    async with daemon(page, Reply(True, "")) as heard:
        assert (await page.post("/api/do", action, **who)).status == 400
    assert heard == []


async def test_a_daemon_that_does_not_answer_keeps_no_other_request_waiting(page: Page) -> None:
    """The event loop never waits for the daemon: more than one command hangs, the page answers."""
    who = await page.login()
    release = threading.Event()
    done: list[int] = []

    def hang(*_: object) -> str:
        release.wait(60)
        return "late"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("daemon.web.actions.send_command", hang)

        async def ask() -> None:
            answer = await page.post("/api/do", {"do": "exit", "target": TRADE}, **who)
            done.append(answer.status)

        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                for _ in range(AT_ONCE + 2):
                    tasks.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                await page.get("/api/now", who)
                await page.get("/api/days", who)
                assert done == []
                release.set()
    assert done == [200] * (AT_ONCE + 2)
