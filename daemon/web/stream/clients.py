"""The clients of the stream: how many, how far behind, and what becomes of a slow one."""

from __future__ import annotations

from collections import deque
from typing import Final

import anyio

from daemon.web.stream import messages
from daemon.web.stream.follower import Shown
from daemon.web.stream.messages import Place

STREAMS_MAX: Final = 32
STREAMS_EACH: Final = 4
"""Streams of one session."""
UNSENT_MAX: Final = 262_144
"""Bytes that wait for one client; beyond that it begins again with a snapshot."""
SLOW: Final = "too slow: what was missed is not sent"


class TooManyStreams(Exception):
    """No stream is left; the text says why."""


class Client:
    """The messages that wait for one client. The bytes are shared by all."""

    def __init__(self, session: str) -> None:
        self.session: Final = session
        self.is_slow = False
        """It is too far behind: it is sent a reset and a snapshot as soon as it reads again."""
        self.is_over = False
        self._waiting: deque[bytes] = deque()
        self._unsent = 0
        self._more = anyio.Event()

    def put(self, chunk: bytes) -> None:
        """Let a message wait, unless too much does already."""
        if self.is_slow or self.is_over:
            return
        if self._unsent and self._unsent + len(chunk) > UNSENT_MAX:
            self._waiting.clear()
            self._unsent = 0
            self.is_slow = True
        else:
            self._waiting.append(chunk)
            self._unsent += len(chunk)
        self._more.set()

    def end(self, reason: str) -> None:
        """Let the stream end after what waits."""
        self.put(messages.bye(reason))
        self.is_over = True
        self._more.set()

    def take(self) -> bytes:
        """Return the next message, empty without one."""
        if not self._waiting:
            return b""
        chunk = self._waiting.popleft()
        self._unsent -= len(chunk)
        return chunk

    async def wait(self) -> None:
        """Wait until there is a message, or another reason to look."""
        if self._waiting or self.is_slow or self.is_over:
            return
        self._more = anyio.Event()
        await self._more.wait()


class Clients:
    """All streams. `publish` shares each message with them."""

    def __init__(self) -> None:
        self.shown = Shown(fault="the journal is being opened")
        self._clients: set[Client] = set()

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, session: str, place: Place | None) -> Client:
        """Add a stream that begins after `place`. Raises TooManyStreams.

        What it is sent first and what follows are of one moment, so it misses nothing.
        """
        if len(self._clients) >= STREAMS_MAX:
            raise TooManyStreams(f"{STREAMS_MAX} streams are open already; close a page")
        if sum(client.session == session for client in self._clients) >= STREAMS_EACH:
            raise TooManyStreams(f"this session has {STREAMS_EACH} streams already; close a tab")
        client = Client(session)
        client.put(messages.first(self.shown, place))
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a stream; harmless twice."""
        self._clients.discard(client)

    def begin_again(self, client: Client) -> None:
        """Give a client that was too slow the present state."""
        client.is_slow = False
        client.put(messages.reset(SLOW, self.shown))

    def publish(self, shown: Shown) -> None:
        """Take what a step came to, and share what is new in it."""
        self.shown = shown
        if shown.fault or not self._clients:
            return
        chunk = _news(shown)
        if chunk:
            for client in self._clients:
                client.put(chunk)

    def end(self, reason: str, session: str | None = None) -> None:
        """End the streams of a session, or all."""
        for client in list(self._clients):
            if session is None or client.session == session:
                client.end(reason)


def _news(shown: Shown) -> bytes:
    if shown.is_another:
        return messages.reset("another journal", shown)
    if shown.is_fact:
        return messages.facts(shown, shown.changed, shown.new_rows)
    return messages.market(shown) if shown.changed else b""
