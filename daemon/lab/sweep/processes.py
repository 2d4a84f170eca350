"""Workers of this machine: spawned processes, one task each at a time."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

import daemon
from daemon.errors import UsageError
from daemon.lab.sweep.frames import READY, Frames, write_frame
from daemon.lab.sweep.tasks import Task, TaskDone, TaskLost

WORKER: Final = "daemon.lab.worker"
_PULSE_S: Final = 0.25
_PIECE: Final = 1 << 20
_LAST_WORDS: Final = 4_096
"""Bytes kept of what a worker writes to standard error."""
Outcome = TaskDone | TaskLost


class Worker:
    """One process and the task that it has."""

    def __init__(self) -> None:
        """Start it; it says `READY` when it can take a task. Raises OSError."""
        root = str(Path(daemon.__file__).parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(  # noqa: S603 - this program, and no shell
            # -P: a file of the working directory is never taken for one of Python's modules
            [sys.executable, "-P", "-m", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # a terminal's Ctrl-C is for the sweep, which ends its workers
        )
        self.task: Task | None = None
        self.is_ready = False
        self._frames = Frames()
        self._stderr_tail = b""

    @property
    def pipes(self) -> tuple[int, int]:
        """Return the descriptors that it writes to: outcomes, and standard error."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        return self._process.stdout.fileno(), self._process.stderr.fileno()

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def give(self, task: Task) -> None:
        """Hand over a task; where it is gone already its end says so."""
        assert self._process.stdin is not None
        self.task = task
        try:
            write_frame(self._process.stdin, msgspec.msgpack.encode(task))
        except BrokenPipeError:
            return

    def hear(self, piece: bytes) -> TaskDone | None:
        """Take what came from it; return the outcome that this completes."""
        for frame in self._frames.take(piece):
            if frame == READY:
                self.is_ready = True
                continue
            self.task = None
            return msgspec.msgpack.decode(frame, type=TaskDone)
        return None

    def mutter(self, piece: bytes) -> None:
        """Keep the last of what came on standard error."""
        self._stderr_tail = (self._stderr_tail + piece)[-_LAST_WORDS:]

    def end(self) -> str:
        """End it and return in a line how it ended."""
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        self._hear_the_rest()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):  # of a task that it did not read
                pipe.close()
        if code < 0:
            name = signal.Signals(-code).name
            hint = "; it may have run out of memory" if name == "SIGKILL" else ""
            return f"its worker was ended by {name}{hint}"
        lines = [
            line for line in self._stderr_tail.decode(errors="replace").splitlines() if line.strip()
        ]
        return f"its worker ended with code {code}: {lines[-1] if lines else 'it said nothing'}"

    def _hear_the_rest(self) -> None:
        _, muttered = self.pipes
        os.set_blocking(muttered, False)
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(muttered, _PIECE):
                self.mutter(piece)


class Processes:
    """An executor of spawned processes; they start with the first task."""

    def __init__(self, workers: int) -> None:
        self._wanted = workers
        self._waiting: deque[Task] = deque()
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()

    @property
    def workers(self) -> int:
        """Return how many tasks run at once."""
        return self._wanted

    @property
    def pids(self) -> list[int]:
        """Return the ids of the processes that are there."""
        return [worker.pid for worker in self._workers]

    def submit(self, task: Task) -> None:
        """Take a task; it waits for a worker."""
        self._waiting.append(task)

    def drop_waiting(self) -> None:
        """Forget the tasks that no worker has begun."""
        self._waiting.clear()

    def as_completed(self) -> Iterator[Outcome | None]:
        """Yield each outcome as it comes, and None while nothing else does."""
        while self._waiting or any(worker.task for worker in self._workers):
            self._hand_out()
            events = self._selector.select(_PULSE_S)
            outcomes = [outcome for key, _ in events if (outcome := self._hear(key))]
            yield from outcomes
            if not outcomes:
                yield None

    def close(self) -> None:
        """End all workers, whatever they do; harmless twice."""
        self._waiting.clear()
        for worker in list(self._workers):
            self._lose(worker)
        self._selector.close()

    def _hand_out(self) -> None:
        busy = sum(worker.task is not None for worker in self._workers)
        while len(self._workers) < min(self._wanted, busy + len(self._waiting)):
            self._start()
        for worker in self._workers:
            if self._waiting and worker.is_ready and worker.task is None:
                worker.give(self._waiting.popleft())

    def _start(self) -> None:
        try:
            worker = Worker()
        except OSError as error:
            raise UsageError(f"a worker cannot be started: {error.strerror}") from error
        self._workers.append(worker)
        outcomes, muttered = worker.pipes
        self._selector.register(outcomes, selectors.EVENT_READ, (worker, worker.hear))
        self._selector.register(muttered, selectors.EVENT_READ, (worker, worker.mutter))

    def _hear(self, key: selectors.SelectorKey) -> Outcome | None:
        worker, take = key.data
        if worker not in self._workers:
            return None  # lost a moment ago, by its other pipe
        piece = os.read(key.fd, _PIECE)
        if piece:
            outcome: TaskDone | None = take(piece)
            return outcome
        if key.fd != worker.pipes[0]:
            self._selector.unregister(key.fd)
            return None
        task, was_ready = worker.task, worker.is_ready
        cause = self._lose(worker)
        if not was_ready:
            raise UsageError(f"workers do not start: {cause}")
        return None if task is None else TaskLost(number=task.number, cause=cause)

    def _lose(self, worker: Worker) -> str:
        self._workers.remove(worker)
        for pipe in worker.pipes:
            if pipe in self._selector.get_map():
                self._selector.unregister(pipe)
        return worker.end()
