"""`make bench`: one table and artifacts/bench.json, medians over runs in fresh processes."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from loguru import logger

from tests.bench.bench import Bench
from tests.bench.kept import Part, compared, keep, load, render_compared
from tests.bench.parts import NAMES, part
from tests.bench.table import machine, render
from tests.bench.yardstick import yardstick_s

KEPT = Path("artifacts") / "bench.json"
LOST = 1


def main() -> int:
    """Measure, print, and keep or compare. Returns 1 if a comparison shows a loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ticks", type=int, default=5_000_000, help="of W1")
    parser.add_argument("--peers", default="", help="the interpreter of the peers' venv")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="these parts")
    parser.add_argument("--out", type=Path, default=KEPT, help="where figures are kept")
    parser.add_argument(
        "--compare", action="store_true", help="with what is kept; nothing is kept then"
    )
    chosen = parser.parse_args()
    logger.remove()  # what runs in this process would write between the rows
    kept = load(chosen.out)
    if chosen.compare and not kept.keys() & set(chosen.only):
        sys.stderr.write(f"{chosen.out}: nothing kept of {', '.join(chosen.only)}: run it first\n")
        return LOST
    parts = measured(chosen)
    about = {**machine(), "runs": chosen.runs, "ticks": chosen.ticks}
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in about.items()) + "\n")
    if chosen.compare:
        return compare(kept, parts)
    keep(chosen.out, parts)
    sys.stdout.write(f"kept in {chosen.out}\n")
    return 0


def measured(chosen: argparse.Namespace) -> dict[str, Part]:
    """Measure the chosen parts, printing each when it is done."""
    parts = {}
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), chosen.runs, chosen.ticks, peers=chosen.peers)
        for name in chosen.only:
            sys.stderr.write(f"measuring {name} ...\n")
            about = {
                **machine(),
                "runs": chosen.runs,
                "ticks": chosen.ticks,
                "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                "load": round(os.getloadavg()[0], 2),
                "yardstick_s": yardstick_s(),
            }
            parts[name] = Part(about, list(part(name)(bench)))
            sys.stdout.write(render(parts[name].rows) + "\n\n")
            sys.stdout.flush()
    return parts


def compare(kept: Mapping[str, Part], parts: Mapping[str, Part]) -> int:
    """Print each row next to the kept one. Returns 1 if any is a loss."""
    lost = 0
    for name, now in parts.items():
        if name not in kept:
            sys.stdout.write(f"\n{name}: nothing kept\n")
            continue
        before = kept[name]
        found = list(compared(before, now))
        sys.stdout.write(
            f"\n{name}, kept at {before.about['at']} (version {before.about['version']}); "
            f"columns: kept, now, times better\n{render_compared(found)}\n"
        )
        lost += sum(each.is_loss for each in found)
    sys.stdout.write(f"\n{lost} rows lost more than a tenth\n")
    return LOST if lost else 0


if __name__ == "__main__":
    sys.exit(main())
