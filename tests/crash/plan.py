"""What `make crash` and CI run: pieces of work, one for a worker, each counted in its row."""

from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Final, NamedTuple

from tests.crash.cases import GTT_STAGES, PLAN_STAGES, Stage, day_stages, make_base, stages
from tests.crash.damaged_bytes import harm_bytes
from tests.crash.errors import PLAN, Planned, fail_everywhere
from tests.crash.figures import Figure
from tests.crash.kills import SYSCALLS, kill_everywhere
from tests.crash.live import SIGNALS, second_daemon, signalled, slow_metrics, stalled_journal
from tests.crash.lost import cut_in_trading, harmed_journal, lost_recordings
from tests.crash.places import (
    cannot_freeze,
    cannot_loop,
    cannot_mount,
    full_disk,
    hanging_disk,
    read_only,
)
from tests.crash.random_kills import ROWS, kill_often, undisturbed
from tests.crash.taken import few_descriptors, no_descriptors, taken_away
from tests.crash.zygote import Zygote, cannot_trace
from tests.kit.cli import ROOT

STAGES: Final = ("live", "recovery", "next day", "snapshot", "archive", "replay")
OF_AN_ACCOUNT: Final = ("recovery", "next day")
KILLS_A_PIECE: Final = 50
CASES_A_PIECE: Final = 50
LOST_A_PIECE: Final = 20
_RESTARTS: Final = "tests/cli/test_live_restart.py"


class Rig(contextlib.ExitStack):
    """What a worker needs to run anything: parents of runs, and accounts to begin with.

    Each is made when it is first asked for. What is made lies under `directory`.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    @cached_property
    def zygote(self) -> Zygote:
        return self.enter_context(Zygote())

    @cached_property
    def second(self) -> Zygote:
        return self.enter_context(Zygote())

    @cached_property
    def stages(self) -> dict[str, Stage]:
        base = make_base(self._directory)
        return {each.name: each for each in stages(base, self.zygote)}

    @cached_property
    def gtts(self) -> dict[str, Stage]:
        base = make_base(self._directory, at_exchange=True)
        return {each.name: each for each in day_stages(base, self.zygote, GTT_STAGES)}

    @cached_property
    def plans(self) -> dict[str, Stage]:
        base = make_base(self._directory, with_plans=True)
        return {each.name: each for each in day_stages(base, self.zygote, PLAN_STAGES)}

    def stage(self, name: str) -> Stage:
        """The stage of a name, made when it is first asked for."""
        if name in GTT_STAGES:
            return self.gtts[name]
        return self.plans[name] if name in PLAN_STAGES else self.stages[name]

    @cached_property
    def days(self) -> list[Stage]:
        base = make_base(self._directory, ROWS, at_exchange=True)
        return undisturbed(base, self.zygote)


Work = Callable[[Rig, Figure], None]


class Piece(NamedTuple):
    """One worker's work on one row of the table; `needs` says why it cannot be done here."""

    id: str
    what: str
    work: Work
    needs: Callable[[], str] = str

    def figure(self) -> Figure:
        """An empty row for it."""
        return Figure(self.id, self.what)

    def run(self, rig: Rig) -> Figure:
        """Do it, or say why not."""
        figure = self.figure()
        figure.skipped = self.needs()
        if not figure.skipped:
            self.work(rig, figure)
        return figure.done()


class Size(NamedTuple):
    """How much of everything a tier does; a step of 1 is every k."""

    kills: int
    kill_step: int
    error_step: int
    harmed: int
    lost: int
    """Starts without a recording, ten times as many on a harmed journal, half of it in trading."""
    mounts: int
    over_a_socket: int = 0


SIZES: Final = {
    "ci": Size(kills=100, kill_step=15, error_step=40, harmed=100, lost=20, mounts=7),
    "full": Size(
        kills=2000, kill_step=1, error_step=1, harmed=2000, lost=200, mounts=42, over_a_socket=60
    ),
}


def pieces(size: Size, seed: int) -> list[Piece]:
    """All of a tier. Where k has a step, the seed draws where it begins."""
    draw = random.Random(seed)
    found = [*_of_time(size, seed), *_of_kills(size, seed, draw), *_of_errors(size, draw)]
    return [*found, *_of_places(size, seed), *_of_bytes(size, seed)]


def _of_time(size: Size, seed: int) -> Iterator[Piece]:
    """A6, C1, C2: those that wait, and so go first."""
    yield Piece("A6", "two daemons on one account", _second)
    yield Piece("C1", "a journal that hangs halts after 2 s", _stalled, cannot_trace)
    hanging = partial(_days, hanging_disk, max(2, size.mounts // 4), seed)
    yield Piece("C1", "a disk that hangs altogether", hanging, cannot_freeze)
    yield Piece("C1", "a slow metrics file delays nothing", _slow, cannot_trace)
    for number in range(-(-size.mounts // len(SIGNALS))):
        yield Piece("C2", "signals end a run in order", partial(_signals, seed=seed + number))
    if size.over_a_socket:
        work = partial(_over_a_socket, kills=size.over_a_socket)
        yield Piece("A1", "kill -9, ticks over a socket from a server", work)


def _second(rig: Rig, figure: Figure) -> None:
    second_daemon(rig.days[0], rig.zygote, rig.second, figure)


def _stalled(rig: Rig, figure: Figure) -> None:
    stalled_journal(rig.stages["live"], rig.zygote, figure)


def _slow(rig: Rig, figure: Figure) -> None:
    slow_metrics(rig.stages["live"], rig.zygote, figure)


def _signals(rig: Rig, figure: Figure, seed: int) -> None:
    figure.seeds.append(seed)
    draw = random.Random(seed)
    for numbers in SIGNALS:
        signalled(rig.days[0], rig.zygote, figure, numbers, draw)


def _over_a_socket(rig: Rig, figure: Figure, kills: int) -> None:
    """The daemon as it is started by hand, on ticks of `serve-ticks`' server."""
    command = [sys.executable, "-m", "pytest", _RESTARTS, "-k", "kill_9", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"FNO_KILLS": str(kills)},
        capture_output=True,
        text=True,
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    figure.cases = kills
    if done.returncode or not passed:
        figure.fault(_RESTARTS, [done.stdout[-2000:]])


def _of_kills(size: Size, seed: int, draw: random.Random) -> Iterator[Piece]:
    for number in range(-(-size.kills // KILLS_A_PIECE)):
        kills = min(KILLS_A_PIECE, size.kills - number * KILLS_A_PIECE)
        work = partial(_kill_often, kills=kills, seed=seed + number)
        yield Piece("A1", "kill -9 at random instants", work)
    for stage in (*STAGES, *GTT_STAGES, *PLAN_STAGES):
        for syscall in SYSCALLS:
            first = draw.randint(1, size.kill_step)
            kill = partial(_kill, stage=stage, syscall=syscall, first=first, step=size.kill_step)
            yield Piece("A2", "kill at the k-th system call", kill, cannot_trace)


def _kill_often(rig: Rig, figure: Figure, kills: int, seed: int) -> None:
    kill_often(rig.days, rig.zygote, figure, kills, seed)


def _kill(rig: Rig, figure: Figure, stage: str, syscall: str, first: int, step: int) -> None:
    kill_everywhere(rig.stage(stage), rig.zygote, figure, syscall, first, step)


def _of_errors(size: Size, draw: random.Random) -> Iterator[Piece]:
    for stage in STAGES:
        for plan in PLAN:
            first = draw.randint(1, size.error_step)
            work = partial(_fail, stage=stage, plan=plan, first=first, step=size.error_step)
            yield Piece("A3", f"{plan.error} at the k-th system call", work, cannot_trace)


def _fail(rig: Rig, figure: Figure, stage: str, plan: Planned, first: int, step: int) -> None:
    fail_everywhere(rig.stages[stage], rig.zygote, figure, plan, first, step)


def _of_places(size: Size, seed: int) -> Iterator[Piece]:
    step = 1 if size.error_step == 1 else 4
    for stage in ("live", "recovery", "next day"):
        full = partial(_full, stage=stage, step=step)
        yield Piece("A3", "full disk", full, cannot_trace_or_mount)
    yield Piece(
        "A3", "read-only in mid-run", partial(_days, read_only, size.mounts, seed), cannot_loop
    )
    yield Piece("A3", "removed or moved in mid-run", partial(_days, taken_away, size.mounts, seed))
    yield Piece("A3", "no descriptors left", partial(_days, no_descriptors, size.mounts, seed))
    yield Piece("A3", "too few descriptors allowed", _few)


def cannot_trace_or_mount() -> str:
    """The full disk needs both."""
    return cannot_trace() or cannot_mount()


def _full(rig: Rig, figure: Figure, stage: str, step: int) -> None:
    full_disk(rig.stages[stage], rig.zygote, figure, step)


Cases = Callable[[Stage, Zygote, Figure, int, int], None]


def _days(harm: Cases, cases: int, seed: int, rig: Rig, figure: Figure) -> None:
    harm(rig.days[0], rig.zygote, figure, cases, seed)


def _few(rig: Rig, figure: Figure) -> None:
    few_descriptors(rig.stages["live"], rig.zygote, figure, 7)


def _of_bytes(size: Size, seed: int) -> Iterator[Piece]:
    for number in range(-(-size.harmed // CASES_A_PIECE)):
        stage = OF_AN_ACCOUNT[number % len(OF_AN_ACCOUNT)]
        work = partial(_harm, stage=stage, seed=seed + number)
        yield Piece("A5", "harmed bytes of an account's files", work, cannot_trace)

    pieces_of_lost = -(-size.lost // LOST_A_PIECE)
    for number in range(pieces_of_lost):
        cases = min(LOST_A_PIECE, size.lost - number * LOST_A_PIECE)
        lost = partial(_lost, cases=cases, seed=seed + number)
        yield Piece("A5", "switches outlive lost recordings", lost)
        journal = partial(_journal, cases=10 * cases, seed=seed + number)
        yield Piece("A5", "a harmed journal is refused or recovers the same", journal)
        cut = partial(_days, cut_in_trading, -(-cases // 2), seed + number)
        yield Piece("A5", "WAL or head cut to half in trading", cut)


def _lost(rig: Rig, figure: Figure, cases: int, seed: int) -> None:
    lost_recordings(figure, cases, seed)


def _journal(rig: Rig, figure: Figure, cases: int, seed: int) -> None:
    harmed_journal(figure, cases, seed)


def _harm(rig: Rig, figure: Figure, stage: str, seed: int) -> None:
    harm_bytes(rig.stages[stage], rig.zygote, figure, CASES_A_PIECE, seed)
