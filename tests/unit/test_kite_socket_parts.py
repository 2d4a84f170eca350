"""What the ticker's sockets are made of: pauses, subscriptions, the inbox, text messages."""

from __future__ import annotations

import asyncio
import itertools
import random

import anyio
import msgspec
import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from feeds.kite.subscription import BATCH_TOKENS, Mode, Request, Subscription
from feeds.kite.texts import MOST_KINDS, SHOWN_CHARACTERS, TextCounts, printable
from feeds.live.backoff import Backoff
from feeds.live.inbox import FRAME_COST_BYTES, FrameInbox

MODES: tuple[Mode, ...] = ("ltp", "quote", "full")
WANTED = st.dictionaries(st.integers(1, 30), st.sampled_from(MODES))


@given(st.integers(), st.floats(0.001, 600), st.integers(1, 40))
def test_pauses_grow_to_their_limit_and_never_beyond(seed: int, longest: float, count: int) -> None:
    backoff = Backoff(random.Random(seed), longest)
    first = min(0.5, longest)
    for number in range(count):
        limit = min(first * 2**number, longest)
        assert limit / 2 <= backoff.pause_s() <= limit
    assert backoff.attempts == count
    backoff.reset()
    assert backoff.attempts == 0
    assert backoff.pause_s() <= first


def obey(held: dict[int, Mode], request: Request) -> None:
    """What Kite does with a message, which must not ask for what is there or drop what is not."""
    message = msgspec.json.decode(request.encode())
    match message:
        case {"a": "subscribe", "v": tokens}:
            assert not held.keys() & set(tokens)
            held.update(dict.fromkeys(tokens, "quote"))
        case {"a": "unsubscribe", "v": tokens}:
            for token in tokens:
                del held[token]
        case {"a": "mode", "v": [mode, tokens]}:
            assert held.keys() >= set(tokens)
            held.update(dict.fromkeys(tokens, mode))
        case _:
            raise AssertionError(message)
    assert 0 < len(tokens) == len(set(tokens)) <= BATCH_TOKENS


@given(st.lists(st.tuples(WANTED, st.integers(0, 5), st.booleans())), st.integers(1, 8))
def test_whatever_is_wanted_in_between_the_server_ends_with_what_is_wanted(
    changes: list[tuple[dict[int, Mode], int, bool]], batch: int
) -> None:
    subscription, held = Subscription(batch), dict[int, Mode]()
    wanted: dict[int, Mode] = {}
    for wanted, batches, is_new_link in changes:
        if is_new_link:
            subscription.forget()
            held.clear()
        subscription.want(wanted)
        for _ in range(batches):
            for request in subscription.next_batch():
                assert len(request.tokens) <= batch
                obey(held, request)
    while requests := subscription.next_batch():
        for request in requests:
            obey(held, request)
    assert held == wanted


def test_tokens_are_asked_for_in_the_order_in_which_they_are_wanted() -> None:
    subscription = Subscription(2)
    subscription.want({9: "full", 3: "full", 7: "full", 1: "ltp"})
    batches = list(iter(subscription.next_batch, []))
    assert [batch[-1].tokens for batch in batches] == [(9, 3), (7,), (1,)]


def test_an_inbox_gives_all_that_came_and_then_waits() -> None:
    async def scenario() -> None:
        inbox = FrameInbox(itertools.count(100).__next__)
        inbox.put(b"a")
        inbox.put(b"bc")
        with anyio.fail_after(30):
            assert await inbox.take(5) == [(100, b"a"), (101, b"bc")]
            assert await inbox.take(0) == []
            asyncio.get_running_loop().call_soon(inbox.put, b"d")
            asyncio.get_running_loop().call_soon(inbox.put, b"e")
            assert await inbox.take(5) == [(102, b"d"), (103, b"e")]
            assert await inbox.take(0.001) == []

    for factory in (asyncio.new_event_loop, uvloop.new_event_loop):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(scenario())


async def test_cancelling_who_waits_loses_no_frame() -> None:
    inbox = FrameInbox(lambda: 0)
    with anyio.fail_after(30):
        with anyio.move_on_after(0.001):
            await inbox.take(5)
        inbox.put(b"a")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.lowlevel.checkpoint()
        assert [each.data for each in await inbox.take(5)] == [b"a"]


async def test_a_second_task_that_takes_is_a_mistake() -> None:
    inbox = FrameInbox(lambda: 0)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(inbox.take, 5)
            await anyio.lowlevel.checkpoint()
            with pytest.raises(RuntimeError, match="two tasks"):
                await inbox.take(5)
            inbox.put(b"a")


async def test_an_inbox_is_full_beyond_its_limit_until_it_is_taken() -> None:
    told: list[bool] = []
    inbox = FrameInbox(lambda: 0, limit_bytes=2 * FRAME_COST_BYTES + 20)
    inbox.watch(told.append)
    for _ in range(2):
        inbox.put(b"x" * 10)
    assert not inbox.is_full
    for _ in range(3):
        inbox.put(b"x" * 10)
    assert inbox.is_full
    assert inbox.waiting_bytes == 5 * (FRAME_COST_BYTES + 10)
    assert len(await inbox.take(0)) == 5
    assert (inbox.is_full, inbox.waiting_bytes, inbox.times_full) == (False, 0, 1)
    assert told == [True, False]


@given(st.lists(st.binary() | st.text().map(lambda kind: msgspec.json.encode({"type": kind}))))
def test_every_text_is_counted_once_and_the_kinds_are_bounded(texts: list[bytes]) -> None:
    counts = TextCounts()
    for each in texts:
        counts.take(each)
    assert counts.kinds.total() + counts.malformed == len(texts)


def test_a_server_that_invents_kinds_fills_no_memory() -> None:
    counts = TextCounts()
    for number in range(1000):
        counts.take(msgspec.json.encode({"type": f"{number:04}" * 1000, "data": {"any": [1]}}))
    assert len(counts.kinds) == MOST_KINDS + 1
    assert counts.kinds["others"] == 1000 - MOST_KINDS


@given(st.text())
def test_what_is_shown_is_one_short_printable_line(text: str) -> None:
    line = printable(text, ("canary",))
    assert len(line) <= SHOWN_CHARACTERS
    assert line.isprintable()


def test_a_secret_is_not_shown_even_where_the_line_is_cut() -> None:
    for before in range(SHOWN_CHARACTERS):
        assert "can" not in printable("x" * before + "canary", ("canary",))
