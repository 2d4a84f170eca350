"""W19 against a real Redis: nothing lost, nothing doubled, whoever is killed."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from daemon.domain.events import TradingEvent
from daemon.errors import UsageError
from daemon.journal.schema import JournalMeta
from daemon.journal.store import JournalStore
from daemon.sinks.lines import JournalLines
from daemon.sinks.redis_stream import RedisStream
from daemon.sinks.tail import CHECK_EVERY, Tail
from tests.kit.cli import spawn, wait_for
from tests.kit.redis_server import PASSWORD, RedisServer, redis_server
from tests.kit.sample_events import many_events

pytestmark = pytest.mark.ci

META = JournalMeta(run_id="r", account="a")


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: that of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="fno-redis-") as text:
        yield Path(text)


@pytest.fixture
def server(place: Path) -> Iterator[RedisServer]:
    with redis_server(place / "redis") as found:
        yield found


def journal(place: Path) -> JournalStore:
    return JournalStore.create(place / "accounts" / "a", META)


def key_of(directory: Path) -> str:
    lines = JournalLines(directory, is_finished=False)
    lines.look()
    key = f"fnopaper:a:{lines.journal_id}"
    lines.close()
    return key


def tail_of(store: JournalStore, server: RedisServer, first: int | None = None) -> Tail:
    return Tail(store.directory, RedisStream(server.url, "a"), first=first, is_finished=False)


def level(tail: Tail) -> None:
    """Step until the stream has everything, through what stands in the way for a while."""

    def is_level() -> bool:
        while tail.step():
            pass
        return not tail.problem and tail.is_level

    wait_for(is_level)


def whole(store: JournalStore) -> list[tuple[int, bytes]]:
    return list(store.numbered_lines())


def streamed(server: RedisServer, store: JournalStore) -> list[tuple[int, bytes]]:
    return [(seq, line) for seq, line, _ in server.entries(key_of(store.directory))]


def put(store: JournalStore, events: list[TradingEvent]) -> None:
    store.append(events, input_no=events[-1].input_no)


def test_w19_a_stream_has_the_lines_of_the_export_under_their_numbers(
    place: Path, server: RedisServer
) -> None:
    with journal(place) as store:
        put(store, many_events(60))
        tail = tail_of(store, server)
        level(tail)
        assert streamed(server, store) == whole(store)
        tail.close()
        again = tail_of(store, server, first=1)  # adds nothing twice
        level(again)
        again.close()
        assert streamed(server, store) == whole(store)


def test_w19_two_of_them_at_once_double_nothing(place: Path, server: RedisServer) -> None:
    with journal(place) as store:
        events = many_events(60)
        put(store, events[:24])
        one, two = tail_of(store, server), tail_of(store, server)
        level(one)
        level(two)
        put(store, events[24:])
        one.step()  # a page, and the other one begins where it began
        level(two)
        level(one)
        assert streamed(server, store) == whole(store)
        one.close()
        two.close()


@pytest.mark.parametrize("is_durable", [True, False])
def test_w19_a_redis_that_is_killed_gets_what_it_lost(place: Path, is_durable: bool) -> None:
    with redis_server(place / "redis", is_durable=is_durable) as server, journal(place) as store:
        events = many_events(30)
        put(store, events[:120])
        tail = tail_of(store, server)
        level(tail)
        server.kill()
        put(store, events[120:240])
        assert not tail.step()
        assert "cannot be reached" in tail.problem
        server.start()
        level(tail)
        assert streamed(server, store) == whole(store)
        server.kill()  # and nothing new comes
        server.start()
        for _ in range(2 * CHECK_EVERY):
            tail.step()
        level(tail)
        assert streamed(server, store) == whole(store)
        tail.close()


def test_w19_an_id_that_another_event_has_is_refused(place: Path, server: RedisServer) -> None:
    with journal(place) as store:
        put(store, many_events(2))
        key = key_of(store.directory)
        with contextlib.closing(server.client) as client:
            client.xadd(key, {"event": "{}", "hash": "00" * 16}, id="5-0")
            tail = tail_of(store, server)
            with pytest.raises(UsageError, match="its event 5 is not the journal's"):
                tail.step()
            tail.close()
            client.delete(key)
            client.xadd(key, {"event": "{}", "hash": "00" * 16}, id="99-0")
            tail = tail_of(store, server)
            with pytest.raises(UsageError, match="its event 99 is not the journal's"):
                tail.step()
            tail.close()
            client.delete(key)
            tail = tail_of(store, server)
            stream = RedisStream(server.url, "a")
            lines = JournalLines(store.directory, is_finished=False)
            lines.look()
            stream.begin(lines, None)
            client.xadd(key, {"event": "{}", "hash": "00" * 16}, id="3-0")  # in between
            with pytest.raises(UsageError, match=r"the id [13]-0 is taken"):
                stream.put(lines.after(0))
            lines.close()
            tail.close()


def test_w19_a_gap_is_refused_and_a_trimmed_stream_goes_on(
    place: Path, server: RedisServer
) -> None:
    with journal(place) as store:
        events = many_events(4)
        put(store, events[:24])
        tail = tail_of(store, server)
        level(tail)
        tail.close()
        put(store, events[24:])
        tail = tail_of(store, server, first=40)
        with pytest.raises(UsageError, match="ends with event 24, so 25 to 39 would be missing"):
            tail.step()
        tail.close()
        with contextlib.closing(server.client) as client:
            client.xtrim(key_of(store.directory), maxlen=0, approximate=False)
        tail = tail_of(store, server)
        level(tail)
        tail.close()
        assert [seq for seq, _ in streamed(server, store)] == list(range(25, 49))


def has_entries(server: RedisServer, key: str, count: int) -> bool:
    return len(server.entries(key)) >= count


def follower(place: Path, server: RedisServer, password: Path) -> subprocess.Popen[str]:
    return spawn("tail", "a", "--out", place, "--to", server.url, "--password-file", password)


def test_w19_kills_of_both_sides_lose_and_double_nothing(place: Path) -> None:
    draw, events = random.Random(11), many_events(150)
    secret = place / "password"
    secret.touch(0o600)
    secret.write_text(PASSWORD)
    with (
        redis_server(place / "redis", password=PASSWORD) as server, journal(place) as store,
    ):  # fmt: skip
        key = key_of(store.directory)
        at = 0
        process = follower(place, server, secret)
        try:
            for kills in range(6):
                until = len(events) if kills == 5 else at + 12 * draw.randrange(5, 30)
                put(store, events[at:until])
                at = until
                if kills % 2:
                    server.kill()
                    server.start()
                else:
                    wait_for(partial(has_entries, server, key, at // 2))
                    process.kill()
                    process.communicate(timeout=30)
                    process = follower(place, server, secret)
            wait_for(partial(has_entries, server, key, len(events)), 60)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
            assert (process.returncode, out) == (0, "")
            assert PASSWORD not in err
        finally:
            process.kill()
            process.communicate(timeout=30)
        assert streamed(server, store) == whole(store)


def test_w19_a_wrong_password_ends_it_in_a_line(place: Path) -> None:
    secret = place / "password"
    secret.touch(0o600)
    secret.write_text("canarywrong0006")
    with redis_server(place / "redis", password=PASSWORD) as server, journal(place) as store:
        put(store, many_events(1))
        process = follower(place, server, secret)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 64
        assert "does not take the password" in err
        assert "canarywrong0006" not in out + err
        assert len(err.splitlines()) == 1
