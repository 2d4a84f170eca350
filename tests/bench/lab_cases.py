"""A variant in a pass of many, in a run of its own in memory, and in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from daemon.lab.alone import run_alone
from daemon.lab.one_pass import run_variants
from daemon.lab.outcome import Outcome
from daemon.process.memory import steady_memory
from daemon.settings.config import Config, ReplayFile
from tests.bench.months_data import INSTRUMENTS, write_months
from tests.bench.w1_cases import w1_config, w1_strategies_config


def one_pass(path: Path, count: int) -> dict[str, Any]:
    """Variants of W1 in one pass (the one that is run alone too included), by processor time.

    Their slippage differs, so that their fills do.
    """
    variants = [_variant(path, number) for number in range(count)]
    steady_memory()
    start = time.process_time()
    outcomes = run_variants(variants)
    seconds = time.process_time() - start
    return {
        "variants": count, "seconds": seconds, "pss_mb": _pss_mb(),
        "hashes": len({_hash(outcome) for outcome in outcomes}),
    }  # fmt: skip


def simulated(path: Path) -> dict[str, Any]:
    """One of them by itself in memory, with the same numbers told."""
    variant = _variant(path, 7)
    steady_memory()
    start = time.process_time()
    outcome = run_alone(variant)
    return {"seconds": time.process_time() - start, "hash": _hash(outcome)}


def bars_pass(path: Path, count: int) -> dict[str, Any]:
    """Variants of W1's rules on candles of one instrument in one pass, by processor time."""
    file = ReplayFile(path=str(path), kind="candles", timeframe="1m", symbol="W0")
    config = w1_config(file, "out", instruments=1)
    variants = [_slipping(config, number) for number in range(count)]
    steady_memory()
    start = time.process_time()
    outcomes = run_variants(variants)
    seconds = time.process_time() - start
    first = outcomes[0].told
    assert first is not None, outcomes[0].cause
    return {"variants": count, "seconds": seconds, "trades": len(first.trades)}


def months(place: Path, days: int, ticks: int) -> dict[str, Any]:
    """W1's rules on months of recordings in memory, by processor time; makes them if need be."""
    if not place.exists():
        write_months(place, days, ticks)
    config = w1_config(ReplayFile(path=str(place)), "out", INSTRUMENTS)
    strategies = w1_strategies_config(INSTRUMENTS)
    config = msgspec.structs.replace(config, strategies=strategies)
    steady_memory()
    start, wall = time.process_time(), time.perf_counter()
    outcome = run_alone(config)
    assert outcome.told is not None, outcome.cause
    assert len(outcome.told.days.dates) == days, outcome.told.days
    return {
        "ticks": days * ticks, "seconds": time.process_time() - start,
        "wall": time.perf_counter() - wall, "trades": len(outcome.told.trades),
    }  # fmt: skip


def own_process(path: Path) -> dict[str, Any]:
    """The same as `run_fno_paper --config FILE`, user and system time of the whole process."""
    with tempfile.TemporaryDirectory() as place:
        config = Path(place) / "w1.yaml"
        written = msgspec.to_builtins(_variant(path, 7))
        del written["origin"]  # margin: its contracts have no expiry
        written["margin"] = {"model": "off"}
        config.write_bytes(msgspec.json.encode({**written, "out": place}))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "daemon.main", "--config", str(config)],
            check=True, capture_output=True,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def _variant(path: Path, number: int) -> Config:
    return _slipping(w1_config(ReplayFile(path=str(path)), "out"), number)


def _slipping(config: Config, number: int) -> Config:
    execution = msgspec.structs.replace(config.execution, slippage_bps=number / 10)
    return msgspec.structs.replace(config, execution=execution)


def _hash(outcome: Outcome) -> str:
    assert outcome.told is not None, outcome.cause
    assert not outcome.warning, outcome.warning
    return outcome.told.events_hash


def _pss_mb() -> float:
    """Memory of this process, what it shares with others by its share, MB."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0
