"""The live feed on a stand-in for the connections: what the engine is given, and when."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import anyio
import numpy as np
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, parse_ts
from daemon.domain.inputs import Clock, Command, Gap, Input, Settlement
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError
from daemon.process.clock import Jump
from daemon.settings.config import KiteConfig
from feeds.kite.feed import SETTLE_AFTER_NS, KiteFeed
from feeds.kite.server.encode import encode_frame, encode_packets
from feeds.kite.sockets import TickerSockets
from feeds.live.inbox import FrameInbox
from feeds.stream.guard import FeedGuard

NOON = parse_ts("2026-11-24T12:00:00")
CLOSE = parse_ts("2026-11-24T15:40:00")
SPOT, NEAR, FAR, HELD = range(4)
INSTRUMENTS = [
    Instrument(instrument_token=256265, tradingsymbol="NIFTY 50", exchange="NSE", name="NIFTY",
               segment="INDICES", instrument_type="INDEX"),
    Instrument(instrument_token=2562, tradingsymbol="NEAR", name="NIFTY", expiry="2026-11-24"),
    Instrument(instrument_token=2818, tradingsymbol="FAR", name="NIFTY", expiry="2026-12-29"),
    Instrument(instrument_token=3074, tradingsymbol="HELD", name="BANKNIFTY", expiry="2026-11-24"),
]  # fmt: skip


class Connections:
    """In place of TickerSockets: what was wanted of it, and links that a test moves."""

    def __init__(self, home: Mapping[int, int]) -> None:
        self.home = home
        self.wanted: list[set[int]] = []
        self.renewed: list[str] = []

    def want(self, tokens: Mapping[int, str]) -> None:
        self.wanted.append(set(tokens))

    def renew(self, reason: str) -> None:
        self.renewed.append(reason)

    def socket_of(self, token: int) -> int | None:
        return self.home.get(token, 0)

    async def run(self) -> None:
        await asyncio.Event().wait()


class Window:
    """In place of the day's watchlist: the spot below 100 rupees wants NEAR, from there on FAR."""

    def __init__(self) -> None:
        self.spots = {"NIFTY": SPOT}
        self._option = NEAR

    def follow(self, spot: int, ltp_paise: int) -> bool:
        before, self._option = self._option, NEAR if ltp_paise < 10_000 else FAR
        return before != self._option

    def wanted(self, held: Iterable[int], looked_at: Iterable[int] = ()) -> frozenset[int]:
        return frozenset((SPOT, self._option, *held))

    def take_notes(self) -> list[str]:
        return []


class Rig:
    """A feed, its connections, and a clock that stands until it is moved."""

    def __init__(self, *, home: Mapping[int, int] | None = None, **named: Any) -> None:
        self.now = NOON
        self.jumps: list[Jump] = []
        self.universe = Universe(INSTRUMENTS)
        self.connections = Connections(home or {})
        self.inbox: FrameInbox
        self.on_link: Callable[..., None]
        self.guard = FeedGuard(
            len(self.universe), stale_after_ns=5 * SECOND_NS, quiet_after_ns=MINUTE_NS
        )
        clock = named.pop("clock", "wall")
        closes = named.pop("closes", lambda date: [CLOSE] if date == dt.date(2026, 11, 24) else [])
        self.feed = KiteFeed(
            self.universe,
            Window(),
            config=KiteConfig(mode="full", clock=clock),
            guard=self.guard,
            make_sockets=self._connect,
            now_ns=lambda: self.now,
            keep_right=self._keep_right,
            closes=closes,
            ends=clock == "wall",
            **named,
        )
        self._inputs: AsyncIterator[Input] = self.feed.inputs()

    def _keep_right(self) -> Jump | None:
        return self.jumps.pop(0) if self.jumps else None

    def _connect(self, inbox: FrameInbox, on_link: Callable[..., None]) -> TickerSockets:
        self.inbox, self.on_link = inbox, on_link
        return self.connections  # type: ignore[return-value]

    def live(self, number: int = 0) -> None:
        self.on_link(number, "live", "")

    def lost(self, number: int = 0) -> None:
        self.on_link(number, "reconnecting", "lost")

    def tick(self, *instruments: int, ltp: int = 9_000, exchange_ts: int = 0) -> None:
        """A frame with a packet for each."""
        count = len(instruments)
        block = Ticks(
            ts=np.zeros(count, dtype=np.int64),
            instrument=np.array(instruments, dtype=np.int32),
            ltp=np.full(count, ltp, dtype=np.int64),
            exchange_ts=np.full(count, exchange_ts or self.now // SECOND_NS * SECOND_NS),
        )
        self.inbox.put(encode_frame(encode_packets(block, self.universe, "full")))

    async def next(self) -> Input:
        return await asyncio.wait_for(anext(self._inputs), 30)

    async def next_ticks(self) -> Ticks:
        item = await self.next()
        assert isinstance(item, Ticks)
        return item

    async def rest(self) -> list[Input]:
        return [each async for each in self._inputs]


@pytest.fixture(autouse=True)
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.kite.feed.SILENCE_S", 0.002)


async def test_frames_become_ticks_with_the_time_of_their_arrival() -> None:
    rig = Rig()
    rig.live()
    rig.tick(SPOT, NEAR)
    rig.now += 5
    rig.tick(NEAR, ltp=77)
    block = await rig.next_ticks()
    assert block.ts.tolist() == [NOON, NOON, NOON + 5]
    assert block.instrument.tolist() == [SPOT, NEAR, NEAR]
    assert block.ltp.tolist() == [9_000, 9_000, 77]
    assert rig.feed.quality()["frames"] == 2


async def test_whoever_waits_between_two_inputs_gets_a_clock_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("feeds.kite.feed.SILENCE_S", 3_600)
    rig = Rig()
    rig.live()
    rig.feed.wake()  # no one waits yet: the next frame is not held back by it
    rig.tick(SPOT)
    await rig.next_ticks()
    async with anyio.create_task_group() as tasks:
        given: list[Input] = []

        async def take() -> None:
            given.append(await rig.next())

        tasks.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        rig.now += 7
        rig.feed.wake()
    assert given == [Clock(ts=NOON + 7)]


async def test_a_bad_book_is_counted_and_its_tick_is_kept() -> None:
    rig = Rig()
    rig.live()
    depth = np.zeros((3, 10, 3), dtype=np.int64)
    depth[:, 0], depth[:, 5] = (65, 8_995, 1), (65, 9_005, 1)
    depth[1, 0, 1] = 9_010  # above the ask
    depth[2] = 0
    block = Ticks(
        ts=np.zeros(3, dtype=np.int64),
        instrument=np.array([NEAR] * 3, dtype=np.int32),
        ltp=np.array([9_000, 9_001, 9_002]),
        depth=depth,
    )
    rig.inbox.put(encode_frame(encode_packets(block, rig.universe, "full")))
    found = await rig.next_ticks()
    assert found.ltp.tolist() == [9_000, 9_001, 9_002]
    assert found.depth is not None
    assert found.depth.tolist() == depth.tolist()
    quality = rig.feed.quality()
    counts = {name: n for name, n in quality.items() if name.endswith("_depth_rows") and n}
    assert counts == {"crossed_depth_rows": 1, "empty_depth_rows": 1}


async def test_silence_is_told_as_time_again_and_again() -> None:
    rig = Rig()
    assert await rig.next() == Clock(ts=NOON)
    rig.now += 250_000_000
    assert await rig.next() == Clock(ts=NOON + 250_000_000)
    rig.tick(SPOT)
    assert len(await rig.next_ticks()) == 1
    assert isinstance(await rig.next(), Clock)


async def test_time_passes_though_nothing_but_rubbish_comes() -> None:
    rig = Rig()
    filling = True

    async def fill() -> None:
        while filling:
            rig.inbox.put(b"\x00\x01\x00\x08\xff\xff\xff\x02\x00\x00\x00\x01")  # unknown token
            rig.inbox.put(b"")
            await asyncio.sleep(0)

    task = asyncio.create_task(fill())
    assert await rig.next() == Clock(ts=NOON)
    filling = False
    await task
    quality = rig.feed.quality()
    assert quality["packets_unknown_token"] > 0
    assert quality["packets_bad_frame"] > 0


async def test_unreadable_frames_between_good_ones_are_counted_and_cost_nothing_else() -> None:
    rig = Rig()
    for _ in range(3):
        rig.inbox.put(b"")
        rig.tick(SPOT)
        rig.inbox.put(b"\x07")
    block = await rig.next_ticks()
    assert len(block) == 3
    assert rig.feed.quality()["packets_bad_frame"] == 6
    assert rig.feed.quality()["frames"] == 9


async def test_first_inputs_come_before_all_others() -> None:
    first = [Command(ts=NOON - 1, command="manual_exit", target="X")]
    rig = Rig(first=first)
    rig.tick(SPOT)
    assert await rig.next() == first[0]
    assert isinstance(await rig.next(), Ticks)


# gaps


async def test_a_link_that_was_lost_is_a_gap_of_the_whole_feed() -> None:
    rig = Rig()
    rig.live()
    rig.tick(NEAR)
    await rig.next_ticks()
    rig.now += SECOND_NS
    rig.lost()
    rig.now += MINUTE_NS
    assert await rig.next() == Clock(ts=rig.now)
    rig.live()
    rig.now += 7
    assert await rig.next() == Clock(ts=rig.now)  # live is not data: the gap is not over yet
    rig.tick(SPOT)
    assert await rig.next() == Gap(ts=rig.now, since=NOON)
    assert (await rig.next_ticks()).ts.tolist() == [rig.now]
    assert isinstance(await rig.next(), Clock)


async def test_a_link_of_several_is_a_gap_of_its_own_instruments() -> None:
    rig = Rig(home={INSTRUMENTS[NEAR].instrument_token: 1})
    rig.live(0)
    rig.live(1)
    rig.tick(SPOT, NEAR)
    await rig.next_ticks()
    rig.now += SECOND_NS
    rig.tick(SPOT)
    await rig.next_ticks()
    rig.lost(1)
    assert rig.feed.state() == "reconnecting"
    rig.now += SECOND_NS
    rig.tick(SPOT)
    assert isinstance(await rig.next(), Ticks)  # the other link goes on, and ends no gap
    rig.live(1)
    assert rig.feed.state() == "live"
    rig.now += SECOND_NS
    rig.tick(NEAR)
    assert await rig.next() == Gap(ts=rig.now, since=NOON, symbols=("NEAR",))


async def test_a_link_that_never_gave_data_misses_none() -> None:
    rig = Rig()
    rig.on_link(0, "connecting", "refused")
    rig.live()
    rig.tick(SPOT)
    assert isinstance(await rig.next(), Ticks)


async def test_what_came_while_no_process_was_there_is_a_gap() -> None:
    rig = Rig(missed_since=NOON - MINUTE_NS)
    rig.live()
    rig.tick(SPOT)
    assert await rig.next() == Gap(ts=NOON, since=NOON - MINUTE_NS)
    assert isinstance(await rig.next(), Ticks)


async def test_losing_a_link_twice_before_a_tick_is_one_gap() -> None:
    rig = Rig()
    rig.live()
    rig.tick(SPOT)
    await rig.next_ticks()
    for _ in range(2):
        rig.lost()
        rig.now += SECOND_NS
        rig.live()
    rig.tick(SPOT)
    assert await rig.next() == Gap(ts=rig.now, since=NOON)
    assert isinstance(await rig.next(), Ticks)
    assert rig.feed.quality()["reconnects"] == 2


# what is subscribed


async def test_the_window_follows_the_spot_and_what_is_held_stays() -> None:
    rig = Rig()
    token = {at: each.instrument_token for at, each in enumerate(INSTRUMENTS)}
    rig.feed.held = lambda: [NEAR, HELD]
    assert rig.connections.wanted == [{token[SPOT], token[NEAR]}]
    rig.tick(SPOT, ltp=10_000)
    await rig.next_ticks()
    await rig.next()
    assert rig.connections.wanted[-1] == {token[SPOT], token[NEAR], token[FAR], token[HELD]}
    rig.feed.held = tuple
    rig.now += SECOND_NS
    await rig.next()  # asked once a second
    await rig.next()
    assert rig.connections.wanted[-1] == {token[SPOT], token[FAR]}
    assert rig.feed.quality()["subscribed"] == 2


async def test_the_price_of_another_instrument_moves_no_window() -> None:
    rig = Rig()
    rig.tick(NEAR, ltp=10_000)
    await rig.next_ticks()
    await rig.next()
    assert len(rig.connections.wanted) == 1


# the guard


async def test_a_silent_feed_is_stale() -> None:
    rig = Rig()
    rig.live()
    rig.tick(SPOT)
    await rig.next_ticks()
    await rig.next()
    await rig.next()
    rig.now += 6 * SECOND_NS
    await rig.next()
    await rig.next()
    assert rig.feed.state() == "stale"
    notes = rig.feed.take_notes()
    states = [each.detail["to"] for each in notes if each.kind == "feed_state"]
    assert states == ["live", "stale"]


# time that was missed


@pytest.mark.parametrize("cause", ["suspended", "set"])
async def test_missed_time_is_a_gap_before_anything_else_and_needs_new_connections(
    cause: Any,
) -> None:
    """What waited in the old connections is as old as the jump is long: it is never traded on."""
    rig = Rig()
    rig.live()
    rig.tick(SPOT)
    await rig.next_ticks()
    await rig.next()
    rig.now += 300 * SECOND_NS
    rig.jumps = [Jump(300 * SECOND_NS, cause)]
    rig.tick(SPOT, NEAR, exchange_ts=NOON)
    assert await rig.next() == Gap(ts=rig.now, since=rig.now - 300 * SECOND_NS)
    assert await rig.next() == Clock(ts=rig.now)
    assert rig.connections.renewed == ["the clock jumped"]
    assert rig.feed.quality()["packets_before_jump"] == 2
    assert rig.feed.quality()["clock_jumps"] == 1
    rig.lost()
    rig.now += SECOND_NS
    rig.live()
    rig.tick(SPOT)
    assert await rig.next() == Gap(ts=rig.now, since=rig.now - SECOND_NS)
    assert isinstance(await rig.next(), Ticks)
    (note,) = [each for each in rig.feed.take_notes() if each.kind == "clock_jump"]
    assert note.detail == {"seconds": 300.0, "cause": cause}


async def test_a_jump_past_the_close_ends_the_day_and_one_past_midnight_ends_the_process() -> None:
    rig = Rig()
    await rig.next()
    rig.now = CLOSE + SETTLE_AFTER_NS + 1
    rig.jumps = [Jump(rig.now - NOON, "suspended")]
    assert await rig.rest() == [Gap(ts=rig.now, since=NOON), Clock(ts=rig.now)]
    assert rig.feed.is_over

    rig = Rig()
    await rig.next()
    rig.now += 24 * 60 * MINUTE_NS
    rig.jumps = [Jump(rig.now - NOON, "suspended")]
    with pytest.raises(ClockError, match="start again for the new day"):
        await rig.next()
    assert not rig.feed.is_over


# a recording that is served


RECORDED = parse_ts("2025-10-08T10:00:00")


async def served() -> Rig:
    """A recording's first three ticks, which agree about the time."""
    rig = Rig(clock="exchange")
    for _ in range(3):
        rig.tick(SPOT, exchange_ts=RECORDED)
    assert (await rig.next_ticks()).ts.tolist() == [RECORDED] * 3
    return rig


async def test_served_time_is_that_of_the_ticks_and_never_goes_back() -> None:
    rig = await served()
    rig.now += 400_000_000
    item = await rig.next()
    assert item == Clock(ts=RECORDED + 400_000_000)
    rig.tick(SPOT, exchange_ts=RECORDED)  # of the same second as the tick before the silence
    rig.tick(SPOT, exchange_ts=RECORDED + SECOND_NS)
    rig.tick(SPOT, exchange_ts=RECORDED - MINUTE_NS)
    assert (await rig.next_ticks()).ts.tolist() == [
        RECORDED + 400_000_000, RECORDED + SECOND_NS, RECORDED + SECOND_NS,
    ]  # fmt: skip
    rig.now += 3_600 * SECOND_NS
    item = await rig.next()
    assert isinstance(item, Clock)
    assert item.ts < RECORDED + 2 * SECOND_NS  # the next tick may be of the next second


async def test_served_time_does_not_begin_before_ticks_agree_about_it() -> None:
    rig = Rig(clock="exchange")
    task = asyncio.create_task(rig.next())
    for _ in range(2):
        rig.tick(SPOT, exchange_ts=NOON)
    while not task.done() and rig.now < NOON + 20:
        rig.now += 1
        await asyncio.sleep(0.001)
    assert not task.done()
    rig.tick(SPOT, exchange_ts=NOON)
    block = await task
    assert isinstance(block, Ticks)
    assert len(block) == 3


@pytest.mark.parametrize("year", [1970, 2038])
async def test_an_absurd_exchange_time_does_not_move_the_time_of_a_served_day(year: int) -> None:
    rig = await served()
    rig.tick(NEAR, exchange_ts=parse_ts(f"{year}-01-19T10:00:00"))
    rig.tick(SPOT, exchange_ts=RECORDED + SECOND_NS)
    times = (await rig.next_ticks()).ts.tolist()
    assert times[-1] == RECORDED + SECOND_NS
    assert len(times) == (2 if year == 1970 else 1)
    assert rig.feed.quality().get("packets_time_ahead", 0) == (year == 2038)


# the end of the day


async def test_the_day_ends_after_the_last_close_without_an_expiry() -> None:
    close = parse_ts("2026-11-25T15:40:00")
    rig = Rig(closes=lambda date: [close - MINUTE_NS, close])
    rig.now = close
    assert await rig.next() == Clock(ts=close)
    rig.now += 1
    assert await rig.rest() == [Clock(ts=close + 1)]
    assert rig.feed.is_over


async def test_on_an_expiry_day_the_index_settles_at_its_closing_value() -> None:
    rig = Rig()
    rig.now = CLOSE + SECOND_NS
    rig.tick(SPOT, ltp=2_345_605)
    await rig.next_ticks()
    rig.now = CLOSE + SETTLE_AFTER_NS
    assert await rig.next() == Clock(ts=rig.now)
    rig.now += 1
    assert await rig.rest() == [
        Clock(ts=rig.now),
        Settlement(ts=rig.now, underlying="NIFTY", date="2026-11-24", close_paise=2_345_605),
    ]


async def test_an_index_that_showed_nothing_after_the_close_settles_nothing() -> None:
    rig = Rig()
    rig.now = CLOSE - SECOND_NS
    rig.tick(SPOT, ltp=2_345_605)
    await rig.next_ticks()
    rig.now = CLOSE + SETTLE_AFTER_NS + 1
    assert await rig.rest() == [Clock(ts=rig.now)]  # the end is told, though a tick came before it
    assert rig.feed.is_over
