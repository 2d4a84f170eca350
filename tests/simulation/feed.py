"""The simulator's side of the feed: sockets that play a market with faults, and bad rows.

The program's own KiteFeed stands between the two: what the sockets put is decoded by it, and
what it yields is mangled and mixed with commands before the engine sees it.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, cast

import anyio
import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.inputs import Command, ConfigChange, Gap, Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE, Ticks
from daemon.errors import DaemonError
from daemon.settings.config import Config
from feeds.kite.credentials import Credentials, Secret
from feeds.kite.day import LiveDay, with_held
from feeds.kite.server.encode import encode_frame, encode_packets
from feeds.live.inbox import FrameInbox
from feeds.live.watchlist import FixedWatchlist
from tests.simulation.market import SimMarket
from tests.simulation.requests import request_of

_BAD_PRICES: Final = (0, -5, ABSENT, NOT_FINITE, NOT_PAISE)


@dataclass
class Weather:
    """What the world does in a life; chances are for each frame or block."""

    draw: random.Random
    market: SimMarket
    pause_s: tuple[float, ...] = (0.05, 0.3, 1.0)
    burst: int = 3
    faulty: float = 0.0
    """Chance of a fault on a frame, and of bad rows in a block."""
    dropping: float = 0.0
    """Chance that the link goes down after a frame."""
    commands: float = 0.0
    changes: Sequence[str] = ()
    """Configuration changes that may come, as the JSON of an input."""
    fault: DaemonError | None = None
    """What ends the feed when `fault_at_s` has come."""
    fault_at_s: float = 0.0
    asks: random.Random = field(default_factory=lambda: random.Random(0))
    """What programs ask, apart from everything else."""
    asking: float = 0.0
    """Chance of a program's request after a block."""
    working: Callable[[], list[str]] = list
    """The ids of orders that work."""
    held: Callable[[], list[str]] = list
    """The ids of open positions."""
    queue: deque[Input] = field(default_factory=deque)
    """Inputs that must come next."""
    counts: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    """Rows that the engine was given."""

    def calm(self) -> None:
        """No more faults."""
        self.faulty = self.dropping = self.commands = self.asking = 0.0
        self.pause_s = (0.1,)


class SimFinder:
    """Finds the day in the simulated market instead of asking Kite."""

    def __init__(self, market: SimMarket, session: Callable[..., Any], config: Config) -> None:
        self._market = market
        self._session = session
        self._config = config
        self.notes: list[str] = []

    def check(self) -> None:
        """Every day is a trading day with a login."""

    def find(
        self, held: Iterable[Instrument], known: Iterable[Instrument] | None = None, *_: Any
    ) -> LiveDay:
        universe = Universe(known) if known is not None else with_held(self._market.universe, held)
        return LiveDay(
            self._config,
            universe,
            FixedWatchlist(len(universe), {"NIFTY": 0}),
            lambda: Credentials("sim", Secret("sim"), 0),
            None,
            self._session,
        )


class SimSockets:
    """Stands for the connections: frames into the inbox, links that break."""

    def __init__(
        self,
        weather: Weather,
        inbox: FrameInbox,
        on_state: Callable[[int, Any, str], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._weather = weather
        self._inbox = inbox
        self._on_state = on_state
        self._now_ns = now_ns
        self._wanted: Mapping[int, str] = {}
        self._late: list[bytes] = []
        self._is_renewed = False

    def renew(self, reason: str) -> None:
        self._is_renewed = True

    def want(self, tokens: Mapping[int, str]) -> None:
        self._wanted = tokens

    def socket_of(self, token: int) -> int | None:
        return 0 if token in self._wanted else None

    async def run(self) -> None:
        weather, draw = self._weather, self._weather.draw
        began = anyio.current_time()
        self._on_state(0, "connecting", "")
        await anyio.sleep(draw.choice((0.0, 0.2, 2.0)))
        self._on_state(0, "live", "")
        while True:
            await anyio.sleep(draw.choice(weather.pause_s))
            if weather.fault is not None and anyio.current_time() - began >= weather.fault_at_s:
                raise weather.fault
            if self._is_renewed:
                self._is_renewed = False
                await self._drop()
                continue
            self._send()
            if draw.random() < weather.dropping:
                await self._drop()

    async def _drop(self) -> None:
        weather, draw = self._weather, self._weather.draw
        if draw.random() < 0.4:  # half open: nothing is heard until the daemon gives up on it
            weather.counts["silent"] += 1
            await anyio.sleep(draw.choice((1.0, 6.0)))
        weather.counts["drop"] += 1
        self._late.clear()
        self._on_state(0, "reconnecting", "made up")
        await anyio.sleep(draw.choice((0.1, 1.0, 8.0, 30.0)))
        self._on_state(0, "live", "")

    def _send(self) -> None:
        weather, draw = self._weather, self._weather.draw
        block = weather.market.rows(self._now_ns(), draw.randint(1, weather.burst))
        frame = encode_frame(encode_packets(block, weather.market.universe, "full"))
        if draw.random() < weather.faulty:
            self._send_badly(frame)
            return
        self._inbox.put(frame)
        while self._late:
            self._inbox.put(self._late.pop(0))

    def _send_badly(self, frame: bytes) -> None:
        draw = self._weather.draw
        kind = draw.choice(("cut", "flip", "double", "late", "lost", "noise", "glued", "empty"))
        self._weather.counts[kind] += 1
        if kind == "cut":
            self._inbox.put(frame[: draw.randrange(len(frame))])
        elif kind == "flip":
            at = draw.randrange(len(frame))
            flipped = bytes([frame[at] ^ (1 << draw.randrange(8))])
            self._inbox.put(frame[:at] + flipped + frame[at + 1 :])
        elif kind == "double":
            self._inbox.put(frame)
            self._inbox.put(frame)
        elif kind == "late":
            self._late.append(frame)
        elif kind == "noise":
            self._inbox.put(draw.randbytes(draw.choice((0, 1, 2, 3, 60, 600))))
        elif kind == "glued":
            self._inbox.put(frame + frame)
        elif kind == "empty":
            self._inbox.put(b"\0\0")


class MangledFeed:
    """Another feed with bad rows, gaps that nobody had, commands and changed configurations."""

    def __init__(self, inner: Any, weather: Weather) -> None:
        self._inner = inner
        self._weather = weather

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def inputs(self) -> AsyncIterator[Input]:
        weather = self._weather
        async with aclosing(cast("Any", self._inner.inputs())) as inputs:
            async for item in inputs:
                if isinstance(item, Ticks):
                    for block in self._mangled(item):
                        weather.rows += len(block)
                        yield block
                else:
                    yield item
                now = int(item.ts[-1]) if isinstance(item, Ticks) else item.ts
                while weather.queue:
                    yield weather.queue.popleft()
                if weather.draw.random() < weather.commands:
                    yield self._command(now)
                if isinstance(item, Ticks) and weather.asks.random() < weather.asking:
                    contract = weather.market.universe[int(item.instrument[-1])]
                    price = int(item.ltp[-1])
                    weather.counts["request"] += 1
                    yield request_of(weather.asks, now, contract, price, weather.working())

    def _mangled(self, block: Ticks) -> Iterator[Ticks]:
        weather, draw = self._weather, self._weather.draw
        if draw.random() >= weather.faulty:
            yield block
            return
        rows = np.arange(len(block))
        kind = draw.choice(("price", "stranger", "early", "ahead", "order", "twice", "book", "cut"))
        weather.counts[f"rows_{kind}"] += 1
        bad = block.take(rows)  # a copy
        at = draw.randrange(len(bad))
        if kind == "price":
            bad.ltp[at] = draw.choice(_BAD_PRICES)
        elif kind == "stranger":
            bad.instrument[at] = draw.choice((-1, -7))
        elif kind == "early":
            bad.ts[at] -= draw.choice((1, SECOND_NS, 3600 * SECOND_NS))
        elif kind == "ahead" and bad.exchange_ts is not None:
            bad.exchange_ts[at] += draw.choice((3, 86_400)) * SECOND_NS
        elif kind == "order":
            bad = bad.take(rows[::-1].copy())
        elif kind == "book" and bad.depth is None and bad.bid is not None and bad.ask is not None:
            bad.bid[at], bad.ask[at] = draw.choice(
                ((bad.ask[at] + 5, bad.bid[at]), (0, -1), (ABSENT, NOT_PAISE), (NOT_FINITE, 5))
            )
        elif kind == "book" and bad.depth is not None and draw.random() < 0.7:
            bad.depth[at] = bad.depth[at][::-1]  # bids for asks
        if kind == "cut" and len(bad) > 1:
            yield bad.rows(0, 1)
            bad = bad.rows(1, len(bad))
        yield bad
        if kind == "twice":
            yield bad

    def _command(self, now: int) -> Input:
        weather, draw = self._weather, self._weather.draw
        kind = draw.randrange(11)
        weather.counts["command"] += 1
        if kind < 3:
            target = draw.choice([*self._weather.held(), "V3-20261117-000001"])
            return Command(ts=now, command="manual_exit", target=target)
        if kind == 3:
            return Gap(ts=now, since=now - draw.choice((0, 1, 30)) * SECOND_NS)
        if kind == 4 and weather.changes:
            return ConfigChange(ts=now, config=draw.choice(list(weather.changes)))
        if kind == 5:
            return Command(ts=now, command="square_off")
        if kind > 7:
            risk: Any = draw.choice(("risk_active",) * 2 + ("risk_reducing", "risk_halted"))
            return Command(ts=now, command=risk)
        names = ("dice", "ticks", "ema", "adversary", "nobody")
        on: Any = draw.choice(("strategy_on", "strategy_on", "strategy_off"))
        return Command(ts=now, command=on, target=draw.choice(names))
