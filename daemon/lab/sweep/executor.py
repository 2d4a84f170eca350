"""Who runs tasks: processes of this machine, or a cluster's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from daemon.lab.sweep.tasks import Task, TaskDone, TaskLost


class Executor(Protocol):
    """Runs tasks elsewhere, in any order, each to its one outcome.

    A result does not depend on who runs a task, on how many there are or on their speed. What was
    submitted when the executor is closed is given up.
    """

    @property
    def workers(self) -> int:
        """Return how many tasks run at once."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task; it may wait for a worker. Its `number` names it."""
        ...

    def as_completed(self) -> Iterator[TaskDone | TaskLost | None]:
        """Yield the outcome of every submitted task as it comes, then end.

        None comes at least twice a second while nothing else does, so that the caller can stop.
        More may be submitted meanwhile. It can be called again after it was left.
        """
        ...

    def drop_waiting(self) -> None:
        """Forget the submitted tasks that no worker has begun."""
        ...

    def close(self) -> None:
        """End the workers, whatever they do; harmless twice."""
        ...
