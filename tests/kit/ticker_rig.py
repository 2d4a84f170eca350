"""A socket running against a scripted server, and what it said and read."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio

from daemon.settings.config import KiteConfig
from feeds.kite.socket import LinkState, TickerSocket
from feeds.kite.subscription import Mode
from feeds.live.inbox import Frame, FrameInbox
from tests.kit.ticker_credentials import TOKEN, credentials
from tests.kit.ticker_script import (
    Client,
    Script,
    ScriptedTicker,
    wire,
)

HEARTBEAT = wire(b"\0")
QUICK = KiteConfig(connect_timeout_s=30, read_timeout_s=0.01, reconnect_max_s=0.004)
HASTY = KiteConfig(connect_timeout_s=0.05, read_timeout_s=0.01, reconnect_max_s=0.004)


@dataclass
class HandClock:
    """Silence is measured by it: it stands until a test moves it."""

    s: float = 0.0

    def __call__(self) -> float:
        return self.s


@dataclass
class Said:
    """What the sockets told, and a way to wait for it."""

    all: list[tuple[int, LinkState, str]] = field(default_factory=list)
    _more: anyio.Event = field(default_factory=anyio.Event)

    def __call__(self, number: int, state: LinkState, text: str) -> None:
        self.all.append((number, state, text))
        self._more.set()
        self._more = anyio.Event()

    async def until(self, is_met: Callable[[], bool]) -> None:
        while not is_met():
            await self._more.wait()

    async def live(self, times: int = 1) -> None:
        await self.until(lambda: self.states.count("live") >= times)

    @property
    def states(self) -> list[LinkState]:
        return [state for _, state, _ in self.all]

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.all if text]


@dataclass
class Rig:
    """A socket, what it reads into, what it says, and the server it talks to."""

    server: ScriptedTicker
    socket: TickerSocket
    inbox: FrameInbox
    said: Said
    clock: HandClock

    async def frames(self, count: int) -> list[Frame]:
        found: list[Frame] = []
        while len(found) < count:
            found += await self.inbox.take(5)
        return found


@contextlib.asynccontextmanager
async def rig(
    *scripts: Script,
    config: KiteConfig = QUICK,
    wanted: dict[int, Mode] | None = None,
    limit_bytes: int = 1 << 26,
    tokens: Sequence[str] = (TOKEN,),
    run: bool = True,
) -> AsyncIterator[Rig]:
    """Everything running, for half a minute at most; `tokens` are read one after another."""
    inbox = FrameInbox(time.time_ns, limit_bytes)
    said = Said()
    clock = HandClock()
    left = list(tokens)
    with anyio.fail_after(30):
        async with ScriptedTicker(scripts).listening() as server:
            socket = TickerSocket(
                url=server.url,
                read_credentials=lambda: credentials(left.pop(0) if left[1:] else left[0]),
                inbox=inbox,
                on_state=said,
                number=7,
                config=config,
                rng=random.Random(1),
                now=clock,
                batch_pause_s=0,
            )
            socket.want(wanted or {})
            async with anyio.create_task_group() as tasks:
                if run:
                    tasks.start_soon(socket.run)
                yield Rig(server, socket, inbox, said, clock)
                tasks.cancel_scope.cancel()


async def told(is_so: Callable[[], bool]) -> None:
    """Let everything else run until something is so that nobody tells us."""
    while not is_so():
        await anyio.lowlevel.checkpoint()


def plays(*data: bytes, then: Callable[[Client], Any] | None = None) -> Script:
    """Accept, send, and keep the connection (or do `then`)."""

    async def script(client: Client) -> None:
        await client.accept()
        for each in data:
            await client.send(each)
        await (then or Client.gone)(client)

    return script


async def hear(client: Client, count: int, asked: list[dict[str, Any]]) -> None:
    """Note the next messages of the client."""
    while count:
        asked.append(await client.request())
        count -= 1


async def leave(client: Client) -> None:
    """Close without a word."""
