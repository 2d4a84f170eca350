"""Runs tests in forks of a process that has imported all packages, but nothing of the program.

Two starts of the interpreter with numpy, pyarrow, hypothesis and pytest cost a mutant three
seconds; a fork costs milliseconds. The server (`python -m tests.mutants.forks` in the place of a
copy) reads a line of test files as JSON and answers with the exit code, or `timeout`.
"""

from __future__ import annotations

import compileall
import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

PACKAGES: Final = (
    "anyio._backends._asyncio", "httpx", "hypothesis.strategies", "loguru", "msgspec", "numpy",
    "picows", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "sqlite3", "talipp.indicators",
    "uvloop", "yaml", "_hypothesis_pytestplugin", "_pytest.assertion.rewrite", "pytest",
    "pytest_asyncio.plugin", "pytest_timeout", "unittest.mock", "xdist.plugin",
)  # fmt: skip
ONE_THREAD: Final = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Libraries begin threads where they are imported, and a fork beside a thread may hang."""
OPTIONS: Final = (
    "-x", "-q", "-p", "no:cacheprovider", "--timeout=30",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",  # plugins are imported before pytest knows
)  # fmt: skip


class ForkServer:
    """Asks the tests of one copy of the program, one question at a time."""

    def __init__(self, place: Path, timeout_s: float) -> None:
        # by hash, not by time: a mutant may have the size and the second of the sound file
        compileall.compile_dir(
            place, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH, workers=1
        )
        self._process = subprocess.Popen(
            (sys.executable, "-m", "tests.mutants.forks", str(timeout_s)),
            cwd=place, env=os.environ | ONE_THREAD | {"PYTHONPATH": str(place)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, tests: Sequence[str]) -> str:
        """Return pytest's exit code on these files, or `timeout`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(list(tests)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError("the fork server has ended")
        return answer

    def close(self) -> None:
        """End the server, which has no fork left."""
        self._process.communicate()


def serve(timeout_s: float) -> None:
    """Answer until the input ends."""
    for name in PACKAGES:
        importlib.import_module(name)
    threads = threading.active_count()
    assert threads == 1, f"a fork beside {threads - 1} threads may hang"
    ours = [name for name in sys.modules if name.split(".")[0] in ("daemon", "feeds", "strategies")]
    assert not ours, f"every fork must import the program itself, not {ours}"
    for line in sys.stdin:
        print(_forked(json.loads(line), timeout_s), flush=True)


def _forked(tests: list[str], timeout_s: float) -> str:
    child = os.fork()
    if not child:
        _run(tests)
    handle = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([handle], [], [], timeout_s)
    finally:
        os.close(handle)
        # what the tests started has the child's group and ends with it
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return str(os.waitstatus_to_exitcode(status)) if ended else "timeout"


def _run(tests: list[str]) -> None:
    """Be the fork: run the tests, say nothing, end."""
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    code = 3
    try:
        import pytest

        code = int(pytest.main([*OPTIONS, *tests]))
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(float(sys.argv[1]))
