"""The recorded quotes of one instrument around the times that matter, as columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from daemon.domain.dates import ist_date
from daemon.domain.depth import SOUND, depth_faults
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import Int64s

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


class QuoteColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted rows of one instrument in its sessions, in order. UTC ns, paise, units.

    Bid and ask are 0 where absent; `depth` is None without levels, else of shape (rows, 10, 3).
    `book` is the row whose levels stand at each row, -1 where there are none yet: a row whose book
    has a fault keeps the book before it.
    """

    instrument: Instrument
    ts: Int64s
    ltp: Int64s
    bid: Int64s
    ask: Int64s
    ltq: Int64s
    volume: Int64s
    depth: Int64s | None
    book: Int64s
    days: Int64s
    """The opens of its sessions (UTC ns), one for each date with rows."""

    def last_at(self, ts: Int64s | int) -> Places:
        """Return the row in force at each time, -1 before the first."""
        return np.searchsorted(self.ts, ts, side="right") - 1

    def next_from(self, ts: Int64s) -> Places:
        """Return the first row at or after each time; past the end after the last."""
        return np.searchsorted(self.ts, ts, side="left")

    def has_day(self, date: dt.date) -> bool:
        """Return whether there are rows of an Indian date."""
        return any(ist_date(opens) == date for opens in self.days.tolist())


class Silences(msgspec.Struct, frozen=True, kw_only=True):
    """When the whole recording was silent for longer than the daemon believes a quote (UTC ns).

    `starts` are its last rows before a silence, `ends` the first after it.
    """

    starts: Int64s
    ends: Int64s
    stale_after_ns: int

    def between(self, first: Int64s, last: Int64s) -> Bools:
        """Return where a silence had become too long at some time from a row to a moment."""
        at = np.searchsorted(self.ends, first, side="right")
        known = at < len(self.starts)
        starts = self.starts[np.minimum(at, len(self.starts) - 1)]
        silent: Bools = known & (starts + self.stale_after_ns < last)
        return silent


class Piece(msgspec.Struct, frozen=True):
    """Some rows of an instrument, as they were gathered."""

    ts: Int64s
    ltp: Int64s
    bid: Int64s
    ask: Int64s
    ltq: Int64s
    volume: Int64s
    depth: Int64s | None


def joined(instrument: Instrument, pieces: Sequence[Piece], days: Sequence[int]) -> QuoteColumns:
    """Return the pieces of an instrument as one."""
    opens = np.array(sorted(days), dtype=np.int64)
    ts = np.concatenate([piece.ts for piece in pieces])
    depth = _depth(pieces)
    return QuoteColumns(
        instrument=instrument, ts=ts, days=opens, depth=depth,
        ltp=np.concatenate([piece.ltp for piece in pieces]),
        bid=np.concatenate([piece.bid for piece in pieces]),
        ask=np.concatenate([piece.ask for piece in pieces]),
        ltq=np.concatenate([piece.ltq for piece in pieces]),
        volume=np.concatenate([piece.volume for piece in pieces]),
        book=_books(ts, depth, opens),
    )  # fmt: skip


def _depth(pieces: Sequence[Piece]) -> Int64s | None:
    if all(piece.depth is None for piece in pieces):
        return None
    empty = np.zeros((1, 10, 3), dtype=np.int64)
    return np.concatenate(
        [
            np.broadcast_to(empty, (len(piece.ts), 10, 3)) if piece.depth is None else piece.depth
            for piece in pieces
        ]
    )


def _books(ts: Int64s, depth: Int64s | None, opens: Int64s) -> Int64s:
    """Return the row whose levels stand at each row; a day begins without."""
    if depth is None:
        return np.full(len(ts), -1, dtype=np.int64)
    sound = depth_faults(depth) == SOUND
    rows = np.maximum.accumulate(np.where(sound, np.arange(len(ts)), -1))
    day = np.searchsorted(opens, ts, side="right")
    rows[(rows >= 0) & (day != day[rows])] = -1
    return rows
