"""`requests.sock`: many requests on a connection, each answered by its id, none done in part."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import msgspec
import pytest
from anyio.abc import ByteReceiveStream
from hypothesis import given
from hypothesis import strategies as st

from daemon.control import frames as framing
from daemon.control import request_socket
from daemon.control.frames import FRAME_MAX, FrameRefused, frame, frames
from daemon.control.request_messages import Answer, Asked, Outcome
from daemon.control.request_socket import CONNECTIONS_MAX, IN_FLIGHT_MAX, RequestSocket
from tests.kit.requests import Program, program


class Pieces(ByteReceiveStream):
    """Bytes that come in pieces; with `hangs` nothing comes after them, else the end."""

    def __init__(self, pieces: list[bytes], *, hangs: bool = False) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self._hangs = hangs

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self._pieces:
            if self._hangs:
                await anyio.sleep_forever()
            raise anyio.EndOfStream
        piece = self._pieces.pop(0)
        if len(piece) > max_bytes:
            self._pieces.insert(0, piece[max_bytes:])
        return piece[:max_bytes]

    async def aclose(self) -> None:
        pass


async def read(*pieces: bytes, hangs: bool = False) -> list[bytes]:
    return [body async for body in frames(Pieces(list(pieces), hangs=hangs))]


@given(
    bodies=st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    cuts=st.lists(st.integers(0, 1_600), max_size=8),
)
def test_messages_come_out_however_their_bytes_are_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(map(frame, bodies))
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    pieces = [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert anyio.run(lambda: read(*pieces)) == bodies


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\0\0\0\0", "1 to 65536 bytes, was 0"),
        ((FRAME_MAX + 1).to_bytes(4, "big"), "was 65537"),
        (b"GET / HTTP/1.1\r\n\r\n", "was 1195725856"),
        (b"\0\0", "was cut"),
        (frame(b"abc")[:-1], "was cut"),
    ],
)
async def test_what_is_no_message_is_refused_in_words(data: bytes, text: str) -> None:
    with pytest.raises(FrameRefused, match=text):
        await read(data)


async def test_a_message_that_does_not_come_to_its_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(framing, "FRAME_WITHIN_S", 0.01)
    with anyio.fail_after(30), pytest.raises(FrameRefused, match="took longer"):
        await read(b"\0\0\0\5ab", hangs=True)


@pytest.mark.parametrize("size", [0, FRAME_MAX + 1])
def test_no_message_is_made_that_could_not_be_read(size: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to"):
        frame(bytes(size))


# the socket


class Daemon:
    """Answers what it is asked: at once, or when `may_answer` says so."""

    def __init__(self) -> None:
        self.taken: list[Asked] = []
        self.held: dict[int, anyio.Event] = {}
        self.holds: Callable[[Asked], bool] = lambda _: False

    async def give(self, asked: Asked) -> Answer:
        self.taken.append(asked)
        if self.holds(asked):
            self.held[asked.id] = anyio.Event()
            await self.held[asked.id].wait()
        return Answer(id=asked.id, outcome=Outcome.DONE, text="done", input_no=len(self.taken))


@contextlib.asynccontextmanager
async def serving(directory: Path) -> AsyncIterator[Daemon]:
    daemon = Daemon()
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            await tasks.start(RequestSocket(daemon.give).serve, directory)
            yield daemon
            tasks.cancel_scope.cancel()


async def until_taken(daemon: Daemon, count: int) -> None:
    while len(daemon.taken) < count:
        await anyio.lowlevel.checkpoint()


async def test_answers_come_by_their_ids_in_the_order_of_being_done(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon, program(tmp_path) as asks:
        daemon.holds = lambda asked: asked.id == 1
        await asks.send(1, "kill_switch")
        await asks.send(2, "strategy_on", "ema")
        assert (await asks.answer()).id == 2
        daemon.held[1].set()
        assert (await asks.answer()).id == 1


@pytest.mark.parametrize(
    ("body", "number", "text"),
    [
        (b"garbage", 0, "not a request"),
        (b'{"id": 7, "command": {"command": "buy"}}', 7, "Invalid enum value 'buy'"),
        (b'{"id": 7, "command": {"command": "kill_switch"}, "more": 1}', 7, "unknown field"),
        (b'{"version": 2, "id": 7, "command": {"command": "kill_switch"}}', 7, "version"),
        (b'{"id": -1, "command": {"command": "kill_switch"}}', -1, "id"),
        (
            b'{"id": 7, "client_id": "' + b"x" * 37 + b'", "command": {"command": "reload"}}',
            7,
            "36",
        ),
        (b"[" * 9_000, 0, "not a request"),
        (b"\xff\xfe", 0, "not a request"),
    ],
)
async def test_garbage_is_named_and_the_connection_goes_on(
    tmp_path: Path, body: bytes, number: int, text: str
) -> None:
    async with serving(tmp_path) as daemon, program(tmp_path) as asks:
        await asks.stream.send(frame(body))
        answer = await asks.answer()
        assert (answer.id, answer.outcome) == (number, Outcome.REFUSED)
        assert text in answer.text
        assert daemon.taken == []
        assert (await asks.ask("kill_switch")).outcome is Outcome.DONE


async def test_a_broken_frame_is_told_and_ends_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon, program(tmp_path) as asks:
        await asks.stream.send(b"\0\0\0\0more")
        assert "1 to 65536 bytes" in (await asks.answer()).text
        with pytest.raises((StopAsyncIteration, anyio.BrokenResourceError)):
            await asks.answer()
        assert daemon.taken == []


async def test_one_more_than_can_be_in_flight_is_busy(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon, program(tmp_path) as asks:
        daemon.holds = lambda _: True
        for number in range(IN_FLIGHT_MAX):
            await asks.send(number, "kill_switch")
        await until_taken(daemon, IN_FLIGHT_MAX)
        async with program(tmp_path) as other:
            answer = await other.ask("kill_switch")
        assert answer.outcome is Outcome.BUSY
        assert len(daemon.taken) == IN_FLIGHT_MAX
        for each in daemon.held.values():
            each.set()
        answers = {(await asks.answer()).id for _ in range(IN_FLIGHT_MAX)}
        assert answers == set(range(IN_FLIGHT_MAX))
        daemon.holds = lambda _: False
        assert (await asks.ask("kill_switch")).outcome is Outcome.DONE


async def test_one_connection_too_many_is_told_so(tmp_path: Path) -> None:
    async with serving(tmp_path), contextlib.AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            asks = await stack.enter_async_context(program(tmp_path))
            assert (await asks.ask("kill_switch")).outcome is Outcome.DONE
        last: Program = await stack.enter_async_context(program(tmp_path))
        assert f"{CONNECTIONS_MAX} others are connected" in (await last.answer()).text


async def test_who_goes_away_ends_nothing_that_was_asked(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        daemon.holds = lambda _: True
        async with program(tmp_path) as asks:
            for number in range(3):
                await asks.send(number, "kill_switch")
            await until_taken(daemon, 3)
        done: list[int] = []

        async def wait_for(number: int) -> None:
            daemon.held[number].set()
            done.append(number)

        for number in range(3):
            await wait_for(number)
        daemon.holds = lambda _: False
        async with program(tmp_path) as again:
            assert (await again.ask("kill_switch")).outcome is Outcome.DONE
    assert done == [0, 1, 2]


async def test_who_does_not_read_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_socket, "SEND_WITHIN_S", 0.05)
    async with serving(tmp_path), program(tmp_path) as deaf:
        with contextlib.suppress(OSError, anyio.BrokenResourceError):
            for number in range(20_000):  # the answers fill the socket
                await deaf.send(number, "kill_switch")
        async with program(tmp_path) as other:
            assert (await other.ask("kill_switch")).outcome is Outcome.DONE


async def test_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_socket, "is_owner", lambda _: False)
    async with serving(tmp_path) as daemon, program(tmp_path) as asks:
        assert "own user" in (await asks.answer()).text
        assert daemon.taken == []


async def test_the_socket_is_its_owners_alone_and_goes_with_the_daemon(tmp_path: Path) -> None:
    path = tmp_path / "requests.sock"
    async with serving(tmp_path):
        assert os.stat(path).st_mode & 0o777 == 0o600
    assert not path.exists()


def test_an_answer_says_only_what_it_knows() -> None:
    answer = Answer(id=3, outcome=Outcome.BUSY, text="too many")
    assert msgspec.json.encode(answer) == b'{"id":3,"outcome":"busy","text":"too many"}'
