"""JSON Lines recordings of Kite tick dicts, plain or gzip."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from feeds.columns import Column
from feeds.files import CutFile, fault, first_line, line_chunks
from feeds.table import Batch

_DECODER: Final = msgspec.json.Decoder()
_BOOK: Final = {"bid": "buy", "ask": "sell"}
_WHOLE_COPY: Final = "get a whole copy of the file, or cut it before that row"


class JsonlTable:
    """One JSON object a line; the best bid and ask are found in Kite's `depth`.

    Raises FeedError if it cannot be opened or its first line is no object.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        first = self._decode(first_line(path).encode(), 1)
        self.names = list(first)
        if isinstance(first.get("depth"), dict):
            self.names += [each for each in _BOOK if each not in first]

    def batches(self, wanted: Mapping[str, str]) -> Iterator[Batch]:
        """The wanted keys; rows before a line that is not JSON are given, then FeedError."""
        row = 1
        chunks = line_chunks(self.path, 1 << 18)
        try:
            for chunk in chunks:
                lines = [line for line in chunk.splitlines() if line.strip()]
                good, error = self._rows(lines, row)
                if good:
                    yield Batch(row, {ours: _column(good, key) for ours, key in wanted.items()})
                row += len(good)
                if error is not None:
                    raise error
        except CutFile as error:
            last = f"the last good row is {row - 1}" if row > 1 else "no row is readable"
            raise fault(
                self.path, f"the file is cut or damaged ({error}), {last}", _WHOLE_COPY, row=row
            ) from error
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
            except Exception as error:  # noqa: BLE001 - given back, raised after the good rows
                return rows, error
        return rows, None

    def _decode(self, line: bytes, row: int) -> dict[str, Any]:
        try:
            value = json.loads(line)  # this one accepts the NaN that Python writes
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise fault(
                self.path,
                f"expected a JSON object, was {line[:80]!r}",
                "mend or remove that line",
                row=row,
            )
        return value


def _column(rows: list[dict[str, Any]], key: str) -> Column:
    if key in _BOOK:
        values = [row[key] if key in row else _best(row, _BOOK[key]) for row in rows]
    else:
        values = [row.get(key) for row in rows]
    try:
        return pa.array(values)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode("utf-8", "replace").decode()
    return repr(value)


def _best(row: dict[str, Any], side: str) -> object:
    """The best price of a side, None where Kite's empty level (all zeros) stands for none."""
    depth = row.get("depth")
    levels = depth.get(side) if isinstance(depth, dict) else None
    best = levels[0] if isinstance(levels, list) and levels else None
    if not isinstance(best, dict) or (not best.get("price") and not best.get("quantity")):
        return None
    return best.get("price")
