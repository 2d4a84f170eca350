"""A2: a run is killed at its k-th system call of a kind, for every k, and started again."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

from tests.crash.cases import Stage, Verdict, judge
from tests.crash.figures import Figure
from tests.crash.zygote import Fault, Zygote

KILLED: Final = -9
SYSCALLS: Final = (
    "write", "pwrite64", "fdatasync", "fsync", "?rename", "?renameat", "?renameat2", "ftruncate",
    "?unlink", "?unlinkat", "?mkdir", "?mkdirat", "?rmdir", "?writev", "?pwritev",
)  # fmt: skip


def kill_at(stage: Stage, zygote: Zygote, syscall: str, k: int) -> Verdict:
    """Kill one run of the stage on entering its k-th call, and judge what is left."""
    with stage.place() as place:
        harmed = zygote.run(stage.job(place), Fault(syscall, "signal=KILL", str(k)))
        verdict = judge(stage, zygote, place, harmed)
    if harmed.code not in (0, KILLED):
        verdict.wrong.append(f"ended with {harmed.code} instead of being killed: {harmed.err}")
    return verdict


def kill_everywhere(
    stage: Stage, zygote: Zygote, figure: Figure, syscall: str, first: int = 1, step: int = 1
) -> None:
    """Every k (or every `step`-th from `first`) of a call, until a run does not reach it."""
    for k in itertools.count(first, step):
        verdict = kill_at(stage, zygote, syscall, k)
        is_killed = verdict.harmed.code == KILLED
        if is_killed or verdict.wrong:
            name = f"{stage.name}: {syscall} {k}"
            figure.case(name, verdict.wrong, f"{stage.name} killed" if is_killed else "")
        if not is_killed:
            return


def sampled(stages: Iterable[Stage]) -> Iterator[tuple[Stage, str, int]]:
    """A few kills for every day's tests: one of each kind that matters, spread over the stages."""
    wanted = {
        "live": [("pwrite64", 100), ("fdatasync", 30)],
        "recovery": [("ftruncate", 3)],
        "next day": [("?rename", 3)],
        "snapshot": [("write", 1)],
        "archive": [("pwrite64", 10)],
        "replay": [("?rename", 2)],
        "GTTs": [("pwrite64", 90), ("fdatasync", 20)],
        "GTTs, next day": [("pwrite64", 70)],
        "plans": [("pwrite64", 90), ("fdatasync", 20)],
        "plans, next day": [("pwrite64", 60), ("fdatasync", 8)],
    }
    for stage in stages:
        for syscall, k in wanted[stage.name]:
            yield stage, syscall, k
