"""The head file: what the journal must at least contain, kept outside SQLite.

SQLite silently drops a damaged tail of its WAL, so after each commit, and before anything is
published, the journal's end is written here and synced. A journal behind its head is corrupt.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import JournalCorrupt, JournalIOError
from daemon.files.private import opener_in

# Two slots of one block each, written in turn and in place: a write torn by a power cut spoils
# only the slot of the commit that was not published yet. Measured p50: pwrite + fdatasync
# in place 103 us, a temporary file + fsync + rename + directory fsync 450-490 us.
SLOT_BYTES: Final = 4096
_WRITTEN_BYTES: Final = 256
_CHECK_HEX: Final = 16


class Tail(msgspec.Struct, frozen=True, kw_only=True, order=False):
    """Where the journal ends: the last rows of both chains and the cursor."""

    seq: int
    hash: bytes
    op_seq: int
    op_hash: bytes
    input_no: int

    @property
    def place(self) -> tuple[int, int, int]:
        """Return the numbers that can only grow."""
        return self.seq, self.op_seq, self.input_no


class HeadFile:
    """The open head file of a journal that is being written."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, both slots preallocated. Raises OSError."""
        slots = _read_slots(path)
        places = [slot.place if slot is not None else () for slot in slots]
        self._next = 0 if places[0] <= places[1] else 1
        self._descriptor = opener_in(path.parent)(str(path), os.O_RDWR | os.O_CREAT)
        size = os.fstat(self._descriptor).st_size
        if size < 2 * SLOT_BYTES:  # behind what is there: it may be a slot that still counts
            os.pwrite(self._descriptor, b" " * (2 * SLOT_BYTES - size), size)
            os.fsync(self._descriptor)

    def write(self, tail: Tail) -> None:
        """Record `tail` durably. Raises OSError, after which nothing may be published."""
        slot = encode_slot(tail)
        written = os.pwrite(self._descriptor, slot, self._next * SLOT_BYTES)
        if written != len(slot):
            raise OSError(f"the head file took {written} of {len(slot)} bytes")
        os.fdatasync(self._descriptor)
        self._next = 1 - self._next

    def close(self) -> None:
        """Close the descriptor; harmless twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def encode_slot(tail: Tail) -> bytes:
    """Encode one slot: a checksum, the tail as JSON, padding."""
    body = msgspec.json.encode(tail)
    line = _check(body) + b" " + body
    assert len(line) < _WRITTEN_BYTES, line
    return line.ljust(_WRITTEN_BYTES - 1) + b"\n"


def read_head(path: Path) -> Tail:
    """Return the newest readable slot. Raises JournalCorrupt if there is no such slot or file.

    A power cut can spoil one slot; the other one is then at most a commit behind. Raises
    JournalIOError if the disk cannot be read.
    """
    try:
        tails = [slot for slot in _read_slots(path) if slot is not None]
    except OSError as error:
        raise JournalIOError(f"{path}: cannot be read ({error.strerror})") from error
    if not tails:
        raise JournalCorrupt(
            f"{path}: the head file is missing or unreadable, so it cannot be known whether "
            "the journal is complete; restore the whole directory from a backup, or start a new run"
        )
    return max(tails, key=lambda tail: tail.place)


def _read_slots(path: Path) -> list[Tail | None]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [None, None]
    return [_decode_slot(data[at : at + _WRITTEN_BYTES]) for at in (0, SLOT_BYTES)]


def _decode_slot(slot: bytes) -> Tail | None:
    check, body = slot[:_CHECK_HEX], slot[_CHECK_HEX + 1 :].rstrip()
    if not body or check != _check(body):
        return None
    try:
        return msgspec.json.decode(body, type=Tail)
    except msgspec.MsgspecError:
        return None


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_HEX // 2).hexdigest().encode()
