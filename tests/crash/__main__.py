"""`make crash`: runs that are killed, failed and harmed, on all processors; prints a table.

`--tier ci` is a sample of everything within `--minutes`; `--tier full` is every k.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from loguru import logger

from tests.crash.figures import Figure, head
from tests.crash.plan import SIZES, Piece, Rig, pieces
from tests.crash.zygote import cannot_trace
from tests.kit.figures import merge_figures

MINUTES = {"ci": 6.0, "full": 60.0}
SEED = 20_261_129


@cache
def rig() -> Rig:
    """One for each worker, made when the first piece of work needs it."""
    return Rig(Path(tempfile.gettempdir()))


def begin(directory: str) -> None:
    """A worker's own: what it leaves is removed with the directory."""
    tempfile.tempdir = directory
    logger.remove()  # what a daemon in this process logs says nothing of the cases


def work(piece: Piece, until: float) -> Figure:
    """One piece, if there is time left for it."""
    if time.monotonic() > until:
        figure = piece.figure()
        figure.skipped = "out of time in part"
        return figure
    try:
        return piece.run(rig())
    except Exception:  # noqa: BLE001 - it is a failure of its row; the others go on
        rig.cache_clear()  # what the rig was in the middle of is not known
        figure = piece.figure()
        figure.fault(str(piece.work), [traceback.format_exc()])
        return figure


def run(wanted: list[Piece], minutes: float) -> list[Figure]:
    """All pieces; one row for each kind, in the order of the plan."""
    until = time.monotonic() + 60 * minutes
    rows: dict[tuple[str, str], Figure] = {}
    workers = len(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory(prefix="crash-all-") as directory,
        ProcessPoolExecutor(workers, initializer=begin, initargs=(directory,)) as pool,
    ):
        for piece, done in [(each, pool.submit(work, each, until)) for each in wanted]:
            figure = done.result()
            row = rows.setdefault((piece.id, piece.what), piece.figure())
            row.add(figure)
    return list(rows.values())


def main() -> int:
    """0 if nothing failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tier", choices=sorted(SIZES), default="full")
    parser.add_argument("--only", default="", help="ids, such as A1,A3; default all")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--kills", type=int, default=0, help="instead of the tier's (A1)")
    parser.add_argument("--step", type=int, default=0, help="every so many k (A2, A3)")
    parser.add_argument("--minutes", type=float, default=0.0)
    wanted = parser.parse_args()
    size = SIZES[wanted.tier]
    size = size._replace(
        kills=wanted.kills or size.kills,
        kill_step=wanted.step or size.kill_step,
        error_step=wanted.step or size.error_step,
    )
    only = set(filter(None, wanted.only.split(",")))
    found = [each for each in pieces(size, wanted.seed) if not only or each.id in only]
    if wanted.tier == "ci":  # what does not fit into its minutes is another part on every seed
        waiting = [each for each in found if each.id in ("A1", "A6", "C1", "C2")]
        rest = [each for each in found if each not in waiting]
        random.Random(wanted.seed).shuffle(rest)
        found = waiting + rest
    minutes = wanted.minutes or MINUTES[wanted.tier]
    began = time.monotonic()
    print(f"tier {wanted.tier}, seed {wanted.seed}, {size}, at most {minutes:g} minutes")
    print(f"strace: {cannot_trace() or 'there'}", flush=True)
    rows = run(found, minutes)
    print(head(), *(each.row() for each in rows), sep="\n")
    failures = sum(len(each.failures) for each in rows)
    print(
        f"{sum(each.cases for each in rows)} cases, {failures} failures, "
        f"{(time.monotonic() - began) / 60:.1f} minutes"
    )
    keep(rows, wanted.tier, wanted.seed, size)
    return int(bool(failures))


def keep(rows: list[Figure], tier: str, seed: int, size: object) -> None:
    """One entry for each id, so that a part that is run again replaces only itself."""
    for name in dict.fromkeys(each.id for each in rows):
        entries = [each.entry() for each in rows if each.id == name]
        merge_figures(
            f"crash {name}", {"tier": tier, "seed": seed, "size": str(size), "rows": entries}
        )


if __name__ == "__main__":
    sys.exit(main())
