"""`make mutants`: change the program in small ways, one at a time; the tests must notice.

Exits with 1 if fewer than 95 % (`--goal`) of the mutants that are not equivalent are caught.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple

from tests.kit.copied import copy_to
from tests.kit.figures import merge_figures
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.forks import ForkServer
from tests.mutants.reach import Reach, measure
from tests.mutants.sample import Mutant, chosen
from tests.mutants.stages import stages_of, tests_asked

GOAL: Final = 0.95
PASSED: Final = "0"
NOTHING_COLLECTED: Final = "5"
TIMEOUT_S: Final = 240
"""A stage of sound code takes a minute at most; a mutant that takes longer is caught by that."""


def notices(server: ForkServer, tests: tuple[str, ...]) -> bool:
    """Return whether these tests fail on the copy of this server."""
    return server.ask(tests) not in (PASSED, NOTHING_COLLECTED)


class Verdict(NamedTuple):
    """The stage that noticed a mutant, "" if none did, and what it took."""

    mutant: Mutant
    stage: str
    seconds: float

    def describe(self) -> str:
        """Return a line of the output."""
        return f"{self.stage or 'SURVIVED':12} {self.seconds:5.1f} s  {self.mutant.describe()}"


def judge(place: Path, server: ForkServer, reach: Reach, mutant: Mutant) -> Verdict:
    """Write the mutant into the copy and ask stage after stage."""
    began = time.monotonic()
    path = place / mutant.path
    sound = path.read_bytes()
    path.write_bytes(mutant.edit.applied(sound))
    stages = stages_of(reach, mutant.path, mutant.edit.line)
    try:
        noticed = next((name for name, tests in stages if notices(server, tests)), "")
    finally:
        path.write_bytes(sound)
    return Verdict(mutant, noticed, time.monotonic() - began)


def is_equivalent(mutant: Mutant) -> bool:
    """Tell whether the mutant is listed as one that computes the same."""
    key = (mutant.path, mutant.line, mutant.old, mutant.edit.new)
    return any(each[:4] == key for each in EQUIVALENT)


def judged(
    mutants: list[Mutant], servers: dict[Path, ForkServer], reach: Reach
) -> Iterator[Verdict]:
    """Yield the verdicts as they come, one mutant at a time in each place."""
    free: SimpleQueue[Path] = SimpleQueue()
    for place in servers:
        free.put(place)

    def work(mutant: Mutant) -> Verdict:
        place = free.get()
        try:
            return judge(place, servers[place], reach, mutant)
        finally:
            free.put(place)

    with ThreadPoolExecutor(len(servers)) as pool:
        for done in as_completed([pool.submit(work, each) for each in mutants]):
            yield done.result()


def main() -> None:
    """Judge the sample and print what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=150, help="mutants of each area")
    parser.add_argument("--sample-only", action="store_true", help="without the whole files")
    parser.add_argument("--only", default="", help="only mutants whose name contains this")
    parser.add_argument("--unit-only", action="store_true", help="ask only unit tests of the areas")
    parser.add_argument("--goal", type=float, default=GOAL, help="share to be caught")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    every = chosen(arguments.seed, arguments.each, whole=not arguments.sample_only)
    mutants = [each for each in every if arguments.only in each.name]
    judging = [each for each in mutants if not is_equivalent(each)]
    print(f"{len(mutants)} mutants, {len(mutants) - len(judging)} equivalent", flush=True)
    began = time.monotonic()
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory() as base:
        places = [Path(base) / str(number) for number in range(arguments.workers)]
        for place in places:
            copy_to(place)
        reach = measure(places[0], tests_asked(unit_only=arguments.unit_only), arguments.workers)
        if reach is None:
            sys.exit("the tests do not pass without a mutant; nothing can be said")
        print(f"which test runs which line: {time.monotonic() - began:.0f} s", flush=True)
        servers = {place: ForkServer(place, TIMEOUT_S) for place in places}
        try:
            for verdict in judged(judging, servers, reach):
                verdicts.append(verdict)
                print(verdict.describe(), flush=True)
        finally:
            for server in servers.values():
                server.close()
    share = _tell(mutants, verdicts, time.monotonic() - began)
    sys.exit(share < arguments.goal)


def _tell(mutants: list[Mutant], verdicts: list[Verdict], seconds: float) -> float:
    """Print what came of it by area and in all; return the share that was caught."""
    survived = Counter(each.mutant.part for each in verdicts if not each.stage)
    judging = Counter(each.mutant.part for each in verdicts)
    for part, number in sorted(Counter(each.part for each in mutants).items()):
        caught = judging[part] - survived[part]
        equivalent = number - judging[part]
        print(f"{part:30} {caught:4} caught {equivalent:3} equivalent {survived[part]:3} survived")
    share = 1 - survived.total() / max(len(verdicts), 1)
    stages = Counter(each.stage for each in verdicts if each.stage)
    told = ", ".join(f"{name} {number}" for name, number in stages.most_common())
    print(f"caught {share:.1%} of {len(verdicts)} in {seconds:.0f} s ({told})")
    figures = {"judged": len(verdicts), "survived": survived.total(), "seconds": round(seconds)}
    merge_figures("mutants", figures)
    return share


if __name__ == "__main__":
    main()
