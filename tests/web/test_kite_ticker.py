"""Kite's ticker on paper (W10): frames, modes, heartbeats, and clients that mean no good."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picows import WSError, WSMsgType, ws_connect

from daemon.domain.instrument import Instrument
from daemon.quotes.reader import SharedQuote
from daemon.web.kite import ticker_client
from daemon.web.kite.ticker import CONNECTIONS_MAX, PATHS
from daemon.web.kite.ticker_client import TEXTS_MAX
from daemon.web.kite.ticker_packets import packet_of
from daemon.web.kite.ticker_requests import TOKENS_MAX, NotUnderstood, Subscription
from daemon.web.listener import MESSAGE_MAX
from daemon.web.sources.market import Market
from feeds.kite.wire import KINDS, Mode, encode_frame
from tests.kit.kite_frames import host_in, official_parser
from tests.kit.live import until
from tests.kit.paper_ticker import (
    DAY,
    FUTURE,
    INDEX,
    KEY,
    LEVELS,
    TOKEN,
    PaperTicker,
    block,
    paper_ticker,
)
from tests.kit.ticker_client import TickerClient

BOTH = [INDEX.instrument_token, FUTURE.instrument_token]


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PaperTicker]:
    monkeypatch.setattr(ticker_client, "HEARTBEAT_EVERY_S", 0.02)
    async with paper_ticker(tmp_path) as served:
        yield served


def quote_of(rig: PaperTicker, instrument: Instrument) -> SharedQuote:
    rig.market.look(1)
    found = rig.market.quote(instrument.tradingsymbol)
    assert found is not None
    return found


def decoded(packets: list[bytes]) -> list[dict[str, Any]]:
    with host_in("Asia/Kolkata"):
        return official_parser()(encode_frame(packets))


# packets


@pytest.mark.parametrize("mode", ["ltp", "quote", "full"])
async def test_w10_a_packet_has_the_length_that_its_mode_and_kind_have(
    mode: Mode, rig: PaperTicker
) -> None:
    rig.write(block())
    lengths = [len(packet_of(each, quote_of(rig, each), mode)) for each in (FUTURE, INDEX)]
    assert tuple(lengths) == KINDS[mode]


async def test_w10_the_official_client_reads_a_full_packet_as_the_daemon_believes_it(
    rig: PaperTicker,
) -> None:
    rig.write(block())
    (tick,) = decoded([packet_of(FUTURE, quote_of(rig, FUTURE), "full")])
    average, buys, sells, opened, high, low, close = DAY
    assert (tick["mode"], tick["tradable"]) == ("full", True)
    assert tick["last_price"] == 23_412.60
    assert tick["average_traded_price"] == average / 100
    assert (tick["total_buy_quantity"], tick["total_sell_quantity"]) == (buys, sells)
    assert tick["ohlc"] == {
        "open": opened / 100, "high": high / 100, "low": low / 100, "close": close / 100,
    }  # fmt: skip
    assert (tick["volume_traded"], tick["oi"], tick["last_traded_quantity"]) == (
        4_512_300, 7_891_325, 65,
    )  # fmt: skip
    assert str(tick["exchange_timestamp"]) == "2026-11-18 09:15:00"
    assert str(tick["last_trade_time"]) == "2026-11-18 09:14:59"
    sides = [*tick["depth"]["buy"], *tick["depth"]["sell"]]
    found = [[each["quantity"], round(each["price"] * 100), each["orders"]] for each in sides]
    assert found == LEVELS.tolist()


async def test_w10_the_official_client_reads_an_index_packet_with_its_own_order_of_prices(
    rig: PaperTicker,
) -> None:
    rig.write(block())
    (tick,) = decoded([packet_of(INDEX, quote_of(rig, INDEX), "full")])
    _, _, _, opened, high, low, close = DAY
    assert tick["tradable"] is False
    assert tick["ohlc"] == {
        "open": opened / 100, "high": high / 100, "low": low / 100, "close": close / 100,
    }  # fmt: skip
    assert str(tick["exchange_timestamp"]) == "2026-11-18 09:15:00"


async def test_w10_what_the_feed_lacks_is_zero_and_a_bare_bid_has_no_quantity(
    rig: PaperTicker,
) -> None:
    rig.write(block(deep=False))
    (tick,) = decoded([packet_of(FUTURE, quote_of(rig, FUTURE), "full")])
    assert tick["depth"]["buy"][0] == {"quantity": 0, "price": 23_412.0, "orders": 0}
    assert {each["price"] for each in tick["depth"]["buy"][1:]} == {0}
    assert (tick["oi_day_high"], tick["oi_day_low"]) == (0, 0)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=23, max_size=23))
@settings(max_examples=50)
def test_w10_no_number_of_a_quote_is_too_large_for_a_packet(numbers: list[int]) -> None:
    from daemon.domain.depth import EMPTY
    from daemon.quotes.layout import FIELDS

    quote = SharedQuote(**dict(zip(FIELDS, numbers, strict=True)), depth=EMPTY)
    for instrument in (INDEX, FUTURE):
        for mode, lengths in KINDS.items():
            assert len(packet_of(instrument, quote, mode)) in lengths


# what a client asks for


def said(action: str, value: Any) -> str:
    return json.dumps({"a": action, "v": value})


def test_w10_a_subscription_alone_is_in_quote_mode_and_a_mode_subscribes() -> None:
    subscription = Subscription()
    assert subscription.obey(said("subscribe", [1, 2])) == {1, 2}
    assert subscription.obey(said("mode", ["full", [2, 3]])) == {2, 3}
    assert subscription.modes == {1: "quote", 2: "full", 3: "full"}
    subscription.obey(said("subscribe", [2]))
    assert subscription.modes[2] == "full"
    assert subscription.obey(said("unsubscribe", [1, 9])) == set()
    assert subscription.modes == {2: "full", 3: "full"}


def test_w10_a_connection_has_at_most_3000_instruments_and_one_more_changes_nothing() -> None:
    subscription = Subscription()
    subscription.obey(said("subscribe", list(range(TOKENS_MAX))))
    before = dict(subscription.modes)
    for action, value in (("subscribe", [TOKENS_MAX]), ("mode", ["full", [1, TOKENS_MAX]])):
        with pytest.raises(NotUnderstood, match="3001"):
            subscription.obey(said(action, value))
    with pytest.raises(NotUnderstood):
        subscription.obey(said("subscribe", list(range(TOKENS_MAX + 1))))
    assert subscription.modes == before


@pytest.mark.parametrize(
    "message",
    [
        "", "{", "null", "[]", "7", '{"a":"subscribe"}', '{"a":"buy","v":[1]}',
        '{"a":"mode","v":["deep",[1]]}', '{"a":"mode","v":["full"]}',
        '{"a":"subscribe","v":[-1]}', '{"a":"subscribe","v":[4294967296]}',
        '{"a":"subscribe","v":["1"]}', '{"a":"subscribe","v":[1.5]}', "[" * 50_000,
    ],
)  # fmt: skip
def test_w10_what_is_no_request_is_refused_and_changes_nothing(message: str) -> None:
    subscription = Subscription()
    with pytest.raises(NotUnderstood):
        subscription.obey(message)
    assert subscription.modes == {}


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_w10_no_text_is_more_than_a_refusal(message: str) -> None:
    subscription = Subscription()
    with contextlib.suppress(NotUnderstood):
        subscription.obey(message)
    assert subscription.modes == {}


# on the wire


async def next_packets(client: TickerClient, known: int = 0) -> list[bytes]:
    await client.until(lambda: len(client.packets) > known)
    return client.packets[known:]


@pytest.mark.parametrize("path", PATHS)
async def test_w10_the_ticker_answers_at_each_path_with_the_last_quotes_at_once(
    path: str, rig: PaperTicker
) -> None:
    rig.write(block())
    async with rig.client(path) as client:
        client.say("subscribe", BOTH)
        packets = await next_packets(client)
    assert sorted(len(each) for each in packets) == sorted(KINDS["quote"])


async def test_w10_new_rows_reach_each_client_in_its_own_mode(rig: PaperTicker) -> None:
    rig.write(block())
    async with rig.client() as one, rig.client() as other:
        one.say("mode", ["ltp", BOTH])
        other.say("mode", ["full", BOTH[1:]])
        first = [len(await next_packets(each)) for each in (one, other)]
        rig.write(block(2_350_000, at=1))
        news = [await next_packets(each, n) for each, n in zip((one, other), first, strict=True)]
    assert [{len(each) for each in packets} for packets in news] == [{8}, {184}]
    assert decoded(news[1])[0]["last_price"] == 23_500.10


async def test_w10_a_silent_market_is_a_heartbeat_of_one_byte_and_nothing_else(
    rig: PaperTicker,
) -> None:
    async with rig.client() as client:
        await client.until(lambda: client.heartbeats >= 2)
        assert (client.frames, client.texts) == ([], [])


async def test_w10_a_postback_is_a_text_to_every_client(rig: PaperTicker) -> None:
    async with rig.client() as one, rig.client() as other:
        await one.until(lambda: one.heartbeats > 0)
        await other.until(lambda: other.heartbeats > 0)
        rig.ticker.tell(json.dumps({"type": "order", "data": {"order_id": "1"}}))
        for client in (one, other):
            await until(partial(bool, client.texts))
            assert client.messages == [{"type": "order", "data": {"order_id": "1"}}]


def test_w10_a_heartbeat_is_sent_every_second() -> None:
    assert (ticker_client.HEARTBEAT_EVERY_S, len(ticker_client.HEARTBEAT)) == (1.0, 1)


async def test_w10_wrong_keys_are_refused_with_403(rig: PaperTicker) -> None:
    for url in (rig.url(token="x"), f"ws://127.0.0.1:{rig.port}/", rig.url().replace(KEY, "real")):
        with pytest.raises(WSError, match="403"):
            await ws_connect(TickerClient, url)


async def test_w10_connections_are_bounded(rig: PaperTicker) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            await stack.enter_async_context(rig.client())
        with pytest.raises(WSError, match="403"):
            await ws_connect(TickerClient, rig.url())
    async with rig.client() as client:
        await client.until(lambda: client.heartbeats > 0)


async def test_w10_bad_messages_are_answered_and_the_connection_goes_on(rig: PaperTicker) -> None:
    rig.write(block())
    async with rig.client() as client:
        client.transport.send(WSMsgType.TEXT, "{")
        client.transport.send(WSMsgType.BINARY, b"\1\2\3")
        client.say("mode", ["deep", BOTH])
        await client.until(lambda: len(client.texts) == 3)
        assert {each["type"] for each in client.messages} == {"error"}
        client.say("subscribe", BOTH)
        assert await next_packets(client)


async def test_w10_a_huge_message_ends_its_connection_and_no_other(rig: PaperTicker) -> None:
    async with rig.client() as other:
        async with rig.client() as client:
            client.transport.send(WSMsgType.TEXT, "x" * (MESSAGE_MAX + 1))
            with anyio.fail_after(30):
                await client.gone.wait()
        with anyio.fail_after(30):
            beats = other.heartbeats
            await other.until(lambda: other.heartbeats > beats)


async def test_w10_random_bytes_are_answered_or_closed_and_the_ticker_lives(
    rig: PaperTicker,
) -> None:
    draw = random.Random(7)
    rig.write(block())
    for _ in range(30):
        async with rig.client() as client:
            for _ in range(draw.randrange(1, 8)):
                raw = draw.randbytes(draw.randrange(0, 200))
                kind = draw.choice((WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING))
                client.transport.send(kind, raw[:100])
    async with await anyio.connect_tcp("127.0.0.1", rig.port) as stream:
        await stream.send(draw.randbytes(2_000))
    async with rig.client() as client:
        client.say("subscribe", BOTH)
        assert await next_packets(client)
    await until(lambda: not rig.ticker._clients)


async def test_w10_a_client_that_does_not_read_is_dropped_and_its_memory_with_it(
    rig: PaperTicker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker_client, "SEND_WITHIN_S", 0.2)
    rig.write(block())
    transport, client = await ws_connect(TickerClient, rig.url())
    assert isinstance(client, TickerClient)
    await client.until(lambda: client.heartbeats > 0)
    transport.underlying_transport.pause_reading()
    with anyio.fail_after(60):
        while rig.ticker._clients:
            for _ in range(100):
                rig.ticker.tell("x" * 60_000)
            await anyio.sleep(0.01)
    transport.disconnect()


async def test_w10_more_texts_than_may_wait_end_a_connection(rig: PaperTicker) -> None:
    async with rig.client() as client:
        await client.until(lambda: client.heartbeats > 0)
        for _ in range(TEXTS_MAX + 1):
            rig.ticker.tell("{}")
        with anyio.fail_after(30):
            await client.gone.wait()


async def test_w10_an_ended_session_ends_its_connections(rig: PaperTicker) -> None:
    async with rig.client() as client:
        await client.until(lambda: client.heartbeats > 0)
        rig.ticker.end_all("the session is over")
        with anyio.fail_after(30):
            await client.gone.wait()


async def test_w10_without_a_map_there_is_nothing_but_heartbeats(
    rig: PaperTicker, tmp_path: Path
) -> None:
    rig.ticker._market = Market(tmp_path / "nowhere")
    async with rig.client() as client:
        client.say("subscribe", BOTH)
        await client.until(lambda: client.heartbeats >= 2)
        assert not client.frames


# the broker's own client

_LISTEN = """
import sys
from kiteconnect import KiteTicker
key, token, root, wanted = sys.argv[1:]
ticker = KiteTicker(key, token, root=root, reconnect=False)
tokens = [int(each) for each in wanted.split(",")]
def on_connect(ws, response):
    ws.subscribe(tokens)
    ws.set_mode(ws.MODE_FULL, tokens)
seen = {}
def on_ticks(ws, ticks):
    seen.update((each["instrument_token"], each["last_price"]) for each in ticks)
    if len(seen) == len(tokens):
        print(sorted(seen.items()), flush=True)
        ws.stop_retry()
        ws.close()
def on_close(ws, code, reason):
    ws.stop()
ticker.on_connect, ticker.on_ticks, ticker.on_close = on_connect, on_ticks, on_close
ticker.connect()
"""


@pytest.mark.ci
async def test_w10_the_official_client_connects_unmodified(rig: PaperTicker) -> None:
    rig.write(block())
    command = [
        sys.executable, "-W", "ignore", "-c", _LISTEN, KEY, TOKEN, f"ws://127.0.0.1:{rig.port}",
        ",".join(map(str, BOTH)),
    ]  # fmt: skip
    with anyio.fail_after(90):
        done = await anyio.to_thread.run_sync(
            lambda: subprocess.run(command, capture_output=True, text=True, timeout=80, check=False)
        )
    assert done.stdout.strip() == str([(BOTH[0], 23_412.5), (BOTH[1], 23_412.6)]), done.stderr
