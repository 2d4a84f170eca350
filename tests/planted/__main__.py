"""`make planted`: each bug in a copy of the program; tests that still pass are not worth much."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.kit.copied import FAILED, PASSED, ask, copy_to
from tests.kit.figures import merge_figures
from tests.planted.bugs import BUGS, Bug


def is_caught(place: Path, bug: Bug) -> bool:
    """Whether a test fails with the bug in; it must be a test, not the collection."""
    path = place / bug.file
    sound = path.read_text()
    path.write_text(planted(sound, bug))
    try:
        return ask(place, bug.tests) == FAILED
    finally:
        path.write_text(sound)


def planted(text: str, bug: Bug) -> str:
    """The source with the bug. Raises ValueError if the line is not there any more."""
    if text.count(bug.old) != 1:
        raise ValueError(f"{bug.file}: {bug.name}: expected once: {bug.old!r}")
    return text.replace(bug.old, bug.new)


def are_sound(place: Path, bugs: Sequence[Bug]) -> bool:
    """Whether the same tests pass without any bug."""
    tests = sorted({each for bug in bugs for each in bug.tests})
    return ask(place, tuple(tests)) == PASSED


def missed_of(bugs: Sequence[Bug]) -> list[str] | None:
    """The names of bugs that no test noticed; None if the tests fail without any.

    One copy for all of them, so that somebody who edits the tree meanwhile changes nothing.
    """
    with tempfile.TemporaryDirectory(prefix="fno-planted-") as name:
        place = Path(name)
        copy_to(place)
        if not are_sound(place, bugs):
            return None
        missed = []
        for bug in bugs:
            caught = is_caught(place, bug)
            print(f"{'caught' if caught else 'MISSED'}  {bug.name}", flush=True)
            missed += [] if caught else [bug.name]
        return missed


def main() -> int:
    """0 if every bug was caught."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--only", default="", help="A part of a bug's name.")
    only = arguments.parse_args().only
    began = time.monotonic()
    bugs = [each for each in BUGS if only in each.name]
    missed = missed_of(bugs)
    if missed is None:
        print("the tests do not pass without a bug; nothing can be said")
        return 1
    seconds = round(time.monotonic() - began, 1)
    print(f"{len(bugs) - len(missed)} of {len(bugs)} caught in {seconds} s")
    if not only:
        merge_figures("planted", {"bugs": len(bugs), "missed": missed, "seconds": seconds})
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
