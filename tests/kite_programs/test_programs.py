"""Programs as users have them for Kite, run against `make web-demo` by one address (W10)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.kit.cli import ROOT
from tests.kit.live import free_port

pytestmark = [pytest.mark.ci, pytest.mark.timeout(400)]
ENDS_WITHIN_S = 150


class Demo(NamedTuple):
    """Where the paper API answers, and the file with its keys."""

    kite: str
    keys: Path

    def run(self, program: str, tmp_path: Path) -> dict[str, Any]:
        """Run a program to its end and return what it told last."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", f"tests.kite_programs.{program}"],
            cwd=ROOT, env=os.environ | {"KITE_ROOT": self.kite, "KITE_KEYS": str(self.keys)},
            capture_output=True, text=True, timeout=ENDS_WITHIN_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return outcome


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    place = tmp_path_factory.mktemp("demo")
    environment = Path(sys.prefix)
    process = subprocess.Popen(
        ["make", "--no-print-directory", "-o", f"{environment}/.ready", "web-demo", "SPEED=20",
         f"VENV={environment}", f"WEB_DEMO={place}/demo", f"WEB_DEMO_TICKS={free_port()}"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = dict(line.split() for line in [process.stdout.readline() for _ in range(3)])
        yield Demo(said["kite"].rstrip("/"), Path(ROOT, said["credentials"]))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()


def test_w10_an_opening_range_bot_enters_guards_and_leaves(demo: Demo, tmp_path: Path) -> None:
    did = demo.run("orb_bot", tmp_path)
    assert did["statuses"] == ["COMPLETE", "CANCELLED", "COMPLETE"]
    assert did["trades"] >= 2
    assert did["net"] == [0]
    assert "TRIGGER PENDING" in did["history"]
    assert did["updates"][-1] == "COMPLETE"


def test_w10_a_straddle_bot_sells_guards_and_buys_back(demo: Demo, tmp_path: Path) -> None:
    did = demo.run("straddle_bot", tmp_path)
    assert (did["legs"], did["active"]) == (2, ["active", "active"])
    assert did["margin"] > 0
    assert len(set(did["filled"])) == 1
    assert did["net"] == [0, 0]
    assert set(did["left"]) <= {"deleted", "cancelled"}


def test_w10_a_watcher_sees_both_sides_and_its_own_order(demo: Demo, tmp_path: Path) -> None:
    did = demo.run("book_watcher", tmp_path)
    assert sum(did["heavier"].values()) >= 15
    assert {mode for _, mode in did["modes"]} >= {"full", "quote"}
    assert did["updates"][0] == "OPEN"
    assert (did["updates"][-1], did["last"]) == ("CANCELLED", "CANCELLED")
