"""Define the layout of each kind of Kite's binary packets, told apart by length.

See Kite Connect's documentation, WebSocket.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final, Literal

import numpy as np

LTP: Final = 8
INDEX_QUOTE: Final = 28
INDEX_FULL: Final = 32
QUOTE: Final = 44
FULL: Final = 184
Mode = Literal["ltp", "quote", "full"]
KINDS: Final[dict[Mode, tuple[int, int]]] = {
    "ltp": (LTP, LTP),
    "quote": (QUOTE, INDEX_QUOTE),
    "full": (FULL, INDEX_FULL),
}
"""Mode -> length of a contract's packet, and of an index's."""
LENGTHS: Final = (LTP, INDEX_QUOTE, INDEX_FULL, QUOTE, FULL)

HEADER: Final = 2
"""Bytes of the count before a frame's packets, and of the length before each packet."""
U16_MAX: Final = 0xFFFF
U32_MAX: Final = 0xFFFF_FFFF
LEVELS: Final = 5
NS_PER_SECOND: Final = 1_000_000_000

CURRENCY_SEGMENTS: Final = frozenset((3, 6, 12))
"""CDS, BCD and NCO, by the token's low byte: their prices are not paise (1e7 and 1e4)."""

_LEVEL: Final = np.dtype([("quantity", ">u4"), ("price", ">u4"), ("orders", ">u2"), ("pad", ">u2")])
_LTP_FIELDS: Final = [("token", ">u4"), ("ltp", ">u4")]
_INDEX_FIELDS: Final = [
    *_LTP_FIELDS,
    ("high", ">u4"),
    ("low", ">u4"),
    ("open", ">u4"),
    ("close", ">u4"),
    ("change", ">i4"),
]
_QUOTE_FIELDS: Final = [
    *_LTP_FIELDS,
    ("ltq", ">u4"),
    ("average_price", ">u4"),
    ("volume", ">u4"),
    ("buy_quantity", ">u4"),
    ("sell_quantity", ">u4"),
    ("open", ">u4"),
    ("high", ">u4"),
    ("low", ">u4"),
    ("close", ">u4"),
]
LAYOUTS: Final[dict[int, np.dtype[np.void]]] = {
    LTP: np.dtype(_LTP_FIELDS),
    INDEX_QUOTE: np.dtype(_INDEX_FIELDS),
    INDEX_FULL: np.dtype([*_INDEX_FIELDS, ("exchange_ts", ">u4")]),
    QUOTE: np.dtype(_QUOTE_FIELDS),
    FULL: np.dtype(
        [
            *_QUOTE_FIELDS,
            ("last_trade_ts", ">u4"),
            ("oi", ">u4"),
            ("oi_day_high", ">u4"),
            ("oi_day_low", ">u4"),
            ("exchange_ts", ">u4"),
            ("bids", _LEVEL, LEVELS),
            ("asks", _LEVEL, LEVELS),
        ]
    ),
}
"""Length -> packed big-endian fields. Prices are paise, timestamps seconds UTC (0 = none),
quantities units. An index gives high and low before open, other packets open first."""

DAY_NAMES: Final = (
    "average_price", "buy_quantity", "sell_quantity", "open", "high", "low", "close",
    "last_trade_ts",
)  # fmt: skip
"""The packets' names of `Ticks.day`, in its order; their close is that of the day before."""


_U16: Final = Struct(">H")
_CODES: Final = {">u4": "I", ">i4": "i", ">u2": "H"}


def _codes(layout: np.dtype[np.void]) -> str:
    """Return the fields of a layout as `struct` writes them, levels included."""
    assert layout.names is not None
    codes = []
    for name in layout.names:
        field = layout[name]
        if field.subdtype is not None:
            codes.append(_codes(np.dtype(_LEVEL)) * LEVELS)
        else:
            codes.append(_CODES[field.str])
    return "".join(codes)


PACKERS: Final = {length: Struct(f">{_codes(layout)}") for length, layout in LAYOUTS.items()}
"""Length -> what packs one packet from its numbers in the layout's order; a level is quantity,
price, orders and 0."""


def encode_frame(packets: Sequence[bytes]) -> bytes:
    """Return the packets as one frame.

    Raises ValueError if there are too many or one is too long.
    """
    if len(packets) > U16_MAX or any(len(packet) > U16_MAX for packet in packets):
        raise ValueError(f"expected up to {U16_MAX} packets of up to {U16_MAX} bytes")
    parts = [_U16.pack(len(packets))]
    for packet in packets:
        parts += (_U16.pack(len(packet)), packet)
    return b"".join(parts)


def word(length: int, field: str) -> int:
    """Return which 4-byte word the field begins at in a packet of this length."""
    fields = LAYOUTS[length].fields
    assert fields is not None
    return int(fields[field][1]) // 4
