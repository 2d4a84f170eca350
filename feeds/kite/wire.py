"""Define the layout of each kind of Kite's binary packets, told apart by length.

See Kite Connect's documentation, WebSocket.
"""

from __future__ import annotations

from typing import Final

import numpy as np

LTP: Final = 8
INDEX_QUOTE: Final = 28
INDEX_FULL: Final = 32
QUOTE: Final = 44
FULL: Final = 184
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


def word(length: int, field: str) -> int:
    """Return which 4-byte word the field begins at in a packet of this length."""
    fields = LAYOUTS[length].fields
    assert fields is not None
    return int(fields[field][1]) // 4
