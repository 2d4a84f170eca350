"""`make fuzz MINUTES=10`: every decoder in turn, on all processors; what is found is kept."""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from loguru import logger

from tests.kit.figures import merge_figures
from tests.kit.fuzz_run import fuzz, keep
from tests.kit.fuzz_targets import TARGETS

CHUNK = 500
Batch = tuple[str, int]


def one(batch: Batch) -> tuple[list[tuple[bytes, str]], int]:
    """(what broke the rule with its traceback, peak memory in MiB)."""
    name, seed = batch
    [target] = [each for each in TARGETS if each.name == name]
    logger.remove()
    found = [
        (data, "".join(traceback.format_exception(error)))
        for data, error in fuzz(target, seed, CHUNK)
    ]
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def batches(first: int, only: str) -> Iterator[Batch]:
    """All targets with one seed, then with the next, without end."""
    for seed in itertools.count(first):
        yield from ((each.name, seed) for each in TARGETS if only in each.name)


def run(minutes: float, first: int, only: str) -> int:
    """0 if nothing was found."""
    until = time.monotonic() + 60 * minutes
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    peak = 0
    work = batches(first, only)
    while time.monotonic() < until:
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
                peak = max(peak, memory)
                for data, text in bad:
                    path = keep(next(each for each in TARGETS if each.name == batch[0]), data)
                    print(f"{batch}: {path}\n{text}", flush=True)
                    found[batch[0]] += 1
    figures = {
        "minutes": minutes, "first": first, "inputs": sum(tried.values()),
        "found": dict(found), "peak_mib": peak, "by_target": dict(tried),
    }  # fmt: skip
    print(figures)
    merge_figures("fuzz", figures)
    return int(bool(found))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--only", default="")
    wanted = arguments.parse_args()
    sys.exit(run(wanted.minutes, wanted.first, wanted.only))
