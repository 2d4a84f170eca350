"""The journal's rate, and recovery from it."""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path
from typing import Any

from daemon.journal.recovery import open_folded, recover, take_snapshot
from daemon.journal.store import JournalMeta, JournalStore
from tests.bench.engine_cases import bracket_events

GROUP_EVENTS = 1_000
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
        with open_folded(directory) as store:
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
