"""Stream JSON Lines recordings of Kite tick dicts, plain or gzip."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from feeds.files.columns import Column, array_of
from feeds.files.recorded_files import TruncatedFile, file_error, first_line, line_chunks
from feeds.files.table import Batch, matching

_DECODER: Final = msgspec.json.Decoder()
_CHUNK_BYTES: Final = 1 << 18
_WHOLE_COPY: Final = "get a whole copy of the file, or cut it before that row"


class JsonlTable:
    """A file with one JSON object per line; a key counts even if only later lines have it.

    Raises FeedError if it cannot be opened or its first line is not an object.
    """

    is_open: Final = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._decode(first_line(path).encode(), 1)
        self._all_read = False
        self.names: Sequence[str] = _keys(self._sample())

    def all_names(self) -> Sequence[str]:
        """Return the keys of all lines, reading the whole file if that was not done yet."""
        if not self._all_read:
            names = dict.fromkeys(self.names)
            for rows, _, _ in self._blocks():
                names |= dict.fromkeys(_keys(rows))
            self.names, self._all_read = list(names), True
        return self.names

    def batches(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[Batch]:
        """Yield the wanted keys as columns, taking each row's first key that it has.

        A key that no row of a block has is left out of that block. Raises FeedError after the rows
        before a line that is not JSON.
        """
        known: list[str] = []
        keys: dict[str, list[str]] = {}
        for rows, first, error in self._blocks():
            if rows:
                if (names := _keys(rows)) != known:
                    known, keys = names, _found(wanted, names)
                columns = {
                    ours: _column(rows, found, as_objects=ours == "depth")
                    for ours, found in keys.items()
                }
                size = len(rows)
                del rows
                yield Batch(first, columns, size)
                del columns
            if error is not None:
                raise error

    def _sample(self) -> list[dict[str, Any]]:
        """Return the readable rows of the first block. Raises FeedError if there are none."""
        rows, _, error = next(self._blocks(), ([], 1, None))
        if error is not None and not rows:
            raise error
        return rows

    def _blocks(self) -> Iterator[tuple[list[dict[str, Any]], int, Exception | None]]:
        """Yield rows, the number of the first one, and the error for the line after them."""
        row = 1
        chunks = line_chunks(self.path, _CHUNK_BYTES)
        try:
            for chunk in chunks:
                lines = [line for line in chunk.splitlines() if line.strip()]
                good, error = self._rows(lines, row)
                size = len(good)
                yield good, row, error
                row += size
                del good, lines  # free a block's objects before reading the next
                if error is not None:
                    return
        except TruncatedFile as cut:
            last = f"the last good row is {row - 1}" if row > 1 else "no row is readable"
            yield (
                [],
                row,
                file_error(
                    self.path, f"the file is cut or damaged ({cut}), {last}", _WHOLE_COPY, row=row
                ),
            )
        finally:
            chunks.close()  # type: ignore[attr-defined]

    def _rows(
        self, lines: list[bytes], first: int
    ) -> tuple[list[dict[str, Any]], Exception | None]:
        try:
            rows = [_DECODER.decode(line) for line in lines]
            if all(type(row) is dict for row in rows):
                return rows, None
        except (ValueError, RecursionError):
            pass
        rows = []
        for line in lines:
            try:
                rows.append(self._decode(line, first + len(rows)))
            except Exception as error:  # noqa: BLE001 - returned, and raised after the good rows
                return rows, error
        return rows, None

    def _decode(self, line: bytes, row: int) -> dict[str, Any]:
        try:
            value = json.loads(line)  # unlike msgspec, accepts the NaN that Python writes
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise file_error(
                self.path,
                f"expected a JSON object, was {line[:80]!r}",
                "mend or remove that line",
                row=row,
            )
        return value


def _keys(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the keys of the rows: the first row's in order, then the others' sorted."""
    first = rows[0] if rows else {}
    return [*first, *sorted(set().union(*rows) - first.keys())]


def _found(wanted: Mapping[str, Sequence[str]], names: Sequence[str]) -> dict[str, list[str]]:
    """Return our names mapped to the keys that these rows have for them."""
    found = {
        ours: list(dict.fromkeys(key for name in theirs for key in matching(name, names)))
        for ours, theirs in wanted.items()
    }
    return {ours: keys for ours, keys in found.items() if keys}


def _column(
    rows: list[dict[str, Any]], keys: Sequence[str], *, as_objects: bool
) -> Column | list[Any]:
    first, *others = keys
    values = [row.get(first) for row in rows]
    for at, row in enumerate(rows) if others else ():
        if first not in row:
            values[at] = next((row[key] for key in others if key in row), None)
    return values if as_objects else array_of(values)
