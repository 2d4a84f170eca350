"""An answer in pieces: whole for who reads it, and cut for who does not."""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from daemon.web import listener as listeners
from daemon.web.kite.envelope import success_in_pieces
from daemon.web.listener import Listener, cut
from daemon.web.serving import pieces

PIECES = 24
ROWS = [b"0", *(b',"' + bytes([65 + number % 26]) * 2**20 + b'"' for number in range(PIECES))]
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await success_in_pieces(ROWS, cut)(scope, receive, send)


def sent_by(scope: Scope) -> int:
    """What waits in this process to be sent to a client, bytes."""
    found = listeners.Protocol.open_ones.get((scope["client"], scope["server"]))
    return 0 if found is None else found.transport.get_write_buffer_size()


def read_to_end(client: socket.socket) -> int:
    """How many bytes there are before the connection ends."""
    size = 0
    with contextlib.suppress(ConnectionResetError):
        while found := client.recv(2**20):
            size += len(found)
    return size


async def test_who_reads_gets_all_of_it_and_who_hangs_holds_no_memory_and_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pieces, "PIECE_WITHIN_S", 0.1)
    waits, over = [0], anyio.Event()

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_look(message: Message) -> None:
            await send(message)
            waits.append(sent_by(scope))

        await answer(scope, receive, send_and_look)
        over.set()

    listener = Listener("127.0.0.1", 0)
    with anyio.fail_after(60), socket.socket() as hung:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, watched)
            hung.settimeout(30)
            hung.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            hung.connect(("127.0.0.1", urlsplit(listener.url).port))
            hung.send(REQUEST)
            await over.wait()  # nothing of it was read
            assert await anyio.to_thread.run_sync(read_to_end, hung) < sum(map(len, ROWS))
            assert 0 < max(waits) < 2 * len(ROWS[1])
            monkeypatch.setattr(pieces, "PIECE_WITHIN_S", 60)
            async with httpx.AsyncClient(timeout=30) as client:
                told = (await client.get(listener.url)).json()
            letters = [chr(65 + number % 26) * 2**20 for number in range(PIECES)]
            assert told == {"status": "success", "data": [0, *letters]}
            listener.stop()
