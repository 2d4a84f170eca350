"""A process that runs the tasks of a sweep: `python -m daemon.lab.worker`.

Tasks come on standard input and outcomes leave on standard output, each as its length (8 bytes) and
msgpack. What strategies print goes to standard error. The process ends when its input does, also in
the middle of a task, so none outlives the sweep that started it.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections import Counter
from typing import BinaryIO, Final

import msgspec
import pyarrow as pa
from loguru import logger

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.lab.one_pass import run_variants
from daemon.lab.outcome import Outcome, Told
from daemon.lab.sweep.frames import READY, read_frame, write_frame
from daemon.lab.sweep.numbers import Number
from daemon.lab.sweep.tasks import DayResult, Job, JobDone, Task, TaskDone
from daemon.lab.sweep.versions import machine_text

_PROGRAM_STDOUT: Final = 1
_PROGRAM_STDERR: Final = 2


def run_task(task: Task) -> TaskDone:
    """Return what the jobs of a task came to; one that fails ends nothing but itself."""
    began = time.perf_counter()
    outcomes = run_variants([job.config for job in task.jobs], data_dir=task.data_dir)
    jobs = tuple(map(_done, task.jobs, outcomes))
    return TaskDone(number=task.number, jobs=jobs, seconds=time.perf_counter() - began)


def main() -> None:
    """Run tasks until the input ends."""
    logger.remove()
    out = os.fdopen(os.dup(_PROGRAM_STDOUT), "wb")
    os.dup2(_PROGRAM_STDERR, _PROGRAM_STDOUT)  # a strategy's print is no outcome
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, tasks), daemon=True).start()
    write_frame(out, READY)
    while True:
        write_frame(out, msgspec.msgpack.encode(run_task(tasks.get())))


def _read(source: BinaryIO, tasks: queue.SimpleQueue[Task]) -> None:
    while (frame := read_frame(source)) is not None:
        tasks.put(msgspec.msgpack.decode(frame, type=Task))
    os._exit(0)


def _done(job: Job, outcome: Outcome) -> JobDone:
    told = outcome.told
    if told is None:
        return JobDone(
            run_key=job.run_key, status="failed", cause=outcome.cause, warning=outcome.warning,
            machine=machine_text(),
        )  # fmt: skip
    return JobDone(
        run_key=job.run_key, status="done", warning=outcome.warning,
        events_hash=told.events_hash, numbers=_numbers(told), days=_days(told),
        trades=_stream(told.trades), machine=machine_text(),
    )  # fmt: skip


def _numbers(told: Told) -> dict[str, Number]:
    doubt = told.doubt
    return {
        "net_rupees": told.net_paise / PAISE_PER_RUPEE,
        "gross_rupees": told.gross_paise / PAISE_PER_RUPEE,
        "missing_days": len(told.days.missing),
        **msgspec.structs.asdict(told.ratios),
        **msgspec.structs.asdict(told.figures),
        "exposure": told.exposure,
        "return_on_peak_margin": told.return_on_peak_margin,
        "doubtful_trades": doubt.trades,
        "doubtful_gross_rupees": doubt.gross_paise / PAISE_PER_RUPEE,
        "doubtful_net_rupees": doubt.net_paise / PAISE_PER_RUPEE,
    }


def _days(told: Told) -> tuple[DayResult, ...]:
    closing = told.trades.filter(told.trades["closes"])["exit_time"].cast(pa.date32())
    closed = Counter(closing.to_pylist())
    pairs = zip(told.days.dates, told.days.changes_paise, strict=True)
    return tuple(
        DayResult(date=date, pnl_paise=change, trades=closed[date]) for date, change in pairs
    )


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


if __name__ == "__main__":
    main()
