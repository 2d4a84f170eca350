"""`make cluster-demo`: a sweep on two nodes, one of them killed, and the same on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.kit.cli import finished, spawn, wait_for
from tests.kit.dask_cluster import DaskCluster, dask_cluster
from tests.kit.sweeps import SLIPPAGE, sweep_file

SWEPT_S: Final = 300.0
VARIANTS: Final = 6
Say = Callable[[str], object]


class Demo(NamedTuple):
    """The hashes of the tables by name, on the cluster and on this machine."""

    on_cluster: dict[str, str]
    here: dict[str, str]


def demo(place: Path, say: Say) -> Demo:
    """Run both; `place` is for all files."""
    keys = {"grid": {SLIPPAGE: [*range(VARIANTS)]}, "batch": 1}
    path = sweep_file(place, until="2026-11-18T09:50:00", **keys)
    with dask_cluster(place, workers=2) as cluster:
        say(f"a scheduler and two workers are at {cluster.address}")
        swept = start_on(cluster, path, place / "cluster")
        wait_for_done(swept, place / "cluster", count=1)
        victim = cluster.workers[0]
        wait_for(lambda: has_child(victim.pid) or swept.poll() is not None, SWEPT_S)
        victim.kill()
        say(f"worker {victim.pid} was killed while it ran a batch")
        ended = finished(swept, SWEPT_S)
    assert ended.code == 0, ended.err
    say("the other worker ran the rest")
    here = finished(spawn("sweep", path, "--out", place / "here", "--workers", "2"), SWEPT_S)
    assert here.code == 0, here.err
    return Demo(tables(place / "cluster"), tables(place / "here"))


def start_on(cluster: DaskCluster, path: Path, out: Path) -> subprocess.Popen[str]:
    """Start a sweep on a cluster whose workers are all there."""
    wait_for(lambda: cluster.workers_up() == len(cluster.workers), 60.0)
    return spawn("sweep", path, "--out", out, "--cluster", cluster.address)


def wait_for_done(swept: subprocess.Popen[str], out: Path, count: int) -> None:
    """Wait until so many jobs are done and kept."""

    def are_done() -> bool:
        assert swept.poll() is None, finished(swept)
        return len(list(out.glob("sweeps/*/done/*/*"))) >= count

    wait_for(are_done, SWEPT_S)


def has_child(pid: int) -> bool:
    """Whether a process has one of its own."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile
            if (thread / "children").read_text():
                return True
    return False


def tables(out: Path) -> dict[str, str]:
    """The hashes of the tables of the one sweep."""
    found = sorted(out.glob("sweeps/*/*.parquet"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def main() -> int:
    """Show it and return 0 if the bytes are the same."""
    with tempfile.TemporaryDirectory() as place:
        shown = demo(Path(place), print)
    for name, digest in shown.here.items():
        print(f"{name}  {shown.on_cluster[name][:16]} on the cluster, {digest[:16]} here")
    is_same = shown.on_cluster == shown.here
    print("the same bytes" if is_same else "DIFFERENT")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
