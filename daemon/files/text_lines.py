"""Lines of text files, none of which may take more memory than a line should."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final

LINE_MAX: Final = 1 << 20
"""Bytes of one line, its end not counted. A row of a recording has a few hundred."""

STORED_MAX: Final = 256 << 20
"""Bytes of a file that is read as a whole: a run's JSON, a cached instrument dump."""


class LongLine(Exception):
    """A line, or one record over several lines, is longer than LINE_MAX.

    `line` is where it begins, from 1.
    """

    def __init__(self, line: int) -> None:
        super().__init__(
            f"longer than {LINE_MAX:,} bytes (a quote left open, or not a file of lines)"
        )
        self.line = line


def read_stored(path: Path) -> bytes:
    """Return a whole file. Raises ValueError, having read no more, beyond STORED_MAX; OSError."""
    with path.open("rb") as file:
        data = file.read(STORED_MAX + 1)
    if len(data) > STORED_MAX:
        raise ValueError(f"larger than {STORED_MAX >> 20} MiB")
    return data


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines with their ends, one in memory at a time. Raises LongLine, OSError."""
    number = 0
    while line := file.readline(LINE_MAX + 1):
        number += 1
        if len(line) > LINE_MAX and not line.endswith(b"\n"):
            raise LongLine(number)
        yield line


class RecordLines:
    """Text lines for a `csv` reader, which joins lines for as long as a quote is open.

    Whoever takes the records calls `begin_record` after each. Raises LongLine.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._line = 0
        self._first = 1
        self._size = 0

    def __iter__(self) -> RecordLines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LINE_MAX + 1)
        if not line:
            raise StopIteration
        self._line += 1
        self._size += len(line)
        if self._size > LINE_MAX:
            raise LongLine(self._first)
        return line

    def begin_record(self) -> None:
        """Count from here: a record was read, and the next line begins another."""
        self._first = self._line + 1
        self._size = 0


def csv_records(file: IO[str]) -> Iterator[list[str]]:
    """Yield the records of a CSV, one in memory at a time. Raises LongLine, csv.Error, OSError."""
    lines = RecordLines(file)
    for record in csv.reader(lines):
        lines.begin_record()
        yield record
