"""`make sim SEEDS=1000 [SEED=first]`: many seeds, on all processors; prints and keeps figures."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.kit.figures import merge_figures
from tests.simulation.life import Done
from tests.simulation.run import fast_directory, simulate

Result = tuple[int, Done | None, str]


def one(seed: int) -> Result:
    """(seed, what it came to, the traceback if it broke a promise)."""
    with fast_directory(Path("artifacts") / f".sim-{seed}") as place:
        try:
            return seed, simulate(seed, place), ""
        except Exception:  # noqa: BLE001 - it is reported with its seed
            return seed, None, traceback.format_exc()


def main() -> int:
    """0 if no seed broke a promise."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seeds", type=int, default=1000)
    arguments.add_argument("--first", type=int, default=0)
    wanted = arguments.parse_args()
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    began, failed = time.monotonic(), []
    total: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    with ProcessPoolExecutor() as pool:
        for seed, done, text in pool.map(one, seeds, chunksize=5):
            if done is None:
                failed.append(seed)
                print(f"seed {seed} FAILED\n{text}", flush=True)
                continue
            total.update(events=done.events, lives=done.lives, rows=done.rows, turns=done.turns)
            faults.update(done.weather)
            faults.update(done.ends)
    figures = {
        "seeds": len(seeds), "first": wanted.first, "failed": failed,
        "seconds": round(time.monotonic() - began, 1), **total,
    }  # fmt: skip
    print(figures)
    print("faults:", dict(sorted(faults.items())))
    merge_figures("simulation", figures | {"faults": dict(sorted(faults.items()))})
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
