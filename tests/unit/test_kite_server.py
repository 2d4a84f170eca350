"""The ticker server as its clients see it, the broker's own client among them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from picows import WSHandshakeError, WSMsgType, ws_connect

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, Ticks
from daemon.errors import ConfigError, FeedError, UsageError
from feeds.kite.server.encode import encode_packets
from feeds.kite.server.ticker_server import TickerServer
from feeds.kite.wire import FULL, INDEX_FULL, INDEX_QUOTE, LTP, QUOTE
from tests.kit import official_client
from tests.kit.cli import ROOT
from tests.kit.ticker_client import TickerClient, connected, random_depth, sample

ROWS = 3000
QUIET_S = 0.05


@pytest.fixture(scope="module")
def session() -> tuple[Universe, Ticks]:
    return sample(ROWS)


def tokens_of(universe: Universe) -> list[int]:
    return [each.instrument_token for each in universe]


def server(universe: Universe, *blocks: Ticks, **options: Any) -> TickerServer:
    return TickerServer(universe, blocks, **({"quiet_s": QUIET_S} | options))


async def done(served: TickerServer) -> None:
    with anyio.fail_after(30):
        await served.finished()


async def test_every_packet_arrives_in_file_order(session: tuple[Universe, Ticks]) -> None:
    universe, block = session
    expected = encode_packets(block, universe, "full")
    for size in (1, 7, 500):
        async with (
            server(universe, block, packets_per_frame=size) as served,
            connected(served.url) as client,
        ):
            client.subscribe(tokens_of(universe))
            await done(served)
            await client.until(lambda c=client: len(c.packets) == ROWS)  # type: ignore[misc]
        assert client.packets == expected
        assert max(int.from_bytes(each[:2], "big") for each in client.frames) <= size
        assert served.stats.packets == ROWS
        assert served.stats.frames == len(client.frames)


async def test_modes_decide_the_packets_and_quote_is_the_default(
    session: tuple[Universe, Ticks],
) -> None:
    universe, block = session
    index, first, second, third, *_ = tokens_of(universe)
    async with server(universe, block) as served, connected(served.url) as client:
        client.say("subscribe", [first, index])
        client.say("mode", ["ltp", [second]])  # subscribes too
        client.subscribe([third])
        client.say("subscribe", [third])  # again: its mode stays
        await done(served)
        wanted = int(np.isin(block.instrument, [0, 1, 2, 3]).sum())
        await client.until(lambda: len(client.packets) == wanted)
    sizes = {int.from_bytes(each[:4], "big"): len(each) for each in client.packets}
    assert sizes == {index: INDEX_QUOTE, first: QUOTE, second: LTP, third: FULL}
    assert [int.from_bytes(each[:4], "big") for each in client.packets] == [
        universe[at].instrument_token for at in block.instrument.tolist() if at < 4
    ]


async def test_two_clients_each_get_their_own(session: tuple[Universe, Ticks]) -> None:
    universe, block = session
    mine, yours = tokens_of(universe)[1:3]
    async with (
        server(universe, block) as served,
        connected(served.url) as one,
        connected(served.url) as two,
    ):
        one.subscribe([mine])
        two.subscribe([yours, mine], "ltp")
        await done(served)
        await one.until(lambda: len(one.packets) == int((block.instrument == 1).sum()))
        await two.until(lambda: len(two.packets) == int(np.isin(block.instrument, [1, 2]).sum()))
    assert {int.from_bytes(each[:4], "big") for each in one.packets} == {mine}
    assert {len(each) for each in two.packets} == {LTP}
    assert served.stats.connections == 2


async def test_subscriptions_of_mid_play_count_from_then_on(
    session: tuple[Universe, Ticks],
) -> None:
    universe, block = session
    first, second = tokens_of(universe)[1:3]
    halves = block.rows(0, ROWS // 2), block.rows(ROWS // 2, ROWS)
    turn = anyio.Event()

    def blocks() -> Any:
        yield halves[0]
        # the server reads this block only when the one before was sent
        turn.set()
        yield halves[1]

    async with (
        TickerServer(universe, blocks(), quiet_s=QUIET_S) as served,
        connected(served.url) as client,
    ):
        client.subscribe([first], "ltp")
        with anyio.fail_after(30):
            await turn.wait()
        client.say("unsubscribe", [first])
        client.say("mode", ["ltp", [second]])
        await done(served)
        await client.until(lambda: len(client.packets) == served.stats.packets)
    seen = [int.from_bytes(each[:4], "big") for each in client.packets]
    assert seen == sorted(seen)  # of the first, and once it was left, of the second only
    assert seen.count(first) >= int((halves[0].instrument == 1).sum())


async def test_rows_of_one_time_share_a_frame_when_paced(session: tuple[Universe, Ticks]) -> None:
    universe, block = session
    block = block.rows(0, 400)
    columns = {name: getattr(block, name) for name in Ticks.__slots__}
    seconds = Ticks(**columns | {"ts": block.ts - block.ts % 10**9})
    async with server(universe, seconds, speed="5000") as served, connected(served.url) as client:
        client.subscribe(tokens_of(universe))
        await done(served)
        await client.until(lambda: len(client.packets) == 400)
    assert [int.from_bytes(each[:2], "big") for each in client.frames] == np.unique(
        seconds.ts, return_counts=True
    )[1].tolist()


async def test_a_row_without_an_exchange_time_carries_the_time_of_its_receipt(
    session: tuple[Universe, Ticks],
) -> None:
    universe, block = session
    columns = {name: getattr(block, name) for name in Ticks.__slots__}
    assert block.exchange_ts is not None
    columns["exchange_ts"] = np.where(np.arange(ROWS) % 2, block.exchange_ts, 0)
    async with server(universe, Ticks(**columns)) as served, connected(served.url) as client:
        client.subscribe(tokens_of(universe))
        await done(served)
        await client.until(lambda: len(client.packets) == ROWS)
    at = {FULL: slice(60, 64), INDEX_FULL: slice(28, 32)}
    stamps = [int.from_bytes(each[at[len(each)]], "big") for each in client.packets]
    assert block.exchange_ts is not None
    odd = np.where(np.arange(ROWS) % 2, block.exchange_ts, block.ts) // 10**9
    assert stamps == odd.tolist()


async def test_rows_that_no_packet_can_carry_are_counted(session: tuple[Universe, Ticks]) -> None:
    universe, block = session
    columns = {name: getattr(block, name) for name in Ticks.__slots__}
    ltp, instrument = block.ltp.copy(), block.instrument.copy()
    ltp[[3, 5]] = ABSENT, 2**32
    instrument[7] = -1
    bad = Ticks(**columns | {"ltp": ltp, "instrument": instrument})
    async with server(universe, bad) as served, connected(served.url) as client:
        client.subscribe(tokens_of(universe), "ltp")
        await done(served)
        await client.until(lambda: len(client.packets) == ROWS - 3)
    assert served.playlist.unplayable == 3
    assert served.playlist.rows == ROWS


async def test_unknown_messages_greet_and_heartbeats_follow(
    session: tuple[Universe, Ticks],
) -> None:
    universe, block = session
    async with server(universe, block, heartbeat_s=0.01) as served, connected(served.url) as client:
        await client.until(lambda: client.heartbeats >= 3 and len(client.texts) >= 2)
        assert not client.frames  # nobody subscribed: the recording stands still
        client.transport.send_ping(b"alive?")
        client.subscribe(tokens_of(universe))
        await done(served)
        await client.until(lambda: len(client.packets) == ROWS)
    assert [each["type"] for each in client.messages] == ["instruments_meta", "app_code"]


@pytest.mark.parametrize(
    "request_",
    [
        "{",
        "[]",
        '{"a":"buy","v":[1]}',
        '{"a":"subscribe"}',
        '{"a":"subscribe","v":["NIFTY"]}',
        '{"a":"subscribe","v":[-1]}',
        '{"a":"mode","v":["all",[1]]}',
        '{"a":"mode","v":["full"]}',
        "[" * 100_000,
        json.dumps({"a": "subscribe", "v": list(range(1, 3002))}),
    ],
    ids=lambda text: text[:30],
)
async def test_a_malformed_request_is_told_and_the_link_lives(
    request_: str, session: tuple[Universe, Ticks]
) -> None:
    universe, block = session
    async with server(universe, block.rows(0, 10)) as served, connected(served.url) as client:
        client.transport.send(WSMsgType.TEXT, request_)
        await client.until(lambda: len(client.texts) >= 3)
        assert client.messages[-1]["type"] == "error"
        client.subscribe(tokens_of(universe))
        await done(served)
        await client.until(lambda: len(client.packets) == 10)


async def test_tokens_that_the_recording_lacks_are_accepted(
    session: tuple[Universe, Ticks],
) -> None:
    universe, block = session
    async with server(universe, block.rows(0, 10)) as served, connected(served.url) as client:
        client.subscribe([1, 2, 3])
        client.say("unsubscribe", [1])
        client.subscribe(tokens_of(universe))
        await done(served)
        await client.until(lambda: len(client.packets) == 10)
    assert [each["type"] for each in client.messages] == ["instruments_meta", "app_code"]


async def test_a_wrong_token_is_refused_with_403(session: tuple[Universe, Ticks]) -> None:
    universe, block = session
    async with server(universe, block, access_token="right") as served:
        for query in ("", "/?api_key=k", "/?api_key=k&access_token=wrong"):
            with pytest.raises(WSHandshakeError) as refused:
                await ws_connect(TickerClient, served.url + query)
            assert refused.value.response is not None
            assert refused.value.response.status == 403
            assert json.loads(refused.value.raw_body or b"")["error_type"] == "TokenException"
        async with connected(served.url, "?api_key=k&access_token=right") as client:
            await client.until(lambda: len(client.texts) == 2)
    assert served.stats.refused == 3
    assert served.stats.connections == 1


async def test_a_slow_client_gets_everything_and_little_is_buffered(
    session: tuple[Universe, Ticks],
) -> None:
    universe, block = session
    many = [block] * 20  # 11 MB in full mode, more than the kernel holds for a link
    async with (
        TickerServer(universe, iter(many), quiet_s=QUIET_S) as served,
        connected(served.url) as client,
    ):
        client.subscribe(tokens_of(universe))
        await client.until(lambda: len(client.frames) > 0)
        client.transport.underlying_transport.pause_reading()
        with anyio.move_on_after(0.2):
            await served.finished()
            raise AssertionError("expected the server to wait for its client")
        held = served.stats.packets
        assert held < 20 * ROWS
        client.transport.underlying_transport.resume_reading()
        await done(served)
        await client.until(lambda: len(client.packets) == 20 * ROWS)
    assert served.stats.stalled == 0


async def test_a_client_that_reads_nothing_is_dropped(session: tuple[Universe, Ticks]) -> None:
    universe, block = session
    async with (
        TickerServer(universe, iter([block] * 20), quiet_s=QUIET_S, stall_s=0.05) as served,
        connected(served.url) as reader,
        connected(served.url) as client,
    ):
        reader.subscribe(tokens_of(universe)[:1], "ltp")
        client.subscribe(tokens_of(universe))
        client.transport.underlying_transport.pause_reading()
        await done(served)
        assert served.stats.stalled == 1
        await reader.until(lambda: len(reader.packets) == 20 * int((block.instrument == 0).sum()))
        client.transport.underlying_transport.resume_reading()
        await client.closed()


async def test_a_damaged_recording_is_told_by_finished(session: tuple[Universe, Ticks]) -> None:
    universe, block = session

    def broken() -> Any:
        yield block.rows(0, 100)
        raise FeedError("the file is damaged from here on")

    async with (
        TickerServer(universe, broken(), quiet_s=QUIET_S) as served,
        connected(served.url) as client,
    ):
        client.subscribe(tokens_of(universe))
        with pytest.raises(FeedError, match="damaged"):
            await done(served)
        await client.until(lambda: len(client.packets) == 100)


async def test_a_taken_port_and_instruments_without_a_token_are_refused(
    session: tuple[Universe, Ticks],
) -> None:
    universe, block = session
    async with server(universe, block) as served:
        assert served.url == f"ws://127.0.0.1:{served.port}"
        with pytest.raises(UsageError, match=rf"--port {served.port}.*Address already in use"):
            async with server(universe, block, port=served.port):
                pass
    made_up = Universe([Instrument(instrument_token=-1, tradingsymbol="X")])
    with pytest.raises(ConfigError, match="X: expected an instrument_token"):
        server(made_up, block)


async def test_what_is_raised_inside_the_block_comes_out_as_it_was(
    session: tuple[Universe, Ticks],
) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with server(*session):
            raise KeyError("mine")


async def test_the_official_client_receives_every_tick_with_its_values(
    session: tuple[Universe, Ticks], tmp_path: Path
) -> None:
    universe, bare = session
    block = random_depth(bare)
    out = tmp_path / "ticks.jsonl"
    async with server(universe, block, quiet_s=0.3) as served:
        command = [sys.executable, official_client.__file__, served.url, str(out)]
        command += map(str, tokens_of(universe))
        environment = os.environ | {"TZ": "Asia/Kolkata", "PYTHONPATH": str(ROOT)}
        process = await anyio.open_process(command, env=environment, stdout=None, stderr=None)
        try:
            with anyio.fail_after(60):
                await served.finished()
        except BaseException:
            process.kill()
            raise
    with anyio.fail_after(60):  # the server's goodbye ends the client
        assert await process.wait() == 0
    ticks = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(ticks) == ROWS
    for row, tick in enumerate(ticks):
        assert tick == expected_tick(universe, block, row, tick)


def expected_tick(
    universe: Universe, block: Ticks, row: int, seen: dict[str, Any]
) -> dict[str, Any]:
    """What the file says of the row, in the official client's words."""
    assert block.exchange_ts is not None
    assert block.depth is not None
    assert block.ltq is not None
    assert block.volume is not None
    assert block.oi is not None
    instrument = universe[int(block.instrument[row])]
    tick: dict[str, Any] = {
        "tradable": not instrument.is_index,
        "mode": "full",
        "instrument_token": instrument.instrument_token,
        "last_price": int(block.ltp[row]) / 100,
        "ohlc": dict.fromkeys(("open", "high", "low", "close"), 0.0),
        "change": 0,
        "exchange_timestamp": float(block.exchange_ts[row] // 10**9),
    }
    if instrument.is_index:
        return tick
    levels = [
        {"quantity": quantity, "price": price / 100, "orders": orders}
        for quantity, price, orders in block.depth[row].tolist()
    ]
    return tick | {
        "last_traded_quantity": int(block.ltq[row]),
        "average_traded_price": 0.0,
        "volume_traded": int(block.volume[row]),
        "total_buy_quantity": 0,
        "total_sell_quantity": 0,
        "last_trade_time": seen["last_trade_time"],
        "oi": int(block.oi[row]),
        "oi_day_high": 0,
        "oi_day_low": 0,
        "depth": {"buy": levels[:5], "sell": levels[5:]},
    }
