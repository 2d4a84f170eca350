"""Several connections behind one wanted set."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import anyio
import numpy as np
import pytest
import uvloop

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError, TokenRefused
from daemon.settings.config import KiteConfig
from feeds.kite.server.encode import encode_packets
from feeds.kite.server.faults import FaultPlan
from feeds.kite.server.ticker_server import TickerServer
from feeds.kite.socket import TickerSocket
from feeds.kite.sockets import TickerSockets
from feeds.live.inbox import FrameInbox
from tests.kit.ticker_credentials import credentials
from tests.kit.ticker_rig import (
    HEARTBEAT,
    QUICK,
    HandClock,
    Rig,
    Said,
    plays,
    rig,
)
from tests.kit.ticker_script import (
    Client,
    wire,
)


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


TOKENS = (256265, 13238786, 10967554)
UNIVERSE = Universe(
    Instrument(
        instrument_token=token,
        tradingsymbol=f"S{token}",
        lot_size=65,
        instrument_type="INDEX" if token == 256265 else "FUT",
    )
    for token in TOKENS
)


def recording(rows: int) -> Ticks:
    """A recording in which every row has a price of its own."""
    at = np.arange(rows, dtype=np.int64)
    ts = 1_795_000_000_000_000_000 + at * 1_000_000
    instrument = (at % len(TOKENS)).astype(np.int32)
    return Ticks(ts=ts, exchange_ts=ts, instrument=instrument, ltp=2_000_000 + at)


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_every_packet_of_a_served_recording_arrives_but_those_that_faults_destroyed(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    rows = 3_000
    plan = FaultPlan.parse(["garbage@200", "text@400", "drop@700", "half-open@1500", "drop@2000"])

    async def scenario() -> None:
        inbox, said = FrameInbox(time.time_ns), Said()
        got: list[bytes] = []
        with anyio.fail_after(30):
            async with (
                TickerServer(
                    UNIVERSE, [recording(rows)], faults=plan, heartbeat_s=0.02,
                    packets_per_frame=7, quiet_s=0.03,
                ) as server,
                anyio.create_task_group() as tasks,
            ):  # fmt: skip
                socket = TickerSocket(
                    url=server.url, read_credentials=credentials, inbox=inbox, on_state=said,
                    number=0, config=KiteConfig(read_timeout_s=0.2, reconnect_max_s=0.01),
                    rng=random.Random(1), now=time.monotonic, batch_pause_s=0,
                )  # fmt: skip
                socket.want(dict.fromkeys(TOKENS, "full"))
                tasks.start_soon(socket.run)
                expected = encode_packets(recording(rows), UNIVERSE, "full")
                while len(got) + server.stats.destroyed_packets < rows:
                    for frame in await inbox.take(0.05):
                        got += packets_of(frame.data)
                stats = server.stats
                tasks.cancel_scope.cancel()
        lost = {row for start, stop in stats.destroyed for row in range(start, stop)}
        assert got == [each for row, each in enumerate(expected) if row not in lost]
        assert len(stats.faults) == 5
        assert 0 < len(lost) < rows
        assert said.states.count("live") == stats.connections == socket.counts.connects == 4
        assert socket.counts.texts.kinds == {"instruments_meta": 4, "app_code": 4}
        assert socket.counts.texts.malformed == 1

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(scenario())


def packets_of(frame: bytes) -> list[bytes]:
    """The packets of a sound frame, none of garbage."""
    packets, at = [], 2
    while at < len(frame):
        size = int.from_bytes(frame[at : at + 2], "big")
        packets.append(frame[at + 2 : at + 2 + size])
        at += 2 + size
    return packets if len(packets) == int.from_bytes(frame[:2], "big") else []
