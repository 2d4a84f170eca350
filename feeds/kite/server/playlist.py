"""Turn a recording into packets, in the order and at the times they are to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from daemon.domain.instrument import Universe
from daemon.domain.ticks import Int32s, Int64s, Ticks
from daemon.errors import ConfigError
from feeds.kite.server.encode import encode_packets
from feeds.stream.blocks import RunningTime, at_most

Mode = Literal["ltp", "quote", "full"]
MODES: Final[tuple[Mode, ...]] = ("ltp", "quote", "full")
BLOCK_ROWS: Final = 4096
_U32_MAX: Final = 2**32 - 1


class Batch(NamedTuple):
    """Packets in sending order, with their rows and due times."""

    packets: list[bytes]
    row: Int64s
    due: Int64s

    def split(self, at: int) -> tuple[Batch, Batch]:
        """Return the packets before `at`, and the others."""
        before = Batch(self.packets[:at], self.row[:at], self.due[:at])
        return before, Batch(self.packets[at:], self.row[at:], self.due[at:])


class PacketBlock:
    """Rows of a recording and their packets, encoded per mode at first use.

    `instrument` is each row's universe index, `row` its number in the recording from 0, `due` the
    time (UTC ns, never going back) at which it was received.
    """

    def __init__(self, block: Ticks, universe: Universe, row: Int64s, due: Int64s) -> None:
        self.instrument: Int32s = block.instrument
        self.row = row
        self.due = due
        self._block = block
        self._universe = universe
        self._packets: dict[Mode, list[bytes]] = {}

    def __len__(self) -> int:
        return len(self.row)

    def packets(self, mode: Mode) -> list[bytes]:
        """Return one packet per row."""
        found = self._packets.get(mode)
        if found is None:
            found = self._packets[mode] = encode_packets(self._block, self._universe, mode)
        return found

    def frames(self, most: int, *, by_time: bool) -> Iterator[tuple[int, int]]:
        """Yield row ranges of up to `most` rows, with `by_time` of one `due` each."""
        edges = [0, len(self)]
        if by_time:
            edges[1:1] = (np.flatnonzero(np.diff(self.due)) + 1).tolist()
        for start, stop in pairwise(edges):
            for first in range(start, stop, most):
                yield first, min(first + most, stop)


class Playlist:
    """The blocks of a recording, ready to be sent; reads them once.

    Rows that no packet can carry (an unknown instrument, an invalid price) are left out and counted
    in `unplayable`. A row without an exchange time carries its time of receipt. Raises ConfigError
    if an instrument has no token that fits a packet.
    """

    def __init__(self, universe: Universe, blocks: Iterable[Ticks]) -> None:
        self.unplayable = 0
        self.rows = 0
        self._universe = universe
        self._blocks = blocks
        for instrument in universe:
            if not 0 < instrument.instrument_token <= _U32_MAX:
                raise ConfigError(
                    f"universe.instruments: {instrument.tradingsymbol}: expected an"
                    " instrument_token of 1 to 4294967295 to serve it; write it there or name an"
                    " `instruments_file`"
                )

    def __iter__(self) -> Iterator[PacketBlock]:
        time = RunningTime()
        for block in at_most(self._blocks, BLOCK_ROWS):
            due = time.keys(block.ts)
            row = np.arange(self.rows, self.rows + len(block), dtype=np.int64)
            self.rows += len(block)
            sound = _sound(block)
            if not sound.all():
                self.unplayable += int(len(block) - np.count_nonzero(sound))
                block, row, due = block.take(sound), row[sound], due[sound]
            if len(block):
                yield PacketBlock(_stamped(block), self._universe, row, due)


def _sound(block: Ticks) -> npt.NDArray[np.bool_]:
    return (block.instrument >= 0) & (block.ltp >= 0) & (block.ltp <= _U32_MAX)


def _stamped(block: Ticks) -> Ticks:
    """Return the block with an exchange time in every row."""
    stamps = block.exchange_ts
    if stamps is not None and stamps.all():
        return block
    columns = {name: getattr(block, name) for name in Ticks.__slots__}
    columns["exchange_ts"] = block.ts if stamps is None else np.where(stamps == 0, block.ts, stamps)
    return Ticks(**columns)
