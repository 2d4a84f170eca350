"""The command line, in this process or in one of its own, and small recordings to feed it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn
from unittest import mock

from daemon import main as command_line
from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore, Operation

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = "configs/sample.yaml"
PROGRAM: Final = "from daemon.main import main; main()"
FUTURE: Final = "NIFTY26NOVFUT"


class Result(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that says what is wrong; there must be exactly one, the last, no traceback.

        Log lines may come before it.
        """
        assert "Traceback" not in self.err, self.err
        lines = self.err.splitlines()
        found = [each for each in lines if each.startswith("run_fno_paper: ")]
        assert len(found) == 1, self.err
        assert found == lines[-1:], self.err
        return found[0].removeprefix("run_fno_paper: ")


def invoke(*arguments: object) -> Result:
    """Run the command line in this process, from the repository's root."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))

    def leave(code: int) -> NoReturn:
        raise SystemExit(code)

    with (
        contextlib.chdir(ROOT),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["run_fno_paper", *map(str, arguments)]),
        mock.patch.object(os, "_exit", leave),
        signals_as_before(),
    ):
        code = 0
        try:
            command_line.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Result(code, _text(out), _text(err))


@contextlib.contextmanager
def signals_as_before() -> Iterator[None]:
    """A run holds signals to the end of its process; this process goes on."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.getsignal(each) for each in numbers}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def spawn(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    code: str = PROGRAM,
    cwd: Path = ROOT,
) -> subprocess.Popen[str]:
    """Start the command line as a process of its own; its warnings are errors."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | dict(env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=2**20,  # nobody reads the log before the end, and each fill has its line
        text=True,
    )


def finished(process: subprocess.Popen[str], within_s: float = 60.0) -> Result:
    """Wait for a process and what it said; it is killed when it takes too long."""
    try:
        out, err = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Result(process.returncode, out, err)


def wait_for(what: Callable[[], object], within_s: float = 30.0) -> None:
    """Return as soon as `what` is true; fails after `within_s`."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def metrics_of(out: Path) -> dict[str, Any]:
    """The metrics file as it is now, empty before the first."""
    path = out / "analytics/runtime_metrics.json"
    return json.loads(path.read_bytes()) if path.exists() else {}


def runs_of(out: Path) -> list[Path]:
    """The directories of the runs, by name."""
    return sorted((out / "runs").iterdir()) if (out / "runs").is_dir() else []


def only_run(out: Path) -> Path:
    """The directory of the one run."""
    (run,) = runs_of(out)
    return run


def exported(run: Path) -> bytes:
    """What `journal export` writes about a run."""
    with JournalStore.open(run) as store:
        return b"".join(line + b"\n" for line in store.event_lines())


def operations_of(run: Path) -> list[Operation]:
    """The operational events of a run."""
    with JournalStore.open(run) as store:
        return list(store.operations())


def verified(run: Path) -> int:
    """Verify a run's journal; how many events it has. The ledger must follow from them."""
    with JournalStore.open(run) as store:
        report = store.verify()
        assert fold(store).seq == report.tail.seq
        return report.events


def summary_of(run: Path) -> dict[str, Any]:
    """The summary that a run kept."""
    kept: dict[str, Any] = json.loads((run / "summary.json").read_bytes())
    return kept


def tick_rows(count: int, *, start: int = 0) -> Iterator[str]:
    """Rows of a quiet market, one a second from 09:15:00, as `ts,symbol,ltp,bid,ask`."""
    for each in range(start, start + count):
        hour, minute, second = 9 + (15 + each // 60) // 60, (15 + each // 60) % 60, each % 60
        ltp = 25_000 + each % 7
        stamp = f"2026-11-18T{hour:02d}:{minute:02d}:{second:02d}"
        yield f"{stamp},{FUTURE},{ltp},{ltp - 0.5},{ltp + 0.5}"


def write_ticks(path: Path, rows: Iterable[str]) -> Path:
    """A CSV recording."""
    path.write_text("ts,symbol,ltp,bid,ask\n" + "\n".join(rows) + "\n")
    return path


def write_config(path: Path, ticks: Path, *, strategies: str = "", more: str = "") -> Path:
    """A configuration of one recording; `strategies` are items of the YAML list."""
    listed = f"strategies:\n  list:\n{strategies}" if strategies else ""
    path.write_text(
        f"version: 1\nfeed:\n  kind: replay\n  replay:\n    files:\n      - path: {ticks}\n"
        "universe:\n  instruments:\n"
        f"    - {{tradingsymbol: {FUTURE}, tick_size: 0.1, lot_size: 65}}\n{listed}{more}"
    )
    return path
