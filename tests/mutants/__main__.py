"""`make mutants`: change the program in small ways, one at a time; the tests must notice.

Exits with 1 if fewer than 95 % of the mutants that are not equivalent are caught.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.kit.cli import ROOT
from tests.kit.figures import merge_figures
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.forks import ForkServer
from tests.mutants.sample import Mutant, chosen
from tests.mutants.stages import stages_of
from tests.planted.__main__ import copy_to

GOAL: Final = 0.95
PASSED: Final = "0"
NOTHING_COLLECTED: Final = "5"
TIMEOUT_S: Final = 240
"""A stage of sound code takes a minute at most; a mutant that takes longer is caught by that."""


def notices(server: ForkServer, tests: tuple[str, ...]) -> bool:
    """Return whether these tests fail on the copy of this server."""
    return server.ask(tests) not in (PASSED, NOTHING_COLLECTED)


def are_sound(server: ForkServer, mutants: list[Mutant]) -> bool:
    """Return whether the tests of all stages pass on the program as it is; say which do not."""
    stages = dict.fromkeys(stage for mutant in mutants for stage in stages_of(mutant.path))
    failed = [f"{name}: {' '.join(tests)}" for name, tests in stages if notices(server, tests)]
    print(*failed, sep="\n", end="\n" if failed else "", flush=True)
    return not failed


def judge(place: Path, server: ForkServer, mutant: Mutant) -> str:
    """Return the name of the stage that noticed the mutant, "" if none did."""
    path = place / mutant.path
    sound = path.read_bytes()
    path.write_bytes(mutant.edit.applied(sound))
    try:
        for name, tests in stages_of(mutant.path):
            if notices(server, tests):
                return name
        return ""
    finally:
        path.write_bytes(sound)


def is_equivalent(mutant: Mutant) -> bool:
    """Tell whether the mutant is listed as one that computes the same."""
    source = (ROOT / mutant.path).read_bytes()
    line = source.decode().splitlines()[mutant.edit.line - 1].strip()
    old = source[mutant.edit.start : mutant.edit.end].decode()
    key = (mutant.path, line, old, mutant.edit.new)
    return any(each[:4] == key for each in EQUIVALENT)


def judged(mutants: list[Mutant], servers: dict[Path, ForkServer]) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant with the stage that noticed it, one mutant at a time in each place."""
    free: SimpleQueue[Path] = SimpleQueue()
    for place in servers:
        free.put(place)

    def work(mutant: Mutant) -> tuple[Mutant, str]:
        place = free.get()
        try:
            return mutant, judge(place, servers[place], mutant)
        finally:
            free.put(place)

    with ThreadPoolExecutor(len(servers)) as pool:
        yield from pool.map(work, mutants)


def main() -> None:
    """Judge the sample and print what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=150, help="mutants of each area")
    parser.add_argument("--sample-only", action="store_true", help="without the whole files")
    parser.add_argument("--only", default="", help="only mutants whose name contains this")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    every = chosen(arguments.seed, arguments.each, whole=not arguments.sample_only)
    mutants = [each for each in every if arguments.only in each.name]
    judging = [each for each in mutants if not is_equivalent(each)]
    print(f"{len(mutants)} mutants, {len(mutants) - len(judging)} equivalent", flush=True)
    caught: Counter[str] = Counter()
    survivors: list[Mutant] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as base:
        places = [Path(base) / str(number) for number in range(arguments.workers)]
        for place in places:
            copy_to(place)
        servers = {place: ForkServer(place, TIMEOUT_S) for place in places}
        try:
            if not are_sound(servers[places[0]], judging):
                sys.exit("the tests do not pass without a mutant; nothing can be said")
            for mutant, stage in judged(judging, servers):
                caught[stage] += 1
                if not stage:
                    survivors.append(mutant)
                    print(f"survived  {mutant.describe()}", flush=True)
        finally:
            for server in servers.values():
                server.close()
    _tell(judging, survivors, caught, time.monotonic() - began)


def _tell(
    judging: list[Mutant], survivors: list[Mutant], caught: Counter[str], seconds: float
) -> None:
    share = 1 - len(survivors) / max(len(judging), 1)
    stages = ", ".join(f"{name} {number}" for name, number in caught.most_common() if name)
    print(f"caught {share:.1%} of {len(judging)} in {seconds:.0f} s ({stages})")
    figures = {"judged": len(judging), "survived": len(survivors), "seconds": round(seconds)}
    merge_figures("mutants", figures)
    sys.exit(share < GOAL)


if __name__ == "__main__":
    main()
