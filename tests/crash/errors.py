"""A3: a call to the disk fails: the run halts at once, says so, and starts clean again."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from daemon.errors import ExitCode
from tests.crash.cases import Stage, Verdict, judge
from tests.crash.figures import Figure
from tests.crash.rig import read_seen
from tests.crash.zygote import Ended, Fault, Zygote

HALTS_WITHIN_S: Final = 15.0
"""For a loaded machine, and less than a disk hangs here; the table tells how long it took."""
NAMES: Final = ("openat", "?mkdir", "?mkdirat", "?rename", "?renameat2")
"""Calls by a name. Trading goes on where they fail for the metrics file, a snapshot or the socket,
for the journal is open: what ends the run is the last of them."""
METRICS: Final = ("/analytics", "metrics.json", "quotes.map", "/dev/shm/run_fno_paper-")
"""Files that end nothing where they cannot be written: the metrics, and the quotes map."""
_CALLS: Final = {
    ("EIO", ""): ("write", "pwrite64", "fdatasync", "fsync", "?rename", "?renameat2", "ftruncate",
                  "openat", "?mkdir", "?mkdirat"),
    ("ENOSPC", "+"): ("write", "pwrite64", "openat", "?mkdir", "?mkdirat"),
    ("EROFS", "+"): ("openat", "?rename", "?renameat2", "ftruncate"),
    ("EDQUOT", "+"): ("write", "pwrite64"),
}  # fmt: skip


class Planned(NamedTuple):
    """An error of a call; it stays (`+`) or happens once."""

    error: str
    stays: str
    syscall: str


PLAN: Final = tuple(
    Planned(error, stays, syscall)
    for (error, stays), syscalls in _CALLS.items()
    for syscall in syscalls
)
_CALL: Final = re.compile(r"^\d+ +(?P<ts>[\d.]+) (?P<name>\w+)\((?:\d+<(?P<path>[^>]*)>)?")


class Failed(NamedTuple):
    """The first injected failure of a trace, and the syncs of the same file after it."""

    ts_ns: int
    call: str
    path: str
    syncs_after: int


def paths_of(stage: Stage, place: Path) -> tuple[str, ...]:
    """Every file that a run of the stage has under `place`, with what they are built as."""
    kept = stage.base / stage.name / "out"
    found = [place / "out", place / "out" / "runs", place / "out" / "accounts"]
    for each in sorted(kept.rglob("*")):
        path = place / "out" / each.relative_to(kept)
        found.append(path)
        if each.is_dir():
            continue
        after = (".new", ".new-journal", ".new-wal", ".new-shm", "-journal")
        found += [path.with_name(path.name + ending) for ending in after]
        found += [path.with_name(f".{path.name}{ending}") for ending in (".tmp", ".partial")]
        if path.suffix == ".parquet":
            log = path.with_suffix(".inputs")
            found += [log, log.with_name(log.name + ".new")]
    return tuple(str(each) for each in dict.fromkeys(found))


def read_trace(
    trace: Path, mark: str = "(INJECTED)", harmless: Sequence[str] = (), *, last: bool = False
) -> Failed | None:
    """The first (or last) call with `mark` in a trace of strace, None without one.

    Those of a path with one of `harmless` in it do not count.
    """
    first: Failed | None = None
    for line in trace.read_text(errors="replace").splitlines() if trace.exists() else ():
        call = _CALL.match(line)
        if call is None:
            continue
        path = call["path"] or ""
        is_marked = mark in line and not any(each in line for each in harmless)
        if is_marked and (first is None or last):
            first = Failed(int(float(call["ts"]) * 1e9), call["name"], path, 0)
        elif (
            first is not None
            and path
            and path == first.path
            and call["name"] in ("fsync", "fdatasync")
        ):
            first = first._replace(syncs_after=first.syncs_after + 1)
    return first


def fail_at(stage: Stage, zygote: Zygote, plan: Planned, k: int) -> tuple[Verdict, Failed | None]:
    """Let one run of the stage fail at its k-th call, and judge how it ended and what is left."""
    with stage.place() as place:
        trace = place / "trace"
        when = f"{k}{plan.stays}"
        fault = Fault(plan.syscall, f"error={plan.error}", when, paths_of(stage, place))
        harmed = zygote.run(stage.job(place), fault, trace)
        failed = read_trace(trace, harmless=METRICS, last=plan.syscall in NAMES)
        failed = failed or read_trace(trace)
        if failed is None:
            return Verdict([], harmed), None
        wrong = _halted(harmed, failed)
        if harmed.code:
            wrong += late_events(place, failed.ts_ns)
        verdict = judge(stage, zygote, place, harmed)
    return verdict._replace(wrong=wrong + verdict.wrong), failed


def complaints(harmed: Ended) -> list[str]:
    """A halt has the journal's exit code and says why in one line."""
    wrong = []
    if harmed.code not in (0, ExitCode.JOURNAL_IO):
        wrong.append(f"ended with {harmed.code}: {harmed.err[-800:]}")
    if "Traceback" in harmed.err:
        wrong.append(f"a traceback: {harmed.err[-1500:]}")
    if harmed.code:
        lines = [each for each in harmed.err.splitlines() if each.startswith("run_fno_paper: ")]
        if len(lines) != 1:
            wrong.append(f"{len(lines)} lines of complaint: {harmed.err[-400:]}")
    return wrong


def _halted(harmed: Ended, failed: Failed) -> list[str]:
    """In order, without waiting, without another sync."""
    wrong = complaints(harmed)
    if harmed.code:
        took = (harmed.at_ns - failed.ts_ns) / 1e9
        if took > HALTS_WITHIN_S:
            wrong.append(f"halted {took:.2f} s after the failure")
    # What is being built goes with the run. A directory is synced by SQLite for its own new files,
    # and SQLite does not ask how that went: nobody here can know of it.
    path = Path(failed.path)
    is_kept = ".new" not in path.name and not path.is_dir()
    if is_kept and failed.call in ("fsync", "fdatasync") and failed.syncs_after:
        wrong.append(f"{failed.path} was synced again after a sync of it failed")
    return wrong


def late_events(place: Path, since_ns: int) -> list[str]:
    """Nothing is published after the failure that ended the run."""
    late = [each for each in read_seen(place / "observed") if each.ts > since_ns]
    return [f"event {each.seq} was published after the failure" for each in late[:2]]


def fail_everywhere(
    stage: Stage, zygote: Zygote, figure: Figure, plan: Planned, first: int = 1, step: int = 1
) -> None:
    """An error at every k (or every `step`-th from `first`) of a call."""
    for k in itertools.count(first, step):
        verdict, failed = fail_at(stage, zygote, plan, k)
        if failed is None:
            return
        harmed = verdict.harmed
        ending = "harmless" if harmed.code == 0 else f"exit {harmed.code}"
        where = failed.path or failed.call
        name = f"{stage.name}: {plan.syscall} {k}{plan.stays} {plan.error} ({where})"
        figure.case(name, verdict.wrong, ending)
        if harmed.code:
            took = (harmed.at_ns - failed.ts_ns) / 1e9
            figure.worst_s = max(figure.worst_s, took)
