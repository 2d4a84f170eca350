"""What a node of a cluster is asked to do: say what it is, and run a task.

Each task has a process of its own, so that a node that lives for weeks keeps no module of a
strategy that was edited since, and a task that ends its process ends no node. The process ends
with the node.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from distributed import get_worker

from daemon.errors import DaemonError
from daemon.lab.sweep.processes import Processes
from daemon.lab.sweep.tasks import Task, TaskDone, TaskLost
from daemon.lab.sweep.travel import unpacked
from daemon.lab.sweep.versions import Versions, versions


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is."""

    host: str
    versions: Versions


class Unusable(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node that cannot run the task as it should be run."""

    host: str
    why: str


class Ran(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a task came to, and where."""

    host: str
    done: TaskDone | None = None
    lost: TaskLost | None = None


Answer = Ran | Unusable


def node_facts() -> bytes:
    """Return this node's facts as msgpack."""
    return msgspec.msgpack.encode(NodeFacts(host=platform.node(), versions=versions()))


def run_on_node(sent: bytes, wanted: bytes) -> bytes:
    """Run a task and return an answer, all of them msgpack: no code travels.

    It is given up where the scheduler has forgotten it.
    """
    return msgspec.msgpack.encode(
        _answer(
            msgspec.msgpack.decode(sent, type=Task),
            msgspec.msgpack.decode(wanted, type=Versions),
            _is_wanted(),
        )
    )


def _answer(task: Task, wanted: Versions, is_wanted: Callable[[], bool]) -> Answer:
    host = platform.node()
    if other := versions().other(wanted):
        return Unusable(host=host, why=other)
    with tempfile.TemporaryDirectory(prefix="sweep-") as place:
        try:
            here = unpacked(task, Path(place))
        except (DaemonError, OSError) as error:
            return Unusable(host=host, why=str(error))
        outcome = _run(here, is_wanted)
    if isinstance(outcome, TaskDone):
        return Ran(host=host, done=outcome)
    return Ran(host=host, lost=outcome)


def _run(task: Task, is_wanted: Callable[[], bool]) -> TaskDone | TaskLost:
    with closing(Processes(1)) as process:
        process.submit(task)
        for outcome in process.as_completed():
            if outcome is not None:
                return outcome
            if not is_wanted():
                break
    return TaskLost(number=task.number, cause="the sweep that sent it has ended")


def _is_wanted() -> Callable[[], bool]:
    """Return a question to this node's worker: whether the task of this thread still counts."""
    worker = get_worker()
    key = worker.get_current_task()

    def asked() -> bool:
        state = worker.state.tasks.get(key)
        return state is not None and state.state == "executing"

    return asked
