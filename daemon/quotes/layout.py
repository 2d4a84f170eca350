"""Layout of `quotes.map` (DATA_FORMATS, "Quotes map"); native words, little-endian.

A file has 8 words of header, the instruments as JSON, and a slot of 56 words for each of them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import msgspec

from daemon.domain.instrument import Instrument
from daemon.domain.ticks import DAY_FIELDS

QUOTES_FILE: Final = "quotes.map"
MAGIC: Final = b"FNOQUOTE"
VERSION: Final = 1
WORD: Final = 8
HEADER: Final = struct.Struct("<8s7q")
"""Magic, version, bytes of a slot, slots, where they begin, where the instruments begin, their
bytes, heartbeat (UTC ns)."""
HEARTBEAT_WORD: Final = 7
_ALIGNED: Final = 64

FIELDS: Final = (
    "ts", "input_no", "exchange_ts", "ltp", "ltq", "volume", "oi", "bid", "ask", "bar_ts",
    "bar_open", "bar_high", "bar_low", "bar_close", "bar_volume", "average_price", "buy_quantity",
    "sell_quantity", "day_open", "day_high", "day_low", "previous_close", "last_trade_ts",
)  # fmt: skip
"""A slot's words after its sequence number; then the depth, then the check."""
DAY_AT: Final = 1 + FIELDS.index(DAY_FIELDS[0])
"""The word where the fields of `Ticks.day` begin, which are the last ones."""
DEPTH_WORDS: Final = 30
DEPTH_AT: Final = 1 + len(FIELDS)
CHECK_AT: Final = 55
SLOT_WORDS: Final = 56
SLOT_BYTES: Final = SLOT_WORDS * WORD
assert FIELDS[DAY_AT - 1 :] == DAY_FIELDS
assert DEPTH_AT + DEPTH_WORDS <= CHECK_AT

CHECK_MASK: Final = 0xFFFFFFFF
CONTENT: Final = slice(WORD, CHECK_AT * WORD)
"""The bytes of a slot that its check is of."""

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(list[Instrument])


def check_of(content: bytes | memoryview, sequence: int) -> int:
    """Return the check of a slot's content, written at an even `sequence`."""
    return zlib.crc32(content, sequence & CHECK_MASK)


def encode_instruments(instruments: Sequence[Instrument]) -> bytes:
    """Return the table of instruments, in the order of the slots."""
    return _encoder.encode(instruments)


def decode_instruments(table: bytes) -> tuple[Instrument, ...]:
    """Return the inverse. Raises msgspec.MsgspecError, which an expiry in a wrong form is too."""
    return tuple(_decoder.decode(table))


def slots_at(table_bytes: int) -> int:
    """Return where the slots begin behind a table of `table_bytes`."""
    return -(-(HEADER.size + table_bytes) // _ALIGNED) * _ALIGNED
