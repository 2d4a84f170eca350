"""Forks runs from a process that has imported everything: a kill costs milliseconds, not a start.

The zygote (`python -m tests.kit.crash_zygote`) reads one job per line and answers with the
child's pid, then with how it ended. It has one thread, so that a fork is whole.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tests.kit.cli import ROOT
from tests.kit.crash_rig import Job, perform

TAKES_AT_MOST_S: Final = 60.0


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
            [sys.executable, "-W", "error", "-m", "tests.kit.crash_zygote"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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

    def run(self, job: Job, fault: Fault | None = None, trace: Path | None = None) -> Ended:
        """A whole run, with a fault if one is given; `trace` keeps the calls that it made."""
        began = time.monotonic()
        job = msgspec.structs.replace(job, traced=fault is not None)
        pid = self.start(job)
        tracer = None
        if fault is not None:
            tracer = subprocess.Popen(strace_of(fault, trace, pid), stderr=subprocess.DEVNULL)
        with _deadline(pid):
            code = self.wait()
        ended = time.time_ns()
        if tracer is not None:
            tracer.wait()
        said = [(Path(job.place) / name).read_text() for name in (job.stdout, job.stderr)]
        return Ended(code, *said, time.monotonic() - began, ended)

    def close(self) -> None:
        self._process.communicate()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def _deadline(pid: int) -> Iterator[None]:
    """Abort a run that hangs: its code says so (-6), and no test expects that one."""
    watch = threading.Timer(TAKES_AT_MOST_S, os.kill, (pid, signal.SIGABRT))
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


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
        for kind, limit in job.limits:
            resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
        while job.traced and "TracerPid:\t0\n" in Path("/proc/self/status").read_text():
            pass
        perform(job)
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
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in ((1, job.stdout), (2, job.stderr)):
        file = os.open(Path(job.place) / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)


if __name__ == "__main__":
    # Everything a run imports, once.
    import daemon.cli.run
    import daemon.live
    import daemon.report.terminal

    _serve()
