"""A live daemon that notes how long each exit took, from the tick's arrival until it is on disk.

`python -m tests.load.trader CONFIG SECONDS RESULT`; it ends sooner once its stop file is there. Its
clock stands in a session, whatever the time is, and goes at the pace of ours; a tick's time is that
of its arrival.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any, Final
from unittest import mock

import anyio
import numpy as np
from loguru import logger

from daemon.domain.dates import SECOND_NS, parse_ts
from daemon.domain.events import OrderMoved
from daemon.domain.order import OrderState
from daemon.domain.ticks import Ticks
from daemon.runtime.app import App
from daemon.runtime.bus import Overflow
from daemon.runtime.live import open_live
from daemon.settings.file import load_config
from feeds.stream.blocks import join
from tests.kit.live import Market, QuickClocks, market, run

BEGIN: Final = parse_ts("2026-11-18T10:00:00")
SESSION_ROWS: Final = 80_000
WARM_UP_S: Final = 2.0
"""Exits of the first seconds are left out: imports, first files, first pages of memory."""

LOOK_EACH_S: Final = 0.1


def market_of(seconds: float, rate: int) -> Market:
    """Return the sample session at an even rate of ticks a second, as long as it is needed."""
    universe, block = market(SESSION_ROWS)
    rows = round(seconds * rate)
    whole = join([block] * -(-rows // len(block))).rows(0, rows)
    ts = BEGIN + np.arange(rows, dtype=np.int64) * (SECOND_NS // rate)
    return Market(
        universe,
        Ticks(
            ts=ts, instrument=whole.instrument, ltp=whole.ltp, bid=whole.bid, ask=whole.ask,
            ltq=whole.ltq, depth=whole.depth, exchange_ts=ts // SECOND_NS * SECOND_NS,
        ),
    )  # fmt: skip


def script_of(of: Market, seconds: float, each_s: float, seed: int) -> list[dict[str, Any]]:
    """Return entries with a stop and a target so near that most are reached within seconds."""
    draw, block, lines = random.Random(seed), of.block, []
    first = int(block.ts[0])
    for number in range(round(seconds / each_s)):
        ts = first + round(number * each_s * SECOND_NS)
        index = draw.randrange(2, len(of.universe))
        seen = block.ltp[(block.instrument == index) & (block.ts <= ts)]
        if not len(seen):
            continue
        price, each = int(seen[-1]) / 100, of.universe[index]
        lines.append(
            {"ts": ts, "symbol": each.tradingsymbol, "signal": "BUY", "qty": each.lot_size,
             "sl_price": round(price * 0.99, 1), "tp_price": round(price * 1.01, 1),
             "product": "MIS"}
        )  # fmt: skip
    return lines


def stop_file(result: Path) -> Path:
    """Return the file whose coming ends the trading."""
    return result.with_suffix(".stop")


async def trade(config: Path, seconds: float, stop: Path, clocks: QuickClocks) -> list[float]:
    """Trade for `seconds` or until `stop` is there; return what each exit took, in microseconds."""
    loaded = load_config(config)
    app = App(open_live(loaded), out=Path(loaded.out))
    app.listen(lambda: loaded, lambda _: None, reload_on_hangup=False)
    committed = app.bus.consume(4_096, Overflow.WAIT)
    took: list[float] = []

    async def note() -> None:
        from_ns = clocks.wall_ns() + round(WARM_UP_S * SECOND_NS)
        async for fact in committed:
            now = clocks.wall_ns()
            took.extend(
                (now - event.ts) / 1_000
                for event in fact.events
                if isinstance(event, OrderMoved)
                and event.fill is not None
                and event.to_state is not OrderState.FILLED
                and event.ts > from_ns
            )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.run)
        tasks.start_soon(note)
        with anyio.move_on_after(seconds):
            while not await anyio.Path(stop).exists():  # noqa: ASYNC110 - of another process
                await anyio.sleep(LOOK_EACH_S)
        app.stop("measured")
    return took


def main() -> None:
    """Trade as the arguments say and write what was measured."""
    config, seconds, to = Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    clocks = QuickClocks(BEGIN, 1.0)
    with mock.patch("daemon.runtime.live.MACHINE_CLOCKS", clocks):
        took = run(trade, config, seconds, stop_file(to), clocks)
    to.write_text(json.dumps(took))


if __name__ == "__main__":
    main()
