"""Serve a recording over Kite's WebSocket protocol, on the loopback interface.

With it every live function can be run and tested on one machine, link faults included.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import urllib.parse
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self

import anyio
import anyio.lowlevel
import msgspec
from picows import (
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from daemon.domain.dates import iso_ist
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.errors import FeedError, UsageError
from feeds.kite.server.delivery import Delivery, ServerStats
from feeds.kite.server.faults import FaultPlan, PendingFaults
from feeds.kite.server.playlist import PacketBlock, Playlist
from feeds.kite.server.subscriber import Subscriber
from feeds.stream.pacing import Pace, Pacer, parse_speed

LOOPBACK: Final = "127.0.0.1"
HEARTBEAT: Final = b"\x00"
_REQUEST_BYTES_MAX: Final = 1 << 20
_PACKETS_WITHOUT_PAUSE: Final = 500
"""Packets sent before other tasks get a turn."""


class TickerServer:
    """Plays blocks of ticks to every subscriber, as `async with TickerServer(...)`.

    All clients share one position in the recording. It advances at `speed` (`max`, or a factor of
    real time), and never past a client whose link is full. With `wait_for_subscribers` it pauses
    while there is no subscriber, and until a client's requests have been quiet for `quiet_s`, so
    that a client that connects or returns misses nothing. A client that reads nothing for `stall_s`
    is dropped. With `access_token` set any other is refused with 403. Raises ConfigError for a
    wrong speed or an instrument without a token, UsageError if the port is taken, FeedError if the
    recording cannot be read (also from `finished`).
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
        quiet_s: float = 0.3,
        stall_s: float = 10.0,
    ) -> None:
        self.stats = ServerStats()
        self.playlist = Playlist(universe, blocks)
        self._universe = universe
        self._port = port
        self._pace = Pace(parse_speed(speed))
        self._faults = PendingFaults(faults)
        self._heartbeat_s = heartbeat_s
        self._packets_per_frame = packets_per_frame
        self._wait = wait_for_subscribers
        self._access_token = access_token
        self._quiet_s = quiet_s
        self._stall_s = stall_s
        self._subscribers: list[Subscriber] = []
        self._changed = anyio.Event()
        self._finished = anyio.Event()
        self._lost: FeedError | None = None
        self._position_ts = 0
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._now = asyncio.get_running_loop().time
        self._delivery = Delivery(self.stats, self._faults, self._now, self._stall_s)
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
        tasks.start_soon(self._send_heartbeats)
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
            return False  # an error inside the block is raised as it was

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for subscriber in self._subscribers:
            subscriber.close()
        await anyio.lowlevel.checkpoint()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Return the address that a client connects to."""
        return f"ws://{LOOPBACK}:{self._port}"

    async def finished(self) -> None:
        """Return once everything was played and has left for the clients. Raises FeedError."""
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
        """Return messages that real clients also get and must not stumble over."""
        count = {"count": len(self._universe), "etag": f'W/"{len(self._universe):x}"'}
        messages = (
            {"type": "instruments_meta", "data": count},
            {"type": "app_code", "timestamp": iso_ist(self._position_ts)},
        )
        return [msgspec.json.encode(message).decode() for message in messages]

    def _client_changed(self, client: Subscriber) -> None:
        if client.closed:
            if client in self._subscribers:
                self._subscribers.remove(client)
            for batch in client.held:
                self.stats.destroy(batch.row)
            client.held = []
        elif client not in self._subscribers:
            self.stats.connections += 1
            client.last_sent = self._now()
            self._subscribers.append(client)
        self._changed.set()
        self._changed = anyio.Event()

    async def _send_heartbeats(self) -> None:
        """Send a heartbeat byte to every client that was sent nothing for a while."""
        while True:
            await anyio.sleep(self._heartbeat_s / 4)
            now = self._now()
            for subscriber in self._subscribers:
                is_due = now - subscriber.last_sent >= self._heartbeat_s
                if is_due and subscriber.listening and not subscriber.choked:
                    subscriber.send_binary(HEARTBEAT, now)
                    subscriber.flush()
                    self.stats.heartbeats += 1

    # the recording

    async def _play(self) -> None:
        try:
            await self._play_blocks()
        except FeedError as error:
            self._lost = error
        for subscriber in list(self._subscribers):
            await self._delivery.drain(subscriber)
        self._finished.set()

    async def _play_blocks(self) -> None:
        pacer = Pacer(self._pace)
        pause_at = 0
        for block in self.playlist:
            paced = self._pace.speed is not None
            for start, stop in block.frames(self._packets_per_frame, by_time=paced):
                due = self._position_ts = int(block.due[start])
                if paced:
                    await pacer.wait(due, due)
                elif self.stats.packets >= pause_at:
                    pause_at = self.stats.packets + _PACKETS_WITHOUT_PAUSE
                    self._flush()
                    await anyio.lowlevel.checkpoint()
                if await self._wait_for_audience():
                    pacer = Pacer(self._pace)  # time without a listener does not count
                    await pacer.wait(due, due)
                await self._send(block, start, stop)

    async def _wait_for_audience(self) -> bool:
        """Wait for a subscriber, if configured; return whether that took waiting."""
        if not self._wait or self._has_audience():
            return False
        self._flush()
        while not self._has_audience():
            await self._changed.wait()
        while True:
            before = self._changed
            with anyio.move_on_after(self._quiet_s) as quiet:
                await before.wait()
            if quiet.cancelled_caught and self._has_audience():
                return True

    def _has_audience(self) -> bool:
        return any(subscriber.wants for subscriber in self._subscribers)

    async def _send(self, block: PacketBlock, start: int, stop: int) -> None:
        """Send one frame to every client that wants some of its rows."""
        for subscriber in list(self._subscribers):
            batch = subscriber.chosen(block, start, stop)
            if not batch.packets or subscriber.closed:
                continue
            await self._delivery.send(subscriber, batch)
            if self._pace.speed is not None:
                subscriber.flush()
            if subscriber.choked:
                self._flush()
                await self._delivery.wait_for(subscriber)

    def _flush(self) -> None:
        for subscriber in self._subscribers:
            subscriber.flush()


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
