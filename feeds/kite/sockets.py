"""Spread more tokens than one connection may hold over up to three."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

import anyio

from daemon.errors import ConfigError, DaemonError
from daemon.settings.config import KiteConfig
from feeds.kite.credentials import Credentials
from feeds.kite.socket import BATCH_PAUSE_S, OnState, TickerSocket
from feeds.kite.subscription import Mode
from feeds.live.inbox import FrameInbox

MOST_SOCKETS: Final = 3
MOST_TOKENS: Final = 3_000
"""Kite's limits: connections per api_key, tokens per connection.

See Kite Connect's documentation, WebSocket.
"""


class TickerSockets:
    """The connections of one account, behind one wanted set.

    A token stays on the connection it was given, so that its ticks keep their order and changes to
    others do not disturb it. A connection is opened when the ones before it are full, and is then
    kept. The first is opened even without tokens: it shows that the account can be used.
    """

    def __init__(
        self,
        *,
        url: str,
        read_credentials: Callable[[], Credentials],
        inbox: FrameInbox,
        on_state: OnState,
        config: KiteConfig,
        rng: random.Random,
        now: Callable[[], float],
        batch_pause_s: float = BATCH_PAUSE_S,
    ):
        self.sockets = tuple(
            TickerSocket(
                url=url,
                read_credentials=read_credentials,
                inbox=inbox,
                on_state=on_state,
                number=number,
                config=config,
                rng=rng,
                now=now,
                batch_pause_s=batch_pause_s,
            )
            for number in range(MOST_SOCKETS)
        )
        self._home: dict[int, int] = {}
        self._needed = 1
        self._grown = anyio.Event()

    @property
    def needed(self) -> int:
        """Return the number of connections kept open."""
        return self._needed

    def socket_of(self, token: int) -> int | None:
        """Return the number of the connection that carries `token`, None if it is not wanted."""
        return self._home.get(token)

    def want(self, tokens: Mapping[int, Mode]) -> None:
        """Replace the wanted set. Raises ConfigError if it is more than Kite allows."""
        most = MOST_SOCKETS * MOST_TOKENS
        if len(tokens) > most:
            raise ConfigError(
                f"universe: {len(tokens):,} instruments, but Kite sends at most {most:,} "
                f"({MOST_SOCKETS} connections of {MOST_TOKENS:,}); name fewer strikes"
            )
        self._assign(tokens)
        shares: list[dict[int, Mode]] = [{} for _ in self.sockets]
        for token, mode in tokens.items():
            shares[self._home[token]][token] = mode
        for socket, share in zip(self.sockets, shares, strict=True):
            socket.want(share)
        needed = max((number + 1 for number, share in enumerate(shares) if share), default=1)
        if needed > self._needed:
            self._needed = needed
            self._grown.set()

    def renew(self, reason: str) -> None:
        """Drop every open connection and make it again."""
        for socket in self.sockets:
            socket.renew(reason)

    async def run(self) -> None:
        """Run every connection that is needed, until cancelled.

        Raises TokenRefused, and whatever `read_credentials` raises.
        """
        try:
            await self._run()
        except BaseExceptionGroup as group:
            faults, others = group.split(DaemonError)
            if faults is None or others is not None:
                raise
            # All connections share one login, so one's fault stands for all.
            fault = _first(faults)
        else:
            return
        raise fault

    async def _run(self) -> None:
        started = 0
        async with anyio.create_task_group() as tasks:
            while True:
                self._grown = anyio.Event()
                for socket in self.sockets[started : self._needed]:
                    tasks.start_soon(socket.run)
                started = max(started, self._needed)
                await self._grown.wait()

    def _assign(self, tokens: Mapping[int, Mode]) -> None:
        """Assign every wanted token a connection: the one it has, or the first with room."""
        self._home = {token: home for token, home in self._home.items() if token in tokens}
        held = [0] * MOST_SOCKETS
        for home in self._home.values():
            held[home] += 1
        number = 0
        for token in tokens:
            if token in self._home:
                continue
            while held[number] >= MOST_TOKENS:
                number += 1
            self._home[token] = number
            held[number] += 1


def _first(group: BaseExceptionGroup[DaemonError]) -> DaemonError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
