"""A3 without injection: a disk that is full or turns read-only, files that are taken away.

These need mounts, so root; what cannot be mounted is said to be skipped.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from daemon.journal.writer import STALL_S
from tests.crash.cases import Stage, judge
from tests.crash.errors import HALTS_WITHIN_S, METRICS, complaints, late_events, read_trace
from tests.crash.figures import Figure
from tests.crash.live import complains, paced
from tests.crash.rig import Job, read_seen
from tests.crash.zygote import Ended, Fault, Zygote, is_alive
from tests.kit.cli import wait_for

KIB: Final = 1024
DISK_BYTES: Final = 32 << 20
PACE_S: Final = 0.05
LATEST_S: Final = 1.0
UNDER_WAY_NS: Final = 1_000_000_000
"""A commit that was checked before the harm may be published after it, later on a busy disk."""
_WRITES: Final = "write,pwrite64,openat,mkdir,rename,ftruncate,fallocate"
TRACED: Final = Fault(_WRITES, "", "")
"""Nothing is injected: the trace tells when the disk first said no."""


def cannot_mount() -> str:
    """Why nothing can be mounted here, empty if it can."""
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        try:
            with tmpfs(Path(name), "size=64k"):
                return ""
        except (OSError, subprocess.CalledProcessError) as error:
            return f"a tmpfs cannot be mounted here ({error})"


def cannot_loop() -> str:
    """Why no image can be mounted here, empty if it can."""
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        try:
            with image(Path(name)):
                return ""
        except (OSError, subprocess.CalledProcessError) as error:
            return f"an ext4 image cannot be mounted here ({error})"


@contextlib.contextmanager
def tmpfs(at: Path, options: str) -> Iterator[None]:
    """A small disk in memory at `at`."""
    _do("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at))
    try:
        yield
    finally:
        _do("umount", "-l", str(at))


@contextlib.contextmanager
def image(at: Path) -> Iterator[Callable[[], None]]:
    """A small ext4 at `at`, which unlike a tmpfs can turn read-only under open files.

    Gives what mounts it again: then there is what really was on the disk.
    """
    with tempfile.NamedTemporaryFile(prefix="crash-image-") as file:
        file.truncate(DISK_BYTES)
        _do("mkfs.ext4", "-q", file.name)
        mount = ("mount", "-o", "loop", file.name, str(at))
        _do(*mount)

        def again() -> None:
            _do("umount", str(at))
            _do(*mount)

        try:
            yield again
        finally:
            _do("umount", "-l", str(at))


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def full_disk(stage: Stage, zygote: Zygote, figure: Figure, step: int = 1) -> None:
    """Disks (tmpfs) of every size, and of every number of files, until a run gets through."""
    for unit, sizes in (("size", range(16, 4096, 16 * step)), ("nr_inodes", range(2, 99, step))):
        for number in sizes:
            options = f"size={number}k" if unit == "size" else f"size=8m,nr_inodes={number}"
            if _on_a_full_disk(stage, zygote, figure, options):
                break


def _on_a_full_disk(stage: Stage, zygote: Zygote, figure: Figure, options: str) -> bool:
    """Whether the run came to its end without meeting the disk's."""
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        place = Path(name)
        job = stage.job(place)
        job.out.mkdir()
        with tmpfs(job.out, options):
            try:
                stage.fill(place)
            except OSError:
                return False  # not even what it begins with fits
            trace = place / "trace"
            harmed = zygote.run(job, TRACED, trace)
            refused = read_trace(trace, "ENOSPC", harmless=METRICS)
            if refused is None:
                return True
            wrong = ended_well(place, harmed, refused.ts_ns, figure)
            _do("mount", "-o", "remount,size=64m,nr_inodes=10000", str(job.out))
            wrong += judge(stage, zygote, place, harmed).wrong
        figure.case(f"{stage.name} on a disk of {options}", wrong, ending_of(harmed))
        return False


def ended_well(place: Path, harmed: Ended, since_ns: int, figure: Figure) -> list[str]:
    """It may live on (without its metrics file, say), or it halts at once and says so."""
    if harmed.code == 0:
        return []
    wrong = complaints(harmed)
    took = (harmed.at_ns - since_ns) / 1e9
    figure.worst_s = max(figure.worst_s, took)
    if took > HALTS_WITHIN_S:
        wrong.append(f"halted {took:.2f} s after the failure")
    return wrong + late_events(place, since_ns)


def ending_of(harmed: Ended) -> str:
    return "lived on" if harmed.code == 0 else f"exit {harmed.code}"


def read_only(stage: Stage, zygote: Zygote, figure: Figure, cases: int, seed: int) -> None:
    """The file system turns read-only under open files, as ext4 does after an error."""
    figure.seeds.append(seed)
    for number in range(cases):
        later = random.Random(f"{seed} {number}").uniform(0, LATEST_S)
        with on_an_image(stage) as (job, again):
            place = Path(job.place)
            turn = partial(_do, "mount", "-o", "remount,abort", str(job.out))
            harmed, since = harm_in_trading(job, zygote, later, turn)
            wrong = must_halt(place, harmed, since, figure)
            again()
            # The metrics file is not synced, by design: here it may be there and empty.
            shutil.rmtree(job.out / "analytics", ignore_errors=True)
            wrong += judge(stage, zygote, place, harmed).wrong
        name = f"read-only after {later:.3f} s, seed {seed} case {number}"
        figure.case(name, wrong, ending_of(harmed))


@contextlib.contextmanager
def on_an_image(stage: Stage) -> Iterator[tuple[Job, Callable[[], None]]]:
    """A paced run that writes to a disk of its own, and what mounts that disk again."""
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        job = paced(stage, Path(name), PACE_S)
        job.out.mkdir()
        with image(job.out) as again:
            stage.fill(Path(name))
            yield job, again


def start_trading(job: Job, zygote: Zygote, later_s: float) -> None:
    """Start a run, let it publish its first event and live for a while."""
    pid = zygote.start(job)
    wait_for(lambda: read_seen(Path(job.place) / job.observer) or not is_alive(pid))
    deadline = time.monotonic() + later_s
    wait_for(lambda: time.monotonic() >= deadline or not is_alive(pid))


def harm_in_trading(
    job: Job, zygote: Zygote, later_s: float, harm: Callable[[], None]
) -> tuple[Ended, int]:
    """Do `harm` to a run in mid-trading; how it ended, and when that was done."""
    start_trading(job, zygote, later_s)
    harm()
    since = time.time_ns()
    code = zygote.wait()
    ended = time.time_ns()
    said = (Path(job.place) / job.stderr).read_text()
    return Ended(code, "", said, (ended - since) / 1e9, ended), since


def must_halt(place: Path, harmed: Ended, since_ns: int, figure: Figure) -> list[str]:
    """There is nothing left to live on."""
    wrong = ended_well(place, harmed, since_ns + UNDER_WAY_NS, figure)
    return wrong if harmed.code else ["it went on as if nothing had happened"]


def cannot_freeze() -> str:
    """Why no file system can be frozen here, empty if one can."""
    if shutil.which("fsfreeze") is None:
        return "fsfreeze is not installed"
    return cannot_loop()


def hanging_disk(stage: Stage, zygote: Zygote, figure: Figure, cases: int, seed: int) -> None:
    """C1: the whole disk hangs, whatever is asked of it; the process says so and leaves.

    It cannot be gone before the disk answers again: the kernel waits with it.
    """
    figure.seeds.append(seed)
    for number in range(cases):
        later = random.Random(f"{seed} {number}").uniform(0, LATEST_S)
        with on_an_image(stage) as (job, again):
            place = Path(job.place)
            with frozen(job, zygote, later) as since:
                wait_for(complains(place / job.stderr))
                took = (time.time_ns() - since) / 1e9
            code = zygote.wait()
            ended = Ended(code, "", (place / job.stderr).read_text(), took, since)
            wrong = [*complaints(ended), *late_events(place, since + UNDER_WAY_NS)]
            again()
            wrong += judge(stage, zygote, place, ended).wrong
        if code == 0 or not STALL_S - 0.1 <= took <= STALL_S + HALTS_WITHIN_S:
            wrong.append(f"ended with {code}, said so after {took:.2f} s")
        figure.worst_s = max(figure.worst_s, took)
        case = f"hangs after {later:.3f} s, seed {seed} case {number}"
        figure.case(case, wrong, ending_of(ended))


@contextlib.contextmanager
def frozen(job: Job, zygote: Zygote, later_s: float) -> Iterator[int]:
    """A run in mid-trading whose file system is frozen; since when, wall ns."""
    start_trading(job, zygote, later_s)
    _do("fsfreeze", "--freeze", str(job.out))
    try:
        yield time.time_ns()
    finally:
        _do("fsfreeze", "--unfreeze", str(job.out))
