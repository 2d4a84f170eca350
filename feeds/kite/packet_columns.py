"""Convert packets of one length to columns, and hold the matrix that keeps them.

Words are converted, not the fields of `wire.LAYOUTS`: one cast of a matrix of big-endian words
takes about half the time of a cast for each field of a structured array.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.ticks import ABSENT, DAY_FIELDS, Int32s, Int64s, Ticks
from feeds.kite.split import Intps
from feeds.kite.token_table import Uint32s
from feeds.kite.wire import (
    DAY_NAMES,
    FULL,
    INDEX_FULL,
    INDEX_QUOTE,
    LAYOUTS,
    LENGTHS,
    LEVELS,
    LTP,
    NS_PER_SECOND,
    QUOTE,
    word,
)

WORD: Final = np.dtype(">u4")
# The rows of the matrix that a block's int64 columns are views of, and their absent values.
_LTP, _LTQ, _VOLUME, _OI, _TIME = range(5)
_DAY: Final = slice(5, 5 + len(DAY_FIELDS))
_BID, _ASK, _BID_QUANTITY, _ASK_QUANTITY = range(_DAY.stop, _DAY.stop + 4)
_DEFAULTS: Final = np.array(
    [[0, 0, -1, -1, 0, *(0 for _ in DAY_FIELDS), ABSENT, ABSENT, 0, 0]], dtype=np.int64
).T
_SIDES: Final = slice(_BID, _ASK + 1)
_SIDE_QUANTITIES: Final = slice(_BID_QUANTITY, _ASK_QUANTITY + 1)

DEPTH_WORD: Final = word(FULL, "bids")
_BEST_ASK_WORD: Final = word(FULL, "asks")
_WORDS_PER_LEVEL: Final = (_BEST_ASK_WORD - DEPTH_WORD) // LEVELS


def _day_words(length: int) -> dict[int, int]:
    """Return the rows of the day's figures that a kind of packet has, with their words."""
    fields = LAYOUTS[length].names or ()
    return {
        _DAY.start + at: word(length, name) for at, name in enumerate(DAY_NAMES) if name in fields
    }


# length -> (words of the packet, rows of the matrix that they fill)
_FIELDS: Final[dict[int, tuple[Intps, Intps]]] = {
    length: (np.array(list(fields.values())), np.array(list(fields)))
    for length, fields in {
        LTP: {_LTP: word(LTP, "ltp")},
        INDEX_QUOTE: {_LTP: word(INDEX_QUOTE, "ltp"), **_day_words(INDEX_QUOTE)},
        INDEX_FULL: {
            _LTP: word(INDEX_FULL, "ltp"),
            _TIME: word(INDEX_FULL, "exchange_ts"),
            **_day_words(INDEX_FULL),
        },
        QUOTE: {
            _LTP: word(QUOTE, "ltp"),
            _LTQ: word(QUOTE, "ltq"),
            _VOLUME: word(QUOTE, "volume"),
            **_day_words(QUOTE),
        },
        FULL: {
            _LTP: word(FULL, "ltp"),
            _LTQ: word(FULL, "ltq"),
            _VOLUME: word(FULL, "volume"),
            _OI: word(FULL, "oi"),
            _TIME: word(FULL, "exchange_ts"),
            **_day_words(FULL),
            _BID: DEPTH_WORD + 1,
            _ASK: _BEST_ASK_WORD + 1,
            _BID_QUANTITY: DEPTH_WORD,
            _ASK_QUANTITY: _BEST_ASK_WORD,
        },
    }.items()
}
# length -> which of these words are times in seconds
_TIME_PLACES: Final = {
    length: [at for at, row in enumerate(into.tolist()) if row in (_TIME, _DAY.stop - 1)]
    for length, (_, into) in _FIELDS.items()
}


def as_ticks(
    ts: Int64s, instrument: Int32s, columns: Int64s, depth: Int64s | None, *, day: bool = True
) -> Ticks:
    """Return a block that views the matrix's rows, without those for quantities.

    `day` says whether the packets have figures of the day.
    """
    return Ticks(
        ts=ts,
        instrument=instrument,
        ltp=columns[_LTP],
        exchange_ts=columns[_TIME],
        bid=columns[_BID],
        ask=columns[_ASK],
        ltq=columns[_LTQ],
        volume=columns[_VOLUME],
        oi=columns[_OI],
        depth=depth,
        day=columns[_DAY].T if day else None,
    )


def tokens_of(buffer: bytes, starts: Intps) -> Uint32s:
    """Return the tokens of the packets at `starts`."""
    windows = np.ndarray((len(buffer) - 3,), WORD, buffer, 0, (1,))
    return windows[starts].astype(np.uint32)


def columns_of(
    buffer: bytes, starts: Intps, lengths: Intps | int, *, depth: bool
) -> tuple[Int64s, Int64s | None]:
    """Return the matrix of the packets at `starts`, and their depth if wanted and present."""
    if isinstance(lengths, int):
        if lengths == FULL:
            return _full(buffer, starts, depth=depth)
        columns = _empty(len(starts))
        columns[_FIELDS[lengths][1]] = _scalars(_words(buffer, starts, lengths), lengths)
        return columns, None
    columns, kept = _empty(len(starts)), None
    for length in LENGTHS:
        rows = np.flatnonzero(lengths == length)
        if not len(rows):
            continue
        if length == FULL:
            columns[:, rows], levels = _full(buffer, starts[rows], depth=depth)
            if levels is not None:
                kept = np.zeros((len(starts), *levels.shape[1:]), dtype=np.int64)
                kept[rows] = levels
        else:
            words = _words(buffer, starts[rows], length)
            columns[_FIELDS[length][1][:, None], rows] = _scalars(words, length)
    return columns, kept


def levels_of(words: Int64s) -> Int64s:
    """Return the depth (rows, 10, 3) from the words that follow full packets' other fields, in
    place.
    """
    depth = words.reshape(len(words), 2 * LEVELS, _WORDS_PER_LEVEL)
    orders = depth[:, :, 2]
    orders >>= 16  # the count shares its word with two bytes of padding
    return depth


def _full(buffer: bytes, starts: Intps, *, depth: bool) -> tuple[Int64s, Int64s | None]:
    words = _words(buffer, starts, FULL)
    columns = _scalars(words, FULL)
    if not columns[_BID:].all():
        sides, quantities = columns[_SIDES], columns[_SIDE_QUANTITIES]
        sides[(sides == 0) | (quantities == 0)] = ABSENT
    if not depth:
        return columns, None
    return columns, levels_of(words[:, DEPTH_WORD:].astype(np.int64))


def _words(buffer: bytes, starts: Intps, length: int) -> npt.NDArray[np.uint32]:
    """Return the packets at `starts`, all of one length, as a matrix of big-endian 4-byte words."""
    windows = np.ndarray((len(buffer) - length + 1,), f"V{length}", buffer, 0, (1,))
    return windows[starts].view(WORD).reshape(len(starts), length // 4)


def _empty(rows: int) -> Int64s:
    columns = np.empty((len(_DEFAULTS), rows), dtype=np.int64)
    columns[:] = _DEFAULTS
    return columns


def _scalars(words: npt.NDArray[np.uint32], length: int) -> Int64s:
    """Return all of a packet that a block keeps, except depth, in the order of `_FIELDS`."""
    columns = words.T[_FIELDS[length][0]].astype(np.int64)
    for place in _TIME_PLACES[length]:
        columns[place] *= NS_PER_SECOND
    return columns
