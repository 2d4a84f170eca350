"""One connection to Kite's ticker while all goes well."""

from __future__ import annotations

import time
from typing import Any

import anyio

from feeds.kite.handshake import MOST_MESSAGE_BYTES
from feeds.kite.subscription import Mode
from feeds.live.inbox import Frame
from tests.kit.ticker_credentials import KEY, TOKEN
from tests.kit.ticker_rig import (
    HEARTBEAT,
    QUICK,
    hear,
    leave,
    plays,
    rig,
    told,
)
from tests.kit.ticker_script import (
    PING,
    PONG,
    TEXT,
    Client,
    wire,
)


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


async def test_a_link_that_is_renewed_is_replaced_and_nothing_more_is_read_from_the_old_one() -> (
    None
):
    async with rig(plays(HEARTBEAT), plays(HEARTBEAT, wire(b"new"))) as it:
        it.socket.renew("nobody is there yet")
        await it.said.live()
        it.socket.renew("the clock jumped")
        assert [each.data for each in await it.frames(1)] == [b"new"]
    assert it.said.all[1:4] == [
        (7, "live", ""),
        (7, "reconnecting", "the clock jumped"),
        (7, "live", ""),
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


async def test_the_token_is_read_again_before_each_reconnect() -> None:
    async with rig(
        plays(HEARTBEAT, then=leave), plays(HEARTBEAT), tokens=("yesterday", "today")
    ) as it:
        await it.said.live(2)
    assert [each.query["access_token"] for each in it.server.clients] == ["yesterday", "today"]


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
