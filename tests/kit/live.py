"""A live session on one machine: a small market, its server, the daemon, and what must hold after.

The market is the beginning of the sample session, traded by a script that is drawn from a seed,
so that within seconds orders of every kind are open, exited and refused.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

import anyio
import msgspec
import numpy as np
import yaml

from daemon.cli.replay import replay
from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Ticks
from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore, Operation
from daemon.main import main as command_line
from daemon.process.clock import MachineClocks, Reading
from daemon.runtime.app import App
from daemon.runtime.live import open_live
from daemon.settings.config import Config
from daemon.settings.file import load_config
from feeds.kite.server.faults import FaultPlan
from feeds.kite.server.ticker_server import TickerServer
from feeds.recording.compact import Ending, compact
from feeds.recording.opened import open_recording
from feeds.recording.reader import InputLog
from tests.kit.cli import verified
from tests.kit.ticker_client import sample

ROWS: Final = 3_000
"""Some eight minutes of the sample session."""
ACCOUNT: Final = "live"
SPEED: Final = 60
"""How many times as fast as ours the time of `QuickClocks` passes."""


class Market(NamedTuple):
    """Instruments and their ticks in the order of arrival."""

    universe: Universe
    block: Ticks

    @property
    def halves(self) -> tuple[Ticks, Ticks]:
        """The ticks in two blocks."""
        middle = len(self.block) // 2
        return self.block.rows(0, middle), self.block.rows(middle, len(self.block))


def market(rows: int = ROWS) -> Market:
    """The beginning of the sample session."""
    return Market(*sample(rows))


def script_of(
    of: Market, seed: int, *, every_s: float = 5, products: Sequence[str] = ("MIS", "NRML")
) -> list[dict[str, Any]]:
    """Intents with stops and targets so near that most are reached, some that are refused."""
    draw = random.Random(seed)
    block, lines = of.block, []
    first, last = int(block.ts[0]), int(block.ts[-1])
    for ts in range(first + 2 * SECOND_NS, last, round(every_s * SECOND_NS)):
        index = draw.randrange(1, len(of.universe))
        each = of.universe[index]
        seen = block.ltp[(block.instrument == index) & (block.ts <= ts)]
        if not len(seen):
            continue
        ltp, sign = int(seen[-1]) / 100, draw.choice((1, -1))
        lots = draw.choice((1, 2, 3, 4, 200))
        risk = max(ltp * draw.uniform(0.0005, 0.01), 0.5)
        line: dict[str, Any] = {
            "ts": ts + draw.randrange(SECOND_NS),
            "symbol": each.tradingsymbol,
            "signal": "EXIT" if draw.random() < 0.1 else ("BUY" if sign > 0 else "SELL"),
            "product": draw.choice(list(products)),
        }
        if line["signal"] != "EXIT":
            line["qty"] = lots * each.lot_size
            line["sl_price"] = round(ltp - sign * risk, 1)
            line["tp_price"] = round(ltp + sign * risk * draw.uniform(0.5, 3), 1)
            line["time_stop_bars"] = draw.choice((0, 1, 2, 3))
        lines.append(line)
    return lines


def entries(of: Market, bars: int) -> list[dict[str, Any]]:
    """Positions that only time ends: no level is near."""
    first = int(of.block.ts[0])
    return [
        {
            "ts": first + number * SECOND_NS, "symbol": each.tradingsymbol, "signal": "BUY",
            "qty": each.lot_size, "sl_price": 1.0, "time_stop_bars": bars,
            "product": ("MIS", "NRML")[number % 2],
        }
        for number, each in enumerate(list(of.universe)[1:6], 20)
    ]  # fmt: skip


def write_live_config(
    place: Path,
    of: Market,
    script: Sequence[Mapping[str, Any]],
    *,
    port: int,
    clock: str = "exchange",
    execution: Mapping[str, Any] | None = None,
    kite: Mapping[str, Any] | None = None,
    name: str = "live",
) -> Path:
    """A configuration that trades the script on the ticks of a server on this machine."""
    lines = place / f"{name}.jsonl"
    lines.write_text("".join(json.dumps(each) + "\n" for each in script))
    config = {
        "version": 1,
        "account": ACCOUNT,
        "out": str(place),
        "feed": {"kind": "kite", "kite": {
            "ticker_url": f"ws://127.0.0.1:{port}", "clock": clock, "history": False,
            "read_timeout_s": 0.4, "reconnect_max_s": 0.05, **(kite or {}),
        }},
        "universe": {"instruments": [_written(each) for each in of.universe]},
        "execution": {
            "fill_mode": "bid_ask", "slippage_bps": 5, "candle_grace_ms": 1000,
            **(execution or {}),
        },
        "strategies": {"list": [
            {"id": "script", "module": "strategies.scripted", "class": "Scripted",
             "params": {"file": str(lines)}},
            {"id": "ema", "module": "strategies.ema_trend", "class": "EmaTrend", "timeframe": "1m",
             "symbols": [of.universe[1].tradingsymbol],
             "params": {"fast": 2, "slow": 3, "atr": 2, "stop_atr": 1.0, "target_atr": 1.0,
                        "quantity": of.universe[1].lot_size}},
        ]},
        "metrics": {"interval_s": 0.1},
    }  # fmt: skip
    path = place / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def _written(each: Any) -> dict[str, Any]:
    row = {
        "tradingsymbol": each.tradingsymbol, "instrument_token": each.instrument_token,
        "exchange": each.exchange, "segment": each.segment, "name": each.name,
        "instrument_type": each.instrument_type, "tick_size": each.tick_paise / 100,
        "lot_size": each.lot_size,
    }  # fmt: skip
    if each.expiry:
        row["expiry"] = each.expiry
    if each.strike_paise:
        row["strike"] = each.strike_paise / 100
    return row


_PORTS: Final = itertools.count(10_000 + os.getpid() % 200 * 100)


def free_port() -> int:
    """A port that nobody listens on now, and that no other process of tests is given next.

    It is below those that the kernel gives to sockets that ask for any, and each process of tests
    has a hundred of its own: until someone listens there, it could be another's meanwhile.
    """
    for port in _PORTS:
        with socket.socket() as asked, contextlib.suppress(OSError):
            asked.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def server_of(
    of: Market, port: int, *faults: str, blocks: Iterable[Ticks] | None = None, **named: Any
) -> TickerServer:
    """A server that plays the market, or a part of it, a few packets a frame."""
    settings: dict[str, Any] = {
        "packets_per_frame": 7, "heartbeat_s": 0.1, "quiet_s": 0.05,
        "faults": FaultPlan.parse(faults),
    }  # fmt: skip
    return TickerServer(
        of.universe, [of.block] if blocks is None else blocks, port=port, **(settings | named)
    )


# the daemon in this process


@contextlib.asynccontextmanager
async def trading(config: Config | Path, *, reason: str = "test") -> AsyncIterator[App]:
    """The live daemon, running; stopped in order at the end."""
    loaded = load_config(config) if isinstance(config, Path) else config
    app = App(open_live(loaded), out=Path(loaded.out))
    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app.run)
            yield app
            app.stop(reason)


async def until(is_so: Callable[[], bool], within_s: float = 30.0) -> None:
    """Let everything else run until something is so that nobody tells us."""
    with anyio.fail_after(within_s):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await anyio.sleep(0.001)


def took_all(app: App, server: TickerServer, before: int = 0) -> Callable[[], bool]:
    """Whether every packet that the server sent has come to the engine, or was counted."""

    def is_so() -> bool:
        return app.engine.intake.rows - before == server.stats.packets

    return is_so


async def trade_all(config: Path, server: TickerServer) -> App:
    """The whole recording of a server that is running, traded by a daemon in this process."""
    async with trading(config) as app:
        before = app.engine.intake.rows
        await server.finished()
        await until(took_all(app, server, before))
    return app


def run(work: Callable[..., Any], *arguments: Any) -> Any:
    """On the loop that the daemon uses."""
    return anyio.run(work, *arguments, backend_options={"use_uvloop": True})


class QuickClocks(MachineClocks):
    """Clocks that begin at another time of another day and go `speed` times as fast."""

    def __init__(self, start_ns: int, speed: float = SPEED) -> None:
        self._start_ns, self._speed = start_ns, speed
        self._origin = time.monotonic_ns()
        self.boot_ns = self.wall_ns

    def wall_ns(self) -> int:
        return self._start_ns + round((time.monotonic_ns() - self._origin) * self._speed)

    def awake_ns(self) -> int:
        return self.wall_ns()

    def read(self) -> Reading:
        return Reading(*[self.wall_ns()] * 3)


class Hand(MachineClocks):
    """Clocks that a test moves: all of them by `now_ns`, the wall's alone by `wall_ahead`.

    `suspend` is what it says: the machine was away, and the clock that stands still then did.
    """

    def __init__(self, start_ns: int) -> None:
        self.now_ns = start_ns
        self.wall_ahead = 0
        self.suspended = 0
        self.boot_ns = lambda: self.now_ns

    def wall_ns(self) -> int:
        return self.now_ns + self.wall_ahead

    def awake_ns(self) -> int:
        return self.now_ns - self.suspended

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS)

    def suspend(self, ns: int) -> None:
        """Let the machine sleep for so long."""
        self.suspended += ns
        self.now_ns += ns

    def playing(self, block: Ticks, rows: int = 20) -> Iterator[Ticks]:
        """The block in pieces; the clock shows the time of each when it is played."""
        for start in range(0, len(block), rows):
            piece = block.rows(start, start + rows)
            self.now_ns = max(self.now_ns, int(piece.ts[-1]))
            yield piece

    async def move(self, app: App, to_ns: int, step_ns: int = 10 * SECOND_NS) -> None:
        """Let time pass, with nobody but the clock to tell the engine."""
        while self.now_ns < to_ns and not getattr(app.feed, "is_over", False):
            self.now_ns = min(self.now_ns + step_ns, to_ns)
            await until(
                lambda: app.engine.at.now >= self.now_ns or getattr(app.feed, "is_over", False)
            )


def main_at(start_ns: int, speed: float, *arguments: str) -> None:
    """The command line on such a clock, for a process of its own."""
    sys.argv = ["run_fno_paper", *arguments]
    with mock.patch("daemon.runtime.live.MACHINE_CLOCKS", QuickClocks(start_ns, speed)):
        command_line()


def program_at(start_ns: int, speed: float = SPEED) -> str:
    """What `spawn` is to run for `main_at`."""
    return (
        "import sys; from tests.kit.live import main_at; "
        f"main_at({start_ns}, {speed}, *sys.argv[1:])"
    )


# what must hold afterwards


class Outcome(NamedTuple):
    """The account after everything was held against everything else."""

    directory: Path
    events: list[TradingEvent]
    operations: list[Operation]
    ledger: Ledger

    @property
    def moves(self) -> list[OrderMoved]:
        """The events that moved an order."""
        return [each for each in self.events if isinstance(each, OrderMoved)]

    @property
    def exits(self) -> list[OrderMoved]:
        """The events that let quantity out."""
        entries = ("SUBMITTED",)
        return [e for e in self.moves if e.fill is not None and e.from_state not in entries]

    def kinds(self, kind: str) -> list[Mapping[str, Any]]:
        """The details of one kind of operational event."""
        return [each.detail for each in self.operations if each.kind == kind]


def proven(place: Path, app: App | None = None) -> Outcome:
    """What an account's files say, once they have proved to agree.

    The journal verifies; its fold is the ledger of the live engine; every recording replayed,
    as it lies there and as Parquet, gives the live journal event for event.
    """
    directory = place / "accounts" / ACCOUNT
    verified(directory)
    with JournalStore.open(directory) as store:
        events, operations = list(store.events()), list(store.operations())
        ledger = fold(store)
    if app is not None:
        assert same_ledger(app.engine.ledger, ledger)
    recordings = sorted((directory / "recordings").iterdir())
    assert recordings
    for each in recordings:
        replays_equal(each, place / "replays")
    with tempfile.TemporaryDirectory() as elsewhere:
        packed = Path(elsewhere) / ACCOUNT
        shutil.copytree(directory, packed, ignore=shutil.ignore_patterns("*.sock"))
        for each in sorted((packed / "recordings").glob("*.inputs")):
            compacted = compact(InputLog(each), Ending(seq=0, input_no=0))
            replays_equal(compacted, place / "replays")
    return Outcome(directory, events, operations, ledger)


def replays_equal(recording: Path, out: Path) -> None:
    """Replay a recording as `run_fno_paper replay` does; its journal must be the live one's."""
    verdict = replay(recording, out).verdict
    assert verdict.startswith("equal to the live journal"), (recording.name, verdict)


def same_ledger(one: Ledger, other: Ledger) -> bool:
    """Whether two ledgers are the same byte for byte."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    return encode(one) == encode(other)


def recorded(directory: Path) -> Iterator[Any]:
    """All recorded inputs of an account, oldest first."""
    for each in sorted((directory / "recordings").iterdir()):
        yield from open_recording(each).inputs()


def numbered(directory: Path) -> dict[int, Any]:
    """Recorded inputs by their number, those that are no ticks."""
    found, number = {}, 0
    for item in recorded(directory):
        number += len(item) if isinstance(item, Ticks) else 1
        if not isinstance(item, Ticks):
            found[number] = item
    return found


def recorded_rows(directory: Path) -> int:
    """How many ticks an account has recorded."""
    return sum(len(each) for each in recorded(directory) if isinstance(each, Ticks))


def shifted(block: Ticks, by_ns: int) -> Ticks:
    """The same ticks at another time."""
    columns = {name: getattr(block, name) for name in Ticks.__slots__}
    columns["ts"] = block.ts + by_ns
    if block.exchange_ts is not None:
        columns["exchange_ts"] = np.where(block.exchange_ts > 0, block.exchange_ts + by_ns, 0)
    return Ticks(**columns)


def minutes(count: float) -> int:
    """Nanoseconds."""
    return round(count * MINUTE_NS)
