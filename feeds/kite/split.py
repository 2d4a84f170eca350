"""Find where the packets of binary frames begin and how long they are, without copying."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from feeds.kite.wire import HEADER

_U16: Final = Struct(">H")
_read_u16: Final = _U16.unpack_from
Intps = npt.NDArray[np.intp]


class FrameError(Exception):
    """A frame too short to hold the count of packets (0 or 1 byte).

    `at` is its position in the call. Nothing of the call was decoded: leave the frame out and call
    again. A frame of one byte is a heartbeat, which the socket should have kept.
    """

    def __init__(self, at: int, size: int) -> None:
        super().__init__(f"frame {at} has {size} bytes; expected a count of packets (2 bytes)")
        self.at = at


class Packets(NamedTuple):
    """The packets of frames laid end to end, in order of arrival.

    `starts` are the offsets of their first bytes (behind the length), `lengths` their lengths, a
    single number if all are equal; `frames` is each packet's frame, a single number if all share
    one. `cut` is how many packets the frames claim beyond that, `trailing` how many bytes follow
    the last claimed packet.
    """

    starts: Intps
    lengths: Intps | int
    frames: Intps | int
    cut: int = 0
    trailing: int = 0


def split(buffer: bytes, sizes: Sequence[int]) -> Packets:
    """Return the packets of the frames that `buffer` holds end to end; `sizes` are their bytes.

    Raises FrameError for a frame without a readable header.
    """
    if len(sizes) == 1:
        return _split_one(buffer)
    return _split_many(buffer, np.array(sizes, dtype=np.intp))


def _split_one(buffer: bytes) -> Packets:
    size = len(buffer)
    if size < HEADER:
        raise FrameError(0, size)
    if size >= 2 * HEADER:
        (count,) = _read_u16(buffer)
        (length,) = _read_u16(buffer, HEADER)
        step = length + HEADER
        # Slices of bytes compare faster than arrays, up to far beyond what a frame can hold.
        if (
            size == HEADER + count * step
            and buffer[HEADER::step] == buffer[HEADER : HEADER + 1] * count
            and buffer[HEADER + 1 :: step] == buffer[HEADER + 1 : 2 * HEADER] * count
        ):
            starts = np.arange(2 * HEADER, size + HEADER, step)
            return Packets(starts, length, 0)
    starts_, lengths, cut, trailing = _walk(buffer, 0, size)
    return Packets(np.array(starts_, np.intp), np.array(lengths, np.intp), 0, cut, trailing)


def _split_many(buffer: bytes, sizes: Intps) -> Packets:
    """Split frames whose packets have one length together, the others one by one."""
    short = np.flatnonzero(sizes < HEADER)
    if len(short):
        raise FrameError(int(short[0]), int(sizes[short[0]]))
    begins = np.cumsum(sizes) - sizes
    # Every two neighbouring bytes of the buffer as a number, at any offset.
    numbers = np.ndarray((len(buffer) - 1,), ">u2", buffer, 0, (1,))
    counts = numbers[begins].astype(np.intp)
    firsts = numbers.take(begins + HEADER, mode="clip").astype(np.intp)
    even = (counts > 0) & (sizes == HEADER + counts * (firsts + HEADER))
    opened = _open_even(numbers, begins, np.where(even, counts, 0), firsts)
    if opened is None:  # a frame's size fits its first packet by chance, or by malice
        return _split_each(buffer, begins, sizes, np.flatnonzero(sizes))
    if even.all():
        return opened
    rest = _split_each(buffer, begins, sizes, np.flatnonzero(~even))
    return _merge(opened, rest)


def _open_even(
    numbers: npt.NDArray[Any], begins: Intps, counts: Intps, firsts: Intps
) -> Packets | None:
    """Return the packets of frames that seem to have one length each, None if one does not."""
    frames = np.repeat(np.arange(len(counts)), counts)
    before: Intps = np.cumsum(counts) - counts
    order = np.arange(len(frames)) - before[frames]
    lengths = firsts[frames]
    starts: Intps = begins[frames] + 2 * HEADER + order * (lengths + HEADER)
    if (numbers[starts - HEADER] != lengths).any():
        return None
    same = len(lengths) > 0 and bool((lengths == lengths[0]).all())
    return Packets(starts, int(lengths[0]) if same else lengths, frames)


def _split_each(buffer: bytes, begins: Intps, sizes: Intps, chosen: Intps) -> Packets:
    """Return the packets of the chosen frames, one frame after the other."""
    starts: list[int] = []
    lengths: list[int] = []
    counts: list[int] = []
    cut = trailing = 0
    for begin, size in zip(begins[chosen].tolist(), sizes[chosen].tolist(), strict=True):
        found, found_lengths, missing, left = _walk(buffer, begin, begin + size)
        starts += found
        lengths += found_lengths
        counts.append(len(found))
        cut += missing
        trailing += left
    return Packets(
        np.array(starts, np.intp),
        np.array(lengths, np.intp),
        np.repeat(chosen, counts),
        cut,
        trailing,
    )


def _walk(buffer: bytes, begin: int, end: int) -> tuple[list[int], list[int], int, int]:
    """Return one frame's packet starts and lengths, the packets missing or cut, and bytes left
    over.
    """
    (count,) = _read_u16(buffer, begin)
    starts: list[int] = []
    lengths: list[int] = []
    at = begin + HEADER
    for number in range(count):
        start = at + HEADER
        if start > end:
            return starts, lengths, count - number, 0
        (length,) = _read_u16(buffer, at)
        at = start + length
        if at > end:
            return starts, lengths, count - number, 0
        starts.append(start)
        lengths.append(length)
    return starts, lengths, 0, end - at


def _merge(one: Packets, other: Packets) -> Packets:
    """Merge packets of different frames of a buffer, back in order of arrival."""
    starts = np.concatenate((one.starts, other.starts))
    order = np.argsort(starts, kind="stable")
    lengths = np.concatenate([np.broadcast_to(p.lengths, len(p.starts)) for p in (one, other)])
    frames = np.concatenate([np.broadcast_to(p.frames, len(p.starts)) for p in (one, other)])
    return Packets(
        starts[order],
        lengths[order],
        frames[order],
        one.cut + other.cut,
        one.trailing + other.trailing,
    )
