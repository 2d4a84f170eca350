"""A6, C1, C2: two daemons, slow disks and signals, on runs with their real threads."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import ExitCode
from daemon.journal.store import JournalStore
from daemon.journal.writer import STALL_S
from tests.crash.cases import Stage, digests, judge
from tests.crash.errors import HALTS_WITHIN_S
from tests.crash.figures import Figure
from tests.crash.rig import PROGRAM, Job, read_seen
from tests.crash.zygote import Ended, Fault, Zygote, is_alive, state_of
from tests.kit.cli import wait_for

PACE_S: Final = 0.02
STOPS_WITHIN_S: Final = 30.0
AT_ONCE_S: Final = 30.0
HANG_US: Final = 20_000_000
TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
INTERRUPTED: Final = 128 + INT
"""What the command line makes of ctrl-C before there is anything to stop."""
SIGNALS: Final = ([TERM], [INT], [TERM, TERM], [INT, TERM], [HUP, TERM])


def paced(stage: Stage, place: Path, pace_s: float = PACE_S) -> Job:
    """A live run of the stage with its threads, slow enough to be met in the middle."""
    return msgspec.structs.replace(stage.job(place), threads=True, pace_s=pace_s)


def second_daemon(stage: Stage, first: Zygote, second: Zygote, figure: Figure) -> None:
    """A6: the second leaves at once with 75, and touches nothing."""
    with stage.place() as place:
        job = paced(stage, place)
        pid = first.start(job)
        wait_for(lambda: read_seen(place / job.observer))
        os.kill(pid, signal.SIGSTOP)  # so that what changes was changed by the second
        wait_for(lambda: state_of(pid) == "T")
        kept = digests(job.account)
        other = msgspec.structs.replace(job, stdout="out 2", stderr="err 2", observer="observed 2")
        ended = second.run(other)
        wrong = []
        if ended.code != ExitCode.ALREADY_RUNNING:
            wrong.append(f"the second ended with {ended.code}: {ended.err[-400:]}")
        if ended.took_s > AT_ONCE_S:
            wrong.append(f"the second took {ended.took_s:.2f} s")
        if digests(job.account) != kept:
            wrong.append("the second touched the account's files")
        os.kill(pid, signal.SIGCONT)
        code = first.wait()
        wrong += judge(stage, first, place, Ended(code, "", "", 0)).wrong
        figure.case("two daemons", wrong, f"exit {ended.code}")
        figure.worst_s = max(figure.worst_s, ended.took_s)


def stalled_journal(stage: Stage, zygote: Zygote, figure: Figure) -> None:
    """C1: of each file that a commit waits for."""
    for name in ("journal.db-wal", "head", "*.inputs"):
        for k in (2, 3):
            stalled_sync(stage, zygote, figure, name, k)


def stalled_sync(stage: Stage, zygote: Zygote, figure: Figure, name: str, k: int) -> None:
    """C1: the k-th sync of a file hangs; the run halts after the stall time."""
    with stage.place() as place:
        job = paced(stage, place)
        path = _path_in(stage, job, name)
        fault = Fault("fdatasync", f"delay_enter={HANG_US}", str(k), (str(path),))
        harmed = zygote.run(job, fault, held_until=complains(place / job.stderr))
        began_ns = path.stat().st_mtime_ns  # what is synced was written just before
        took = (harmed.at_ns - began_ns) / 1e9
        figure.worst_s = max(figure.worst_s, took)
        wrong = []
        if not STALL_S - 0.1 <= took <= STALL_S + HALTS_WITHIN_S:
            wrong.append(f"halted {took:.2f} s after the sync began to hang")
        if harmed.code != ExitCode.JOURNAL_IO or "stalled" not in harmed.err:
            wrong.append(f"ended with {harmed.code}: {harmed.err[-600:]}")
        wrong += judge(stage, zygote, place, harmed).wrong
        figure.case(f"{name} sync {k} hangs", wrong, f"exit {harmed.code}")


def complains(said: Path) -> Callable[[], bool]:
    """Whether the program has said why it ends."""
    return lambda: said.exists() and f"{PROGRAM}: " in said.read_text()


def _path_in(stage: Stage, job: Job, name: str) -> Path:
    if not name.startswith("*"):
        return job.account / name
    recordings = stage.base / stage.name / "out/accounts"
    (kept,) = recordings.rglob("*.parquet")
    return (job.account / "recordings" / kept.name).with_suffix(name[1:])


def slow_metrics(stage: Stage, zygote: Zygote, figure: Figure) -> None:
    """C1: a metrics file that takes a second to write delays no decision and loses nothing."""
    slow_s = 1.0
    with stage.place() as place:
        job = paced(stage, place, 0.1)
        path = job.account / ".metrics.json.tmp"
        fault = Fault("write", f"delay_enter={round(slow_s * 1e6)}", "2+", (str(path),))
        harmed = zygote.run(job, fault)
        times = sorted({each.ts for each in read_seen(place / job.observer)})
        pause = max((b - a for a, b in itertools.pairwise(times)), default=0) / 1e9
        wrong = [] if pause < slow_s * 0.8 else [f"no event was published for {pause:.2f} s"]
        if harmed.code:
            wrong.append(f"ended with {harmed.code}: {harmed.err[-400:]}")
        wrong += judge(stage, zygote, place, harmed).wrong
        figure.case("slow metrics file", wrong, f"exit {harmed.code}")
        figure.worst_s = max(figure.worst_s, pause)


def signalled(
    stage: Stage, zygote: Zygote, figure: Figure, numbers: list[signal.Signals], draw: random.Random
) -> None:
    """C2: signals at a random instant of start, recovery or trading end it in order."""
    with stage.place() as place:
        job = paced(stage, place)
        later = draw.random() * 0.5
        pid = zygote.start(job)
        heard = _heard(place)
        deadline = time.monotonic() + later
        wait_for(lambda: time.monotonic() >= deadline or not is_alive(pid))
        is_heard = heard()
        asked = time.monotonic()
        for number in numbers:
            if is_alive(pid):
                os.kill(pid, number)
        code = zygote.wait()
        took = time.monotonic() - asked
        ended = Ended(code, "", _text(place / job.stderr), took)
        wrong = [] if took <= STOPS_WITHIN_S else [f"took {took:.2f} s to end"]
        before = [-each for each in numbers]
        if INT in numbers:
            before.append(INTERRUPTED)
        if code not in (0, *([] if is_heard else before)) or "Traceback" in ended.err:
            wrong.append(f"ended with {code} ({later:.3f} s after its start): {ended.err[-800:]}")
        if code == 0:
            with JournalStore.open(job.account) as store:
                last = list(store.operations())[-1].kind
            if last != "stop":
                wrong.append(f"the last operation is {last}, expected the stop")
        wrong += judge(stage, zygote, place, ended).wrong
        names = "+".join(each.name for each in numbers)
        figure.case(f"{names} after {later:.3f} s", wrong, f"exit {code}")
        figure.worst_s = max(figure.worst_s, took)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _heard(place: Path) -> Callable[[], bool]:
    said = place / "stderr"
    return lambda: said.exists() and "run started" in said.read_text()
