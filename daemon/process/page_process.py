"""Keep the page's process running next to a daemon that no service manager looks after.

A thread of its own starts it, waits for it and starts it again; the event loop never does. Its
output goes to a file. So a page that dies, hangs or floods its output changes nothing here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from loguru import logger

from daemon.files.private import opener_in

OUTPUT_FILE: Final = "web.out"
OUTPUT_MAX: Final = 2**20
"""Bytes of earlier output that a start keeps."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0
STEADY_S: Final = 60.0
"""A page that ran this long is started again without delay."""
STOPS_WITHIN_S: Final = 3.0
_SECRET: Final = ("KITE_", "CREDENTIALS_DIRECTORY")


class PageProcess:
    """One child process in a session of its own, started again with a growing delay.

    `program` is the command, `directory` has its output file.
    """

    def __init__(self, program: Sequence[str], directory: Path) -> None:
        self.starts = 0
        self._program = program
        self._directory = directory
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        """Held while a child is started, so that a stop finds it or prevents it."""
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def start(self) -> None:
        """Begin; return at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the child with all that it started, by force after `STOPS_WITHIN_S`."""
        self._stopping.set()
        with self._lock:
            child = self._child
        if child is not None:
            _signal(child, signal.SIGTERM)
            self._thread.join(STOPS_WITHIN_S)
            _signal(child, signal.SIGKILL)
        self._thread.join(STOPS_WITHIN_S)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stopping.is_set():
            began = time.monotonic()
            ended = self._run_once()
            if self._stopping.is_set():
                return
            wait_s = FIRST_WAIT_S if time.monotonic() - began >= STEADY_S else wait_s
            logger.bind(output=str(self._directory / OUTPUT_FILE)).warning(
                "the page's process ended ({}); it is started again in {:g} s", ended, wait_s
            )
            self._stopping.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _run_once(self) -> str:
        """Start the child and wait for its end; return how it ended."""
        try:
            with self._lock, _output(self._directory / OUTPUT_FILE) as output:
                if self._stopping.is_set():
                    return "stopping"
                self._child = self._start(output)
                self.starts += 1
        except OSError as error:
            return f"cannot be started: {error}"
        code = self._child.wait()
        _signal(self._child, signal.SIGKILL)  # what it left of its session
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _start(self, output: BinaryIO) -> subprocess.Popen[bytes]:
        launcher = (sys.executable, "-m", "daemon.process.page_child", str(os.getpid()))
        return subprocess.Popen(  # noqa: S603 - this program again
            [*launcher, *self._program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=harmless_environment(os.environ),
        )


@contextmanager
def page_process(program: Sequence[str], directory: Path) -> Iterator[PageProcess]:
    """Run a page until the end of the block."""
    page = PageProcess(program, directory)
    page.start()
    try:
        yield page
    finally:
        page.stop()


def harmless_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what logs in: the page needs no login."""
    return {name: value for name, value in environment.items() if not name.startswith(_SECRET)}


def _output(path: Path) -> BinaryIO:
    """Open the output's file to append, or from its beginning once it is large. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > OUTPUT_MAX:
            return open(path, "wb", opener=opener_in(path.parent))
    return open(path, "ab", opener=opener_in(path.parent))


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the child's whole session; one that is over is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
