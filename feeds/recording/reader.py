"""Read an input log: whole records in order, up to where the writer was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from daemon.domain.inputs import Input
from daemon.errors import FeedError
from feeds.files.recorded_files import file_error
from feeds.recording.format import (
    HEAD_BYTES,
    MAGIC,
    READ_VERSIONS,
    Kind,
    LogHeader,
    checksum,
    decode_other,
    decode_ticks,
    read_head,
)

SUFFIX: Final = ".inputs"
_RESTORE: Final = (
    "restore the file from a backup; what is before this place can be cut out and read"
)
_PIECE: Final = 1 << 16


class Entry(NamedTuple):
    """An input, and the offset where its record ends in the file."""

    item: Input
    end: int


class InputLog:
    """A log on disk. Raises FeedError if it is not a log, of another version, or has no header."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _opened(path) as file:
            self.header = self._read_header(file)
            self.end_of_header = file.tell()
            """Offset of the first input, in bytes."""
        self.torn_bytes = 0
        """Bytes of a record that was never completed; known once everything was read."""

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Yield every whole input, or those behind byte `after`, where an earlier one ended.

        Raises FeedError at a damaged record.
        """
        with _opened(self.path) as file:
            file.seek(after or self.end_of_header)
            while True:
                start = file.tell()
                found = self._record(file, start)
                if found is None:
                    return
                kind, payload = found
                yield Entry(self._decode(kind, payload, start), file.tell())

    def inputs(self) -> Iterator[Input]:
        """Yield every whole input. Raises FeedError at a damaged record."""
        return (entry.item for entry in self.entries())

    def end(self) -> int:
        """Return the offset where the last whole record ends, in bytes; reads the whole file."""
        end = self.end_of_header
        for entry in self.entries():
            end = entry.end
        return end

    def _read_header(self, file: BinaryIO) -> LogHeader:
        if file.read(len(MAGIC)) != MAGIC:
            raise file_error(self.path, "expected an input log of this program", "check the path")
        found = self._record(file, len(MAGIC))
        if found is None or found[0] != Kind.HEADER:
            raise file_error(
                self.path, "the log ends before its header", "nothing was recorded in it"
            )
        try:
            version = msgspec.json.decode(found[1]).get("version")
            if version not in READ_VERSIONS:
                raise file_error(
                    self.path,
                    f"expected version 1 or 2 of the input log, was {version}",
                    "read it with the version of the program that wrote it",
                )
            return msgspec.json.decode(found[1], type=LogHeader)
        except (ValueError, AttributeError, RecursionError) as error:
            raise file_error(self.path, f"its header is damaged ({error})", _RESTORE) from error

    def _record(self, file: BinaryIO, start: int) -> tuple[int, bytes] | None:
        """Return the record at `start`, None at the end or where the writer was interrupted."""
        head = file.read(HEAD_BYTES)
        if len(head) == HEAD_BYTES:
            found = read_head(head)
            payload = file.read(found[0]) if found else b""
            if found and len(payload) == found[0] and checksum(found[2], payload) == found[1]:
                return found[2], payload
            is_torn = found is not None and len(payload) < found[0]
            if not is_torn and not self._is_blank(file, start):
                raise file_error(self.path, f"the record at byte {start} is damaged", _RESTORE)
        self.torn_bytes = self.path.stat().st_size - start
        return None

    def _is_blank(self, file: BinaryIO, start: int) -> bool:
        """Return whether only zeros follow: space that was allocated but never written."""
        file.seek(start)
        while piece := file.read(_PIECE):
            if piece.count(0) != len(piece):
                return False
        return True

    def _decode(self, kind: int, payload: bytes, start: int) -> Input:
        try:
            if kind == Kind.TICKS:
                return decode_ticks(payload)
            if kind == Kind.OTHER:
                return decode_other(payload)
        except (ValueError, RecursionError) as error:
            raise file_error(
                self.path, f"the record at byte {start} cannot be read ({error})", _RESTORE
            ) from error
        raise file_error(
            self.path, f"the record at byte {start} is of the unknown kind {kind}",
            "read it with the version of the program that wrote it",
        )  # fmt: skip


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FeedError(f"{path}: cannot be read ({error.strerror})") from error
