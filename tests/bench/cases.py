"""What is measured, one function a case; each runs in a process of its own (`python -m`)."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec
import numpy as np
import pyarrow.parquet as pq

from daemon.app import App
from daemon.build import build
from daemon.config import (
    Config,
    ExecutionConfig,
    FeedConfig,
    InstrumentConfig,
    ReplayConfig,
    ReplayFile,
    StrategiesConfig,
    UniverseConfig,
)
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ticks import Ticks, paise_column
from daemon.execution import paper
from daemon.execution.context import NoStrategies
from daemon.execution.paper import PaperEngine
from daemon.rules import load_rulebook
from strategies.engine import StrategyEngineV2
from tests.bench.w1_data import EXPECTED

BLOCK = 65_536
W1_EXECUTION = ExecutionConfig(
    fill_mode="ltp", slippage_bps=0, enable_partial_exit=False, enable_trailing=False,
    enable_time_stop=False, stale_after_s=1e9, quote_max_age_s=1e9, reject_after_s=1e6,
)  # fmt: skip
W1_STRATEGIES = {
    "list": [
        {
            "id": "w1", "module": "strategies.w1_bars", "class": "W1Bars", "timeframe": "1m",
            "product": "NRML",
        }
    ]
}  # fmt: skip


def peak_rss_mb() -> float:
    """The most memory that this process ever had resident, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def universe(count: int = 10) -> Universe:
    """The instruments of W1."""
    return Universe(
        Instrument(instrument_token=n + 1, tradingsymbol=f"W{n}", lot_size=50) for n in range(count)
    )


def blocks(path: Path) -> list[dict[str, Any]]:
    """The file's columns as it gives them, in memory, cut into blocks."""
    table = pq.read_table(path)
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    starts = range(0, table.num_rows, BLOCK)
    return [{k: v[at : at + BLOCK] for k, v in columns.items()} for at in starts]


def as_ticks(raw: dict[str, Any]) -> Ticks:
    """A block as the engine takes it: conversion to paise is part of what is measured."""
    return Ticks(
        ts=raw["ts_ns"],
        instrument=raw["instrument_id"],
        ltp=paise_column(raw["ltp"]),
        bid=paise_column(raw["bid"]),
        ask=paise_column(raw["ask"]),
        volume=raw["volume"],
    )


def w1_engine(path: Path) -> dict[str, Any]:
    """W1 through the engine alone: checks, paise, bars, strategy, orders, ledger."""
    raw = blocks(path)
    instruments = universe()
    strategies = StrategyEngineV2(msgspec.convert(W1_STRATEGIES, StrategiesConfig), instruments)
    engine = PaperEngine(
        W1_EXECUTION, universe=instruments, rules=load_rulebook(), strategies=strategies
    )
    gc.collect()
    start = time.perf_counter()
    events = sum(len(engine.handle(as_ticks(each))) for each in raw)
    elapsed = time.perf_counter() - start
    ticks = sum(len(each["ts_ns"]) for each in raw)
    result = _outcome(engine)
    assert result == EXPECTED.get(ticks, result), (result, EXPECTED.get(ticks))
    return {"ticks": ticks, "seconds": elapsed, "events": events, "result": result}


def w1_rows(path: Path) -> dict[str, Any]:
    """W1 through the engine alone, every row by the row path."""
    paper.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return w1_engine(path)


def w1_app(path: Path) -> dict[str, Any]:
    """W1 through the whole program: reading, engine, journal on disk, metrics."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        config = _w1_config(path, place)
        parts = build(config)

        async def main() -> None:
            await App(parts, Path(place), out=Path(place)).run()

        anyio.run(main, backend_options={"use_uvloop": True})
    elapsed = time.perf_counter() - start
    ticks = parts.engine.intake.rows
    result = _outcome(parts.engine)
    assert result == EXPECTED.get(ticks, result), (result, EXPECTED.get(ticks))
    return {"ticks": ticks, "seconds": elapsed, "result": result}


def _w1_config(path: Path, out: str) -> Config:
    columns = {
        "ts": "ts_ns", "symbol": "instrument_id", "ltp": "ltp", "bid": "bid", "ask": "ask",
        "ltq": "qty", "volume": "volume",
    }  # fmt: skip
    file = ReplayFile(
        path=str(path), columns=columns, ts_unit="ns", symbols={str(n): f"W{n}" for n in range(10)}
    )
    instruments = [
        InstrumentConfig(
            tradingsymbol=f"W{n}",
            instrument_token=n + 1,
            instrument_type="FUT",
            lot_size=50,
            tick_size=0.05,
        )
        for n in range(10)
    ]
    return Config(
        out=out,
        feed=FeedConfig(kind="replay", replay=ReplayConfig(files=[file])),
        universe=UniverseConfig(instruments=instruments),
        execution=W1_EXECUTION,
        strategies=msgspec.convert(W1_STRATEGIES, StrategiesConfig),
    )


def _outcome(engine: PaperEngine) -> tuple[int, int, float]:
    ledger = engine.ledger
    return (
        ledger.orders_by_state().get("CLOSED", 0),
        len(ledger.positions),
        ledger.realized_paise / 100,
    )


def positions(path: Path, count: int) -> dict[str, Any]:
    """The engine with `count` open positions whose levels are far away."""
    raw = blocks(path)
    start_ts = int(raw[0]["ts_ns"][0]) + 1_000_000_000
    intents = [
        TimedIntent(
            ts=start_ts,
            intent=OrderIntent(
                symbol=f"W{n % 10}", signal=Signal.BUY, qty=50, sl_price=1.0, tp_price=90_000.0,
                product="NRML", strategy_id="hold",
            ),
        )
        for n in range(count)
    ]  # fmt: skip
    engine = PaperEngine(
        msgspec.structs.replace(W1_EXECUTION, charges=False), universe=universe(),
        rules=load_rulebook(), strategies=NoStrategies(intents),
    )  # fmt: skip
    first = next(at for at, each in enumerate(raw) if each["ts_ns"][-1] > start_ts)
    for each in raw[: first + 1]:
        engine.handle(as_ticks(each))
    assert len(engine.ledger.positions) == count
    gc.collect()
    gc.freeze()
    rest = raw[first + 1 :]
    start = time.perf_counter()
    for each in rest:
        engine.handle(as_ticks(each))
    elapsed = time.perf_counter() - start
    assert len(engine.ledger.positions) == count
    return {"ticks": sum(len(each["ts_ns"]) for each in rest), "seconds": elapsed}


def positions_rows(path: Path, count: int) -> dict[str, Any]:
    """The same by the row path."""
    paper.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return positions(path, count)


def bracket(count: int) -> dict[str, Any]:
    """A bracket's whole life in the engine, charges booked: intent, fill, target, closed."""
    engine = PaperEngine(W1_EXECUTION, universe=universe(1), rules=load_rulebook())
    base = 1_736_914_500_000_000_000 + 60_000_000_000  # 2025-01-15 09:16 IST

    def tick(n: int, ltp: int) -> Ticks:
        return Ticks(
            ts=np.array([base + n * 1000]),
            instrument=np.zeros(1, np.int32),
            ltp=np.array([ltp]),
        )

    engine.handle(tick(0, 10_000))
    intent = OrderIntent(
        symbol="W0", signal=Signal.BUY, qty=50, sl_price=95, tp_price=105, product="NRML"
    )
    start = time.perf_counter()
    for _ in range(count):
        engine.process_signal(intent)
    engine.handle(tick(1, 10_600))
    elapsed = time.perf_counter() - start
    assert not engine.ledger.positions
    return {"brackets": count, "seconds": elapsed}


CASES: dict[str, Callable[..., dict[str, Any]]] = {
    "w1_engine": lambda path: w1_engine(Path(path)),
    "w1_rows": lambda path: w1_rows(Path(path)),
    "w1_app": lambda path: w1_app(Path(path)),
    "positions": lambda path, count: positions(Path(path), int(count)),
    "positions_rows": lambda path, count: positions_rows(Path(path), int(count)),
    "bracket": lambda count: bracket(int(count)),
}


def main(arguments: Sequence[str]) -> None:
    """Run one case and print its figures as one line of JSON."""
    name, *rest = arguments
    result = CASES[name](*rest)
    sys.stdout.write(json.dumps({**result, "peak_mb": peak_rss_mb()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
