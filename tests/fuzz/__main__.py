"""`make fuzz MINUTES=10`: every decoder in turn, on all processors; what is found is kept."""

from __future__ import annotations

import argparse
import itertools
import math
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from loguru import logger

from tests.fuzz.run import fuzz, keep, peak_mib, reset_peak
from tests.fuzz.targets import TARGETS
from tests.kit.figures import merge_figures

CHUNK = 500
GROWTH_MIB = 200
"""More than the largest sample needs by far."""
OF_PAGES = ("native parquet", "foreign parquet", "compacted recording")
PAGE_MIB = 4_300
"""A damaged page of a Parquet file may ask for what its format allows: 2 GiB, for a moment. Columns
keep their page while the others of the row are decoded, so two damaged ones ask for twice that."""
Batch = tuple[str, int]


def one(batch: Batch) -> tuple[list[tuple[bytes, str]], int]:
    """(what broke the rule with its traceback, by how many MiB memory grew at most)."""
    name, seed = batch
    [target] = [each for each in TARGETS if each.name == name]
    logger.remove()
    target.samples()
    reset_peak()
    before = peak_mib()
    found = [
        (data, "".join(traceback.format_exception(error)))
        for data, error in fuzz(target, seed, CHUNK)
    ]
    return found, peak_mib() - before


def batches(first: int, only: str) -> Iterator[Batch]:
    """All targets with one seed, then with the next, without end."""
    for seed in itertools.count(first):
        yield from ((each.name, seed) for each in TARGETS if only in each.name)


def run(minutes: float, first: int, only: str, inputs: int) -> int:
    """0 if nothing was found; with `inputs` until there were so many, however long it takes."""
    until = time.monotonic() + 60 * (math.inf if inputs else minutes)
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    grown: Counter[str] = Counter()
    work = batches(first, only)
    began = time.monotonic()
    while time.monotonic() < until and (not inputs or sum(tried.values()) < inputs):
        workers = len(os.sched_getaffinity(0))
        with ProcessPoolExecutor(workers) as pool:
            round_ = itertools.islice(work, workers * len(TARGETS))
            for batch, future in [(each, pool.submit(one, each)) for each in round_]:
                try:
                    bad, memory = future.result()
                except BrokenProcessPool:
                    print(f"{batch}: the process died (an input of this batch or of a neighbour)")
                    found[f"{batch[0]} died"] += 1
                    continue
                tried[batch[0]] += CHUNK
                grown[batch[0]] = max(grown[batch[0]], memory)
                for data, text in bad:
                    path = keep(next(each for each in TARGETS if each.name == batch[0]), data)
                    print(f"{batch}: {path}\n{text}", flush=True)
                    found[batch[0]] += 1
    greedy = {k: v for k, v in grown.items() if v > (PAGE_MIB if k in OF_PAGES else GROWTH_MIB)}
    figures = {
        "minutes": round((time.monotonic() - began) / 60, 1), "first": first,
        "inputs": sum(tried.values()),
        "found": dict(found), "greedy": greedy,
        "by_target": dict(tried), "grown_mib": dict(grown),
    }  # fmt: skip
    print(figures)
    merge_figures(f"fuzz_{only}" if only else "fuzz", figures)
    return int(bool(found or greedy))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--inputs", type=int, default=0, help="Instead of minutes.")
    wanted = arguments.parse_args()
    sys.exit(run(wanted.minutes, wanted.first, wanted.only, wanted.inputs))
