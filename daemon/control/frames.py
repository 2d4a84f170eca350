"""Messages on a stream: four bytes of length, big-endian, then that many bytes."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from typing import Final

import anyio
from anyio.abc import ByteReceiveStream
from anyio.streams.buffered import BufferedByteReceiveStream

from daemon.errors import DaemonError, ExitCode

FRAME_MAX: Final = 65_536
"""Bytes of a message at most, its length not counted."""
FRAME_WITHIN_S: Final = 2.0
"""Seconds from the first byte of a message to its last."""
_LENGTH: Final = struct.Struct(">I")


class FrameRefused(DaemonError):
    """What came is no message; nothing after it can be read."""

    exit_code = ExitCode.USAGE


def frame(body: bytes) -> bytes:
    """Return a message with its length before it. Raises ValueError above FRAME_MAX bytes."""
    if not 0 < len(body) <= FRAME_MAX:
        raise ValueError(f"expected 1 to {FRAME_MAX} bytes, was {len(body)}")
    return _LENGTH.pack(len(body)) + body


async def frames(stream: ByteReceiveStream) -> AsyncIterator[bytes]:
    """Yield messages until the other end closes between two of them.

    Raises FrameRefused for an empty or too long message, one that is cut, or one that takes longer
    than FRAME_WITHIN_S once it has begun.
    """
    buffered = BufferedByteReceiveStream(stream)
    while True:
        try:
            first = await buffered.receive_exactly(1)
        except anyio.IncompleteRead:
            return
        try:
            with anyio.fail_after(FRAME_WITHIN_S):
                rest = await buffered.receive_exactly(_LENGTH.size - 1)
                (length,) = _LENGTH.unpack(first + rest)
                if not 0 < length <= FRAME_MAX:
                    raise FrameRefused(f"a message has 1 to {FRAME_MAX} bytes, was {length}")
                body = await buffered.receive_exactly(length)
        except anyio.IncompleteRead as error:
            raise FrameRefused("a message was cut") from error
        except TimeoutError as error:
            raise FrameRefused(f"a message took longer than {FRAME_WITHIN_S:g} s") from error
        yield body
