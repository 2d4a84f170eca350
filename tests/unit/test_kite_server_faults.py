"""Faults of the ticker server happen when asked for, and every tick can be accounted for."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picows import WSHandshakeError, ws_connect

from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.errors import UsageError
from feeds.kite.frames import FrameDecoder
from feeds.kite.server.delivery import DELAY_NS
from feeds.kite.server.encode import encode_packets
from feeds.kite.server.faults import KINDS, Fault, FaultPlan, PendingFaults
from feeds.kite.server.ticker_server import TickerServer
from tests.kit.ticker_client import TickerClient, connected, decoded, sample

ROWS = 2000
AT = 777
FRAME = 50


@pytest.fixture(scope="module")
def session() -> tuple[Universe, Ticks]:
    return sample(ROWS)


def faulty(session: tuple[Universe, Ticks], *faults: str, **options: Any) -> TickerServer:
    universe, block = session
    plain = {"quiet_s": 0.05, "packets_per_frame": FRAME}
    plan = FaultPlan.parse(faults)
    return TickerServer(universe, [block], faults=plan, **(plain | options))


def subscribe(client: TickerClient, session: tuple[Universe, Ticks]) -> None:
    client.subscribe([each.instrument_token for each in session[0]])


async def played(
    session: tuple[Universe, Ticks], *faults: str
) -> tuple[TickerClient, TickerServer]:
    """One client through the whole recording."""
    async with faulty(session, *faults) as served, connected(served.url) as client:
        subscribe(client, session)
        with anyio.fail_after(30):
            await served.finished()
        await client.until(lambda: len(client.packets) >= served.stats.packets)
    assert [each.kind for each in served.stats.faults] == [each.split("@")[0] for each in faults]
    return client, served


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def expected(session: tuple[Universe, Ticks]) -> list[bytes]:
    return encode_packets(session[1], session[0], "full")


async def test_garbage_is_one_frame_more_and_nothing_is_lost(
    session: tuple[Universe, Ticks],
) -> None:
    client, served = await played(session, f"garbage@{AT}", f"text@{AT}")
    sound = [each for each in client.frames if int.from_bytes(each[:2], "big") <= FRAME]
    assert len(client.frames) == len(sound) + 1 == served.stats.frames + 1
    assert client.packets == expected(session)
    assert served.stats.destroyed == []
    ticks, refused = decoded(session[0], client.frames)
    assert ticks == ROWS
    assert refused > 0
    assert [is_json(each) for each in client.texts] == [True, True, False]


async def test_a_cut_frame_destroys_its_last_packet(session: tuple[Universe, Ticks]) -> None:
    client, served = await played(session, f"cut@{AT}")
    lost = (AT // FRAME + 1) * FRAME - 1
    assert served.stats.destroyed == [(lost, lost + 1)]
    assert client.packets == expected(session)[:lost] + expected(session)[lost + 1 :]
    assert decoded(session[0], client.frames) == (ROWS - 1, 1)


async def test_a_duplicate_frame_comes_twice(session: tuple[Universe, Ticks]) -> None:
    client, served = await played(session, f"duplicate@{AT}")
    every, stop = expected(session), (AT // FRAME + 1) * FRAME
    assert served.stats.duplicated == stop - AT
    assert client.packets == every[:stop] + every[AT:stop] + every[stop:]


async def test_delayed_packets_come_after_newer_ones(session: tuple[Universe, Ticks]) -> None:
    client, served = await played(session, f"delay@{AT}")
    every = expected(session)
    ts = session[1].ts
    late = int((ts[AT:] < ts[AT] + DELAY_NS).sum())
    assert served.stats.delayed == late > 1
    assert sorted(client.packets) == sorted(every)
    at = client.packets.index(every[AT], AT + 1)
    assert client.packets[:AT] == every[:AT]
    assert client.packets[at : at + late] == every[AT : AT + late]
    assert client.packets[AT:at] == every[AT + late : at + late]


async def test_what_is_delayed_at_the_end_is_still_sent(session: tuple[Universe, Ticks]) -> None:
    client, served = await played(session, f"delay@{ROWS - 3}")
    assert served.stats.delayed == 3
    assert client.packets == expected(session)


async def test_a_dropped_link_ends_in_mid_frame_and_the_next_goes_on(
    session: tuple[Universe, Ticks],
) -> None:
    async with faulty(session, f"drop@{AT}") as served:
        async with connected(served.url) as first:
            subscribe(first, session)
            await first.closed()
        assert first.packets == expected(session)[:AT]
        assert not served.stats.destroyed_packets > FRAME
        async with connected(served.url) as second:
            subscribe(second, session)
            with anyio.fail_after(30):
                await served.finished()
            stop = served.stats.destroyed[0][1]
            await second.until(lambda: len(second.packets) == ROWS - stop)
    assert served.stats.destroyed == [(AT, stop)]
    assert second.packets == expected(session)[stop:]
    assert served.stats.connections == 2
    assert served.stats.packets + served.stats.destroyed_packets == ROWS


async def test_a_half_open_link_says_nothing_more(session: tuple[Universe, Ticks]) -> None:
    async with faulty(session, f"half-open@{AT}", heartbeat_s=0.01) as served:
        async with connected(served.url) as client:
            await client.until(lambda: client.heartbeats > 0)
            subscribe(client, session)
            await client.until(lambda: len(client.packets) == AT)
            await client.until(lambda: bool(served.stats.faults))
            heard = client.heartbeats, served.stats.heartbeats
            client.transport.send_ping(b"alive?")
            with anyio.move_on_after(0.1):
                await client.gone.wait()
            assert (client.heartbeats, served.stats.heartbeats) == heard
            assert not client.gone.is_set()
        async with connected(served.url) as second:
            subscribe(second, session)
            with anyio.fail_after(30):
                await served.finished()
            stop = served.stats.destroyed[0][1]
            await second.until(lambda: len(second.packets) == ROWS - stop)
    assert served.stats.destroyed == [(AT, stop)]
    assert second.packets == expected(session)[stop:]


async def test_without_waiting_a_half_open_link_loses_all_the_rest(
    session: tuple[Universe, Ticks],
) -> None:
    at = 50
    async with (
        faulty(session, f"half-open@{at}", speed="150", wait_for_subscribers=False) as served,
        connected(served.url) as client,
    ):
        client.say("mode", ["full", [each.instrument_token for each in session[0]]])
        with anyio.fail_after(30):
            await served.finished()
    missed = expected(session).index(client.packets[0])
    assert client.packets == expected(session)[missed : missed + at]
    assert served.stats.destroyed == [(missed + at, ROWS)]


async def test_refusals_begin_when_asked_for(session: tuple[Universe, Ticks]) -> None:
    async with faulty(session, "403") as served:
        with pytest.raises(WSHandshakeError) as refused:
            await ws_connect(TickerClient, served.url)
        assert refused.value.response is not None
        assert refused.value.response.status == 403
    async with faulty(session, f"drop@{AT}", f"refuse@{AT}") as served:
        async with connected(served.url) as client:
            subscribe(client, session)
            await client.closed()
        with pytest.raises(WSHandshakeError):
            await ws_connect(TickerClient, served.url)
        assert served.stats.refused == 1


async def test_faults_at_one_place_happen_in_the_order_given(
    session: tuple[Universe, Ticks],
) -> None:
    client, served = await played(
        session, f"garbage@{AT}", f"duplicate@{AT}", f"text@{AT}", f"cut@{AT + 200}", "delay@1500"
    )
    missing = {row for start, stop in served.stats.destroyed for row in range(start, stop)}
    every = expected(session)
    left = [every[row] for row in range(ROWS) if row not in missing]
    assert len(client.packets) == len(left) + served.stats.duplicated == served.stats.packets
    assert set(client.packets) == set(left)


LINK_FAULTS = [each for each in KINDS if each != "refuse"]


@given(st.lists(st.builds(Fault, st.sampled_from(LINK_FAULTS), st.integers(0, 99))))
def test_a_plan_is_read_as_it_was_written_in_the_order_of_its_places(faults: list[Fault]) -> None:
    plan = FaultPlan.parse([f"{each.kind}@{each.at}" for each in faults])
    assert sorted(plan.faults, key=str) == sorted(faults, key=str)
    pending = PendingFaults(plan)
    places = [pending.pop().at for _ in faults]
    assert places == sorted(places)
    assert pending.next_at == float("inf")


@given(st.integers(0, 2**32))
def test_garbage_never_is_a_tick_and_is_the_same_for_a_seed(seed: int) -> None:
    universe, _ = sample(1)
    made = PendingFaults(FaultPlan(seed=seed)).garbage()
    assert made == PendingFaults(FaultPlan(seed=seed)).garbage()
    found = FrameDecoder(universe).decode([(1, made)])
    assert found.ticks is None
    assert sum(found.refused.values()) == found.packets > 0


@pytest.mark.parametrize("text", ["", "drop", "drop@", "drop@-1", "drop@x", "@5", "404", "stop@5"])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected KIND@N"):
        FaultPlan.parse([text])
