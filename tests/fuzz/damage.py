"""Bytes that are nearly right: valid samples, cut, flipped, doubled, spliced, with odd numbers."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

_ODD: Final = (
    b"", b"0", b"-1", b"-0", b"1e999", b"-1e999", b"NaN", b"nan", b"inf", b"-Infinity", b"null",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1" * 400,
    b"0.1", b"1e-320", b"010", b"0x10", b"1_000", b"true", b'""', b'"\xff"', b"\xff", b"\x00",
    b"[]", b"{}", b"[" * 2000, b'{"a":' * 2000, b"&a [*a]", b"!!python/object:os.system", b"9:15",
    b"2026-02-30", b"1677-09-21T00:12:43", b"9999-12-31T23:59:59.999999999", b"\xef\xbb\xbf",
    "\u0660\u0661".encode(), "\ud800".encode("utf-8", "surrogatepass"), b"\r", b"\n", b",", b'"',
)  # fmt: skip
_NUMBERS: Final = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
_NUMBER: Final = re.compile(rb"-?\d+(\.\d+)?")
_WORD: Final = re.compile(rb"[A-Za-z_]{2,}")
GROWN_MAX: Final = 1 << 20


def mutated(draw: random.Random, samples: Sequence[bytes]) -> bytes:
    """One sample after one to four faults; now and then whole, or nothing but noise."""
    chance = draw.random()
    if chance < 0.02:
        return draw.randbytes(draw.choice((0, 1, 7, 64, 1000)))
    data = bytearray(draw.choice(samples))
    if chance < 0.04:
        return bytes(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        _harm(draw, data, samples)
    return bytes(data[:GROWN_MAX])


def _harm(draw: random.Random, data: bytearray, samples: Sequence[bytes]) -> None:
    at = draw.randrange(len(data) + 1)
    kind = draw.randrange(11)
    if kind == 0:
        del data[at:]
    elif kind == 1 and data:
        data[at - 1] ^= 1 << draw.randrange(8)
    elif kind == 2:
        end = min(len(data), at + draw.choice((1, 8, 100, 4000)))
        data[at:at] = data[at:end] * draw.choice((1, 2, 30))
    elif kind == 3:
        del data[at : at + draw.choice((1, 2, 8, 64, 1000))]
    elif kind == 4:
        other = draw.choice(samples)
        data[at:] = other[draw.randrange(len(other) + 1) :]
    elif kind == 5:
        data[at:at] = draw.choice(_ODD)
    elif kind == 6:
        width = draw.choice((1, 2, 4, 8))
        number = draw.choice(_NUMBERS) & ((1 << 8 * width) - 1)
        data[at : at + width] = number.to_bytes(width, draw.choice(("big", "little")))
    elif kind in (7, 8):
        _replace(draw, data, _NUMBER, draw.choice(_ODD))
    elif kind == 9:
        _replace(draw, data, _WORD, draw.choice(_ODD))
    else:
        _swap_lines(draw, data)


def _replace(draw: random.Random, data: bytearray, what: re.Pattern[bytes], by: bytes) -> None:
    """A value of the text becomes another."""
    found = list(what.finditer(data[:20_000]))
    if found:
        chosen = draw.choice(found)
        data[chosen.start() : chosen.end()] = by


def _swap_lines(draw: random.Random, data: bytearray) -> None:
    lines = bytes(data).split(b"\n")
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    data[:] = b"\n".join(lines)
