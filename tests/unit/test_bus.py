"""The bus: inputs inline and in order, facts in lanes that lose nothing uncounted."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.inputs import Clock, Input
from daemon.runtime.bus import Bus, Lane, Overflow


def balanced(lane: Lane[int]) -> bool:
    counts = lane.statistics
    return counts.published == counts.delivered + counts.dropped + counts.queued


async def test_inputs_reach_every_handler_inline_and_in_order() -> None:
    bus: Bus[int] = Bus()
    seen: list[tuple[str, Input]] = []

    async def recorder(message: Input) -> None:
        seen.append(("recorder", message))

    bus.drive(lambda message: seen.append(("engine", message)))
    bus.drive(recorder)
    await bus.publish_input(Clock(1))
    await bus.publish_input(Clock(2))
    assert seen == [
        ("engine", Clock(1)),
        ("recorder", Clock(1)),
        ("engine", Clock(2)),
        ("recorder", Clock(2)),
    ]
    assert bus.inputs_published == 2


async def test_what_a_handler_raises_reaches_the_publisher() -> None:
    bus: Bus[int] = Bus()

    def broken(message: Input) -> None:
        raise ValueError("broken")

    bus.drive(broken)
    with pytest.raises(ValueError, match="broken"):
        await bus.publish_input(Clock(1))


async def test_a_full_waiting_lane_holds_the_publisher_and_loses_nothing() -> None:
    bus: Bus[int] = Bus()
    lane = bus.consume(2, Overflow.WAIT)
    got: list[int] = []

    async def publish() -> None:
        for fact in range(10):
            await bus.publish_fact(fact)
        bus.close()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(publish)
            await anyio.wait_all_tasks_blocked()
            assert lane.statistics.queued == lane.statistics.published == 2
            async for fact in lane:
                got.append(fact)
                assert balanced(lane)
    assert got == list(range(10))
    assert lane.statistics.delivered == bus.facts_published == 10


async def test_a_lane_that_keeps_the_latest_drops_the_oldest_and_counts() -> None:
    bus: Bus[int] = Bus()
    lane = bus.consume(3, Overflow.KEEP_LATEST)
    with anyio.fail_after(30):
        for fact in range(10):
            await bus.publish_fact(fact)
        bus.close()
        assert [fact async for fact in lane] == [7, 8, 9]
    assert lane.statistics.dropped == 7
    assert balanced(lane)


async def test_a_slow_waiting_lane_does_not_make_the_latest_late() -> None:
    bus: Bus[int] = Bus()
    slow = bus.consume(1, Overflow.WAIT)
    quick = bus.consume(1, Overflow.KEEP_LATEST)
    with anyio.fail_after(30):
        await bus.publish_fact(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bus.publish_fact, 2)
            await anyio.wait_all_tasks_blocked()
            assert quick.receive_nowait() == 2
            assert await slow.receive() == 1
    assert slow.receive_nowait() == 2
    assert slow.receive_nowait() is None


async def test_a_consumer_that_leaves_frees_the_publisher() -> None:
    bus: Bus[int] = Bus()
    lane = bus.consume(1, Overflow.WAIT)
    with anyio.fail_after(30):
        await bus.publish_fact(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bus.publish_fact, 2)
            await anyio.wait_all_tasks_blocked()
            lane.leave()
        await bus.publish_fact(3)
        with pytest.raises(anyio.ClosedResourceError):
            await lane.receive()
    assert lane.statistics.dropped == 3
    assert balanced(lane)


async def test_a_waiting_consumer_wakes_when_the_bus_closes() -> None:
    bus: Bus[int] = Bus()
    lane = bus.consume(1, Overflow.WAIT)
    got: list[int] = []

    async def read() -> None:
        got.extend([fact async for fact in lane])

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await bus.publish_fact(1)
            bus.close()
    assert got == [1]
    assert [fact async for fact in bus.consume(1, Overflow.WAIT)] == []


async def test_a_cancelled_receive_loses_nothing() -> None:
    bus: Bus[int] = Bus()
    lane = bus.consume(1, Overflow.WAIT)
    with anyio.fail_after(30):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await lane.receive()
        await bus.publish_fact(1)
        assert await lane.receive() == 1


def test_a_lane_needs_room() -> None:
    with pytest.raises(ValueError, match="at least 1, was 0"):
        Bus[int]().consume(0, Overflow.WAIT)


@given(
    capacity=st.integers(1, 5),
    overflow=st.sampled_from(Overflow),
    steps=st.lists(st.sampled_from(["publish", "receive", "leave", "cancel"]), max_size=40),
)
@settings(max_examples=150, deadline=None)
def test_published_is_always_delivered_dropped_or_queued(
    capacity: int, overflow: Overflow, steps: list[str]
) -> None:
    async def play() -> None:
        bus: Bus[int] = Bus()
        lane = bus.consume(capacity, overflow)
        received: list[int] = []
        async with anyio.create_task_group() as tasks:
            for number, step in enumerate(steps):
                if step == "publish":
                    tasks.start_soon(bus.publish_fact, number)
                elif step == "receive" and (fact := lane.receive_nowait()) is not None:
                    received.append(fact)
                elif step == "leave" and number > 30:
                    lane.leave()
                elif step == "cancel" and number > 35:
                    tasks.cancel_scope.cancel()
                await anyio.lowlevel.cancel_shielded_checkpoint()
                await anyio.lowlevel.cancel_shielded_checkpoint()
                assert balanced(lane)
                assert lane.statistics.queued <= capacity
            lane.leave()
        assert balanced(lane)
        assert lane.statistics.delivered == len(received)
        assert received == sorted(received)
        assert overflow is Overflow.WAIT or bus.facts_published == lane.statistics.published

    anyio.run(play)
