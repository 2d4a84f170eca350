"""Work W1 through the engine alone, row by row, and through the whole program."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pyarrow.parquet as pq

from daemon.clockwork import rows as row_path
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks, paise_column
from daemon.execution.context import Strategies
from daemon.process.logs import start_logging
from daemon.process.memory import steady_memory
from daemon.rules import load_rulebook
from daemon.runtime.app import App
from daemon.runtime.build import build
from daemon.runtime.prepared_run import open_run
from daemon.settings.config import (
    Config,
    ExecutionConfig,
    FeedConfig,
    InstrumentConfig,
    MarginConfig,
    ReplayConfig,
    ReplayFile,
    StrategiesConfig,
    UniverseConfig,
)
from feeds.convert import convert
from strategies.engine import StrategyEngineV2
from tests.bench.w1_data import EXPECTED

BLOCK = 65_536
W1_SYMBOLS = [f"W{n}" for n in range(10)]
W1_EXECUTION = ExecutionConfig(
    fill_mode="ltp", slippage_bps=0, enable_partial_exit=False, enable_trailing=False,
    enable_time_stop=False, stale_after_s=1e9, quote_max_age_s=1e9, reject_after_s=1e6,
)  # fmt: skip
W1_STRATEGIES = {
    "list": [
        {
            "id": "w1", "module": "strategies.w1_bars", "class": "W1Bars", "timeframe": "1m",
            "product": "NRML", "symbols": W1_SYMBOLS,
        }
    ]
}  # fmt: skip


W1_COLUMNS = {
    "ts": "ts_ns", "symbol": "instrument_id", "ltp": "ltp", "bid": "bid", "ask": "ask",
    "ltq": "qty", "volume": "volume",
}  # fmt: skip


def universe(count: int = 10) -> Universe:
    """The instruments of W1, and more where a file has more."""
    return Universe(
        Instrument(instrument_token=n + 1, tradingsymbol=f"W{n}", lot_size=50) for n in range(count)
    )


def w1_strategies(instruments: Universe) -> StrategyEngineV2:
    """W1's strategy on the first ten instruments (on all if there are fewer)."""
    each = dict(W1_STRATEGIES["list"][0])
    each["symbols"] = W1_SYMBOLS[: len(instruments)]
    return StrategyEngineV2(msgspec.convert({"list": [each]}, StrategiesConfig), instruments)


def w1_engine_of(
    known: Universe, strategies: Strategies | None = None, **execution: Any
) -> PaperEngine:
    """W1's engine under the shipped rules, with settings of its own if any are given."""
    config = msgspec.structs.replace(W1_EXECUTION, **execution)
    return PaperEngine(config, universe=known, rules=load_rulebook(), strategies=strategies)


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


def w1_engine(path: Path, instruments: int = 10) -> dict[str, Any]:
    """W1 through the engine alone: checks, paise, bars, strategy, orders, ledger."""
    raw = blocks(path)
    known = universe(instruments)
    engine = w1_engine_of(known, w1_strategies(known))
    steady_memory()
    start = time.perf_counter()
    events = sum(len(engine.handle(as_ticks(each))) for each in raw)
    elapsed = time.perf_counter() - start
    ticks = sum(len(each["ts_ns"]) for each in raw)
    result = outcome(engine)
    _check(result, ticks, instruments)
    return {"ticks": ticks, "seconds": elapsed, "events": events, "result": result}


def w1_rows(path: Path) -> dict[str, Any]:
    """W1 through the engine alone, every row by the row path."""
    row_path.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return w1_engine(path)


def w1_app(path: Path, instruments: int = 10) -> dict[str, Any]:
    """W1 through the whole program: reading, engine, journal on disk, metrics."""
    return _whole(_foreign(path, instruments), instruments)


def w1_native(path: Path) -> dict[str, Any]:
    """The same of the same ticks in the native format, which recordings have."""
    return _whole(ReplayFile(path=str(path)))


def write_native(path: Path, out: Path, instruments: int = 10) -> Path:
    """The ticks of W1's file in the native format."""
    config = w1_config(_foreign(path, instruments), "", instruments)
    assert config.feed.replay is not None
    convert(config.feed.replay, out, universe=config.universe)
    return out


def _whole(file: ReplayFile, instruments: int = 10) -> dict[str, Any]:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        config = w1_config(file, place, instruments)
        start_logging(config.log, quiet=True)  # as on a terminal, where a bar is shown
        parts = build(config)

        async def main() -> None:
            steady_memory()  # as a run does
            await App(open_run(parts, Path(place)), out=Path(place)).run()

        anyio.run(main, backend_options={"use_uvloop": True})
    elapsed = time.perf_counter() - start
    ticks = parts.engine.intake.rows
    result = outcome(parts.engine)
    _check(result, ticks, instruments)
    return {"ticks": ticks, "seconds": elapsed, "result": result}


def _foreign(path: Path, instruments: int) -> ReplayFile:
    symbols = {str(n): f"W{n}" for n in range(instruments)}
    return ReplayFile(path=str(path), columns=W1_COLUMNS, ts_unit="ns", symbols=symbols)


def w1_config(file: ReplayFile, out: str, instruments: int = 10) -> Config:
    """The configuration of a run of W1."""
    described = [
        InstrumentConfig(
            tradingsymbol=f"W{n}", instrument_token=n + 1, exchange="NFO", instrument_type="FUT",
            lot_size=50, tick_size=0.05,
        )
        for n in range(instruments)
    ]  # fmt: skip
    return Config(
        out=out,
        feed=FeedConfig(kind="replay", replay=ReplayConfig(files=[file])),
        universe=UniverseConfig(instruments=described),
        execution=W1_EXECUTION,
        strategies=w1_strategies_config(min(instruments, len(W1_SYMBOLS))),
        margin=MarginConfig(model="off"),  # contracts without an expiry have none that is known
    )


def w1_strategies_config(instruments: int) -> StrategiesConfig:
    """W1's strategy on the first instruments."""
    symbols = [f"W{number}" for number in range(instruments)]
    each = dict(W1_STRATEGIES["list"][0], symbols=symbols)
    return msgspec.convert({"list": [each]}, StrategiesConfig)


def outcome(engine: PaperEngine) -> tuple[int, int, float]:
    """Closed trades, open positions, P&L in rupees."""
    ledger = engine.ledger
    return (
        ledger.orders_by_state().get("CLOSED", 0),
        len(ledger.positions),
        ledger.realized_paise / 100,
    )


def _check(result: tuple[int, int, float], ticks: int, instruments: int) -> None:
    if instruments == 10:
        assert result == EXPECTED.get(ticks, result), (result, EXPECTED.get(ticks))
