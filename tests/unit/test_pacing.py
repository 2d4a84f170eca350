"""A pace can be changed and paused while it runs, and no row is lost or cut otherwise."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError
from daemon.runtime.run_status import is_paused
from daemon.settings.config import SyntheticConfig
from feeds.stream.pacing import Pace, Pacer, parse_speed
from feeds.synthetic import SyntheticFeed
from tests.simulation.loop import run_virtual

START = 1_795_000_000 * SECOND_NS


def block(seconds: list[int]) -> Ticks:
    ts = np.array([START + each * SECOND_NS for each in seconds], dtype=np.int64)
    return Ticks(
        ts=ts, instrument=np.zeros(len(ts), dtype=np.int32), ltp=np.full(len(ts), 100, np.int64)
    )


async def arrival(pacer: Pacer, second: int) -> float:
    """The loop's time at which a row is due."""
    at = START + second * SECOND_NS
    await pacer.wait(at, at)
    return anyio.current_time()


def test_a_pause_takes_as_long_as_it_takes_and_no_session_time() -> None:
    async def session() -> None:
        pace = Pace(10)
        pacer = Pacer(pace)
        began = await arrival(pacer, 0)
        async with anyio.create_task_group() as tasks:

            async def person() -> None:
                await anyio.sleep(2)
                pace.pause()
                await anyio.sleep(30)
                pace.resume()

            tasks.start_soon(person)
            assert await arrival(pacer, 50) - began == pytest.approx(35)
        assert await arrival(pacer, 100) - began == pytest.approx(40)

    run_virtual(session)


def test_another_speed_counts_from_where_the_session_stands() -> None:
    async def session() -> None:
        pace = Pace(1)
        pacer = Pacer(pace)
        began = await arrival(pacer, 0)
        async with anyio.create_task_group() as tasks:

            async def person() -> None:
                await anyio.sleep(10)
                pace.change(100)

            tasks.start_soon(person)
            assert await arrival(pacer, 110) - began == pytest.approx(11)
        pace.change(None)
        assert await arrival(pacer, 5000) - began == pytest.approx(11)
        pace.change(1)
        assert await arrival(pacer, 5001) - began == pytest.approx(11)
        assert await arrival(pacer, 5004) - began == pytest.approx(14)

    run_virtual(session)


def test_a_speed_of_a_pause_counts_from_its_end() -> None:
    async def session() -> None:
        pace = Pace(None)
        pacer = Pacer(pace)
        began = await arrival(pacer, 0)
        pace.pause()
        async with anyio.create_task_group() as tasks:

            async def person() -> None:
                await anyio.sleep(5)
                pace.change(2)
                assert pace.is_paused
                await anyio.sleep(5)
                pace.resume()

            tasks.start_soon(person)
            assert await arrival(pacer, 100) - began == pytest.approx(10)
        assert await arrival(pacer, 104) - began == pytest.approx(12)

    run_virtual(session)


@given(
    seconds=st.lists(st.integers(0, 5_000), min_size=1, max_size=60).map(sorted),
    speeds=st.lists(st.sampled_from([0.5, 7.0, 3000.0, 1e300, None]), min_size=1, max_size=9),
)
def test_the_pieces_are_the_block_whatever_the_speed_becomes(
    seconds: list[int], speeds: list[float | None]
) -> None:
    pace = Pace(speeds[0])
    rows: list[int] = []
    for number, (since, due, piece) in enumerate(Pacer(pace).pieces(block(seconds))):
        assert (since, due) == (int(piece.ts[0]), int(piece.ts[-1]))
        rows += piece.ts.tolist()
        pace.speed = speeds[number % len(speeds)]
    assert rows == block(seconds).ts.tolist()


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "fast", "1e999"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected max or a factor such as 10"):
        parse_speed(text)


def test_a_feed_that_a_person_paused_is_not_stale() -> None:
    async def session() -> None:
        feed = SyntheticFeed(SyntheticConfig(), speed="10")
        assert not is_paused(feed)
        feed.pace.pause()
        assert is_paused(feed)

    run_virtual(session)
