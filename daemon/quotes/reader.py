"""Reads `quotes.map` while its daemon writes it, or after that one has died."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.depth import Depth, depth_of
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import DEPTH_LEVELS
from daemon.errors import DaemonError, ExitCode
from daemon.quotes.layout import (
    CHECK_AT,
    CONTENT,
    DEPTH_AT,
    DEPTH_WORDS,
    FIELDS,
    HEADER,
    HEARTBEAT_WORD,
    MAGIC,
    SLOT_BYTES,
    VERSION,
    WORD,
    check_of,
    decode_instruments,
    slots_at,
)

STALE_AFTER_NS: Final = 3 * SECOND_NS
"""A daemon that lives beats at least each second."""
_TRIES: Final = 64
"""A write takes a microsecond or two; a writer that was killed in one never ends it."""
_FIELDS: Final = struct.Struct(f"<{len(FIELDS)}q")
_CHECK: Final = struct.Struct("<q")
_DEPTH_END: Final = DEPTH_AT + DEPTH_WORDS
_DEPTH_BYTES: Final = slice((DEPTH_AT - 1) * WORD, (_DEPTH_END - 1) * WORD)


class QuotesRefused(DaemonError):
    """A file is not there, or not a quotes map that this program reads."""

    exit_code = ExitCode.USAGE


class SharedQuote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last believed row of an instrument. Times UTC ns, prices paise, quantities in units.

    What the feed does not have is 0. `input_no` is that of the row, `bar_*` the open minute;
    `depth` is as it was sent, `bid` and `ask` are those that make sense.
    """

    ts: int
    input_no: int
    exchange_ts: int
    ltp: int
    ltq: int
    volume: int
    oi: int
    bid: int
    ask: int
    bar_ts: int
    bar_open: int
    bar_high: int
    bar_low: int
    bar_close: int
    bar_volume: int
    average_price: int
    buy_quantity: int
    sell_quantity: int
    day_open: int
    day_high: int
    day_low: int
    previous_close: int
    last_trade_ts: int
    depth: Depth


class QuotesReader:
    """One quotes map, open for reading. A restarted daemon makes another: see `is_replaced`."""

    def __init__(self, path: Path) -> None:
        """Map the file. Raises QuotesRefused where it is not there or cannot be understood."""
        self._path = path
        self._map, self._inode = _open(path)
        try:
            self.instruments, self._begin = _checked(path, self._map)
        except BaseException:
            self._map.close()
            raise
        self._view = memoryview(self._map)
        self._words = self._view[: self._begin + len(self.instruments) * SLOT_BYTES].cast("q")

    @property
    def heartbeat(self) -> int:
        """When the daemon last said that it lives, UTC ns."""
        return self._words[HEARTBEAT_WORD]

    def is_stale(self, now: int) -> bool:
        """Return whether the daemon is dead, or hangs, at `now` (UTC ns): its quotes are old."""
        return now - self.heartbeat > STALE_AFTER_NS

    def is_replaced(self) -> bool:
        """Return whether the path names another file by now, or none: then open it again."""
        try:
            return self._path.stat().st_ino != self._inode
        except OSError:
            return True

    def sequence(self, index: int) -> int:
        """Return a number that changes with every row of an instrument, 0 before the first."""
        return self._words[self._first(index) // WORD]

    def quote(self, index: int) -> SharedQuote | None:
        """Return the quote of an instrument, None before its first row.

        None also where no whole one can be had: the daemon was killed while it wrote, or has
        written each of 64 times that the slot was read.
        """
        first = self._first(index)
        for _ in range(_TRIES):
            before = self._words[first // WORD]
            if before == 0:
                return None
            content = self._map[first + CONTENT.start : first + CONTENT.stop]
            (check,) = _CHECK.unpack_from(self._map, first + CHECK_AT * WORD)
            is_whole = before % 2 == 0 and before == self._words[first // WORD]
            if is_whole and check == check_of(content, before):
                return _quote(content)
        return None

    def close(self) -> None:
        """Unmap the file; harmless twice."""
        self._words.release()
        self._view.release()
        self._map.close()

    def _first(self, index: int) -> int:
        if not 0 <= index < len(self.instruments):
            raise IndexError(f"expected an instrument below {len(self.instruments)}, was {index}")
        return self._begin + index * SLOT_BYTES


def _quote(content: bytes) -> SharedQuote:
    levels = np.frombuffer(content[_DEPTH_BYTES], dtype="<i8").reshape(2 * DEPTH_LEVELS, 3)
    fields = dict(zip(FIELDS, _FIELDS.unpack_from(content), strict=True))
    return SharedQuote(**fields, depth=depth_of(levels))


def _open(path: Path) -> tuple[mmap.mmap, int]:
    """Map the file, and return which one it is. Raises QuotesRefused."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise QuotesRefused(f"{path}: cannot be read ({error.strerror})") from error
    try:
        found = os.fstat(handle)
        if found.st_size < HEADER.size:
            raise QuotesRefused(f"{path}: is no quotes map, it has {found.st_size} bytes")
        return mmap.mmap(handle, found.st_size, prot=mmap.PROT_READ), found.st_ino
    finally:
        os.close(handle)


def _checked(path: Path, mapped: mmap.mmap) -> tuple[tuple[Instrument, ...], int]:
    """Return the instruments and where the slots begin. Raises QuotesRefused."""
    magic, version, slot_bytes, count, begin, table_at, table_bytes, _ = HEADER.unpack_from(mapped)
    if magic != MAGIC:
        raise QuotesRefused(f"{path}: is no quotes map")
    if (version, slot_bytes) != (VERSION, SLOT_BYTES):
        raise QuotesRefused(
            f"{path}: is of version {version} ({slot_bytes} bytes a slot), this program reads "
            f"version {VERSION} ({SLOT_BYTES}); restart the daemon and this one with one version"
        )
    if table_at != HEADER.size or table_bytes < 0 or begin != slots_at(table_bytes):
        raise QuotesRefused(f"{path}: is damaged, its instruments are not where they should be")
    try:
        instruments = decode_instruments(mapped[table_at : table_at + table_bytes])
    except msgspec.MsgspecError as error:
        raise QuotesRefused(f"{path}: is damaged, its instruments are no table") from error
    if len(instruments) != count or len(mapped) < begin + count * SLOT_BYTES:
        raise QuotesRefused(
            f"{path}: is damaged, it has {count} slots for {len(instruments)} instruments in "
            f"{len(mapped)} bytes"
        )
    return instruments, begin
