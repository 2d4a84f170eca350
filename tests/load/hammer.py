"""Those who use a page too much: clients, streams, connections that never read.

`python -m tests.load.hammer URL CREDENTIALS SECONDS` prints what they were answered, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

CLIENTS: Final = 50
A_SESSION: Final = 4
"""Clients that share a session, as many as it may have streams."""
NEVER_READ: Final = 100
PAUSE_S: Final = 0.2
"""Between two requests of a client."""
PATHS: Final = ("/api/now", "/api/history", "/api/days", "/api/now", "/api/runs", "/api/session")
UNREAD: Final = 20
"""Requests that are sent at once and whose answers are never read."""


class Hammer:
    """All of them, against one page."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.token = token
        self.answers: Counter[str] = Counter()
        self.streams: Counter[int] = Counter()
        self.stream_bytes = 0
        self.slowest_ms = 0.0
        self.reopened = 0

    async def run(self, seconds: float) -> None:
        """Use the page for `seconds`."""
        sessions = [await self._login() for _ in range(-(-CLIENTS // A_SESSION))]
        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(each)
                for number in range(CLIENTS)
                for cookie in [sessions[number // A_SESSION]]
                for each in (self._ask(cookie), self._stream(cookie))
            ]
            work += [tasks.create_task(self._never_read(sessions[0])) for _ in range(NEVER_READ)]
            await asyncio.sleep(seconds)
            for each in work:
                each.cancel()

    async def _login(self) -> str:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        body = json.dumps({"token": self.token})
        writer.write(
            f"POST /login HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Length: {len(body)}"
            f"\r\nContent-Type: application/json\r\n\r\n{body}".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        [cookie] = [line for line in head.decode().split("\r\n") if "set-cookie" in line.lower()]
        return cookie.split(":", 1)[1].split(";")[0].strip()

    def _get(self, path: str, cookie: str) -> bytes:
        host = f"{self.host}:{self.port}"
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode()

    async def _ask(self, cookie: str) -> None:
        number, after = 0, ""
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
                while True:
                    path = PATHS[number % len(PATHS)]
                    number += 1
                    query = f"?after={after}" if path == "/api/history" and after else ""
                    began = time.perf_counter()
                    writer.write(self._get(path + query, cookie))
                    status, body = await answer_of(reader)
                    took = (time.perf_counter() - began) * 1_000
                    self.slowest_ms = max(self.slowest_ms, took)
                    self.answers[f"{path} {status}"] += 1
                    if path == "/api/history" and status == 200:
                        after = str(json.loads(body)["next"] or "")
                    await asyncio.sleep(PAUSE_S)
            except (OSError, asyncio.IncompleteReadError):
                self.reopened += 1
                await asyncio.sleep(PAUSE_S)

    async def _stream(self, cookie: str) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(self._get("/api/stream", cookie))
        head = await reader.readuntil(b"\r\n\r\n")
        self.streams[int(head.split()[1])] += 1
        while chunk := await reader.read(65_536):
            self.stream_bytes += len(chunk)
        writer.close()

    async def _never_read(self, cookie: str) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port, limit=1)
                writer.write(self._get("/api/now", cookie) * UNREAD)
                while not reader.at_eof():  # noqa: ASYNC110 - it is cut, which nobody tells
                    await asyncio.sleep(1)
                writer.close()
            except OSError:
                await asyncio.sleep(1)

    def figures(self) -> dict[str, Any]:
        """Return what was answered."""
        return {
            "answers": dict(self.answers),
            "streams": {str(status): count for status, count in self.streams.items()},
            "stream_bytes": self.stream_bytes,
            "slowest_ms": round(self.slowest_ms, 1),
            "reopened": self.reopened,
        }


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the status and the body of the next answer of a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    [length] = [line.split(":")[1] for line in head if line.startswith("content-length:")]
    return int(head[0].split()[1]), await reader.readexactly(int(length))


def main() -> None:
    """Use the page as the arguments say and print the figures."""
    url, credentials, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    hammer = Hammer(url, json.loads(credentials.read_text())["page_token"])
    asyncio.run(hammer.run(seconds))
    print(json.dumps(hammer.figures()))


if __name__ == "__main__":
    main()
