"""Rows of JSON by number, compressed: a journal of years has more of them than fit as they are."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

CHUNK_ROWS: Final = 512
_LEVEL: Final = 3
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(list[msgspec.Raw])


class RowStore:
    """Rows that are only added. The newest are kept as they are, the others in chunks."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._newest: list[bytes] = []

    def __len__(self) -> int:
        return len(self._chunks) * CHUNK_ROWS + len(self._newest)

    def append(self, row: bytes) -> None:
        """Add a row of JSON."""
        self._newest.append(row)
        if len(self._newest) == CHUNK_ROWS:
            rows = _encoder.encode([msgspec.Raw(row) for row in self._newest])
            self._chunks.append(zlib.compress(rows, _LEVEL))
            self._newest = []

    def rows(self, first: int, last: int) -> list[msgspec.Raw]:
        """Return the rows `first` to `last` (excluded), by number from 0."""
        found: list[msgspec.Raw] = []
        for number in range(first // CHUNK_ROWS, -(-last // CHUNK_ROWS)):
            begin = number * CHUNK_ROWS
            found += self._chunk(number)[max(0, first - begin) : last - begin]
        return found

    def _chunk(self, number: int) -> list[msgspec.Raw]:
        if number < len(self._chunks):
            return _decoder.decode(zlib.decompress(self._chunks[number]))
        return [msgspec.Raw(row) for row in self._newest]
