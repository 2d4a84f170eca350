"""A copy of the program and its tests that may be changed, and its tests run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.kit.source import ROOT

TREES: Final = ("daemon", "feeds", "strategies", "tests", "configs")
FILES: Final = ("pyproject.toml", "Makefile", "run_fno_paper.py", "README.md", "CHANGELOG.md")
PASSED, FAILED = 0, 1
TIMEOUT_S: Final = 600


def copy_to(place: Path) -> None:
    """Copy the program and its tests, without what runs leave behind."""
    for tree in TREES:
        shutil.copytree(ROOT / tree, place / tree, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, place / name)
    (place / "docs").symlink_to(ROOT / "docs")


def ask(place: Path, tests: tuple[str, ...]) -> int:
    """Run tests in a copy and return the exit code of pytest; print what is neither.

    The random ones draw what they name. Bytecode of a file that was changed within the second
    would be that of the file before.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(place), "FNO_NO_BYTECODE": "1"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "RANDOM_TIMES": "1"}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode not in (PASSED, FAILED):
        print(done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
    return done.returncode
