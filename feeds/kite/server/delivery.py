"""Send frames to a client, and apply faults to them on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import Int64s
from feeds.kite.server.encode import encode_frame
from feeds.kite.server.faults import Fault, PendingFaults
from feeds.kite.server.playlist import Batch
from feeds.kite.server.subscriber import Subscriber

DELAY_NS: Final = 3 * SECOND_NS


@dataclass
class ServerStats:
    """Counts of what was sent, and of what faults did to it.

    `packets` counts those of complete frames, a duplicate twice. `destroyed` lists the rows [start,
    stop) of the recording, numbered from 0, whose packets a fault kept from a client that had asked
    for them.
    """

    frames: int = 0
    packets: int = 0
    connections: int = 0
    refused: int = 0
    """Handshakes answered with 403."""
    heartbeats: int = 0
    stalled: int = 0
    """Clients dropped because they read nothing."""
    duplicated: int = 0
    delayed: int = 0
    destroyed_packets: int = 0
    destroyed: list[tuple[int, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """The faults that happened, as planned."""

    def destroy(self, rows: Int64s) -> None:
        """Count packets that will never arrive."""
        if not len(rows):
            return
        start, stop = int(rows[0]), int(rows[-1]) + 1
        self.destroyed_packets += len(rows)
        if self.destroyed and self.destroyed[-1][1] == start:
            self.destroyed[-1] = (self.destroyed[-1][0], stop)
        else:
            self.destroyed.append((start, stop))


class Delivery:
    """Sends batches, one frame each, and applies the faults that are due.

    `now` is the loop's time. A client that reads nothing for `stall_s` is dropped.
    """

    def __init__(
        self, stats: ServerStats, faults: PendingFaults, now: Callable[[], float], stall_s: float
    ) -> None:
        self._stats = stats
        self._faults = faults
        self._now = now
        self._stall_s = stall_s

    async def send(self, to: Subscriber, batch: Batch) -> None:
        """Send a batch as one frame, with faults applied; may wait for the link to drain."""
        if to.silent:
            self._stats.destroy(batch.row)
        elif to.held or self._faults.next_at < self._stats.packets + len(batch.packets):
            await self._send_with_faults(to, batch)
        else:
            self._send_frame(to, batch.packets)

    async def drain(self, to: Subscriber) -> None:
        """Send what was held back, and wait until everything has left."""
        await self._release(to)
        if not await to.drained(self._stall_s):
            self._drop_stalled(to)

    async def wait_for(self, client: Subscriber) -> None:
        """Wait until the link takes more, or drop it."""
        if not await client.writable(self._stall_s):
            self._drop_stalled(client)

    def _send_frame(self, to: Subscriber, packets: list[bytes]) -> None:
        to.send_binary(encode_frame(packets), self._now())
        self._stats.frames += 1
        self._stats.packets += len(packets)

    async def _send_with_faults(self, to: Subscriber, batch: Batch) -> None:
        """Send a batch with a fault active or due: whole frames up to it, then what it makes of the
        rest.
        """
        if to.held:
            late, batch = batch.split(int(np.searchsorted(batch.due, to.held_until)))
            self._hold(to, late)
        while batch.packets and self._faults.next_at < self._stats.packets + len(batch.packets):
            before, batch = batch.split(max(0, int(self._faults.next_at) - self._stats.packets))
            if before.packets:
                self._send_frame(to, before.packets)
            batch = await self._apply_fault(to, batch)
        if batch.packets:
            self._send_frame(to, batch.packets)
            if to.held:
                await self._release(to)

    async def _apply_fault(self, to: Subscriber, batch: Batch) -> Batch:
        """Apply the next fault and return what is still to be sent after it."""
        packets, rest = batch.packets, batch.split(len(batch.packets))[1]
        fault = self._faults.pop()
        self._stats.faults.append(fault)
        match fault.kind:
            case "garbage":
                to.send_binary(self._faults.garbage(), self._now())
                return batch
            case "text":
                to.send_text(self._faults.garbage_text())
                return batch
            case "duplicate":
                self._send_frame(to, packets)
                self._send_frame(to, packets)
                self._stats.duplicated += len(packets)
            case "delay":
                to.held_until = int(batch.due[0]) + DELAY_NS
                late, rest = batch.split(int(np.searchsorted(batch.due, to.held_until)))
                self._hold(to, late)
            case "cut":
                frame = encode_frame(packets)
                to.send_binary(frame[: len(frame) - len(packets[-1]) // 2], self._now())
                self._stats.frames += 1
                self._stats.packets += len(packets) - 1
                self._stats.destroy(batch.row[-1:])
            case "half-open":
                to.half_open()
                self._stats.destroy(batch.row)
            case "drop":
                await to.drained(self._stall_s)
                to.break_off(encode_frame(packets))
                self._stats.destroy(batch.row)
            case "refuse":
                raise AssertionError("refusals happen at the handshake")
        return rest

    def _hold(self, client: Subscriber, batch: Batch) -> None:
        if batch.packets:
            client.held.append(batch)
            self._stats.delayed += len(batch.packets)

    async def _release(self, client: Subscriber) -> None:
        """Send what was held back, late."""
        held, client.held = client.held, []
        for batch in held:
            if not client.listening:
                self._stats.destroy(batch.row)
                continue
            self._send_frame(client, batch.packets)
            if not await client.writable(self._stall_s):
                self._drop_stalled(client)

    def _drop_stalled(self, client: Subscriber) -> None:
        self._stats.stalled += 1
        client.abort()
