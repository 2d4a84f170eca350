"""Combined levels: 28 contracts under one watch or under many, whose levels no tick reaches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from daemon.clockwork import rows as row_path
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import SECOND_NS
from daemon.domain.inputs import Clock
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.tag_watch import WatchTerms
from daemon.domain.ticks import Ticks
from daemon.process.memory import steady_memory
from daemon.rules import load_rulebook
from tests.bench.w1_cases import W1_EXECUTION
from tests.kit.market import CLOSE, OPEN

CONTRACTS = 28
TICKS = 100_000
FAR = WatchTerms(stop_paise=10**12, target_paise=10**12)
NEAR = WatchTerms(
    stop_paise=10**7, trail_every_paise=2 * 10**6, trail_by_paise=10**6, target_paise=10**7
)
"""A stop of 100,000 rupees, trailed for every 20,000: a tick leaves an interval now and then."""


def combined(count: int, near: int = 0) -> dict[str, Any]:
    """Take ticks while `count` watches hold 28 contracts each, by levels far away or `near`."""
    engine = _engine()
    _hold(engine, count, NEAR if near else FAR)
    ticks = _walk(OPEN + SECOND_NS, TICKS)
    steady_memory()
    start = time.process_time()  # other programs use the machine too
    for block in ticks:
        engine.handle(block)
    seconds = time.process_time() - start
    assert len(engine.ledger.watches["plan"]) == count
    return {"ticks": TICKS, "seconds": seconds}


def combined_rows(count: int, near: int = 0) -> dict[str, Any]:
    """The same by the row path."""
    row_path.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return combined(count, near)


def _engine() -> PaperEngine:
    known = Universe(
        Instrument(instrument_token=n + 1, tradingsymbol=f"W{n}", lot_size=65)
        for n in range(CONTRACTS)
    )
    return PaperEngine(W1_EXECUTION, universe=known, rules=load_rulebook())


def _hold(engine: PaperEngine, count: int, terms: WatchTerms) -> None:
    """Open a trade of every contract for each watch, every second one short."""
    engine.handle(
        _block(np.full(CONTRACTS, OPEN), np.arange(CONTRACTS), np.full(CONTRACTS, 20_000))
    )
    for number in range(count):
        tag = f"watch-{number}"
        engine.engine.account.watches.watch("plan", tag, terms)
        for contract in range(CONTRACTS):
            signal = Signal.SELL if (number + contract) % 2 else Signal.BUY
            engine.process_signal(
                OrderIntent(
                    symbol=f"W{contract}", signal=signal, qty=65, product="NRML", tag=tag,
                    strategy_id="plan",
                )
            )  # fmt: skip
    engine.handle(Clock(OPEN + 1))  # the end of the timestamp sets the intervals
    assert len(engine.ledger.positions) == count * CONTRACTS


def _walk(start: int, count: int) -> Sequence[Ticks]:
    """Return prices that walk by up to 0.50, 50 ms from tick to tick."""
    random = np.random.default_rng(7)
    ts = start + np.arange(count) * (SECOND_NS // 20)
    assert ts[-1] < CLOSE
    contract = random.integers(0, CONTRACTS, count)
    walk = 25 * random.integers(-2, 3, count)
    ltp = np.empty(count, dtype=np.int64)
    for number in range(CONTRACTS):
        own = contract == number
        ltp[own] = 20_000 + np.cumsum(walk[own])
    cut = 65_536
    return [
        _block(ts[at : at + cut], contract[at : at + cut], ltp[at : at + cut])
        for at in range(0, count, cut)
    ]


def _block(ts: Any, contract: Any, ltp: Any) -> Ticks:
    return Ticks(
        ts=ts.astype(np.int64), instrument=contract.astype(np.int32), ltp=ltp.astype(np.int64)
    )
