"""`make bench`: one table and artifacts/bench.json, medians over runs in fresh processes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from loguru import logger

from tests.bench.plan import SECTIONS, Bench
from tests.bench.table import Row, keep, machine, render

KEPT = Path("artifacts") / "bench.json"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ticks", type=int, default=5_000_000, help="of W1")
    parser.add_argument("--peers", default="", help="the interpreter of the peers' venv")
    parser.add_argument("--only", nargs="*", choices=list(SECTIONS), default=list(SECTIONS))
    parser.add_argument("--out", type=Path, default=KEPT)
    chosen = parser.parse_args()
    logger.remove()  # what runs in this process would write between the rows
    about = {**machine(), "runs": chosen.runs, "ticks": chosen.ticks}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), chosen.runs, chosen.ticks, peers=chosen.peers)
        for name in chosen.only:
            sys.stderr.write(f"measuring {name} ...\n")
            rows += SECTIONS[name](bench)
    sys.stdout.write(render(rows) + "\n\n")
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in about.items()) + "\n")
    keep(chosen.out, about, rows)
    sys.stdout.write(f"kept in {chosen.out}\n")


if __name__ == "__main__":
    main()
