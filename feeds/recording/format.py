"""Encode an input log: a header, then one framed record per input.

    MAGIC, then records of: u32 length of the payload, u32 CRC-32 of kind and payload, u8 kind,
    u16 check of these three, payload.

A block of ticks is written by column; everything else is one line of JSON. A process that dies
leaves at most a torn record at the end, which a reader skips and a writer cuts off.
"""

from __future__ import annotations

import math
import struct
import zlib
from enum import IntEnum
from typing import Any, Final

import msgspec
import numpy as np

from daemon.domain.carry_over import CarryOver
from daemon.domain.drawdown import EquityState
from daemon.domain.inputs import (
    BrokerMargin,
    Clock,
    Command,
    ConfigChange,
    Gap,
    History,
    Input,
    Settlement,
)
from daemon.domain.instrument import Instrument
from daemon.domain.risk_arrays import RiskArrays
from daemon.domain.ticks import DAY_FIELDS, DEPTH_LEVELS, Ticks

MAGIC: Final = b"FNOINPUT"
COMPACTED: Final = ".parquet"
"""The suffix of a finished log that was compacted."""
VERSION: Final = 2
"""2 has the column `day`; logs of version 1 are read."""
READ_VERSIONS: Final = (1, 2)
_HEAD: Final = struct.Struct("<IIB")
_CHECK: Final = struct.Struct("<H")
HEAD_BYTES: Final = _HEAD.size + _CHECK.size
_BLOCK: Final = struct.Struct("<IHB")
_COLUMNS: Final = (
    "ts", "instrument", "ltp", "exchange_ts", "bid", "ask", "ltq", "volume", "oi", "other",
    "walk", "depth", "day",
)  # fmt: skip
_SHAPES: Final = {"depth": (2 * DEPTH_LEVELS, 3), "day": (len(DAY_FIELDS),)}
_TYPES: Final = dict.fromkeys(_COLUMNS, "<i8") | {"instrument": "<i4", "walk": "<i1"}
_LAYOUT: Final = tuple((1 << at, name, np.dtype(_TYPES[name])) for at, name in enumerate(_COLUMNS))
_NARROW: Final = np.dtype("<u4")
_UINT32_BITS: Final = 32
_WIDE_DEPTH: Final = 1

Other = Clock | Command | Gap | Settlement | ConfigChange | History | BrokerMargin
"""Every input except ticks."""


class Kind(IntEnum):
    """The kind of a record."""

    HEADER = 0
    TICKS = 1
    OTHER = 2


class LogHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the inputs: account, day, and the state that they act on.

    `config` and `ledger` are JSON: the effective configuration, and the ledger before the first
    input, which is the fold of the account's journal up to `base_seq` (with that event's hash).
    `carry` is what the engine knew beyond its ledger, `equity` the account's earlier P&L (None
    before version 0.2.1, or where it is not known). `arrays` are the clearing house's, if margins
    are computed with them. `first_input_no` is the number of inputs before the first one.
    """

    version: int = VERSION
    account: str
    date: str
    segment: int
    program_version: str
    config: str
    config_fingerprint: str
    instruments: list[Instrument]
    base_seq: int = 0
    first_input_no: int = 0
    ledger: str = ""
    carry: CarryOver = CarryOver()
    equity: EquityState | None = None
    arrays: RiskArrays | None = None
    created_ts: int = 0


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_other_decoder: Final[msgspec.json.Decoder[Other]] = msgspec.json.Decoder(Other)


def record(kind: Kind, payload: bytes) -> bytes:
    """Return one framed record."""
    head = _HEAD.pack(len(payload), checksum(kind, payload), kind)
    return head + _CHECK.pack(zlib.crc32(head) & 0xFFFF) + payload


def read_head(head: bytes) -> tuple[int, int, int] | None:
    """Return (length, checksum, kind) from a record's first HEAD_BYTES, None if they are damaged.

    The head has its own check, so that a wrong length is not taken for a torn record.
    """
    if _CHECK.unpack_from(head, _HEAD.size)[0] != zlib.crc32(head[: _HEAD.size]) & 0xFFFF:
        return None
    length, expected, kind = _HEAD.unpack_from(head)
    return length, expected, kind


def checksum(kind: int, payload: bytes | memoryview) -> int:
    """Return the checksum that protects a record; it detects a bit flipped on disk."""
    return zlib.crc32(payload, kind)


def encode_header(header: LogHeader) -> bytes:
    """Return the header's payload."""
    return _encoder.encode(header)


def encode_input(item: Input) -> bytes:
    """Return an input as a record."""
    if isinstance(item, Ticks):
        return record(Kind.TICKS, encode_ticks(item))
    return record(Kind.OTHER, _encoder.encode(item))


def decode_other(payload: bytes | memoryview) -> Other:
    """Decode any input except ticks. Raises msgspec.MsgspecError."""
    return _other_decoder.decode(payload)


def encode_ticks(block: Ticks) -> bytes:
    """Return the row count, the columns present, and their bytes one after another."""
    parts: list[bytes] = []
    present = flags = 0
    for bit, name, kind in _LAYOUT:
        column = getattr(block, name)
        if column is None:
            continue
        present |= bit
        if name == "depth":
            # Kite's quantities and prices fit 32 bits, which halves the largest column.
            if (column >> _UINT32_BITS).any():
                flags |= _WIDE_DEPTH
            else:
                kind = _NARROW
        if column.dtype != kind:
            column = column.astype(kind)
        parts.append(column.tobytes())
    return _BLOCK.pack(len(block), present, flags) + b"".join(parts)


def decode_ticks(payload: bytes | memoryview) -> Ticks:
    """Decode what encode_ticks wrote. Raises ValueError for bytes that are not a block."""
    if len(payload) < _BLOCK.size:
        raise ValueError("a block of ticks without its head")
    rows, present, flags = _BLOCK.unpack_from(payload)
    columns: dict[str, Any] = {}
    offset = _BLOCK.size
    for at, name in enumerate(_COLUMNS):
        if not present & (1 << at):
            continue
        kind = _TYPES[name]
        shape = _SHAPES.get(name, ())
        if name == "depth" and not flags & _WIDE_DEPTH:
            kind = "<u4"
        column: Any = np.frombuffer(
            payload, dtype=kind, count=rows * math.prod(shape), offset=offset
        )
        offset += column.nbytes
        if shape:
            column = column.astype(np.int64).reshape(rows, *shape)
        columns[name] = column.astype(column.dtype.newbyteorder("="))
    if offset != len(payload) or not {"ts", "instrument", "ltp"} <= columns.keys():
        raise ValueError("a block of ticks of another length than its head says")
    return Ticks(**columns)
