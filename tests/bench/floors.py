"""What no replay of the same file can be faster than."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

COLUMNS = ["ts_ns", "instrument_id", "ltp", "bid", "ask", "qty", "volume"]
BATCH = 65_536


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
