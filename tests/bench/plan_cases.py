"""Plans: 28 contracts in the round of one plan or of many, whose levels no tick reaches."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np

from daemon.clockwork import rows as row_path
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.domain.inputs import Clock
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.plans.terms.plan import Plan
from daemon.process.memory import steady_memory
from daemon.rules import load_rulebook
from tests.bench.w1_cases import W1_EXECUTION
from tests.kit.market import CLOSE, DATE, OPEN

STRIKES: Final = range(24_650, 25_350, 50)
CONTRACTS: Final = 2 * len(STRIKES)
EXPIRY: Final = "2026-11-24"
TICKS: Final = 100_000
PRICE: Final = 20_000
ENTRY: Final = ist_ns(DATE, dt.time(9, 16))
OVERALL: Final = {
    "stop": {"rupees": 10**9}, "target": {"rupees": 10**9}, "trail": {"every": 10**8, "by": 10**8},
    "lock": {"at": 10**8, "keep": 10**7, "every": 10**7, "by": 10**7},
}  # fmt: skip


def plans(count: int) -> dict[str, Any]:
    """Take ticks while the rounds of so many plans hold 28 legs each, with levels of every kind."""
    engine = _engine(count)
    _enter(engine, count)
    ticks = list(_walk(ENTRY + SECOND_NS, TICKS))
    steady_memory()
    start = time.process_time()  # other programs use the machine too
    for block in ticks:
        engine.handle(block)
    seconds = time.process_time() - start
    assert len(engine.ledger.positions) == count * CONTRACTS
    return {"ticks": TICKS, "seconds": seconds}


def plans_rows(count: int) -> dict[str, Any]:
    """The same by the row path."""
    row_path.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return plans(count)


def _engine(count: int) -> PaperEngine:
    return PaperEngine(
        W1_EXECUTION,
        universe=Universe(_instruments()),
        rules=load_rulebook(),
        plans=[_plan(number) for number in range(count)],
    )


def _instruments() -> Iterator[Instrument]:
    kinds: tuple[Literal["CE", "PE"], ...] = ("CE", "PE")
    for number, (strike, kind) in enumerate((s, k) for s in STRIKES for k in kinds):
        yield Instrument(
            instrument_token=number + 1,
            tradingsymbol=f"{strike}{kind}",
            name="NIFTY",
            instrument_type=kind,
            lot_size=65,
            expiry=EXPIRY,
            strike_paise=strike * 100,
        )


def _plan(number: int) -> Plan:
    """Return a plan with a leg in every contract, bought and sold in turns."""
    legs = [
        {
            "id": f"l{place}",
            "side": "sell" if (number + place) % 2 else "buy",
            "type": ("CE", "PE")[place % 2],
            "expiry": "monthly",
            "strike": STRIKES[place // 2],
            "stop": {"points": 150},
            "target": {"points": 150},
            "trail": {"every": {"points": 100}, "by": {"points": 50}},
            "reentry_on_stop": {"as": "asap", "most": 1},
        }
        for place in range(CONTRACTS)
    ]
    plan = {
        "id": f"plan-{number}", "underlying": "NIFTY", "entry": {"at": "09:16:00"},
        "exit": {"at": "15:15:00"}, "legs": legs, "overall": OVERALL,
        "move_to_cost": {"of": "opposite"},
    }  # fmt: skip
    return msgspec.convert(plan, Plan)


def _enter(engine: PaperEngine, count: int) -> None:
    """Let every round begin; longs come first, so the shorts follow at the end of the timestamp."""
    first = np.arange(CONTRACTS)
    engine.handle(_block(np.full(CONTRACTS, ENTRY - SECOND_NS), first, np.full(CONTRACTS, PRICE)))
    for after in range(3):
        engine.handle(Clock(ENTRY + after))
    assert len(engine.ledger.positions) == count * CONTRACTS


def _walk(start: int, count: int) -> Sequence[Ticks]:
    """Return prices that walk by up to 0.50, 50 ms from tick to tick."""
    random = np.random.default_rng(7)
    ts = start + np.arange(count) * (SECOND_NS // 20)
    assert start > OPEN
    assert ts[-1] < CLOSE
    contract = random.integers(0, CONTRACTS, count)
    walk = 25 * random.integers(-2, 3, count)
    ltp = np.empty(count, dtype=np.int64)
    for number in range(CONTRACTS):
        own = contract == number
        ltp[own] = PRICE + np.cumsum(walk[own])
    cut = 65_536
    return [
        _block(ts[at : at + cut], contract[at : at + cut], ltp[at : at + cut])
        for at in range(0, count, cut)
    ]


def _block(ts: Any, contract: Any, ltp: Any) -> Ticks:
    return Ticks(
        ts=ts.astype(np.int64), instrument=contract.astype(np.int32), ltp=ltp.astype(np.int64)
    )
