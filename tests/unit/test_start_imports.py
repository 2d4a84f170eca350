"""What a start does not import, since a trader waits for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.kit.source import ROOT

PROGRAM = """
import sys
from daemon.main import main
sys.argv = ["run_fno_paper", "check", "configs/sample.yaml"]
try:
    main()
except SystemExit:
    pass
print(*sorted(sys.modules))
"""


VERSION = """
import sys
from daemon.main import main
sys.argv = ["run_fno_paper", "--version"]
try:
    main()
except SystemExit:
    pass
print(*sorted(sys.modules))
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules that a check of the sample loads."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_check_itself_is_made(imported: set[str]) -> None:
    assert {"daemon.cli.check", "feeds.files.parquet_ticks"} <= imported


@pytest.mark.parametrize(
    "module",
    [
        "pyarrow.compute", "pydantic", "starlette", "uvicorn", "httpx", "apprise", "redis",
        "asyncio", "loguru", "numpy.ma", "rich", "uvloop", "xml.etree.ElementTree",
        "daemon.journal.store", "daemon.runtime.app", "daemon.web", "distributed", "optuna",
    ],
)  # fmt: skip
def test_a_check_of_a_native_recording_does_not_wait_for(module: str, imported: set[str]) -> None:
    assert module not in imported


def test_the_version_needs_nothing_but_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", VERSION], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "typer" in loaded
    assert not loaded & {"numpy", "pyarrow", "msgspec", "anyio", "asyncio", "loguru", "yaml"}
