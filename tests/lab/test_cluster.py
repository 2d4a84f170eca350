"""The cluster's executor against a made-up client: who gets a task, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from distributed import KilledWorker
from msgspec.structs import replace

from daemon.cli.sweep_executor import executor_for
from daemon.errors import ClusterError, ExitCode, UsageError
from daemon.lab.sweep import cluster as cluster_module
from daemon.lab.sweep import cluster_nodes
from daemon.lab.sweep.agreement import NotDeterministic
from daemon.lab.sweep.all_rounds import rounds_of
from daemon.lab.sweep.cluster import Cluster
from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.node import Answer, NodeFacts, Ran, Unusable
from daemon.lab.sweep.tasks import Job, JobDone, Task, TaskDone, TaskLost
from daemon.lab.sweep.versions import Versions, versions
from tests.kit.sweeps import SLIPPAGE, sweep_file

Run = Callable[[str, Task], Answer | BaseException]
"""What a host answers to a task."""


class MadeUpFuture:
    """A future that ends when its client says so."""

    def __init__(self, task: Task, hosts: list[str]) -> None:
        self.task, self.hosts = task, hosts
        self.is_cancelled = False
        self._outcome: bytes | BaseException = b""
        self._told: list[Callable[[Any], object]] = []

    def add_done_callback(self, tell: Callable[[Any], object]) -> None:
        self._told.append(tell)

    def end(self, outcome: bytes | BaseException) -> None:
        self._outcome = outcome
        for tell in self._told:
            tell(self)

    def result(self) -> bytes:
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome

    def cancel(self) -> None:
        self.is_cancelled = True


class MadeUpClient:
    """A scheduler with nodes on hosts; `run` is what a host makes of a task."""

    def __init__(self, nodes: dict[str, Versions], run: Run) -> None:
        self.nodes, self._run = nodes, run
        self.sent: list[MadeUpFuture] = []
        self.is_closed = False

    def scheduler_info(self) -> dict[str, Any]:
        return {"workers": {address: {"nthreads": 1} for address in self.nodes}}

    def run(self, _: object, workers: list[str], on_error: str) -> dict[str, bytes]:
        assert on_error == "return"
        return {
            each: msgspec.msgpack.encode(NodeFacts(host=f"box {each}", versions=self.nodes[each]))
            for each in workers
        }

    def submit(
        self, _: object, sent: bytes, wanted: bytes, *, pure: bool, workers: list[str]
    ) -> MadeUpFuture:
        assert not pure
        assert msgspec.msgpack.decode(wanted, type=Versions) == versions()
        future = MadeUpFuture(msgspec.msgpack.decode(sent, type=Task), workers)
        self.sent.append(future)
        return future

    def end_one(self) -> None:
        """Let the oldest task that is under way end, on its first host."""
        for future in self.sent:
            if not future.is_cancelled:
                self.sent.remove(future)
                answer = self._run(future.hosts[0], future.task)
                if isinstance(answer, BaseException):
                    future.end(answer)
                else:
                    future.end(msgspec.msgpack.encode(answer))
                return

    def close(self) -> None:
        self.is_closed = True


def done(task: Task, host: str, events_hash: str = "aa") -> Ran:
    jobs = tuple(
        JobDone(run_key=job.run_key, status="done", events_hash=events_hash, machine=host)
        for job in task.jobs
    )
    return Ran(host=host, done=TaskDone(number=task.number, jobs=jobs, seconds=1.0))


def alike(host: str, task: Task) -> Answer:
    return done(task, host)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    path = sweep_file(tmp_path_factory.mktemp("sweep"), grid={SLIPPAGE: [0, 5, 10, 15, 20]})
    loaded = load_sweep(path)
    return JobMaker(loaded).jobs(enumerate(rounds_of(loaded).next_round([])))


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Cluster, MadeUpClient]]]:
    monkeypatch.setattr(cluster_nodes, "_LOOK_S", 0.0)
    monkeypatch.setattr(cluster_module, "_PULSE_S", 0.0)
    started: list[Cluster] = []

    def begin(nodes: dict[str, Versions], run: Run = alike) -> tuple[Cluster, MadeUpClient]:
        client = MadeUpClient(nodes, run)
        monkeypatch.setattr(cluster_module, "Client", lambda *_, **__: client)
        cluster = Cluster("here:1")
        started.append(cluster)
        return cluster, client

    yield begin
    for cluster in started:
        cluster.close()


def nodes(*hosts: str) -> dict[str, Versions]:
    return {f"tcp://{host}:{port}": versions() for port, host in enumerate(hosts, start=1)}


def outcomes(
    cluster: Cluster, client: MadeUpClient, jobs: list[Job]
) -> Iterator[TaskDone | TaskLost]:
    """The outcomes of one task for each job; each time nothing comes, a task ends."""
    for number, job in enumerate(jobs):
        cluster.submit(Task(number=number, jobs=(job,)))
    for outcome in cluster.as_completed():
        if outcome is None:
            client.end_one()
        else:
            yield outcome


Start = Callable[..., tuple[Cluster, MadeUpClient]]


def test_s6_every_task_comes_back_once(start: Start, jobs: list[Job]) -> None:
    cluster, client = start(nodes("10.0.0.1", "10.0.0.1"))
    assert cluster.workers == 2
    assert sorted(each.number for each in outcomes(cluster, client, jobs)) == [0, 1, 2, 3, 4]


def test_s6_one_machine_gets_its_tasks_at_once_two_ahead(start: Start, jobs: list[Job]) -> None:
    cluster, client = start(nodes("10.0.0.1"))
    running = outcomes(cluster, client, jobs)
    next(running)
    assert [future.task.number for future in client.sent] == [1]
    next(running)
    assert len(client.sent) <= 2


def test_s4_each_of_several_machines_runs_a_job_alone_before_it_gets_a_task(
    start: Start, jobs: list[Job]
) -> None:
    seen: list[tuple[str, int]] = []

    def note(host: str, task: Task) -> Answer:
        seen.append((host, task.number))
        return done(task, host)

    cluster, client = start(nodes("10.0.0.1", "10.0.0.2"), note)
    assert len(list(outcomes(cluster, client, jobs))) == 5
    assert seen[0] == ("10.0.0.1", -1)
    assert ("10.0.0.2", -1) in seen
    assert sum(number == -1 for _, number in seen) == 2


def test_s4_machines_that_decide_otherwise_are_not_deterministic(
    start: Start, jobs: list[Job]
) -> None:
    def by_host(host: str, task: Task) -> Answer:
        return done(task, host, events_hash=host)

    cluster, client = start(nodes("10.0.0.1", "10.0.0.2"), by_host)
    with pytest.raises(NotDeterministic) as told:
        list(outcomes(cluster, client, jobs))
    assert str(told.value).startswith(f"not_deterministic: {jobs[0].variant} ({SLIPPAGE}=0): ")
    assert "events_hash 10.0.0.1 on 10.0.0.1, but events_hash 10.0.0.2 on" in str(told.value)


def test_s4_a_machine_that_cannot_run_what_another_can_is_named(
    start: Start, jobs: list[Job]
) -> None:
    def without_data(host: str, task: Task) -> Answer:
        if host == "10.0.0.1":
            return done(task, host)
        [job] = task.jobs
        failed = JobDone(run_key=job.run_key, status="failed", cause="no such file", machine=host)
        return Ran(host=host, done=TaskDone(number=task.number, jobs=(failed,), seconds=1.0))

    cluster, client = start(nodes("10.0.0.1", "10.0.0.2"), without_data)
    with pytest.raises(NotDeterministic, match=r"failed: no such file on 10\.0\.0\.2"):
        list(outcomes(cluster, client, jobs))


def test_s6_a_machine_that_comes_later_is_asked_too(start: Start, jobs: list[Job]) -> None:
    cluster, client = start(nodes("10.0.0.1"))
    running = outcomes(cluster, client, jobs)
    next(running)
    client.nodes |= nodes("10.0.0.1", "10.0.0.9")
    list(running)
    assert cluster._agreed == {"10.0.0.1", "10.0.0.9"}


def test_s6_tasks_of_a_machine_that_is_gone_are_given_to_others(
    start: Start, jobs: list[Job]
) -> None:
    cluster, client = start(nodes("10.0.0.1"))
    running = outcomes(cluster, client, jobs)
    next(running)
    client.nodes = nodes("10.0.0.7")
    assert len(list(running)) == 4


def test_s6_a_batch_whose_nodes_all_ended_is_lost_with_a_line(
    start: Start, jobs: list[Job]
) -> None:
    def ends(host: str, task: Task) -> BaseException:
        return KilledWorker.__new__(KilledWorker)

    cluster, client = start(nodes("10.0.0.1"), ends)
    [lost] = outcomes(cluster, client, jobs[:1])
    assert isinstance(lost, TaskLost)
    assert "out of memory" in lost.cause


def test_s6_a_node_of_another_version_is_refused_in_a_line(start: Start) -> None:
    other = {"tcp://10.0.0.2:5": replace(versions(), numpy="1.0", python="3.9")}
    with pytest.raises(ClusterError) as told:
        start(nodes("10.0.0.1") | other)
    ours = versions()
    assert str(told.value) == (
        "--cluster here:1: other_version: box tcp://10.0.0.2:5 at tcp://10.0.0.2:5 has python 3.9 "
        f"instead of {ours.python}, numpy 1.0 instead of {ours.numpy}; install the same lock file "
        "on every node"
    )
    assert told.value.exit_code == ExitCode.FEED_LOST


def test_s6_a_node_with_another_text_of_a_strategy_is_refused(
    start: Start, jobs: list[Job]
) -> None:
    def refuses(host: str, task: Task) -> Answer:
        return Unusable(host=host, why="another text in /x/strategies/ema_trend.py")

    cluster, client = start(nodes("10.0.0.1"), refuses)
    with pytest.raises(ClusterError, match=r"other_version: 10\.0\.0\.1 has another text in /x"):
        list(outcomes(cluster, client, jobs))


def test_s6_a_cluster_without_a_node_is_refused(start: Start) -> None:
    with pytest.raises(ClusterError, match="no node is there"):
        start({})


def test_s6_a_scheduler_that_is_gone_is_told_with_what_to_do(start: Start, jobs: list[Job]) -> None:
    def gone(host: str, task: Task) -> BaseException:
        return OSError("connection lost")

    cluster, client = start(nodes("10.0.0.1"), gone)
    with pytest.raises(ClusterError) as told:
        list(outcomes(cluster, client, jobs))
    assert str(told.value) == (
        "--cluster here:1: the scheduler is gone; what is done is kept: start the sweep again"
    )


def test_s6_what_waits_is_dropped_and_the_rest_comes_back(start: Start, jobs: list[Job]) -> None:
    cluster, client = start(nodes("10.0.0.1"))
    running = outcomes(cluster, client, jobs)
    first = next(running)
    cluster.drop_waiting()
    assert [each.number for each in (first, *running)] == [0, 1]


def test_closing_leaves_the_cluster(start: Start, tmp_path: Path) -> None:
    cluster, client = start(nodes("10.0.0.1"))
    with closing(cluster):
        pass
    assert client.is_closed


def test_a_missing_extra_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for name in ("cluster", "cluster_nodes", "node"):
        monkeypatch.delitem(sys.modules, f"daemon.lab.sweep.{name}", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'run-fno-paper\[cluster\]'"):
        executor_for("127.0.0.1:1", 0)
