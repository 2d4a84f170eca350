"""A ticker server that does what a test tells it to, byte by byte."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import anyio
import msgspec

LOOPBACK: Final = "127.0.0.1"
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


def wire(data: bytes, kind: int = BINARY, *, last: bool = True) -> bytes:
    """One frame as a server sends it (RFC 6455 section 5.2)."""
    first = (0x80 if last else 0) | kind
    if len(data) < 126:
        return bytes([first, len(data)]) + data
    if len(data) < 1 << 16:
        return struct.pack(">BBH", first, 126, len(data)) + data
    return struct.pack(">BBQ", first, 127, len(data)) + data


@dataclass
class Client:
    """One client past its request: what it asked for, and the bytes in both directions."""

    headers: dict[str, str]
    query: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    frames: list[tuple[int, bytes]] = field(default_factory=list)

    async def accept(self) -> None:
        """Complete the handshake."""
        key = self.headers["sec-websocket-key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        await self.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )

    async def answer(self, status: str, body: str = "") -> None:
        """Answer the handshake with an HTTP status."""
        await self.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the client: its kind and what it says."""
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", await self.reader.readexactly(2))
        mask = await self.reader.readexactly(4)
        data = await self.reader.readexactly(size)
        frame = first & 0xF, bytes(each ^ mask[at % 4] for at, each in enumerate(data))
        self.frames.append(frame)
        return frame

    async def request(self) -> dict[str, Any]:
        """The next text message of the client."""
        kind, data = await self.frame()
        assert kind == TEXT
        message: dict[str, Any] = msgspec.json.decode(data)
        return message

    async def gone(self) -> None:
        """Read on until the client has closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


Script = Callable[[Client], Awaitable[None]]


@dataclass
class ScriptedTicker:
    """The n-th connection is handled by the n-th script, the last one by all that follow.

    A script that returns closes its connection. `clients` are those that came so far.
    """

    scripts: tuple[Script, ...]
    url: str = ""
    clients: list[Client] = field(default_factory=list)
    _failed: list[BaseException] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            lines = [line.split(": ", 1) for line in head[1:] if line]
            headers = {name.lower(): value for name, value in lines}
            query = parse_qs(urlsplit(head[0].split(" ")[1]).query)
            client = Client(
                headers, {name: values[0] for name, values in query.items()}, reader, writer
            )
            self.clients.append(client)
            await self.scripts[min(len(self.clients), len(self.scripts)) - 1](client)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left: tests look at what it did before
        except Exception as error:  # noqa: BLE001 - raised again where the test ends
            self._failed.append(error)
        finally:
            writer.close()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[ScriptedTicker]:
        """Serve on a free port; what a script raised is raised here."""
        server = await asyncio.start_server(self._came, LOOPBACK, 0, limit=1 << 22)
        self.url = f"ws://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        except BaseException as error:
            if self._failed:
                raise self._failed[0] from error
            raise
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await anyio.lowlevel.checkpoint()
        if self._failed:
            raise self._failed[0]
