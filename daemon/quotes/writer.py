"""Writes `quotes.map`: the last accepted row of each instrument, after the engine's turn."""

from __future__ import annotations

import mmap
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final
from zlib import crc32

from daemon.domain.instrument import Universe
from daemon.domain.ticks import Int64s
from daemon.files.replace import rename_durably
from daemon.market.rows import Rows
from daemon.quotes.layout import (
    CHECK_AT,
    CHECK_MASK,
    CONTENT,
    DAY_AT,
    DEPTH_AT,
    DEPTH_WORDS,
    HEADER,
    HEARTBEAT_WORD,
    MAGIC,
    SLOT_BYTES,
    VERSION,
    WORD,
    encode_instruments,
    slots_at,
)
from daemon.quotes.minute_bar import MinuteBar

_OWNER_ONLY: Final = 0o600
_WRITTEN: Final = struct.Struct(f"={DAY_AT - 1}q")
_NO_DEPTH: Final = bytes(DEPTH_WORDS * WORD)
_DAY: Final = slice(DAY_AT * WORD, DEPTH_AT * WORD)
_NO_DAY: Final = bytes(_DAY.stop - _DAY.start)
_FEW: Final = 3
"""Rows of which single values are faster than columns as lists."""
_DEPTH: Final = slice(DEPTH_AT * WORD, (DEPTH_AT + DEPTH_WORDS) * WORD)


class QuotesMap:
    """The file of one run, open for writing by its one daemon.

    A slot's sequence number is odd while the slot is written and even when it is whole. A reader
    on a machine that shows stores out of order sees by the check that it has read a mixture.
    """

    def __init__(self, path: Path, universe: Universe, *, now: int) -> None:
        """Make a new file with a slot for each instrument. `now` UTC ns. Raises OSError.

        Readers of an older one keep that one; its heartbeat stays where it is.
        """
        table = encode_instruments(universe.instruments)
        begin = slots_at(len(table))
        header = HEADER.pack(
            MAGIC, VERSION, SLOT_BYTES, len(universe), begin, HEADER.size, len(table), now
        )
        self._map = _make(path, header + table, begin + len(universe) * SLOT_BYTES)
        self._view = memoryview(self._map)
        self._words = self._view.cast("q")
        self._begin = begin
        self._count = len(universe)
        self._bars = [MinuteBar() for _ in range(self._count)]
        self._slot = bytearray(SLOT_BYTES)
        self._slot_words = memoryview(self._slot).cast("q")
        self._content = memoryview(self._slot)[CONTENT]
        self._depth = memoryview(self._slot)[_DEPTH]
        self._day = memoryview(self._slot)[_DAY]
        self._behind_sequence = memoryview(self._slot)[WORD:]

    def beat(self, now: int) -> None:
        """Say that the daemon lives. `now` UTC ns."""
        self._words[HEARTBEAT_WORD] = now

    def write(self, rows: Rows) -> None:
        """Show the last row of each instrument, and the open minute of all.

        A row outside of its session is not one that the engine believes: it is left out.
        """
        bars, count = self._bars, self._count
        if len(rows) <= _FEW:
            for row in range(len(rows)):
                values = _values(rows, row)
                if values[0] < count:
                    bars[values[0]].take(values[1], values[4], values[6])
                    self._write_slot(values, rows, row)
            return
        table = list(zip(*_columns(rows), strict=True))
        for values in table:
            if values[0] < count:
                bars[values[0]].take(values[1], values[4], values[6])
        last = {values[0]: row for row, values in enumerate(table)}
        last.pop(count, None)
        for row in last.values():
            self._write_slot(table[row], rows, row)

    def close(self) -> None:
        """Leave the file as it is, for readers; harmless twice."""
        self._words.release()
        self._view.release()
        self._map.close()

    def _write_slot(self, values: _Values, rows: Rows, row: int) -> None:
        at, _, ts, exchange_ts, ltp, ltq, volume, oi, bid, ask = values
        bar, slot = self._bars[at], self._slot
        _WRITTEN.pack_into(
            slot, WORD, ts, rows.input_no(row), exchange_ts, ltp, ltq,
            volume if volume > 0 else 0, oi if oi > 0 else 0, bid, ask,
            bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume,
        )  # fmt: skip
        depth, day = rows.sent.depth, rows.sent.day
        self._depth[:] = _NO_DEPTH if depth is None else depth[row].tobytes()
        self._day[:] = _NO_DAY if day is None else day[row].tobytes()
        begin = self._begin + at * SLOT_BYTES
        words, first = self._words, begin // WORD
        sequence = words[first]
        words[first] = sequence + 1
        self._slot_words[CHECK_AT] = crc32(self._content, (sequence + 2) & CHECK_MASK)
        self._map[begin + WORD : begin + SLOT_BYTES] = self._behind_sequence
        words[first] = sequence + 2


_Values = tuple[int, int, int, int, int, int, int, int, int, int]
"""(instrument, time of its bar, ts, exchange_ts, ltp, ltq, volume, oi, bid, ask) of a row."""


def _values(rows: Rows, row: int) -> _Values:
    """Return the values of one row."""
    sent, ts = rows.sent, rows.ts.item(row)
    return (
        rows.instrument.item(row),
        ts if rows.bar_ts is None else rows.bar_ts.item(row),
        ts,
        0 if sent.exchange_ts is None else sent.exchange_ts.item(row),
        rows.ltp.item(row),
        0 if sent.ltq is None else sent.ltq.item(row),
        -1 if sent.volume is None else sent.volume.item(row),
        0 if sent.oi is None else sent.oi.item(row),
        0 if rows.bid is None else rows.bid.item(row),
        0 if rows.ask is None else rows.ask.item(row),
    )


def _columns(rows: Rows) -> tuple[list[int], ...]:
    """Return the same values of many rows, as columns: lists are faster than single values."""
    sent, size = rows.sent, len(rows)
    ts = rows.ts.tolist()
    return (
        rows.instrument.tolist(),
        ts if rows.bar_ts is None else rows.bar_ts.tolist(),
        ts,
        _list(sent.exchange_ts, size),
        rows.ltp.tolist(),
        _list(sent.ltq, size),
        _list(sent.volume, size, absent=-1),
        _list(sent.oi, size),
        _list(rows.bid, size),
        _list(rows.ask, size),
    )


def _list(column: Int64s | None, size: int, absent: int = 0) -> list[int]:
    return [absent] * size if column is None else column.tolist()


def _make(path: Path, start: bytes, size: int) -> mmap.mmap:
    """Make a file of its own, all its space taken, and give it its name. Raises OSError.

    Space that is not there would end the process at the first write to it.
    """
    building = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        building.unlink()
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    handle = os.open(building, flags, _OWNER_ONLY)
    try:
        os.posix_fallocate(handle, 0, size)
        os.pwrite(handle, start, 0)
        mapped = mmap.mmap(handle, size)
        rename_durably(building, path)
    except BaseException:
        building.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return mapped
