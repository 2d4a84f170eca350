"""Serve one client of the ticker server: its subscriptions, and what its link can take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import anyio
import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from daemon.domain.instrument import Universe
from feeds.kite.server.playlist import MODES, Batch, PacketBlock

TOKENS_MAX: Final = 3000
"""Instruments on one connection (Kite Connect documentation, websocket)."""
_WRITE_BUFFER_BYTES: Final = 256 * 1024
_TOGETHER_BYTES: Final = 32 * 1024
"""Bytes written at once, if available: a write costs more than a frame."""
_NONE: Final = 0
_QUOTE: Final = 2  # modes are stored as 1 + their place in MODES

_Token = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class _Request(msgspec.Struct):
    a: Literal["subscribe", "unsubscribe", "mode"]
    v: list[Any]


class Subscriber(WSListener):
    """The link to one client; binary messages are batched into few writes.

    `greetings` are sent right after the handshake; `changed` is called whenever the link or its
    subscriptions change.
    """

    def __init__(
        self,
        universe: Universe,
        greetings: list[str],
        changed: Callable[[Subscriber], None],
    ) -> None:
        self.last_sent = 0.0
        self.held: list[Batch] = []
        """Batches that a fault holds back."""
        self.held_until = 0
        self.silent = False
        """True once a fault made the link half-open."""
        self.closed = False
        self._universe = universe
        self._greetings = greetings
        self._changed = changed
        self._modes = np.zeros(len(universe), dtype=np.int8)
        self._others: set[int] = set()  # subscribed tokens that the recording does not have
        self._selected: tuple[PacketBlock, list[bytes], npt.NDArray[np.intp]] | None = None
        self._transport: WSTransport | None = None
        self._out = bytearray()
        self._writable = anyio.Event()
        self._writable.set()

    # what the client asked for

    @property
    def wants(self) -> bool:
        """Return whether the client would be sent ticks."""
        return self.listening and bool(self._modes.any())

    def chosen(self, block: PacketBlock, start: int, stop: int) -> Batch:
        """Return this client's packets among rows [start, stop)."""
        if self._selected is None or self._selected[0] is not block:
            self._selected = (block, *self._select(block))
        _, packets, rows = self._selected
        if len(rows) == len(block):
            return Batch(packets[start:stop], block.row[start:stop], block.due[start:stop])
        first, last = np.searchsorted(rows, (start, stop)).tolist()
        mine = rows[first:last]
        return Batch(packets[first:last], block.row[mine], block.due[mine])

    def _select(self, block: PacketBlock) -> tuple[list[bytes], npt.NDArray[np.intp]]:
        modes = self._modes[block.instrument]
        rows = np.flatnonzero(modes)
        used = modes[rows]
        if not len(rows):
            return [], rows
        if (used == used[0]).all():
            every = block.packets(MODES[int(used[0]) - 1])
            return (every if len(rows) == len(block) else [every[at] for at in rows.tolist()]), rows
        by_mode = {int(mode): block.packets(MODES[int(mode) - 1]) for mode in np.unique(used)}
        pairs = zip(rows.tolist(), used.tolist(), strict=True)
        return [by_mode[mode][at] for at, mode in pairs], rows

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Greet the client."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        for greeting in self._greetings:
            transport.send(WSMsgType.TEXT, greeting)
        self._changed(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a message; a half-open link answers nothing."""
        if self.silent:
            return
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type != WSMsgType.PONG:
            self._requested(frame)

    def _requested(self, frame: WSFrame) -> None:
        try:
            if frame.msg_type != WSMsgType.TEXT or not frame.fin:
                raise msgspec.ValidationError("expected a text message in one frame")
            request = msgspec.json.decode(frame.get_payload_as_bytes(), type=_Request)
            self._obey(request)
        except (ValueError, RecursionError) as error:
            self.send_text({"type": "error", "data": f"Invalid request: {error}"})
            return
        self._selected = None
        self._changed(self)

    def _obey(self, request: _Request) -> None:
        if request.a == "mode":
            mode, tokens = msgspec.convert(
                request.v, tuple[Literal["ltp", "quote", "full"], list[_Token]]
            )
            self._set(tokens, MODES.index(mode) + 1)
        elif request.a == "subscribe":
            tokens = msgspec.convert(request.v, list[_Token])
            fresh = [token for token in tokens if not self._has(token)]
            self._set(fresh, _QUOTE)
        else:
            self._set(msgspec.convert(request.v, list[_Token]), _NONE)

    def _has(self, token: int) -> bool:
        at = self._universe.index_of_token(token)
        return token in self._others if at is None else self._modes[at] != _NONE

    def _set(self, tokens: list[int], mode: int) -> None:
        if mode:
            fresh = {token for token in tokens if not self._has(token)}
            have = int(np.count_nonzero(self._modes)) + len(self._others)
            if have + len(fresh) > TOKENS_MAX:
                raise msgspec.ValidationError(
                    f"expected at most {TOKENS_MAX} instruments on a connection, "
                    f"were {have + len(fresh)}"
                )
        for token in tokens:
            at = self._universe.index_of_token(token)
            if at is not None:
                self._modes[at] = mode
            elif mode:
                self._others.add(token)
            else:
                self._others.discard(token)

    # what the client is sent

    @property
    def listening(self) -> bool:
        """Return whether frames can reach the client."""
        return self._transport is not None and not self.closed and not self.silent

    def send_binary(self, payload: bytes, now: float) -> None:
        """Queue a binary message, written at the next `flush` at the latest; lost if the link is
        gone.
        """
        if not self.listening:
            return
        self._out += _header(len(payload))
        self._out += payload
        self.last_sent = now
        if len(self._out) >= _TOGETHER_BYTES:
            self.flush()

    def send_text(self, message: dict[str, Any] | str) -> None:
        """Send a text message: JSON, or a string unchanged."""
        if not self.listening:
            return
        assert self._transport is not None
        text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
        self.flush()
        self._transport.send(WSMsgType.TEXT, text)

    def flush(self) -> None:
        """Write queued messages to the link."""
        if self._out and self._transport is not None and not self.closed:
            out, self._out = self._out, bytearray()
            self._transport.underlying_transport.write(out)

    def break_off(self, payload: bytes) -> None:
        """Send half of a binary message and end the link."""
        assert self._transport is not None
        message = _header(len(payload)) + payload
        self._out += message[: len(message) // 2]
        self.flush()
        self.closed = True  # nothing may follow the half message
        self._transport.underlying_transport.close()

    def half_open(self) -> None:
        """Send nothing from now on, but keep the link."""
        self.flush()
        self.silent = True

    def close(self, code: WSCloseCode = WSCloseCode.GOING_AWAY) -> None:
        """Close the link with a closing handshake."""
        if self._transport is None or self.closed:
            return
        if self.listening:
            self.flush()
            self._transport.send_close(code)
        self._transport.disconnect(graceful=self.listening)
        self.closed = True

    def abort(self) -> None:
        """End the link; unsent data is lost."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)
        self.closed = True

    # how much the link takes

    def pause_writing(self) -> None:
        """Note that the client reads slower than it is sent to."""
        self._writable = anyio.Event()

    def resume_writing(self) -> None:
        """Note that the client has caught up."""
        self._writable.set()

    @property
    def choked(self) -> bool:
        """Return whether sending must pause."""
        return not self._writable.is_set()

    async def writable(self, patience_s: float) -> bool:
        """Wait until more may be sent; return False if the client took nothing for `patience_s`."""
        while self.choked and not self.closed:
            before = self._unsent()
            with anyio.move_on_after(patience_s):
                await self._writable.wait()
            if self.choked and not self.closed and self._unsent() == before:
                return False
        return True

    async def drained(self, patience_s: float) -> bool:
        """Wait until everything sent has left this process; return False as `writable` does."""
        if self._transport is None or self.closed:
            return True
        self.flush()
        link = self._transport.underlying_transport
        link.set_write_buffer_limits(high=0)
        try:
            return await self.writable(patience_s)
        finally:
            if not self.closed:
                link.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)

    def _unsent(self) -> int:
        assert self._transport is not None
        return self._transport.underlying_transport.get_write_buffer_size()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Mark the link as gone."""
        self.closed = True
        self._writable.set()
        self._changed(self)


def _header(size: int) -> bytes:
    """Return the WebSocket header of an unmasked binary message (RFC 6455 section 5.2)."""
    if size < 126:
        return bytes([0x82, size])
    if size < 1 << 16:
        return bytes([0x82, 126]) + size.to_bytes(2, "big")
    return bytes([0x82, 127]) + size.to_bytes(8, "big")
