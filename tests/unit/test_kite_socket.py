"""One connection to Kite's ticker, against a server that does what the test says."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import random
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger

from daemon.config import KiteConfig
from daemon.errors import ConfigError, ExitCode, TokenRefused
from feeds.kite.handshake import MOST_MESSAGE_BYTES, checked_url
from feeds.kite.inbox import Frame, FrameInbox
from feeds.kite.socket import LinkState, TickerSocket
from feeds.kite.sockets import TickerSockets
from feeds.kite.subscription import Mode
from tests.kit.ticker_credentials import KEY, TOKEN, credentials
from tests.kit.ticker_script import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    Client,
    Script,
    ScriptedTicker,
    wire,
)

HEARTBEAT = wire(b"\0")
QUICK = KiteConfig(connect_timeout_s=5, read_timeout_s=0.01, reconnect_max_s=0.004)
HASTY = KiteConfig(connect_timeout_s=0.05, read_timeout_s=0.01, reconnect_max_s=0.004)


@dataclass
class HandClock:
    """Silence is measured by it: it stands until a test moves it."""

    s: float = 0.0

    def __call__(self) -> float:
        return self.s


@dataclass
class Said:
    """What the sockets told, and a way to wait for it."""

    all: list[tuple[int, LinkState, str]] = field(default_factory=list)
    _more: anyio.Event = field(default_factory=anyio.Event)

    def __call__(self, number: int, state: LinkState, text: str) -> None:
        self.all.append((number, state, text))
        self._more.set()
        self._more = anyio.Event()

    async def until(self, is_met: Callable[[], bool]) -> None:
        while not is_met():
            await self._more.wait()

    async def live(self, times: int = 1) -> None:
        await self.until(lambda: self.states.count("live") >= times)

    @property
    def states(self) -> list[LinkState]:
        return [state for _, state, _ in self.all]

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.all if text]


@dataclass
class Rig:
    """A socket, what it reads into, what it says, and the server it talks to."""

    server: ScriptedTicker
    socket: TickerSocket
    inbox: FrameInbox
    said: Said
    clock: HandClock

    async def frames(self, count: int) -> list[Frame]:
        found: list[Frame] = []
        while len(found) < count:
            found += await self.inbox.take(5)
        return found


@contextlib.asynccontextmanager
async def rig(
    *scripts: Script,
    config: KiteConfig = QUICK,
    wanted: dict[int, Mode] | None = None,
    limit_bytes: int = 1 << 26,
    tokens: Sequence[str] = (TOKEN,),
    run: bool = True,
) -> AsyncIterator[Rig]:
    """Everything running, for at most five seconds; `tokens` are what is read one after another."""
    inbox = FrameInbox(time.time_ns, limit_bytes)
    said = Said()
    clock = HandClock()
    left = list(tokens)
    with anyio.fail_after(5):
        async with ScriptedTicker(scripts).listening() as server:
            socket = TickerSocket(
                url=server.url,
                read_credentials=lambda: credentials(left.pop(0) if left[1:] else left[0]),
                inbox=inbox,
                on_state=said,
                number=7,
                config=config,
                rng=random.Random(1),
                now=clock,
                batch_pause_s=0,
            )
            socket.want(wanted or {})
            async with anyio.create_task_group() as tasks:
                if run:
                    tasks.start_soon(socket.run)
                yield Rig(server, socket, inbox, said, clock)
                tasks.cancel_scope.cancel()


async def told(is_so: Callable[[], bool]) -> None:
    """Let everything else run until something is so that nobody tells us."""
    while not is_so():
        await anyio.lowlevel.checkpoint()


def plays(*data: bytes, then: Callable[[Client], Any] | None = None) -> Script:
    """Accept, send, and keep the connection (or do `then`)."""

    async def script(client: Client) -> None:
        await client.accept()
        for each in data:
            await client.send(each)
        await (then or Client.gone)(client)

    return script


async def hear(client: Client, count: int, asked: list[dict[str, Any]]) -> None:
    """Note the next messages of the client."""
    while count:
        asked.append(await client.request())
        count -= 1


async def leave(client: Client) -> None:
    """Close without a word."""


async def test_the_handshake_carries_the_credentials_and_the_version() -> None:
    async with rig(plays(HEARTBEAT)) as it:
        await it.said.live()
        client = it.server.clients[0]
    assert client.query == {"api_key": KEY, "access_token": TOKEN}
    assert client.headers["x-kite-version"] == "3"


async def test_binary_messages_arrive_whole_in_order_and_stamped() -> None:
    sent = [b"", b"ab", b"c" * 200, b"d" * 70_000, b"e" * MOST_MESSAGE_BYTES]
    before = time.time_ns()
    async with rig(plays(*map(wire, sent))) as it:
        frames = await it.frames(len(sent))
    assert [each.data for each in frames] == sent
    stamps = [before, *(each.ts for each in frames), time.time_ns()]
    assert stamps == sorted(stamps)


async def test_a_message_in_several_frames_is_one_message() -> None:
    parts = [
        wire(b"ab", last=False),
        wire(b"ping", PING),
        wire(b"cd", 0, last=False),
        wire(b"", 0),
        wire(b"next"),
    ]
    async with rig(plays(*parts)) as it:
        assert [each.data for each in await it.frames(2)] == [b"abcd", b"next"]


async def test_pings_are_answered() -> None:
    answered = anyio.Event()

    async def script(client: Client) -> None:
        await client.accept()
        await client.send(wire(b"there?", PING))
        assert await client.frame() == (PONG, b"there?")
        answered.set()

    async with rig(script):
        await answered.wait()


async def test_heartbeats_keep_a_silent_link_alive_and_are_no_data() -> None:
    silence_s = 0.9 * QUICK.read_timeout_s
    beat, times = anyio.Event(), 20

    async def script(client: Client) -> None:
        await client.accept()
        for number in range(times):
            it.clock.s += silence_s
            await client.send(HEARTBEAT)
            await told(lambda number=number: it.socket.counts.heartbeats > number)  # type: ignore[misc]
        beat.set()
        await client.send(wire(b"tick"))
        await client.gone()

    async with rig(script) as it:
        await beat.wait()
        assert [each.data for each in await it.frames(1)] == [b"tick"]
        assert it.said.states == ["connecting", "live"]
    assert it.socket.counts.heartbeats == times


async def test_a_link_on_which_nothing_comes_is_given_up_and_replaced() -> None:
    async with rig(plays(HEARTBEAT), plays(HEARTBEAT)) as it:
        await it.said.live()
        it.clock.s += QUICK.read_timeout_s
        await it.said.live(2)
    assert it.said.all == [
        (7, "connecting", ""),
        (7, "live", ""),
        (7, "reconnecting", "nothing was heard for 0.01 s"),
        (7, "live", ""),
        (7, "closed", "stopped"),
    ]


async def test_the_first_subscription_is_sent_in_batches_each_with_its_mode() -> None:
    asked: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await client.accept()
        await hear(client, 6, asked)
        await client.send(HEARTBEAT)
        await client.gone()

    wanted: dict[int, Mode] = dict.fromkeys(range(1, 451), "full")
    async with rig(script, wanted=wanted) as it:
        await it.said.live()
    assert [each["a"] for each in asked] == ["subscribe", "mode"] * 3
    assert [len(each["v"]) for each in asked[::2]] == [200, 200, 50]
    assert [each["v"] for each in asked[1::2]] == [["full", each["v"]] for each in asked[::2]]


async def test_what_changes_while_connected_is_sent_as_the_difference() -> None:
    asked: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await client.accept()
        await client.send(HEARTBEAT)
        await hear(client, 6, asked)
        await client.send(wire(b"done"))
        await client.gone()

    async with rig(script, wanted={1: "full", 2: "full"}) as it:
        await told(lambda: len(asked) >= 2)
        it.socket.want({2: "ltp", 3: "full"})
        await it.frames(1)
    assert asked[2:] == [
        {"a": "unsubscribe", "v": [1]},
        {"a": "mode", "v": ["ltp", [2]]},
        {"a": "subscribe", "v": [3]},
        {"a": "mode", "v": ["full", [3]]},
    ]


async def test_every_reconnect_subscribes_again_with_modes() -> None:
    asked: list[list[dict[str, Any]]] = []

    async def script(client: Client) -> None:
        await client.accept()
        asked.append([await client.request() for _ in range(4)])
        await client.send(HEARTBEAT)

    async with rig(script, wanted={5: "full", 6: "quote", 7: "full"}) as it:
        await it.said.live(3)
    assert asked[0] == [
        {"a": "subscribe", "v": [5, 7]},
        {"a": "mode", "v": ["full", [5, 7]]},
        {"a": "subscribe", "v": [6]},
        {"a": "mode", "v": ["quote", [6]]},
    ]
    assert asked[1] == asked[2] == asked[0]


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
    with anyio.fail_after(5):
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


async def test_the_token_is_read_again_before_each_reconnect() -> None:
    async with rig(
        plays(HEARTBEAT, then=leave), plays(HEARTBEAT), tokens=("yesterday", "today")
    ) as it:
        await it.said.live(2)
    assert [each.query["access_token"] for each in it.server.clients] == ["yesterday", "today"]


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


async def test_texts_are_counted_by_kind_and_the_server_s_words_are_told() -> None:
    texts = [
        b'{"type":"instruments_meta","data":{"count":86481}}',
        b'{"type":"order","data":{"order_id":"1","status":"COMPLETE"}}',
        b'{"type":"order","data":{"order_id":"2","status":"COMPLETE"}}',
        b'{"type":"error","data":"too many tokens\\nfor ' + TOKEN.encode() + b'"}',
        b"no json",
        b'{"type":1}',
        b'{"type":"x","data":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"\xff\xfe",
        b'{"type":"' + b"x" * 70_000 + b'"}',
    ]
    async with rig(plays(HEARTBEAT, *(wire(each, TEXT) for each in texts), wire(b"on"))) as it:
        await it.frames(1)
    assert it.socket.counts.texts.kinds["order"] == 2
    assert it.socket.counts.texts.kinds["instruments_meta"] == 1
    assert it.socket.counts.texts.kinds["error"] == 1
    assert it.socket.counts.texts.kinds.total() + it.socket.counts.texts.malformed == len(texts)
    assert it.said.all[2] == (7, "live", "Kite says: too many tokens for ***")


async def test_a_full_inbox_holds_the_server_back_and_nothing_is_lost() -> None:
    size, count = 20_000, 500
    sent = 0

    async def script(client: Client) -> None:
        nonlocal sent
        await client.accept()
        for number in range(count):
            await client.send(wire(number.to_bytes(2, "big") * (size // 2)))
            sent += 1
        await client.gone()

    got: list[Frame] = []
    async with rig(script, limit_bytes=100_000) as it:
        await told(lambda: it.inbox.is_full)
        it.clock.s += 1000  # silence that we made ourselves is no dead link
        await anyio.sleep(5 * QUICK.read_timeout_s)
        assert it.inbox.waiting_bytes < 400_000
        assert sent < count
        while len(got) < count:
            got += await it.inbox.take(5)
        assert it.said.states == ["connecting", "live"]
    assert [each.data[:2] for each in got] == [n.to_bytes(2, "big") for n in range(count)]
    assert it.inbox.times_full >= 2


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


async def test_no_secret_is_said_logged_or_raised(caplog: pytest.LogCaptureFixture) -> None:
    logged = io.StringIO()
    sink = logger.add(logged, level=0, diagnose=False)
    caplog.set_level(1)
    logging.getLogger("picows").setLevel(1)
    words = wire(json.dumps({"type": "error", "data": f"{KEY}?{TOKEN}"}).encode(), TEXT)

    async def refuse(client: Client) -> None:
        await client.answer(f"403 {TOKEN}", TOKEN)

    async def echo(client: Client) -> None:
        await client.answer(f"500 {TOKEN}", TOKEN)

    scripts = (leave, echo, plays(HEARTBEAT, words, wire(TOKEN.encode(), CLOSE), then=leave))
    try:
        async with rig(*scripts, plays(b"\xff" + TOKEN.encode()), refuse, run=False) as it:
            with pytest.raises(TokenRefused) as caught:
                await it.socket.run()
    finally:
        logger.remove(sink)
    told = [
        *("".join(traceback.format_exception(caught.value)), logged.getvalue(), caplog.text),
        *it.said.texts,
        *map(repr, (it.socket, caught.value.__context__, caught.value.__cause__)),
    ]
    assert "Kite says: ***?***" in it.said.texts
    assert not [each for each in told if TOKEN in each or KEY in each]


@pytest.mark.parametrize(
    "url",
    [
        "ws://ws.kite.trade",
        "ws://192.0.2.1:8000",
        "http://127.0.0.1",
        "wss://",
        "ws.kite.trade",
        "",
        "wss://host:99999",
        "wss://user:secret-canary@host",
        "wss://host?access_token=secret-canary",
        "wss://host#secret-canary",
        "wss://[::1",
    ],
)
def test_a_url_on_which_the_token_may_not_travel_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"feed\.kite\.ticker_url") as caught:
        checked_url(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["wss://ws.kite.trade", "ws://127.0.0.1:9", "ws://[::1]:9/path", "ws://localhost:9"]
)
def test_an_encrypted_or_local_url_is_accepted(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "TLS: "), ("nothing.invalid", "DNS: nothing.invalid is not known")],
)
async def test_a_server_without_tls_and_an_unknown_host_are_told(host: str, expected: str) -> None:
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
    with anyio.fail_after(5):
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


def pool(it: Rig) -> TickerSockets:
    return TickerSockets(
        url=it.server.url, read_credentials=credentials, inbox=it.inbox, on_state=it.said,
        config=QUICK, rng=random.Random(1), now=HandClock(), batch_pause_s=0,
    )  # fmt: skip


async def test_7000_tokens_are_spread_over_three_connections_of_3000() -> None:
    held: list[set[int]] = []

    async def script(client: Client) -> None:
        mine: set[int] = set()
        held.append(mine)
        await client.accept()
        await client.send(HEARTBEAT)
        while True:
            request = await client.request()
            if request["a"] == "subscribe":
                mine.update(request["v"])
            if request["a"] == "unsubscribe":
                mine.difference_update(request["v"])
            assert len(mine) <= 3000
            await client.send(wire(b"tick"))

    def total() -> int:
        return sum(map(len, held))

    async with rig(script, run=False) as it, anyio.create_task_group() as tasks:
        sockets = pool(it)
        sockets.want(dict.fromkeys(range(1, 101), "full"))
        tasks.start_soon(sockets.run)
        await it.said.live()
        assert len(held) == sockets.needed == 1
        sockets.want(dict.fromkeys(range(1, 7001), "full"))
        while total() < 7000:
            await it.inbox.take(5)
        assert sorted(map(len, held)) == [1000, 3000, 3000]
        assert set().union(*held) == set(range(1, 7001))
        homes = {each: sockets.socket_of(each) for each in range(2001, 7001)}
        sockets.want(dict.fromkeys(range(2001, 9001), "full"))
        while total() != 7000 or set().union(*held) != set(range(2001, 9001)):
            await it.inbox.take(5)
        assert {each: sockets.socket_of(each) for each in homes} == homes
        assert sockets.socket_of(1) is None
        with pytest.raises(ConfigError, match="9,001 instruments"):
            sockets.want(dict.fromkeys(range(9001), "ltp"))
        assert sockets.socket_of(9000) is not None
        tasks.cancel_scope.cancel()


async def test_one_refusal_ends_all_connections() -> None:
    async def refuse(client: Client) -> None:
        await client.answer("403 Forbidden")

    async with rig(plays(HEARTBEAT), refuse, run=False) as it:
        sockets = pool(it)
        sockets.want(dict.fromkeys(range(1, 3002), "ltp"))
        with pytest.raises(TokenRefused):
            await sockets.run()
    assert [state for _, state, _ in it.said.all].count("closed") == 2
