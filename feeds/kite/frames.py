"""Decode Kite's binary WebSocket frames into blocks of ticks: pure, vectorised, fully counted.

Packets in = ticks + counted refusals, whatever the bytes are. A packet's kind is its length
(Kite Connect's documentation, WebSocket). Everything is converted by column: a Python object for
each of a full packet's 46 numbers is what makes the usual decoders slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from daemon.domain.instrument import Universe
from daemon.domain.ticks import ABSENT, UNKNOWN_INSTRUMENT, Int64s, Ticks
from feeds.kite.packet_columns import (
    DEPTH_WORD,
    WORD,
    as_ticks,
    columns_of,
    levels_of,
    tokens_of,
)
from feeds.kite.split import FrameError, Intps, Packets, split
from feeds.kite.token_table import TokenTable, Uint32s
from feeds.kite.wire import CURRENCY_SEGMENTS, FULL, HEADER, LENGTHS, LTP, NS_PER_SECOND, U16_MAX

__all__ = ["Decoded", "FrameDecoder", "FrameError", "TokenTable"]

CUT: Final = "cut"
UNKNOWN_LENGTH: Final = "unknown_length"
BAD_DIVISOR: Final = "bad_divisor"
UNKNOWN_TOKEN: Final = "unknown_token"  # noqa: S105  a reason, not a secret
REASONS: Final = (CUT, UNKNOWN_LENGTH, BAD_DIVISOR, UNKNOWN_TOKEN)
"""Why a packet gives no tick, in the order checked: its frame ends before it does; no kind has
its length; its prices are not paise (currency); its instrument is not in the universe."""


class Decoded(NamedTuple):
    """The content of frames: `packets` = len(ticks) + the sum of `refused`.

    `ticks` is None if there are none. `packets` is the number that the frames' headers claim.
    `refused` has only the reasons that occurred (REASONS). `trailing` counts bytes behind the last
    packet claimed.
    """

    ticks: Ticks | None
    packets: int
    refused: dict[str, int]
    trailing: int = 0


# A full packet: length, token, ltp, ltq, average price, volume, the day's other figures, time of
# the last trade, oi, exchange timestamp, then quantity and price of the best bid and the best ask.
_FULL: Final = Struct(">H III I I IIIIII I I 8x I II 52x II 52x")
_LEVEL_WORDS: Final = FULL // 4 - DEPTH_WORD
FEW: Final = 8
"""Up to this many full packets are decoded one by one; by measurement columns win from ten."""


_IS_KNOWN: Final = np.isin(np.arange(U16_MAX + 1), LENGTHS)
_HAS_PAISE: Final = ~np.isin(np.arange(256), list(CURRENCY_SEGMENTS))


class FrameDecoder:
    """Decodes frames into blocks for one universe; `depth` keeps the five levels."""

    def __init__(self, universe: Universe, *, depth: bool = True) -> None:
        self._table = TokenTable(universe)
        self._depth = depth

    def decode(self, frames: Sequence[tuple[int, bytes]]) -> Decoded:
        """Decode all packets of the frames, each (time of arrival in UTC ns, bytes), into one
        block.

        Rows are in order of arrival and have the time of their frame. Prices are taken unchanged,
        even an ltp of 0; a side of the book without quantity or price is ABSENT. A field that a
        kind does not carry has the absent value of `Ticks`. Raises only FrameError, if a frame has
        no readable header; then nothing was decoded.
        """
        if len(frames) <= FEW:
            ticks = self._few_full(frames)
            if ticks is not None:
                return Decoded(ticks, len(ticks), {})
        if len(frames) == 1:
            buffer = frames[0][1]
            packets = split(buffer, (len(buffer),))
        elif frames:
            bodies = [body for _, body in frames]
            buffer = b"".join(bodies)
            packets = split(buffer, [len(body) for body in bodies])
        else:
            return Decoded(None, 0, {})
        times = np.array([ts for ts, _ in frames], dtype=np.int64)
        return self._decode(buffer, packets, times)

    def _few_full(self, frames: Sequence[tuple[int, bytes]]) -> Ticks | None:
        """Decode a few full packets, as in a quiet market, in the fewest steps; None otherwise."""
        rows: list[tuple[int, ...]] = []
        places: list[tuple[bytes, int]] = []
        for ts, buffer in frames:
            count, odd = divmod(len(buffer) - HEADER, _FULL.size)
            if odd or not 0 < count <= FEW - len(rows):
                return None
            if buffer[:HEADER] != count.to_bytes(HEADER, "big"):
                return None
            for start in range(HEADER, len(buffer), _FULL.size):
                (
                    length, token, ltp, ltq, average, volume, buys, sells, opened, high, low, close,
                    traded, oi, time, bid_quantity, bid, ask_quantity, ask,
                ) = _FULL.unpack_from(buffer, start)  # fmt: skip
                index = self._table.index_of(token)
                if length != FULL or index == UNKNOWN_INSTRUMENT:
                    return None
                bid = bid if bid and bid_quantity else ABSENT
                ask = ask if ask and ask_quantity else ABSENT
                rows.append((
                    ltp, ltq, volume, oi, time * NS_PER_SECOND, average, buys, sells, opened, high,
                    low, close, traded * NS_PER_SECOND, bid, ask, ts, index,
                ))  # fmt: skip
                places.append((buffer, start + HEADER + 4 * DEPTH_WORD))
        if not rows:
            return None
        columns = np.array(rows, dtype=np.int64).T
        depth = None
        if self._depth:
            words = [np.ndarray((1, _LEVEL_WORDS), WORD, *place) for place in places]
            together = words[0] if len(words) == 1 else np.concatenate(words)
            depth = levels_of(together.astype(np.int64))
        return as_ticks(columns[-2], columns[-1].astype(np.int32), columns, depth)

    def _decode(self, buffer: bytes, packets: Packets, times: Int64s) -> Decoded:
        """Reject, count and convert packets; `times` has one entry per frame."""
        refused = {CUT: packets.cut} if packets.cut else {}
        claimed = len(packets.starts) + packets.cut
        packets = _of_known_length(packets, refused)
        ticks = None
        if len(packets.starts):
            tokens = tokens_of(buffer, packets.starts)
            instrument, known = self._table.find(tokens)
            if known is not None:
                _count_unknown(tokens[~known], refused)
                packets, instrument = _keep(packets, known), instrument[known]
            if len(instrument):
                of = packets.frames
                ts = (
                    times[of : of + 1].repeat(len(instrument)) if isinstance(of, int) else times[of]
                )
                columns, depth = columns_of(
                    buffer, packets.starts, packets.lengths, depth=self._depth
                )
                ticks = as_ticks(ts, instrument, columns, depth, day=_has_day(packets.lengths))
        return Decoded(ticks, claimed, refused, packets.trailing)


def _has_day(lengths: Intps | int) -> bool:
    """Return False if all packets are of the one kind that has nothing but a price."""
    return not isinstance(lengths, int) or lengths != LTP


def _of_known_length(packets: Packets, refused: dict[str, int]) -> Packets:
    """Return the packets of known kinds; count the others."""
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
    refused[UNKNOWN_LENGTH] = packets_in - len(kept.starts)
    return kept


def _count_unknown(tokens: Uint32s, refused: dict[str, int]) -> None:
    """Count packets whose instrument is unknown, those of currency segments separately."""
    unknown = int(np.count_nonzero(_HAS_PAISE[tokens & 0xFF]))
    if unknown < len(tokens):
        refused[BAD_DIVISOR] = len(tokens) - unknown
    if unknown:
        refused[UNKNOWN_TOKEN] = unknown


def _keep(packets: Packets, kept: npt.NDArray[np.bool_]) -> Packets:
    lengths, frames = packets.lengths, packets.frames
    return packets._replace(
        starts=packets.starts[kept],
        lengths=lengths if isinstance(lengths, int) else lengths[kept],
        frames=frames if isinstance(frames, int) else frames[kept],
    )
