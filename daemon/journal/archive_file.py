"""An archive: the events of finished days in one self-contained compressed file.

Gzip of JSON lines: a header, then one event a line as `export` writes it. The hash chain is not
stored row by row; it is recomputed from the events between the two hashes in the header.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from daemon.domain.events import TradingEvent
from daemon.errors import JournalCorrupt, JournalIOError
from daemon.files.replace import replacing
from daemon.journal.schema import JournalMeta, chain
from daemon.journal.verify import decoded_event

ARCHIVE_VERSION: Final = 1
ARCHIVES: Final = "archive"
"""The directory of archives next to the journal."""
_LEVEL: Final = 4
_ADVICE: Final = "restore this file from a backup; the journal itself does not need it to start"


class ArchiveHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Whose events they are and between which links of the chain (hashes in hex, ts UTC ns)."""

    archive_version: int
    meta: JournalMeta
    first_seq: int
    last_seq: int
    first_ts: int
    last_ts: int
    hash_before: str
    hash: str


def archive_name(first_seq: int, last_seq: int) -> str:
    """Return the name of the file for these events."""
    return f"events-{first_seq:012d}-{last_seq:012d}.jsonl.gz"


def write_archive(path: Path, header: ArchiveHeader, lines: Iterator[bytes]) -> None:
    """Write an archive complete and synced, or not at all. Raises OSError."""
    with (
        replacing(path) as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0, filename="") as file,
    ):
        file.write(msgspec.json.encode(header) + b"\n")
        for line in lines:
            file.write(line + b"\n")


def read_archive(
    path: Path, meta: JournalMeta, *, before: bytes, end: bytes
) -> Iterator[TradingEvent]:
    """Yield an archive's events, checked against the chain from the hash `before` to `end`.

    Raises JournalCorrupt at the first difference, at the latest after the last event, and
    JournalIOError if the disk cannot be read.
    """
    link, seq = before, -1
    try:
        with gzip.open(path, "rb") as file:
            header = _header(path, file.readline())
            if header.meta != meta:
                raise JournalCorrupt(f"{path}: is of another journal; {_ADVICE}")
            seq = header.first_seq - 1
            for line in file:
                seq += 1
                body = line.removesuffix(b"\n")
                link = chain(link, body)
                event = decoded_event(path, seq, body)
                if event.seq != seq:
                    raise JournalCorrupt(f"{path}: expected event {seq}, was {event.seq}")
                yield event
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:  # gzip's own have none
            raise JournalIOError(f"{path}: cannot be read ({error.strerror})") from error
        raise JournalCorrupt(f"{path}: cannot be read ({error}); {_ADVICE}") from error
    if link != end or seq != header.last_seq:
        raise JournalCorrupt(f"{path}: does not end with the hash it was archived with; {_ADVICE}")


def _header(path: Path, line: bytes) -> ArchiveHeader:
    try:
        header = msgspec.json.decode(line, type=ArchiveHeader)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(f"{path}: its header cannot be read ({error}); {_ADVICE}") from error
    if header.archive_version != ARCHIVE_VERSION:
        raise JournalCorrupt(
            f"{path}: its archive_version is {header.archive_version}, this program reads "
            f"{ARCHIVE_VERSION}"
        )
    return header
