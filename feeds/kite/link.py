"""One open WebSocket: what arrives on it, as the callbacks of the library see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from feeds.kite.handshake import MOST_MESSAGE_BYTES
from feeds.kite.texts import TextCounts
from feeds.live.inbox import FrameInbox

HEARTBEAT_BYTES: Final = 1
ENDED: Final = "the connection was closed"

_BINARY: Final = WSMsgType.BINARY
_TEXT: Final = WSMsgType.TEXT
_CONTINUATION: Final = WSMsgType.CONTINUATION
_PING: Final = WSMsgType.PING
_CLOSE: Final = WSMsgType.CLOSE


@dataclass
class LinkCounts:
    """What came over the connections of one socket, beside market data."""

    connects: int = 0
    """Handshakes completed."""
    heartbeats: int = 0
    texts: TextCounts = field(default_factory=TextCounts)


class Link(WSListener):
    """Market data goes to the inbox, texts are counted, any frame at all is a sign of life.

    A link that breaks the protocol is ended at once, with `ended` saying why; what comes after
    that is not read.
    """

    def __init__(
        self,
        inbox: FrameInbox,
        counts: LinkCounts,
        now: Callable[[], float],
        on_live: Callable[[], None],
        on_error: Callable[[str], None],
    ):
        self._inbox = inbox
        self._counts = counts
        self._now = now
        self._on_live = on_live
        self._on_error = on_error
        self._parts: list[bytes] = []
        self._parts_kind: WSMsgType | None = None
        self._parts_bytes = 0
        self._transport: WSTransport | None = None
        self.is_live = False
        self.last_heard = now()
        self.ended = ""
        self.writable = asyncio.Event()
        """Not set while the server takes nothing of what it was sent."""
        self.writable.set()

    @property
    def is_open(self) -> bool:
        """Whether the handshake was completed."""
        return self._transport is not None

    @property
    def is_held_back(self) -> bool:
        """Whether reading is paused because the inbox is full: silence then says nothing."""
        return self._inbox.is_full

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        self._counts.connects += 1
        self.last_heard = self._now()
        self._inbox.watch(self._hold_back)
        if self._inbox.is_full:
            self._hold_back(True)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone, for whatever reason."""
        self._inbox.unwatch(self._hold_back)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Every frame of the connection, control frames too."""
        # The library reads on for a moment after it refused a frame, but has lost its place. It
        # parses one frame ahead, so the one before the refused frame can go down with the link.
        if self.ended or transport.is_close_frame_sent:
            return
        self.last_heard = self._now()
        kind = frame.msg_type
        if kind == _BINARY and frame.fin and self._parts_kind is None:
            self._binary(frame.get_payload_as_bytes())
        elif kind == _PING:
            if self.writable.is_set():  # answers nobody reads would pile up here
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind == _CLOSE:
            self._closed_by_server(transport, frame)
        elif kind in (_BINARY, _TEXT, _CONTINUATION):
            self._part(kind, frame)

    def pause_writing(self) -> None:
        """The server does not take what it is sent."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self.writable.set()

    def end(self, reason: str) -> None:
        """Give the connection up without another word to the other side."""
        self.ended = self.ended or reason
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def _binary(self, data: bytes) -> None:
        if not self.is_live:
            self.is_live = True
            self._on_live()
        if len(data) == HEARTBEAT_BYTES:
            self._counts.heartbeats += 1
        else:
            self._inbox.put(data)

    def _text(self, text: bytes) -> None:
        words = self._counts.texts.take(text)
        if words is not None:
            self._on_error(words)

    def _part(self, kind: WSMsgType, frame: WSFrame) -> None:
        """A text, or a message in several frames."""
        if (kind == _CONTINUATION) == (self._parts_kind is None):
            self.end("a message in several frames was broken off")
            return
        if kind != _CONTINUATION:
            self._parts_kind = kind
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_bytes += frame.payload_size + 1
        if self._parts_bytes > MOST_MESSAGE_BYTES:
            self.end(f"a message was larger than {MOST_MESSAGE_BYTES:,} bytes")
        elif frame.fin:
            is_binary, message = self._parts_kind == _BINARY, b"".join(self._parts)
            self._parts, self._parts_kind, self._parts_bytes = [], None, 0
            if is_binary:
                self._binary(message)
            else:
                self._text(message)

    def _closed_by_server(self, transport: WSTransport, frame: WSFrame) -> None:
        code = frame.get_close_code().value
        self.ended = f"the server closed the connection (code {code})" if code else ENDED
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()

    def _hold_back(self, is_full: bool) -> None:
        if self._transport is None:
            return
        if is_full:
            self._transport.underlying_transport.pause_reading()
        else:
            self.last_heard = self._now()
            self._transport.underlying_transport.resume_reading()
