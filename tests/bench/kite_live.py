"""The whole live path: socket, decode, recorder, engine with 100 open positions, journal.

The server is another process on this machine. `python -m tests.bench.kite_live` prints the figures.
End to end: from the first block that the engine takes to the last, as fast as both can. How long a
frame takes from its arrival (the socket's callback) to the engine's decisions is in `live_cases`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import Ticks
from daemon.runtime.app import App
from daemon.runtime.live import open_live
from daemon.settings.file import load_config
from feeds.files.native_writer import write_ticks
from feeds.stream.blocks import join
from tests.kit.live import Market, free_port, market, run, write_live_config

MODULE: Final = "tests.bench.kite_live"
ROWS: Final = 1_000_000
SESSION_ROWS: Final = 80_000
POSITIONS: Final = 100
LOAD_RATE: Final = 50_000
LOAD_PACKETS: Final = 500
STOPPED: Final = 20.0
EXITS: Final = {"SL_PENDING", "TP_PENDING", "EXIT_PENDING"}


def kitelive(seconds: int = 60) -> list[dict[str, Any]]:
    """All figures; `seconds` is how long the load of 50,000 ticks/s lasts."""
    rows = [_end_to_end(size) for size in (10, 100)]
    rows.append(_load(seconds * LOAD_RATE))
    return rows


def _end_to_end(size: int) -> dict[str, Any]:
    seen = live(spread(ROWS, 50_000), "max", size)
    took = seen["last"] - seen["first"]
    return {
        "end_to_end_packets_a_frame": size,
        "whole_ticks_per_s": round((seen["ticks"] - seen["before"]) / took),
        "lost": ROWS - seen["ticks"],
        "open_positions": seen["open"],
    }


def _load(ticks: int) -> dict[str, Any]:
    seen = live(spread(ticks, LOAD_RATE), "1", LOAD_PACKETS)
    return {
        "load": f"{LOAD_RATE:,} ticks/s",
        "exits_p99_us": round(float(np.percentile(seen["decided"] or [0], 99)) / 1_000, 1),
        "exits": len(seen["decided"]),
        "lost": ticks - seen["ticks"],
    }


def spread(rows: int, rate: int) -> Market:
    """The sample session over and over, at an even rate of ticks a second of its own time."""
    universe, block = market(SESSION_ROWS)
    whole = join([block] * -(-rows // len(block))).rows(0, rows)
    ts = int(block.ts[0]) + np.arange(rows, dtype=np.int64) * (SECOND_NS // rate)
    return Market(
        universe,
        Ticks(
            ts=ts, instrument=whole.instrument, ltp=whole.ltp, bid=whole.bid,
            ask=whole.ask, ltq=whole.ltq, depth=whole.depth,
            exchange_ts=ts // SECOND_NS * SECOND_NS,
        ),
    )  # fmt: skip


def _script(of: Market) -> list[dict[str, Any]]:
    """A hundred positions with stops that are not reached, then some that near levels close."""
    first = int(of.block.ts[0])
    held = [
        {"ts": first + 1, "symbol": each.tradingsymbol, "signal": "BUY", "qty": each.lot_size,
         "sl_price": 0.1, "product": "NRML"}
        for number in range(POSITIONS)
        for each in [of.universe[1 + number % (len(of.universe) - 1)]]
    ]  # fmt: skip
    last = int(of.block.ts[-1])
    quick = []
    for ts in range(first + SECOND_NS, last, SECOND_NS // 4):
        index = 1 + (ts // 7) % (len(of.universe) - 1)
        known = of.block.ltp[(of.block.instrument == index) & (of.block.ts <= ts)]
        if len(known):
            price = float(known[-1]) / 100
            quick.append(
                {"ts": ts, "symbol": of.universe[index].tradingsymbol, "signal": "BUY",
                 "qty": of.universe[index].lot_size, "sl_price": round(price * 0.98, 1),
                 "tp_price": round(price * 1.02, 1), "product": "MIS"}
            )  # fmt: skip
        if len(quick) >= 400:
            break
    return held + quick


def live(
    of: Market, speed: str, size: int, measure: Callable[[Path, int], Any] | None = None
) -> dict[str, Any]:
    """What a daemon sees of a market that another process serves."""
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        recording, port = place / "served.parquet", free_port()
        write_ticks(recording, of.universe, [of.block], depth=True)
        config = write_live_config(place, of, _script(of), port=port)
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.bench.kite_live",
                str(recording),
                str(port),
                speed,
                str(size),
            ]
        )
        try:
            return run(measure or _measure, config, len(of.block))  # type: ignore[no-any-return]
        finally:
            server.terminate()
            server.wait()


async def _measure(config: Path, rows: int) -> dict[str, Any]:
    loaded = load_config(config)
    app = App(open_live(loaded), out=Path(loaded.out))
    waits: list[int] = []
    used: list[int] = []
    decided: list[int] = []
    seen: dict[str, Any] = {
        "first": 0.0, "before": 0, "last": 0.0, "waits": waits, "used": used, "began": 0,
    }  # fmt: skip
    feed, engine = app.feed, app.engine
    inbox: Any = feed._inbox  # type: ignore[attr-defined]
    take, handle = inbox.take, engine.handle
    frames: list[Any] = []

    async def taken(timeout_s: float) -> Any:
        frames[:] = await take(timeout_s)
        seen["began"] = time.thread_time_ns()
        return list(frames)

    def handled(item: Any) -> Any:
        events = handle(item)
        if isinstance(item, Ticks):
            if not seen["first"]:
                seen["first"], seen["before"] = time.perf_counter(), engine.intake.rows
            seen["last"] = time.perf_counter()
            wait = app.clock.now_ns() - frames[0].ts
            waits.append(wait)
            used.append(time.thread_time_ns() - seen["began"])
            if any(
                "EXIT" in str(e) or "PENDING" in str(getattr(e, "to_state", "")) for e in events
            ):
                decided.append(wait)
        return events

    inbox.take, engine.handle = taken, handled  # type: ignore[method-assign]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.run)
        with anyio.move_on_after(180):
            idle = 0
            before = -1
            while engine.intake.rows < rows and idle < 400:
                await anyio.sleep(0.05)
                idle = idle + 1 if engine.intake.rows == before else 0
                before = engine.intake.rows
        seen["open"] = len(app.ledger.positions)
        app.stop("measured")
    return seen | {"ticks": engine.intake.rows, "decided": decided}


def serve(recording: Path, port: int, speed: str, size: int) -> None:
    """The other process."""
    from daemon.domain.instrument import Universe
    from feeds.files.parquet_ticks import NativeFile
    from feeds.kite.server.ticker_server import TickerServer

    file = NativeFile(recording, depth=True)
    universe = Universe(file.named())

    async def play() -> None:
        async with TickerServer(
            universe, file.blocks(universe), port=port, speed=speed, packets_per_frame=size
        ) as server:
            await server.finished()
            await anyio.sleep(STOPPED)

    run(play)


def main() -> None:
    """Measure and print, or serve."""
    if len(sys.argv) == 5:
        serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
        return
    for row in kitelive(int(sys.argv[1]) if len(sys.argv) > 1 else 60):
        sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
