"""Handle one open WebSocket: what arrives on it, through the library's callbacks."""

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
    """Counts of what came over one socket's connections besides market data."""

    connects: int = 0
    """Handshakes completed."""
    heartbeats: int = 0
    texts: TextCounts = field(default_factory=TextCounts)


class Link(WSListener):
    """Puts market data into the inbox and counts texts; any frame is a sign of life.

    A link that breaks the protocol is ended at once, with the reason in `ended`; later frames are
    not read.
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
        """Cleared while the server does not read what it was sent."""
        self.writable.set()

    @property
    def is_open(self) -> bool:
        """Return whether the handshake was completed."""
        return self._transport is not None

    @property
    def is_held_back(self) -> bool:
        """Return whether a full inbox has paused reading; silence then means nothing."""
        return self._inbox.is_full

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Start reading after the handshake."""
        self._transport = transport
        self._counts.connects += 1
        self.last_heard = self._now()
        self._inbox.watch(self._hold_back)
        if self._inbox.is_full:
            self._hold_back(True)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Stop watching the inbox; the connection is gone, for whatever reason."""
        self._inbox.unwatch(self._hold_back)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame of the connection, control frames included."""
        # After refusing a frame the library reads on for a moment, but has lost its place. It
        # parses one frame ahead, so the frame before the refused one may be lost with the link.
        if self.ended or transport.is_close_frame_sent:
            return
        self.last_heard = self._now()
        kind = frame.msg_type
        if kind == _BINARY and frame.fin and self._parts_kind is None:
            self._binary(frame.get_payload_as_bytes())
        elif kind == _PING:
            if self.writable.is_set():  # answers that the server does not read would pile up
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind == _CLOSE:
            self._closed_by_server(transport, frame)
        elif kind in (_BINARY, _TEXT, _CONTINUATION):
            self._part(kind, frame)

    def pause_writing(self) -> None:
        """Note that the server does not read what it is sent."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Note that the server reads again."""
        self.writable.set()

    def end(self, reason: str) -> None:
        """Drop the connection without a closing handshake."""
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
        """Take a text, or part of a message in several frames."""
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
