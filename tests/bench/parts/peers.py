"""W1 and passes of the lab beside other programs, where they are installed (`make bench-peers`)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.peers.beside import beside_peers
from tests.bench.peers.lab_beside import lab_beside_peers
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """W1 and passes of the lab beside other programs (`make bench-peers`)."""
    if bench.peers:
        yield from beside_peers(bench)
        yield from lab_beside_peers(bench)
