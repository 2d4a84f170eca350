"""One connection to Kite's ticker when something breaks."""

from __future__ import annotations

import asyncio
import random
import socket as sockets
import time
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ExitCode, TokenRefused
from feeds.kite.handshake import MOST_MESSAGE_BYTES
from feeds.kite.socket import LinkState, TickerSocket
from feeds.live.inbox import FrameInbox
from tests.kit.ticker_credentials import credentials
from tests.kit.ticker_rig import (
    HASTY,
    HEARTBEAT,
    QUICK,
    HandClock,
    Said,
    leave,
    plays,
    rig,
    told,
)
from tests.kit.ticker_script import (
    CLOSE,
    PING,
    Client,
    wire,
)


async def test_a_drop_in_the_middle_of_a_frame_loses_that_frame_only() -> None:
    async def script(client: Client) -> None:
        await client.accept()
        await client.send(wire(b"whole") + wire(b"x" * 500)[:100])

    async with rig(script, plays(wire(b"after"))) as it:
        assert [each.data for each in await it.frames(2)] == [b"whole", b"after"]
        await it.said.live(2)
    assert it.said.all[2] == (7, "reconnecting", "the connection was closed")


async def test_drops_during_the_handshake_are_tried_again() -> None:
    async def half_an_answer(client: Client) -> None:
        await client.send(b"HTTP/1.1 101 Switching Proto")

    async def nonsense(client: Client) -> None:
        await client.send(b"220 smtp.example.org ESMTP\r\n\r\n")

    async with rig(leave, half_an_answer, nonsense, plays(HEARTBEAT)) as it:
        await it.said.live()
    assert it.said.all[:4] == [
        (7, "connecting", ""),
        (7, "connecting", "the connection was closed during the handshake"),
        (7, "connecting", "the answer was no WebSocket handshake"),
        (7, "live", ""),
    ]
    assert it.socket.counts.connects == 1


async def test_a_server_that_never_answers_the_handshake_is_left_in_time() -> None:
    async with rig(Client.gone, plays(HEARTBEAT), config=HASTY) as it:
        await it.said.live()
    assert it.said.texts[0] == "no answer within 0.05 s"


async def test_http_errors_are_told_once_and_tried_again_until_it_works() -> None:
    async def down(client: Client) -> None:
        await client.answer("500 Internal Server Error", "<html>sorry</html>")

    async def busy(client: Client) -> None:
        await client.answer("503 Service Unavailable")

    async def moved(client: Client) -> None:
        await client.send(b"HTTP/1.1 302 Found\r\nLocation: ws://192.0.2.1/\r\n\r\n")

    async with rig(down, down, down, busy, moved, plays(HEARTBEAT)) as it:
        await it.said.until(lambda: len(it.said.all) >= 4)
        await it.said.live()
        assert it.socket.attempts == 0
    assert it.said.texts == [
        "HTTP 500 Internal Server Error",
        "HTTP 503 Service Unavailable",
        "HTTP 302 Found",
        "stopped",
    ]
    assert len(it.server.clients) == 6


async def test_a_refused_connection_is_tried_again_and_counted() -> None:
    async with rig(plays(HEARTBEAT), run=False) as it:
        pass
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.socket.run)
            await told(lambda: it.socket.attempts >= 5)
            tasks.cancel_scope.cancel()
    assert it.said.all == [
        (7, "connecting", ""),
        (7, "connecting", "connection refused"),
        (7, "closed", "stopped"),
    ]


async def test_a_403_ends_the_run_at_once() -> None:
    async def refuse(client: Client) -> None:
        await client.answer("403 Forbidden", '{"status":"error","error_type":"TokenException"}')

    async with rig(refuse, run=False) as it:
        with pytest.raises(TokenRefused, match="run_fno_paper login") as caught:
            await it.socket.run()
    assert caught.value.exit_code is ExitCode.TOKEN_REFUSED
    assert len(it.server.clients) == 1
    assert it.said.states == ["connecting", "closed"]


async def test_a_handshake_alone_does_not_shorten_the_pauses() -> None:
    async with rig(plays(then=leave)) as it:
        await told(lambda: it.socket.counts.connects >= 4)
        assert it.socket.attempts >= 3
    assert "live" not in it.said.states


async def test_a_close_of_the_server_is_answered_and_told() -> None:
    answers: list[int] = []

    async def script(client: Client) -> None:
        await client.accept()
        await client.send(wire(b"last words") + wire(b"\x03\xe9bye", CLOSE))
        answers.append((await client.frame())[0])

    async with rig(script, plays(HEARTBEAT)) as it:
        await it.said.live(2)
        assert len(await it.frames(1)) == 1
    assert it.said.texts[0] == "the server closed the connection (code 1001)"
    assert answers == [CLOSE]


@pytest.mark.parametrize(
    ("faulty", "reason"),
    [
        (wire(b"x" * (MOST_MESSAGE_BYTES + 1)), "broke the WebSocket protocol (code 1009)"),
        (wire(b"x" * 700_000, last=False) + wire(b"x" * 700_000, 0), "larger than 1,048,576"),
        (wire(b"x", last=False) + wire(b"y"), "broken off"),
        (wire(b"x", 0), "broken off"),
        (b"\xff\xff\xff\xff", "broke the WebSocket protocol (code 1002)"),
        (b"\x82\x81\0\0\0\0x", "broke the WebSocket protocol (code 1002)"),
    ],
)
async def test_a_faulty_link_is_replaced_and_nothing_after_the_fault_is_read(
    faulty: bytes, reason: str
) -> None:
    async with rig(plays(faulty + wire(b"z" * 66_000)), plays(wire(b"good"))) as it:
        assert [each.data for each in await it.frames(1)] == [b"good"]
    assert reason in it.said.texts[0]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_of_the_server_raise(junk: bytes) -> None:
    async def scenario() -> None:
        async with rig(plays(HEARTBEAT + junk, then=leave), plays(wire(b"good"))) as it:
            while not any(each.data == b"good" for each in await it.frames(1)):
                pass

    anyio.run(scenario)


async def test_a_server_that_reads_no_answers_fills_no_memory() -> None:
    pings = wire(b"?" * 120, PING) * 1000
    thousands = 200  # more than all buffers between the two hold
    answered = 0

    async def script(client: Client) -> None:
        nonlocal answered
        await client.accept()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(thousands):
            await client.send(pings)
        await client.send(wire(b"tick"))
        await it.inbox.take(5)
        client.reader._transport.resume_reading()  # type: ignore[attr-defined]
        is_quiet = False
        while not is_quiet:
            with anyio.move_on_after(0.05) as quiet:
                answered += len(await client.reader.read(1 << 20))
            is_quiet = quiet.cancelled_caught

    async with rig(script, plays(HEARTBEAT)) as it:
        await it.said.live(2)
    assert 0 < answered < thousands * len(pings)


async def test_cancelling_during_a_handshake_leaves_no_connection_behind() -> None:
    came, gone = anyio.Event(), anyio.Event()

    async def script(client: Client) -> None:
        came.set()
        await client.gone()
        gone.set()

    async with rig(script, run=False) as it:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.socket.run)
            await came.wait()
            tasks.cancel_scope.cancel()
        await gone.wait()


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "TLS: "), ("nothing.invalid", "DNS: nothing.invalid is not known")],
)
async def test_a_server_without_tls_and_an_unknown_host_are_told(
    host: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = sockets.getaddrinfo

    def answer(name: str, *more: Any, **named: Any) -> Any:
        if name == "nothing.invalid":  # a server of names that is out of reach takes its time
            raise sockets.gaierror(sockets.EAI_NONAME, "Name or service not known")
        return look_up(name, *more, **named)

    monkeypatch.setattr(sockets, "getaddrinfo", answer)

    async def no_tls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(no_tls, "127.0.0.1", 0)
    said = Said()
    socket = TickerSocket(
        url=f"wss://{host}:{server.sockets[0].getsockname()[1]}", read_credentials=credentials,
        inbox=FrameInbox(time.time_ns), on_state=said, number=0, config=QUICK,
        rng=random.Random(1), now=HandClock(),
    )  # fmt: skip
    with anyio.fail_after(30):
        async with server, anyio.create_task_group() as tasks:
            tasks.start_soon(socket.run)
            await said.until(lambda: bool(said.texts))
            tasks.cancel_scope.cancel()
    assert said.texts[0].startswith(expected)


async def test_a_fault_in_a_callback_of_ours_is_raised() -> None:
    def broken(number: int, state: LinkState, text: str) -> None:
        if state == "live":
            raise ZeroDivisionError

    async with rig(plays(HEARTBEAT), run=False) as it:
        socket = TickerSocket(
            url=it.server.url, read_credentials=credentials, inbox=it.inbox, on_state=broken,
            number=0, config=QUICK, rng=random.Random(1), now=HandClock(),
        )  # fmt: skip
        with pytest.raises(ExceptionGroup) as caught:
            await socket.run()
    assert caught.group_contains(ZeroDivisionError)
