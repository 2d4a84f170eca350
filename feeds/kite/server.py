"""A loopback server that speaks Kite's WebSocket protocol and plays a recording.

With it everything live can be run and tested on one machine, link faults included.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import anyio
import anyio.lowlevel
import msgspec
import numpy as np
from picows import (
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from daemon.domain.dates import SECOND_NS, iso_ist
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Int64s, Ticks
from daemon.errors import FeedError, UsageError
from feeds.kite.encode import encode_frame
from feeds.kite.faults import Fault, FaultPlan, PendingFaults
from feeds.kite.playlist import Batch, PacketBlock, Playlist
from feeds.kite.subscriber import Subscriber
from feeds.pacing import Pacer, parse_speed

LOOPBACK: Final = "127.0.0.1"
HEARTBEAT: Final = b"\x00"
DELAY_NS: Final = 3 * SECOND_NS
_REQUEST_BYTES_MAX: Final = 1 << 20
_PACKETS_WITHOUT_PAUSE: Final = 500
"""How many packets are sent before other tasks get a turn."""


@dataclass
class ServerStats:
    """What was sent, and what faults did to it.

    `packets` counts those of complete frames, a duplicate twice. `destroyed` lists the rows
    [start, stop) of the recording, numbered from 0, whose packets a fault kept from a client
    that had asked for them.
    """

    frames: int = 0
    packets: int = 0
    connections: int = 0
    refused: int = 0
    """Handshakes answered with 403."""
    heartbeats: int = 0
    stalled: int = 0
    """Clients that were dropped because they read nothing."""
    duplicated: int = 0
    delayed: int = 0
    destroyed_packets: int = 0
    destroyed: list[tuple[int, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """Those that happened, as planned."""

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


class TickerServer:
    """Plays blocks of ticks to everyone who subscribes, as `async with TickerServer(...)`.

    One position in the recording is shared by all clients; it moves at `speed` (`max`, or a
    factor of real time), and never past a client whose link is full. With `wait_for_subscribers`
    it stands still while nobody is subscribed, and until a client's requests have been quiet for
    `settle_s`, so that one who comes (back) misses nothing. A client that reads nothing for
    `stall_s` is dropped. With `access_token` set any other is refused with 403.
    Raises ConfigError for a wrong speed or an instrument without a token, UsageError if the port
    is taken, FeedError if the recording cannot be read (also from `finished`).
    """

    def __init__(
        self,
        universe: Universe,
        blocks: Iterable[Ticks],
        *,
        port: int = 0,
        speed: str = "max",
        faults: FaultPlan = FaultPlan(),  # noqa: B008 - frozen
        heartbeat_s: float = 2.0,
        packets_per_frame: int = 500,
        wait_for_subscribers: bool = True,
        access_token: str = "",
        settle_s: float = 0.3,
        stall_s: float = 10.0,
    ) -> None:
        self.stats = ServerStats()
        self.playlist = Playlist(universe, blocks)
        self._universe = universe
        self._port = port
        self._speed = parse_speed(speed)
        self._faults = PendingFaults(faults)
        self._heartbeat_s = heartbeat_s
        self._packets_per_frame = packets_per_frame
        self._wait = wait_for_subscribers
        self._access_token = access_token
        self._settle_s = settle_s
        self._stall_s = stall_s
        self._subscribers: list[Subscriber] = []
        self._changed = anyio.Event()
        self._finished = anyio.Event()
        self._lost: FeedError | None = None
        self._position_ts = 0
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._now = loop.time
        try:
            server = await ws_create_server(
                self._route, LOOPBACK, self._port,
                max_frame_size=_REQUEST_BYTES_MAX, enable_auto_pong=False,
            )  # fmt: skip
        except OSError as error:
            raise UsageError(
                f"--port {self._port}: cannot listen on {LOOPBACK} "
                f"({os.strerror(error.errno or 0)}); choose another"
            ) from error
        self._port = server.sockets[0].getsockname()[1]
        self._stack.push_async_callback(self._close, server)
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(tasks.cancel_scope.cancel)
        tasks.start_soon(self._play)
        tasks.start_soon(self._beat)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            return await self._stack.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            if error is None or group.exceptions != (error,):
                raise
            return False  # what went wrong inside the block is raised as it was

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for each in self._subscribers:
            each.close()
        await anyio.lowlevel.checkpoint()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def url(self) -> str:
        """What a client connects to."""
        return f"ws://{LOOPBACK}:{self._port}"

    async def finished(self) -> None:
        """Return when all was played and has left for the clients. Raises FeedError."""
        await self._finished.wait()
        if self._lost is not None:
            raise self._lost

    # clients

    def _route(self, request: WSUpgradeRequest) -> Subscriber | WSUpgradeResponseWithListener:
        path = urllib.parse.urlsplit(request.path.decode("latin-1"))
        token = urllib.parse.parse_qs(path.query).get("access_token", [""])[0]
        wrong = bool(self._access_token) and token != self._access_token
        if wrong or self.stats.packets >= self._faults.refuse_at:
            self.stats.refused += 1
            return WSUpgradeResponseWithListener(_refusal(), None)
        return Subscriber(self._universe, self._greetings(), self._client_changed)

    def _greetings(self) -> list[str]:
        """Messages that clients see in practice and that they must not stumble over."""
        count = {"count": len(self._universe), "etag": f'W/"{len(self._universe):x}"'}
        messages = (
            {"type": "instruments_meta", "data": count},
            {"type": "app_code", "timestamp": iso_ist(self._position_ts)},
        )
        return [msgspec.json.encode(each).decode() for each in messages]

    def _client_changed(self, client: Subscriber) -> None:
        if client.closed:
            if client in self._subscribers:
                self._subscribers.remove(client)
            for each in client.held:
                self.stats.destroy(each.row)
            client.held = []
        elif client not in self._subscribers:
            self.stats.connections += 1
            client.last_sent = self._now()
            self._subscribers.append(client)
        self._changed.set()
        self._changed = anyio.Event()

    async def _beat(self) -> None:
        """A byte to every client that was sent nothing for a while."""
        while True:
            await anyio.sleep(self._heartbeat_s / 4)
            now = self._now()
            for each in self._subscribers:
                if each.listening and now - each.last_sent >= self._heartbeat_s and not each.choked:
                    each.send_binary(HEARTBEAT, now)
                    each.flush()
                    self.stats.heartbeats += 1

    # the recording

    async def _play(self) -> None:
        try:
            await self._play_blocks()
        except FeedError as error:
            self._lost = error
        for each in list(self._subscribers):
            await self._release(each)
            if not await each.drained(self._stall_s):
                self._drop_stalled(each)
        self._finished.set()

    async def _play_blocks(self) -> None:
        pacer = Pacer(self._speed)
        pause_at = 0
        for block in self.playlist:
            paced = self._speed is not None
            for start, stop in block.frames(self._packets_per_frame, by_time=paced):
                due = self._position_ts = int(block.due[start])
                if paced:
                    await pacer.wait(due, due)
                elif self.stats.packets >= pause_at:
                    pause_at = self.stats.packets + _PACKETS_WITHOUT_PAUSE
                    self._flush()
                    await anyio.lowlevel.checkpoint()
                if await self._audience():
                    pacer = Pacer(self._speed)  # the time nobody listened does not count
                    await pacer.wait(due, due)
                await self._send(block, start, stop)

    async def _audience(self) -> bool:
        """Wait until someone is subscribed, if that is wanted; True if it took waiting."""
        if not self._wait or any(each.wants for each in self._subscribers):
            return False
        self._flush()
        while not any(each.wants for each in self._subscribers):
            await self._changed.wait()
        while True:
            before = self._changed
            with anyio.move_on_after(self._settle_s) as quiet:
                await before.wait()
            if quiet.cancelled_caught and any(each.wants for each in self._subscribers):
                return True

    async def _send(self, block: PacketBlock, start: int, stop: int) -> None:
        """One frame to everyone who wants some of its rows."""
        for each in list(self._subscribers):
            batch = each.chosen(block, start, stop)
            if not batch.packets or each.closed:
                continue
            if each.silent:
                self.stats.destroy(batch.row)
            elif each.held or self._faults.next_at < self.stats.packets + len(batch.packets):
                await self._send_with_faults(each, batch)
            else:
                self._send_frame(each, batch.packets)
            if self._speed is not None:
                each.flush()
            if each.choked:
                self._flush()
                if not await each.writable(self._stall_s):
                    self._drop_stalled(each)

    def _flush(self) -> None:
        for each in self._subscribers:
            each.flush()

    def _send_frame(self, to: Subscriber, packets: list[bytes]) -> None:
        to.send_binary(encode_frame(packets), self._now())
        self.stats.frames += 1
        self.stats.packets += len(packets)

    def _drop_stalled(self, client: Subscriber) -> None:
        self.stats.stalled += 1
        client.abort()

    # faults

    async def _send_with_faults(self, to: Subscriber, batch: Batch) -> None:
        """A frame in which a fault is at work or due: whole up to it, then what the fault does."""
        if to.held:
            late, batch = batch.split(int(np.searchsorted(batch.due, to.held_until)))
            self._hold(to, late)
        while batch.packets and self._faults.next_at < self.stats.packets + len(batch.packets):
            before, batch = batch.split(max(0, int(self._faults.next_at) - self.stats.packets))
            if before.packets:
                self._send_frame(to, before.packets)
            batch = await self._suffer(to, batch)
        if batch.packets:
            self._send_frame(to, batch.packets)
            if to.held:
                await self._release(to)

    async def _suffer(self, to: Subscriber, batch: Batch) -> Batch:
        """Let the next fault happen; what is still to be sent after it."""
        packets, rest = batch.packets, batch.split(len(batch.packets))[1]
        fault = self._faults.pop()
        self.stats.faults.append(fault)
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
                self.stats.duplicated += len(packets)
            case "delay":
                to.held_until = int(batch.due[0]) + DELAY_NS
                late, rest = batch.split(int(np.searchsorted(batch.due, to.held_until)))
                self._hold(to, late)
            case "cut":
                frame = encode_frame(packets)
                to.send_binary(frame[: len(frame) - len(packets[-1]) // 2], self._now())
                self.stats.frames += 1
                self.stats.packets += len(packets) - 1
                self.stats.destroy(batch.row[-1:])
            case "half-open":
                to.half_open()
                self.stats.destroy(batch.row)
            case "drop":
                await to.drained(self._stall_s)
                to.break_off(encode_frame(packets))
                self.stats.destroy(batch.row)
            case "refuse":
                raise AssertionError("refusals happen at the handshake")
        return rest

    def _hold(self, client: Subscriber, batch: Batch) -> None:
        if batch.packets:
            client.held.append(batch)
            self.stats.delayed += len(batch.packets)

    async def _release(self, client: Subscriber) -> None:
        """Send what was held back, late."""
        held, client.held = client.held, []
        for each in held:
            if not client.listening:
                self.stats.destroy(each.row)
                continue
            self._send_frame(client, each.packets)
            if not await client.writable(self._stall_s):
                self._drop_stalled(client)


def _refusal() -> WSUpgradeResponse:
    body: dict[str, Any] = {
        "status": "error",
        "message": "Incorrect `api_key` or `access_token`.",
        "error_type": "TokenException",
    }
    response: WSUpgradeResponse = WSUpgradeResponse.create_error_response(
        403, msgspec.json.encode(body), {"Content-Type": "application/json"}
    )
    return response
