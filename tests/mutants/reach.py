"""Which tests run which line, so that a mutant is asked only of tests that can notice it.

As a plugin of pytest (`-p tests.mutants.reach`) it writes how long each test took.
"""

from __future__ import annotations

import ast
import json
import math
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coverage import CoverageData

from tests.kit.source import ROOT

if TYPE_CHECKING:
    import pytest

SECONDS: Final = "mutants-seconds.json"
SETTINGS: Final = "mutants-coveragerc"
_SETTINGS: Final = "[run]\nbranch = false\nrelative_files = true\n"
PASSED, FAILED = 0, 1
FAILED_MAX: Final = 20
"""So many tests may fail without a mutant (on a busy machine some run out of time)."""
_seconds: defaultdict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the seconds of a test, without end if it fails: nothing is asked of it."""
    _seconds[report.nodeid] += math.inf if report.failed else report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the seconds of all tests, in the process that hears of all of them."""
    if not hasattr(session.config, "workerinput"):
        Path(SECONDS).write_text(json.dumps(_seconds))  # which reads its own Infinity


class Reach:
    """The tests by line, of one run of all tests in `place`, a copy of the program."""

    def __init__(self, place: Path) -> None:
        self._data = CoverageData(str(place / ".coverage"))
        self._data.read()
        seconds: dict[str, float] = json.loads((place / SECONDS).read_text())
        self.failed = [test for test, took in seconds.items() if took == math.inf]
        """Tests that fail without a mutant."""
        self._seconds = {test: took for test, took in seconds.items() if took < math.inf}
        self._files: dict[str, dict[int, list[str]]] = {}

    def tests_of(self, path: str, line: int) -> list[str]:
        """Return the tests that run the statement of this line, quickest first.

        Of a constant, those that run a line with its name. Where none does (what only runs in other
        processes), those that run the file.
        """
        lines = self._lines_of(path)
        # of the sound file: in the copies there is a mutant at times, which need not even parse
        source = (ROOT / path).read_bytes()
        statement = statement_lines(source, line)
        found = self._named(context for each in statement for context in lines.get(each, ()))
        if name := constant_at(source, line):
            found |= self._named(self._contexts_with(name))
        found = found or self._named(context for each in lines.values() for context in each)
        return sorted(found, key=self._seconds.__getitem__)

    def seconds_of(self, test: str) -> float:
        """Return how long a test took when the lines were noted."""
        return self._seconds[test]

    def _contexts_with(self, name: str) -> Iterator[str]:
        """Yield what runs the lines of the program in which a name stands."""
        word = re.compile(rf"\b{name}\b")
        for path in sorted((ROOT / "daemon").rglob("*.py")):
            lines = self._lines_of(str(path.relative_to(ROOT)))
            for number, text in enumerate(path.read_text().splitlines(), 1):
                if word.search(text):
                    yield from lines.get(number, ())

    def _lines_of(self, path: str) -> dict[int, list[str]]:
        if path not in self._files:
            self._files[path] = self._data.contexts_by_lineno(path)
        return self._files[path]

    def _named(self, contexts: Iterable[str]) -> set[str]:
        """Return the tests of these contexts; what a fixture runs counts for its whole file."""
        found: set[str] = set()
        for context in set(contexts) - {""}:
            test, _, phase = context.rpartition("|")
            if phase == "setup":
                file = test.partition("::")[0] + "::"
                found.update(each for each in self._seconds if each.startswith(file))
            elif test in self._seconds:
                found.add(test)
        return found


def measure(place: Path, tests: tuple[str, ...], workers: int) -> Reach | None:
    """Run these tests in the copy and note the lines of each; None if too many fail."""
    (place / SETTINGS).write_text(_SETTINGS)
    command = (
        sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "loadfile",
        "-p", "no:cacheprovider", "-p", "tests.mutants.reach", "-q", "--cov=daemon",
        "--cov-context=test", "--cov-report=", f"--cov-config={SETTINGS}", *tests,
    )  # fmt: skip
    # the newer way of Python to count lines does not know which test runs
    environment = os.environ | {"PYTHONPATH": str(place), "COVERAGE_CORE": "ctrace"}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (PASSED, FAILED):
        print(done.stdout[-4000:], done.stderr[-1000:])
        return None
    found = Reach(place)
    print(*(f"fails without a mutant, not asked: {test}" for test in found.failed), sep="\n")
    return found if len(found.failed) <= FAILED_MAX else None


def constant_at(source: bytes, line: int) -> str:
    """Return the name of the module's constant that this line sets, "" if it sets none."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign | ast.Assign) and line in range(
            node.lineno, (node.end_lineno or 0) + 1
        ):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            return target.id if isinstance(target, ast.Name) else ""
    return ""


def statement_lines(source: bytes, line: int) -> range:
    """Return the lines of the innermost statement there; of one with a body only its head."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else (node.end_lineno or 0) + 1
            if line < end:
                found = range(node.lineno, end)
    return found
