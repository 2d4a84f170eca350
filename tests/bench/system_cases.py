"""The journal's rate, recovery from it, and how long a start takes."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.ticks import Ticks
from daemon.journal.recovery import recover, take_snapshot
from daemon.journal.store import JournalMeta, JournalStore
from tests.bench.engine_cases import bracket_events

GROUP_EVENTS = 1_000
_FIRST_TICK = "first tick at "
META = JournalMeta(run_id="bench", account="bench")


def journal(count: int) -> dict[str, Any]:
    """Appending `count` events to a journal on disk, 1,000 a commit."""
    events = bracket_events(count)[:count]
    with tempfile.TemporaryDirectory() as place:
        with JournalStore.create(Path(place) / "j", META) as store:
            gc.collect()
            start = time.perf_counter()
            _append(store, events)
            elapsed = time.perf_counter() - start
        size = sum(each.stat().st_size for each in (Path(place) / "j").iterdir())
    return {"events": count, "seconds": elapsed, "bytes": size}


def recovery(count: int, snapshot_at: int = 0) -> dict[str, Any]:
    """From a closed journal of `count` events to a ledger: lock, verify, fold.

    All of it, or what is after a snapshot of the event `snapshot_at`.
    """
    events = bracket_events(count)[:count]
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "j"
        with JournalStore.create(directory, META) as store:
            _append(store, events[:snapshot_at])
            if snapshot_at:
                take_snapshot(directory)
            _append(store, events[snapshot_at:])
        del events
        gc.collect()
        start = time.perf_counter()
        with JournalStore.open(directory, write=True) as store:
            verified = time.perf_counter()
            ledger = recover(store)
        elapsed = time.perf_counter() - start
    assert ledger.seq == count, ledger.seq
    return {"events": count, "seconds": elapsed, "verify_s": verified - start}


def _append(store: JournalStore, events: Any) -> None:
    last = events[-1].input_no if events else 0
    for at in range(0, len(events), GROUP_EVENTS):
        group = events[at : at + GROUP_EVENTS]
        store.append(group, input_no=min(last, group[-1].input_no))


def check_command(config: str) -> dict[str, Any]:
    """The command `check`, from the start of its process to its end."""
    command = [sys.executable, "-m", "daemon.main", "check", config]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return {"seconds": time.perf_counter() - start}


def first_tick(config: str) -> dict[str, Any]:
    """A run of `config`, from the start of its process to the first tick in the engine."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "tests.bench.cases", "to_first_tick", config, out]
        start = time.time()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = [each for each in done.stdout.splitlines() if each.startswith(_FIRST_TICK)]
    return {"seconds": float(told[0].removeprefix(_FIRST_TICK)) - start}


def to_first_tick(config: str, out: str) -> None:
    """Run the program in this process and print the time of its first tick. Does not return."""
    handle = PaperEngine.handle

    def timed(engine: PaperEngine, item: Any) -> Any:
        if isinstance(item, Ticks):
            sys.stdout.write(f"{_FIRST_TICK}{time.time()}\n")
            PaperEngine.handle = handle  # type: ignore[method-assign]
        return handle(engine, item)

    PaperEngine.handle = timed  # type: ignore[method-assign,assignment]
    from daemon.main import main

    sys.argv = ["run_fno_paper", "--config", config, "--out", out]
    main()
