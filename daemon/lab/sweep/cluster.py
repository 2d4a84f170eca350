"""Workers of several machines: a cluster of dask.distributed (the extra `cluster`).

Only bytes travel: tasks and outcomes as msgpack, strategies as text. dask hands tasks out and runs
those of a node that is gone again; what runs is `daemon.lab.sweep.node`, of the same program.
"""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Final, NamedTuple

import msgspec
from distributed import Client, Future, KilledWorker
from msgspec.structs import replace

from daemon.errors import ClusterError
from daemon.lab.sweep.agreement import check_agreement
from daemon.lab.sweep.cluster_nodes import Nodes, gone, one_line, other_version
from daemon.lab.sweep.node import Answer, Unusable, run_on_node
from daemon.lab.sweep.tasks import JobDone, Task, TaskDone, TaskLost
from daemon.lab.sweep.travel import Luggage
from daemon.lab.sweep.versions import versions

_TALKERS: Final = ("asyncio", "distributed", "distributed.client", "tornado", "tornado.application")
"""Loggers that show tracebacks of a link that is cut; what a person must know is in the error."""
_CONNECT_S: Final = 10
_PULSE_S: Final = 0.25
_AHEAD: Final = 2
"""Tasks that a worker has, the one that it runs included; the others wait here."""
_SAMPLE: Final = -1
"""The number of a task that shows whether a machine decides as the others."""
Outcome = TaskDone | TaskLost


class _Sent(NamedTuple):
    task: Task
    hosts: set[str]
    """Those that may run it."""


class Cluster:
    """An executor on the nodes of a running cluster.

    Where there are several machines, each runs one job alone before it gets a task, and all must
    come to the same events.
    """

    def __init__(self, address: str) -> None:
        """Connect, and see that all nodes are alike. Raises ClusterError."""
        for name in _TALKERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._address = address
        try:
            self._client = Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"--cluster {address}: no scheduler answers ({one_line(error)}); start it by "
                "dask scheduler, or look at the address"
            ) from error
        try:
            self._nodes = Nodes(self._client, address)
        except BaseException:
            self._client.close()
            raise
        self._luggage = Luggage()
        self._wanted = msgspec.msgpack.encode(versions())
        self._waiting: deque[Task] = deque()
        self._running: dict[Future[bytes], _Sent] = {}
        self._ended: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()
        self._sample: Task | None = None
        self._first: JobDone | None = None
        """What the first machine made of the sample."""
        self._agreed: set[str] = set()

    @property
    def workers(self) -> int:
        """Return how many tasks run at once."""
        return self._nodes.threads

    def submit(self, task: Task) -> None:
        """Take a task with the source of its strategies. Raises ConfigError."""
        task = self._luggage.packed(task)
        self._sample = self._sample or replace(task, number=_SAMPLE, jobs=task.jobs[:1])
        self._waiting.append(task)

    def drop_waiting(self) -> None:
        """Forget the tasks that no node has been given."""
        self._waiting.clear()

    def close(self) -> None:
        """Leave the cluster, which forgets what was sent to it; harmless twice."""
        self._waiting.clear()
        self._running.clear()
        self._client.close()

    def as_completed(self) -> Iterator[Outcome | None]:
        """Yield each outcome as it comes, and None while nothing else does.

        Raises ClusterError where the cluster is gone or a node is another version,
        NotDeterministic where two machines decide otherwise.
        """
        while self._waiting or self._running:
            self._nodes.look()
            self._call_back()
            self._ask_new_machines()
            self._hand_out()
            yield self._next()

    def _next(self) -> Outcome | None:
        """Return the next outcome, None if none comes for a moment."""
        try:
            future = self._ended.get(timeout=_PULSE_S)
        except queue.Empty:
            return None
        sent = self._running.pop(future, None)
        if sent is None:
            return None  # it was called back
        outcome = self._outcome(future, sent.task)
        if sent.task.number != _SAMPLE:
            return outcome
        self._judge(sent, outcome)
        return None

    def _hand_out(self) -> None:
        """Give tasks to the machines that agree, so that each worker has another one ready."""
        hosts = self._trusted()
        while hosts and self._waiting and len(self._running) < _AHEAD * self.workers:
            self._send(self._waiting.popleft(), hosts)

    def _trusted(self) -> set[str]:
        hosts = self._nodes.hosts
        return hosts if len(hosts) == 1 and not self._agreed else hosts & self._agreed

    def _ask_new_machines(self) -> None:
        hosts = self._nodes.hosts
        if self._sample is None or (len(hosts) < 2 and not self._agreed):
            return
        asked = {host for sent in self._samples() for host in sent.hosts}
        for host in sorted(hosts - self._agreed - asked):
            self._send(self._sample, {host})

    def _samples(self) -> list[_Sent]:
        return [sent for sent in self._running.values() if sent.task.number == _SAMPLE]

    def _judge(self, sent: _Sent, outcome: Outcome) -> None:
        """Take what a machine made of the sample. Raises NotDeterministic."""
        job = sent.task.jobs[0]
        if isinstance(outcome, TaskLost):
            made = JobDone(
                run_key=job.run_key, status="failed", cause=outcome.cause,
                machine=", ".join(sent.hosts),
            )  # fmt: skip
        else:
            made = outcome.jobs[0]
        self._first = self._first or made
        check_agreement(job, self._first, made)
        self._agreed |= sent.hosts

    def _call_back(self) -> None:
        """Take back what only machines may run that are not there any more."""
        hosts = self._nodes.hosts
        for future, sent in list(self._running.items()):
            if hosts and not sent.hosts & hosts:
                del self._running[future]
                future.cancel()
                if sent.task.number != _SAMPLE:
                    self._waiting.appendleft(sent.task)

    def _send(self, task: Task, hosts: set[str]) -> None:
        future: Future[bytes] = self._client.submit(
            run_on_node, msgspec.msgpack.encode(task), self._wanted, pure=False,
            workers=sorted(hosts),
        )  # fmt: skip
        self._running[future] = _Sent(task, hosts)
        future.add_done_callback(self._ended.put)

    def _outcome(self, future: Future[bytes], task: Task) -> Outcome:
        """Return what a node answered. Raises ClusterError for one that cannot be used."""
        try:
            data = future.result()
        except KilledWorker:
            cause = "the nodes that had it ended; they may have run out of memory"
            return TaskLost(number=task.number, cause=cause)
        except (CancelledError, OSError) as error:
            raise gone(self._address) from error
        answer: Answer = msgspec.msgpack.decode(data, type=Answer)
        if isinstance(answer, Unusable):
            raise other_version(self._address, f"{answer.host} has {answer.why}")
        outcome = answer.done or answer.lost
        assert outcome is not None
        return outcome
