"""Running seeds: one for a test, many for `make sim`."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from loguru import logger

from tests.simulation.life import Done, Simulation
from tests.simulation.plan import plan_of

SEEDS_FILE: Final = Path(__file__).parent.parent / "simulation" / "regressions.json"
_MEMORY: Final = Path("/dev/shm")


def regressions() -> list[int]:
    """Seeds that once found something."""
    found: list[int] = json.loads(SEEDS_FILE.read_text())
    return found


@contextlib.contextmanager
def fast_directory(otherwise: Path) -> Iterator[Path]:
    """A directory in memory if there is one: thousands of commits need no real disk here."""
    if not _MEMORY.is_dir():
        yield otherwise
        return
    place = Path(tempfile.mkdtemp(dir=_MEMORY, prefix="fno-sim-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def simulate(seed: int, place: Path) -> Done:
    """Run one seed; an AssertionError tells its number."""
    logger.disable("daemon")
    place.mkdir(exist_ok=True)
    try:
        return Simulation(plan_of(seed, str(place)), place).run()
    except BaseException as error:
        error.add_note(f"seed {seed}: make sim SEED={seed} SEEDS=1")
        raise
    finally:
        logger.enable("daemon")
