"""Kite's binary WebSocket frames become blocks of ticks: pure, vectorised, nothing lost unseen.

Packets in = ticks + counted rejects, whatever the bytes are. A packet's kind is its length
(domain.md section 1); everything is converted by column, since a Python object for each of a
full packet's 46 numbers is what makes the usual decoders slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from daemon.domain.instrument import Universe
from daemon.domain.ticks import ABSENT, UNKNOWN_INSTRUMENT, Int32s, Int64s, Ticks
from feeds.kite.split import FrameError, Intps, Packets, split
from feeds.kite.token_table import TokenTable, Uint32s
from feeds.kite.wire import (
    CURRENCY_SEGMENTS,
    FULL,
    HEADER,
    INDEX_FULL,
    INDEX_QUOTE,
    LENGTHS,
    LEVELS,
    LTP,
    NS_PER_SECOND,
    QUOTE,
    U16_MAX,
    word,
)

__all__ = ["Decoded", "FrameDecoder", "FrameError", "TokenTable", "is_heartbeat"]

CUT: Final = "cut"
UNKNOWN_LENGTH: Final = "unknown_length"
BAD_DIVISOR: Final = "bad_divisor"
UNKNOWN_TOKEN: Final = "unknown_token"  # noqa: S105  a reason, not a secret
REASONS: Final = (CUT, UNKNOWN_LENGTH, BAD_DIVISOR, UNKNOWN_TOKEN)
"""Why a packet gives no tick, in the order in which they are looked for: its frame ends before
it does; no kind has its length; prices that are not paise (currency); not in the universe."""


class Decoded(NamedTuple):
    """What frames held: `packets` = len(ticks) + the sum of `rejects`.

    `ticks` is None if there are none. `packets` is what the frames' headers claim. `rejects` has
    only the reasons that occurred (REASONS). `trailing` are bytes behind the last packet claimed.
    """

    ticks: Ticks | None
    packets: int
    rejects: dict[str, int]
    trailing: int = 0


def is_heartbeat(frame: bytes) -> bool:
    """True for the one-byte frame that only says that the link is alive."""
    return len(frame) == 1


# the rows of the matrix that a block's int64 columns are views of, and their absent values
_LTP, _LTQ, _VOLUME, _OI, _TIME, _BID, _ASK, _BID_QUANTITY, _ASK_QUANTITY = range(9)
_DEFAULTS: Final = np.array([[0, 0, -1, -1, 0, ABSENT, ABSENT, 0, 0]], dtype=np.int64).T
_SIDES: Final = slice(_BID, _ASK + 1)
_SIDE_QUANTITIES: Final = slice(_BID_QUANTITY, _ASK_QUANTITY + 1)

_DEPTH_WORD: Final = word(FULL, "bids")
_BEST_ASK_WORD: Final = word(FULL, "asks")
_WORDS_PER_LEVEL: Final = (_BEST_ASK_WORD - _DEPTH_WORD) // LEVELS
# length -> (words of the packet, rows of the matrix that they fill)
_TAKEN: Final[dict[int, tuple[Intps, Intps]]] = {
    length: (np.array(list(taken.values())), np.array(list(taken)))
    for length, taken in {
        LTP: {_LTP: word(LTP, "ltp")},
        INDEX_QUOTE: {_LTP: word(INDEX_QUOTE, "ltp")},
        INDEX_FULL: {_LTP: word(INDEX_FULL, "ltp"), _TIME: word(INDEX_FULL, "exchange_ts")},
        QUOTE: {
            _LTP: word(QUOTE, "ltp"),
            _LTQ: word(QUOTE, "ltq"),
            _VOLUME: word(QUOTE, "volume"),
        },
        FULL: {
            _LTP: word(FULL, "ltp"),
            _LTQ: word(FULL, "ltq"),
            _VOLUME: word(FULL, "volume"),
            _OI: word(FULL, "oi"),
            _TIME: word(FULL, "exchange_ts"),
            _BID: _DEPTH_WORD + 1,
            _ASK: _BEST_ASK_WORD + 1,
            _BID_QUANTITY: _DEPTH_WORD,
            _ASK_QUANTITY: _BEST_ASK_WORD,
        },
    }.items()
}
_IS_KNOWN: Final = np.isin(np.arange(U16_MAX + 1), LENGTHS)
_HAS_PAISE: Final = ~np.isin(np.arange(256), list(CURRENCY_SEGMENTS))
_WORD: Final = np.dtype(">u4")
# a frame of exactly one full packet: count, length, token, ltp, ltq, volume, oi, exchange
# timestamp, then quantity and price of the best bid and of the best ask
_ONE_FULL: Final = Struct(">HH III 4x I 28x I 8x I II 52x II 52x")
_ONE_FULL_DEPTH: Final = 2 * HEADER + 4 * _DEPTH_WORD


class FrameDecoder:
    """Turns frames into blocks for one universe; `depth` says whether the five levels are kept."""

    def __init__(self, universe: Universe, *, depth: bool = True) -> None:
        self._table = TokenTable(universe)
        self._depth = depth

    def decode(self, frames: Sequence[tuple[int, bytes]]) -> Decoded:
        """All packets of the frames, each given as (time of arrival in UTC ns, bytes), as a block.

        Rows are in order of arrival and have the time of their frame. Prices are taken as they
        are, an ltp of 0 too; a side of the book without quantity or price is ABSENT. What a kind
        does not carry has the absent value that `Ticks` names. Raises FrameError, and nothing
        else, if a frame has no readable header; then nothing was decoded.
        """
        if len(frames) == 1:
            ts, buffer = frames[0]
            if len(buffer) == _ONE_FULL.size:
                ticks = self._one_full(ts, buffer)
                if ticks is not None:
                    return Decoded(ticks, 1, {})
            packets = split(buffer, (len(buffer),))
        elif frames:
            bodies = [body for _, body in frames]
            buffer = b"".join(bodies)
            packets = split(buffer, [len(body) for body in bodies])
        else:
            return Decoded(None, 0, {})
        times = np.array([ts for ts, _ in frames], dtype=np.int64)
        return self._decode(buffer, packets, times)

    def _one_full(self, ts: int, buffer: bytes) -> Ticks | None:
        """The commonest frame of a quiet market with the fewest steps; None if it is not that."""
        (
            count, length, token, ltp, ltq, volume, oi, time,
            bid_quantity, bid, ask_quantity, ask,
        ) = _ONE_FULL.unpack_from(buffer)  # fmt: skip
        index = self._table.index_of(token)
        if count != 1 or length != FULL or index == UNKNOWN_INSTRUMENT:
            return None
        bid = bid if bid and bid_quantity else ABSENT
        ask = ask if ask and ask_quantity else ABSENT
        time *= NS_PER_SECOND
        columns = np.array((ltp, ltq, volume, oi, time, bid, ask, ts), dtype=np.int64)
        depth = None
        if self._depth:
            words = np.ndarray((1, 2 * LEVELS * _WORDS_PER_LEVEL), _WORD, buffer, _ONE_FULL_DEPTH)
            depth = _levels(words.astype(np.int64))
        return _as_ticks(
            columns[7:], np.array((index,), dtype=np.int32), columns.reshape(8, 1), depth
        )

    def _decode(self, buffer: bytes, packets: Packets, times: Int64s) -> Decoded:
        """Reject, count, convert; `times` has one entry a frame."""
        rejects = {CUT: packets.cut} if packets.cut else {}
        claimed = len(packets.starts) + packets.cut
        packets = _of_known_length(packets, rejects)
        ticks = None
        if len(packets.starts):
            tokens = _tokens(buffer, packets.starts)
            instrument, known = self._table.find(tokens)
            if known is not None:
                _count_strangers(tokens[~known], rejects)
                packets, instrument = _keep(packets, known), instrument[known]
            if len(instrument):
                of = packets.frames
                ts = (
                    times[of : of + 1].repeat(len(instrument)) if isinstance(of, int) else times[of]
                )
                ticks = self._convert(buffer, packets, ts, instrument)
        return Decoded(ticks, claimed, rejects, packets.trailing)

    def _convert(self, buffer: bytes, packets: Packets, ts: Int64s, instrument: Int32s) -> Ticks:
        starts, lengths = packets.starts, packets.lengths
        if lengths == FULL if isinstance(lengths, int) else (lengths == FULL).all():
            words = _words(buffer, starts, FULL)
            columns = words.T[_TAKEN[FULL][0]].astype(np.int64)
            depth = _levels(words[:, _DEPTH_WORD:].astype(np.int64)) if self._depth else None
            return _as_ticks(ts, instrument, _finish(columns), depth)
        columns = np.repeat(_DEFAULTS, len(starts), axis=1)
        depth = None
        for length in LENGTHS:
            rows = np.flatnonzero(np.broadcast_to(lengths == length, len(starts)))
            if not len(rows):
                continue
            words = _words(buffer, starts[rows], length)
            taken, into = _TAKEN[length]
            part = words.T[taken].astype(np.int64)
            columns[into[:, None], rows] = _finish(part) if length == FULL else part
            if length == FULL and self._depth:
                depth = np.zeros((len(starts), 2 * LEVELS, 3), dtype=np.int64)
                depth[rows] = _levels(words[:, _DEPTH_WORD:].astype(np.int64))
            elif length == INDEX_FULL:
                columns[_TIME, rows] *= NS_PER_SECOND
        return _as_ticks(ts, instrument, columns, depth)


def _as_ticks(ts: Int64s, instrument: Int32s, columns: Int64s, depth: Int64s | None) -> Ticks:
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
    )


def _words(buffer: bytes, starts: Intps, length: int) -> npt.NDArray[np.uint32]:
    """The packets at `starts`, all of one length, as a matrix of big-endian 4-byte words."""
    windows = np.ndarray((len(buffer) - length + 1,), f"V{length}", buffer, 0, (1,))
    return windows[starts].view(_WORD).reshape(len(starts), length // 4)


def _tokens(buffer: bytes, starts: Intps) -> Uint32s:
    windows = np.ndarray((len(buffer) - 3,), _WORD, buffer, 0, (1,))
    return windows[starts].astype(np.uint32)


def _finish(columns: Int64s) -> Int64s:
    """The raw numbers of full packets in the units of a block, in place."""
    columns[_TIME] *= NS_PER_SECOND
    sides, quantities = columns[_SIDES], columns[_SIDE_QUANTITIES]
    if not columns[_BID:].all():
        sides[(sides == 0) | (quantities == 0)] = ABSENT
    return columns


def _levels(words: Int64s) -> Int64s:
    """The depth (rows, 10, 3) of the words behind a full packet's header, in place."""
    depth = words.reshape(len(words), 2 * LEVELS, _WORDS_PER_LEVEL)
    orders = depth[:, :, 2]
    orders >>= 16  # the count shares its word with two bytes of padding
    return depth


def _of_known_length(packets: Packets, rejects: dict[str, int]) -> Packets:
    """The packets of a kind that there is; the others are counted."""
    lengths, packets_in = packets.lengths, len(packets.starts)
    if isinstance(lengths, int):
        if lengths in LENGTHS or not packets_in:
            return packets
        known = np.zeros(packets_in, dtype=np.bool_)
    else:
        known = _IS_KNOWN[lengths]
        if known.all():
            return packets
    kept = _keep(packets, known)
    rejects[UNKNOWN_LENGTH] = packets_in - len(kept.starts)
    return kept


def _count_strangers(tokens: Uint32s, rejects: dict[str, int]) -> None:
    """Count packets whose instrument is not found, those of currency segments for themselves."""
    unknown = int(np.count_nonzero(_HAS_PAISE[tokens & 0xFF]))
    if unknown < len(tokens):
        rejects[BAD_DIVISOR] = len(tokens) - unknown
    if unknown:
        rejects[UNKNOWN_TOKEN] = unknown


def _keep(packets: Packets, kept: npt.NDArray[np.bool_]) -> Packets:
    lengths, frames = packets.lengths, packets.frames
    return packets._replace(
        starts=packets.starts[kept],
        lengths=lengths if isinstance(lengths, int) else lengths[kept],
        frames=frames if isinstance(frames, int) else frames[kept],
    )
