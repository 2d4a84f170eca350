"""The nodes of a cluster: which there are, and that each is as this machine is."""

from __future__ import annotations

import time
from concurrent.futures import CancelledError
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
from distributed import Client

from daemon.errors import ClusterError
from daemon.lab.sweep.node import NodeFacts, node_facts
from daemon.lab.sweep.versions import versions

RESUME: Final = "what is done is kept: start the sweep again"
_LOOK_S: Final = 5.0
"""How often it is looked which nodes there are."""
_ALONE_S: Final = 60.0
"""How long it waits for a node when the last one is gone."""


class Node(NamedTuple):
    """A worker of dask: the host that it is on, by its address, and its threads."""

    host: str
    threads: int


class Nodes:
    """The nodes as they were when it was last looked."""

    def __init__(self, client: Client, address: str) -> None:
        """Look for the first time. Raises ClusterError."""
        self._client, self._address = client, address
        self._known: dict[str, Node] = {}
        self._looked_at = self._seen_at = time.monotonic()
        self._look()
        if not self._known:
            raise ClusterError(f"--cluster {address}: no node is there; start some by dask worker")

    @property
    def threads(self) -> int:
        """Return how many tasks they run at once."""
        return sum(node.threads for node in self._known.values())

    @property
    def hosts(self) -> set[str]:
        """Return the addresses of the machines, without ports."""
        return {node.host for node in self._known.values()}

    def look(self) -> None:
        """Look again where the last time is seconds ago.

        Raises ClusterError for a node of another version, where the scheduler is gone, and where
        there has been no node for a minute.
        """
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            self._look()
        if self._known:
            self._seen_at = now
        elif now - self._seen_at > _ALONE_S:
            raise ClusterError(f"--cluster {self._address}: no node is left; {RESUME}")

    def _look(self) -> None:
        try:
            found: dict[str, dict[str, Any]] = self._client.scheduler_info()["workers"]
            new = [address for address in found if address not in self._known]
            facts = self._client.run(node_facts, workers=new, on_error="return") if new else {}
        except (OSError, CancelledError, TimeoutError, RuntimeError) as error:
            raise gone(self._address) from error
        for address, said in facts.items():
            if not isinstance(said, OSError):  # it left again meanwhile
                self._known[address] = self._node(address, said, found[address]["nthreads"])
        self._known = {each: self._known[each] for each in found if each in self._known}

    def _node(self, address: str, said: bytes | BaseException, threads: int) -> Node:
        if isinstance(said, BaseException):
            why = f"does not have this program ({one_line(said)})"
            raise ClusterError(f"--cluster {self._address}: other_version: {address} {why}")
        facts = msgspec.msgpack.decode(said, type=NodeFacts)
        if other := facts.versions.other(versions()):
            raise other_version(self._address, f"{facts.host} at {address} has {other}")
        return Node(urlsplit(address).hostname or address, threads)


def other_version(cluster: str, text: str) -> ClusterError:
    """Return the error about a node that is not as all others must be."""
    todo = "install the same lock file on every node"
    return ClusterError(f"--cluster {cluster}: other_version: {text}; {todo}")


def gone(cluster: str) -> ClusterError:
    """Return the error about a scheduler that does not answer any more."""
    return ClusterError(f"--cluster {cluster}: the scheduler is gone; {RESUME}")


def one_line(error: BaseException) -> str:
    """Return an error's text in a line."""
    return " ".join(str(error).split()) or type(error).__name__
