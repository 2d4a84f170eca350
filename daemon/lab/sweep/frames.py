"""Messages on a pipe: 8 bytes with the length, then the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

READY: Final = b"ready"
"""What a worker says when it can take tasks."""
_HEAD: Final = 8


def write_frame(sink: IO[bytes], body: bytes) -> None:
    """Write a message. Raises OSError."""
    sink.write(len(body).to_bytes(_HEAD, "big") + body)
    sink.flush()


def read_frame(source: IO[bytes]) -> bytes | None:
    """Return the next message, None where the input ends; it waits for all of it."""
    head = source.read(_HEAD)
    if len(head) < _HEAD:
        return None
    size = int.from_bytes(head, "big")
    body = source.read(size)
    return body if len(body) == size else None


class Frames:
    """Puts messages together from pieces as they come."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Yield the messages that a further piece completes."""
        self._bytes += piece
        while len(self._bytes) >= _HEAD:
            end = _HEAD + int.from_bytes(self._bytes[:_HEAD], "big")
            if len(self._bytes) < end:
                return
            body = bytes(self._bytes[_HEAD:end])
            del self._bytes[:end]
            yield body
