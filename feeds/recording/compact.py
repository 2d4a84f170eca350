"""Compact a finished log into one Parquet file: a third of the bytes, and readable by any tool.

The ticks are the rows. The other inputs are in the file's metadata, each with the number of rows
before it, so that the inputs come out in the same order.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from daemon.domain.carry_over import CarryOver
from daemon.domain.drawdown import EquityState
from daemon.domain.inputs import Input
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.errors import JournalIOError
from daemon.files.private import create_in
from daemon.files.replace import rename_durably, sync_to_disk
from feeds.files.native_writer import write_ticks
from feeds.files.parquet_ticks import NativeFile, ParquetTable
from feeds.files.recorded_files import file_error
from feeds.recording.format import COMPACTED, LogHeader, Other
from feeds.recording.reader import InputLog

_KEY: Final = b"run_fno_paper.inputs"


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a finished log: the journal's last event, and the state for the next day."""

    seq: int
    input_no: int
    carry: CarryOver = CarryOver()
    equity: EquityState | None = None


class _Extra(msgspec.Struct, frozen=True, kw_only=True):
    header: LogHeader
    ending: Ending
    others: list[tuple[int, Other]]


def compact(log: InputLog, ending: Ending) -> Path:
    """Write the finished log as Parquet next to it, then remove it; return the new file.

    Raises FeedError for a damaged log and JournalIOError if the file cannot be written; the log is
    kept then.
    """
    target = log.path.with_suffix(COMPACTED)
    others: list[tuple[int, Other]] = []
    rows = 0
    with_depth = with_day = False
    for item in log.inputs():
        if isinstance(item, Ticks):
            rows += len(item)
            with_depth = with_depth or item.depth is not None
            with_day = with_day or item.day is not None
        else:
            others.append((rows, item))
    extra = _Extra(header=log.header, ending=ending, others=others)
    partial = target.with_name(f".{target.name}.partial")
    blocks = (item for item in log.inputs() if isinstance(item, Ticks))
    try:
        partial.unlink(missing_ok=True)
        create_in(partial)
        write_ticks(
            partial,
            Universe(log.header.instruments),
            blocks,
            depth=with_depth,
            day=with_day,
            metadata={_KEY: _pack(extra)},
        )
        sync_to_disk(partial)
        rename_durably(partial, target)
        log.path.unlink()
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise JournalIOError(
            f"{target}: cannot be written ({error.strerror}); {log.path} is kept as it is"
        ) from error
    return target


class CompactedLog:
    """A finished recording. Raises FeedError if the file is not the recording of a live run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        data = (ParquetTable(path, 1).schema.metadata or {}).get(_KEY)
        if data is None:
            raise file_error(
                path, "expected the recording of a live run", "replay it with --replay"
            )
        try:
            self._extra = msgspec.json.decode(zlib.decompress(base64.b64decode(data)), type=_Extra)
        except (ValueError, zlib.error, msgspec.MsgspecError) as error:
            raise file_error(
                path, f"its inputs are damaged ({error})", "restore the file from a backup"
            ) from error

    @property
    def header(self) -> LogHeader:
        """Return the log's header."""
        return self._extra.header

    @property
    def ending(self) -> Ending:
        """Return where the log ends."""
        return self._extra.ending

    def inputs(self) -> Iterator[Input]:
        """Yield all inputs in order. Raises FeedError where the file is damaged."""
        rows, at, others = 0, 0, self._extra.others
        for block in NativeFile(self.path, depth=True, day=True).blocks(
            Universe(self.header.instruments)
        ):
            start = 0
            while at < len(others) and others[at][0] < rows + len(block):
                stop = others[at][0] - rows
                if stop > start:
                    yield block.rows(start, stop)
                yield others[at][1]
                start, at = stop, at + 1
            if start < len(block):
                yield block.rows(start, len(block))
            rows += len(block)
        yield from (item for _, item in others[at:])


def _pack(extra: _Extra) -> bytes:
    return base64.b64encode(zlib.compress(msgspec.json.encode(extra)))
