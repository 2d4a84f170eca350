"""What no replay of the same file, and no recovery of the same journal, can be faster than."""

from __future__ import annotations

import gc
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from daemon.domain.events import decode_event
from daemon.domain.ledger import Ledger
from daemon.journal.files import DATABASE
from daemon.journal.schema import chain
from daemon.journal.store import JournalMeta, JournalStore
from tests.bench.engine_cases import bracket_events

COLUMNS = ["ts_ns", "instrument_id", "ltp", "bid", "ask", "qty", "volume"]
BATCH = 65_536
META = JournalMeta(run_id="bench", account="bench")


def parquet_read(path: Path) -> dict[str, Any]:
    """Decoding the seven columns in batches, in one thread, and nothing else."""
    start = time.perf_counter()
    with pq.ParquetFile(path, buffer_size=1 << 18, pre_buffer=False) as file:
        batches = file.iter_batches(BATCH, columns=COLUMNS, use_threads=False)
        ticks = sum(batch.num_rows for batch in batches)
    return {"ticks": ticks, "seconds": time.perf_counter() - start}


def threshold_scan(path: Path) -> dict[str, Any]:
    """One comparison of the price column with a level, block by block, all in memory."""
    ltp = pq.read_table(path, columns=["ltp"]).column("ltp").to_numpy()
    blocks = [ltp[at : at + BATCH] for at in range(0, len(ltp), BATCH)]
    start = time.perf_counter()
    crossed = sum(int((block >= 1e9).argmax()) for block in blocks)
    elapsed = time.perf_counter() - start
    assert crossed == 0
    return {"ticks": len(ltp), "seconds": elapsed}


def journal_pass(count: int) -> dict[str, Any]:
    """Reading, hashing, decoding and folding every event of a journal once, and nothing else."""
    events = bracket_events(count)[:count]
    with tempfile.TemporaryDirectory() as place:
        with JournalStore.create(Path(place) / "j", META) as store:
            store.append(events, input_no=events[-1].input_no)
        database = sqlite3.connect(Path(place) / "j" / DATABASE)
        ledger, link = Ledger(), b""
        gc.collect()
        gc.disable()
        start = time.perf_counter()
        for (body,) in database.execute("SELECT CAST(body AS BLOB) FROM events ORDER BY seq"):
            link = chain(link, body)
            ledger.apply(decode_event(body))
        elapsed = time.perf_counter() - start
        database.close()
    assert ledger.seq == count
    return {"events": count, "seconds": elapsed}
