"""Forks runs from a process that has imported everything: a kill costs milliseconds, not a start.

The zygote (`python -m tests.crash.zygote`) reads one job per line and answers with the
child's pid, then with how it ended. It has one thread, so that a fork is whole. With a job as its
argument it is that run itself, in an interpreter of its own.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import importlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tests.crash.rig import Job, perform, recorded_rows
from tests.kit.cli import ROOT, wait_for

TAKES_AT_MOST_S: Final = 60.0
IMPORTED_LATE: Final = (
    "daemon.cli.run", "daemon.runtime.live", "daemon.report.terminal", "daemon.journal.archive",
)  # fmt: skip
"""What a run imports only when it needs it; a fork of the zygote finds it there."""

ONE_THREAD: Final = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip
"""Libraries begin threads where they are imported, and a fork beside a thread may hang."""
RUN: Final = (sys.executable, "-W", "error", "-m", "tests.crash.zygote")


class Ended(NamedTuple):
    """How a run ended (a negative code is the signal) and what it said."""

    code: int
    out: str
    err: str
    took_s: float
    at_ns: int = 0
    """When it was gone, wall ns."""


class Fault(NamedTuple):
    """What strace does to the run, at the `when`-th (or `3+`: all from then) call of `syscall`.

    `what` in strace's words: `signal=KILL`, `error=EIO`, `delay_enter=3000000`. Only calls that
    touch one of `paths` count; without paths all do.
    """

    syscall: str
    what: str
    when: str
    paths: tuple[str, ...] = ()


class Zygote:
    """The parent of runs, for one thread of the tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            RUN, cwd=ROOT, env=os.environ | ONE_THREAD,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def start(self, job: Job) -> int:
        """Fork a run; its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._process.stdin.flush()
        return int(self._line())

    def wait(self) -> int:
        """How the run that was started last ended."""
        return int(self._line())

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the zygote is gone"
        return line

    def run(
        self,
        job: Job,
        fault: Fault | None = None,
        trace: Path | None = None,
        held_until: Callable[[], object] | None = None,
    ) -> Ended:
        """A whole run, with a fault if one is given; `trace` keeps the calls that it made.

        A call that is delayed keeps the process from being gone as long as strace is there:
        `held_until` tells when it may leave.
        """
        began = time.monotonic()
        job = msgspec.structs.replace(job, traced=fault is not None)
        pid = self.start(job)
        tracer = None
        if fault is not None:
            tracer = subprocess.Popen(strace_of(fault, trace, pid), stderr=subprocess.DEVNULL)
        with _deadline(pid):
            if tracer is not None and held_until is not None:
                wait_for(lambda: held_until() or not is_alive(pid))
                tracer.kill()
            code = self.wait()
        ended = time.time_ns()
        if tracer is not None:
            tracer.wait()
        out, err = ((Path(job.place) / name).read_text() for name in (job.stdout, job.stderr))
        return Ended(code, out, err, time.monotonic() - began, ended)

    def close(self) -> None:
        self._process.communicate()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    return state_of(pid) not in "ZX"


def state_of(pid: int) -> str:
    """The letter that /proc tells of a process, X where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return "X"


@contextlib.contextmanager
def _deadline(pid: int) -> Iterator[None]:
    """Abort a run that hangs: its code says so (-6), and no test expects that one."""
    watch = threading.Timer(TAKES_AT_MOST_S, os.kill, (pid, signal.SIGABRT))
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


@functools.cache
def cannot_trace() -> str:
    """Why no run can be traced here, empty if one can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    asked = ["strace", "-o", os.devnull, "-e", "trace=none", "true"]
    done = subprocess.run(asked, capture_output=True, text=True)
    return f"strace may not trace here ({done.stderr.strip()})" if done.returncode else ""


def strace_of(fault: Fault, trace: Path | None, pid: int) -> Sequence[str]:
    """The command that attaches to `pid` and does the harm."""
    command = ["strace", "-qq", "-f", "-y", "-ttt", "-s", "16", "-e", "signal=none"]
    command += ["-o", str(trace) if trace is not None else "/dev/null"]
    command += [each for path in fault.paths for each in ("-P", path)]
    wide = {fault.syscall, "fsync", "fdatasync"} if trace is not None else {fault.syscall}
    command += ["-e", f"trace={','.join(sorted(wide))}"]
    if fault.what:
        command += ["-e", f"inject={fault.syscall}:{fault.what}:when={fault.when}"]
    return [*command, "-p", str(pid)]


def _serve() -> None:
    for line in sys.stdin.buffer:
        job = msgspec.json.decode(line, type=Job)
        assert len(os.listdir("/proc/self/task")) == 1, "a fork would not be whole"
        child = os.fork()
        if child == 0:
            _be(job)
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    os.write(1, b"%d\n" % number)


def _be(job: Job) -> None:
    """The child: never returns."""
    code = 70
    try:
        _redirect(job)
        faulthandler.enable()  # a run that hangs is aborted, and says where it was
        start = recorded_rows(job)
        while job.traced and "TracerPid:\t0\n" in Path("/proc/self/status").read_text():
            pass
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the program begins
        perform(job, start)
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - the end of the process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number, name in ((1, job.stdout), (2, job.stderr)):
        file = os.open(Path(job.place) / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)


if __name__ == "__main__":
    for each in IMPORTED_LATE:
        importlib.import_module(each)
    for text in sys.argv[1:]:
        _be(msgspec.json.decode(text, type=Job))
    _serve()
