"""Gives mutated bytes to a target and watches what comes out, and that it comes out at all."""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from tests.fuzz.damage import mutated
from tests.fuzz.targets import Target

CORPUS: Final = Path(__file__).parent.parent / "fuzz" / "corpus"
HANG_S: Final = 120
"""A damaged page may ask for 4 GB, which take a minute where the machine has to find them first."""
_MEMORY: Final = Path("/dev/shm")


class Hang(Exception):
    """A decoder did not come back."""


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty directory, in memory if there is one."""
    place = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None, prefix="fno-fuzz-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read_one(target: Target, data: bytes) -> None:
    """One input; raises what no decoder may raise."""
    with scratch() as place, _no_longer_than(HANG_S):
        target.read(data, place)


def reset_peak() -> None:
    """From now on `peak_mib` is the most that this process has had since."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> int:
    """The most memory that was resident since `reset_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [each for each in lines if each.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


def fuzz(target: Target, seed: int, count: int) -> list[tuple[bytes, Exception]]:
    """`count` inputs drawn from a seed; those that broke the rule, with what came out."""
    draw = random.Random(f"{target.name} {seed}")
    samples = target.samples()
    found: list[tuple[bytes, Exception]] = []
    for _ in range(count):
        data = mutated(draw, samples)
        try:
            read_one(target, data)
        except Exception as error:  # noqa: BLE001 - exactly what is looked for
            found.append((data, error))
    return found


def keep(target: Target, data: bytes) -> Path:
    """Put a found input into the corpus, so that it is tried for ever."""
    directory = CORPUS / target.name.replace(" ", "_")
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def corpus(target: Target) -> list[Path]:
    """What was found for a target before."""
    return sorted((CORPUS / target.name.replace(" ", "_")).glob("*"))
