"""W5: the stream. Everything once, in order, from where a client left off; nobody waits for it."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from unittest import mock

import anyio
import msgspec
import pytest

from daemon.journal.store import JournalStore
from daemon.web.stream import event_stream as stream
from daemon.web.stream import messages
from daemon.web.stream.clients import STREAMS_EACH, STREAMS_MAX, UNSENT_MAX, Client, Clients
from daemon.web.stream.event_stream import EventStream
from daemon.web.stream.follower import Shown
from daemon.web.stream.messages import Place, place_of
from tests.kit.sample_events import EventWriter, refused_by_lot, sample_events, worked_example
from tests.kit.web import Page, page_of, put, streaming, write_journal

END = len(sample_events(archive=False))


def more_events(rounds: int) -> EventWriter:
    """The sample session, then whole trades."""
    writer = EventWriter()
    writer.events = sample_events(archive=False)
    writer.ts, writer.input_no = writer.events[-1].ts, writer.events[-1].input_no
    writer.orders = 6
    for _ in range(rounds):
        worked_example(writer)
        refused_by_lot(writer)
    return writer


async def test_a_stream_begins_with_what_now_says(page: Page) -> None:
    who = await page.login()
    now = await page.get("/api/now", who)
    async with streaming(page, who) as opened:
        assert opened.status == 200
        first = await opened.next()
    assert (first.event, first.id) == ("snapshot", f"{now['journal']}-{END}")
    assert first.data == now


async def test_what_is_committed_follows_without_a_gap(page: Page, store: JournalStore) -> None:
    who, writer = await page.login(), more_events(3)
    rows, seqs = [], []
    async with streaming(page, who) as opened:
        await opened.next()
        for at in range(END, len(writer.events), 5):
            put(store, writer.events[at : at + 5])
            await page.site.look()
            message = await opened.next()
            assert message.event == "facts"
            seqs.append(int(message.id.partition("-")[2]))
            rows += reversed(message.data["tape"])
    assert seqs[-1] == len(writer.events)
    assert seqs == sorted(seqs)
    now = await page.get("/api/now", who)
    newest = [row for row in reversed(now["tape"]) if row["seq"] > END]
    assert rows == newest


async def test_facts_change_a_snapshot_into_the_next_one(page: Page, store: JournalStore) -> None:
    who, writer = await page.login(), more_events(6)
    async with streaming(page, who) as opened:
        held = (await opened.next()).data
        for at in range(END, len(writer.events), 7):
            put(store, writer.events[at : at + 7])
            await page.site.look()
            message = await opened.next()
            held["panels"].update(message.data["panels"])
            held["tape"] = (message.data["tape"] + held["tape"])[:200]
    now = await page.get("/api/now", who)
    for shown in (held, now):
        shown["panels"]["header"]["now_ms"] = shown["seq"] = None
    assert held == now


async def test_who_comes_back_gets_what_it_missed(page: Page, store: JournalStore) -> None:
    who, writer = await page.login(), more_events(2)
    journal = (await page.get("/api/now", who))["journal"]
    put(store, writer.events[END:])
    await page.site.look()
    async with streaming(page, who, f"{journal}-{END}") as opened:
        message = await opened.next()
    assert message.event == "facts"
    assert message.id == f"{journal}-{len(writer.events)}"
    assert {row["seq"] > END for row in message.data["tape"]} == {True}
    assert message.data["panels"].keys() == set(page.site.clients.shown.panels)
    async with streaming(page, who, message.id) as opened:
        assert (await opened.next()).data["tape"] == []


@pytest.mark.parametrize("last", ["{j}-99999", "00000000-3"])
async def test_a_place_that_is_not_in_the_journal_begins_again(last: str, page: Page) -> None:
    who = await page.login()
    now = await page.get("/api/now", who)
    async with streaming(page, who, last.format(j=now["journal"])) as opened:
        reset, snapshot = await opened.next(), await opened.next()
    assert (reset.event, reset.id) == ("reset", "")
    assert (snapshot.event, snapshot.data["seq"]) == ("snapshot", END)


@pytest.mark.parametrize(
    "last", ["", "x", "-1", "893a53fb-", "893a53fb--1", "893a53fb-1\n", "893A53FB-1"]
)
def test_what_is_no_place_counts_as_none(last: str) -> None:
    assert place_of(last) is None


def test_a_place_before_the_base_begins_again() -> None:
    shown = Shown(journal="893a53fb", base_seq=10, seq=20)
    assert b"event: reset" in messages.first(shown, Place("893a53fb", 9))
    assert b"event: reset" not in messages.first(shown, Place("893a53fb", 10))


async def test_another_journal_in_its_place_begins_again(page: Page, store: JournalStore) -> None:
    who = await page.login()
    async with streaming(page, who) as opened:
        first = await opened.next()
        store.close()
        store.directory.rename(store.directory.with_name("old"))
        write_journal(store.directory, sample_events()[:3]).close()
        await page.site.look()
        reset, snapshot = await opened.next(), await opened.next()
    assert reset.event == "reset"
    assert snapshot.data["seq"] == 3
    assert snapshot.data["journal"] != first.data["journal"] or snapshot.data["seq"] < END


async def test_the_fifth_stream_of_a_session_is_refused(page: Page) -> None:
    who, other = await page.login(), await page.login()
    async with AsyncExitStack() as streams:
        for _ in range(STREAMS_EACH):
            opened = await streams.enter_async_context(streaming(page, who))
            assert opened.status == 200
        answer = await page.ask("/api/stream", **who)
        assert answer.status == 503
        assert "4 streams" in answer.json()["error"]
        await streams.enter_async_context(streaming(page, other))
    async with streaming(page, who) as opened:
        assert opened.status == 200


async def test_the_33rd_stream_is_refused_and_the_page_still_answers(page: Page) -> None:
    who = [await page.login() for _ in range(STREAMS_MAX // STREAMS_EACH + 1)]
    async with AsyncExitStack() as streams:
        for number in range(STREAMS_MAX):
            await streams.enter_async_context(streaming(page, who[number // STREAMS_EACH]))
        answer = await page.ask("/api/stream", **who[-1])
        assert answer.status == 503
        assert len(page.site.clients) == STREAMS_MAX
        await page.get("/api/now", who[-1])
    assert len(page.site.clients) == 0


async def test_a_logout_ends_the_sessions_streams_and_no_others(page: Page) -> None:
    who, other = await page.login(), await page.login()
    async with streaming(page, who) as mine, streaming(page, other) as theirs:
        await mine.next()
        await theirs.next()
        await page.post("/logout", {}, **who)
        message = await mine.next()
        assert (message.event, message.data) == ("bye", {"reason": "session over"})
        with pytest.raises(anyio.EndOfStream):
            await mine.next()
        assert len(page.site.clients) == 1


async def test_a_silent_journal_beats(page: Page) -> None:
    who = await page.login()
    with mock.patch.object(stream, "BEAT_S", 0.01):
        async with streaming(page, who) as opened:
            await opened.next()
            assert (await opened.next()).event == ""


async def test_a_session_that_ends_says_goodbye(page: Page) -> None:
    who = await page.login()
    with mock.patch.object(stream, "BEAT_S", 0.01):
        async with streaming(page, who) as opened:
            await opened.next()
            page.site.sessions._sessions.clear()
            for _ in range(100):
                message = await opened.next()
                if message.event == "bye":
                    break
    assert message.data == {"reason": "session over"}


# slow clients


def shown_of(size: int, seq: int = 1) -> Shown:
    panel = msgspec.json.encode("x" * size)
    return Shown(
        journal="893a53fb", seq=seq, panels={"open": panel}, changed=("open",), is_fact=True
    )


def test_a_client_that_does_not_read_holds_no_more_than_the_limit() -> None:
    clients = Clients()
    clients.publish(shown_of(1_000))
    client = clients.join("s", None)
    draw = random.Random(3)
    for seq in range(2, 2_000):
        clients.publish(shown_of(draw.randrange(20_000), seq))
        assert client._unsent <= UNSENT_MAX
        assert client._unsent == sum(map(len, client._waiting))
    assert client.is_slow
    assert client.take() == b""
    clients.begin_again(client)
    text = client.take()
    assert text.startswith(b"event: reset\n")
    assert b"event: snapshot\nid: 893a53fb-1999\n" in text
    clients.publish(shown_of(10, 2_000))
    assert b"id: 893a53fb-2000" in client.take()


async def test_a_send_that_hangs_cuts_the_connection(page: Page) -> None:
    """A client that takes no byte is dropped with what waits for it."""
    who = await page.login()
    joined = page.site.clients.join("s", None)
    opened = EventStream(
        page.site.clients, joined, cut=page.cut.append, is_over=lambda _, __: False
    )
    sent = []

    async def send(message: object) -> None:
        sent.append(message)
        if len(sent) > 1:
            await anyio.sleep_forever()

    async def receive() -> dict[str, str]:
        await anyio.sleep_forever()
        raise AssertionError

    with mock.patch.object(stream, "SEND_WITHIN_S", 0.02), anyio.fail_after(30):
        await opened({"type": "http", "client": ("127.0.0.1", 1)}, receive, send)
    assert len(page.cut) == 1
    assert len(page.site.clients) == 0
    await page.get("/api/now", who)


async def test_a_client_that_goes_away_is_forgotten(page: Page) -> None:
    joined: Client = page.site.clients.join("s", None)
    opened = EventStream(
        page.site.clients, joined, cut=page.cut.append, is_over=lambda _, __: False
    )

    async def send(_: object) -> None:
        await anyio.lowlevel.checkpoint()

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    with anyio.fail_after(30):
        await opened({"type": "http", "client": ("127.0.0.1", 1)}, receive, send)
    assert len(page.site.clients) == 0
    assert page.cut == []


async def test_a_journal_that_cannot_be_read_is_said_in_a_line(store: JournalStore) -> None:
    lost = page_of(store.directory.with_name("nothing"))
    who = await lost.login()
    for path in ("/api/now", "/api/stream"):
        answer = await lost.ask(path, **who)
        assert answer.status == 503
        assert "\n" not in answer.json()["error"]
    await lost.site.look()
    assert "cannot be read" in (await lost.ask("/api/now", **who)).json()["error"]
