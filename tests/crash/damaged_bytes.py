"""A5: bytes of an account's files are flipped, cut, blanked or gone before a start."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import ExitCode, JournalCorrupt
from daemon.journal.store import JournalStore
from tests.crash.cases import Stage, digests
from tests.crash.figures import Figure
from tests.crash.zygote import Ended, Zygote

DETECTED: Final = (ExitCode.JOURNAL_CORRUPT, ExitCode.FEED_LOST)
_UNREAD: Final = ("lock", "journal.db-shm", "series.json", "summary.json")


def flip_bit(draw: random.Random, data: bytearray) -> None:
    """One bit."""
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def other_byte(draw: random.Random, data: bytearray) -> None:
    """One byte becomes any other."""
    data[draw.randrange(len(data))] ^= draw.randrange(1, 256)


def cut(draw: random.Random, data: bytearray) -> None:
    """The end is missing."""
    del data[draw.randrange(len(data)) :]


def blank(draw: random.Random, data: bytearray) -> None:
    """A sector of zeros."""
    at = draw.randrange(len(data)) // 512 * 512
    data[at : at + 512] = bytes(len(data[at : at + 512]))


HARMS: Final[tuple[Callable[[random.Random, bytearray], None], ...]] = (
    flip_bit, other_byte, cut, blank,
)  # fmt: skip


def harm_bytes(stage: Stage, zygote: Zygote, figure: Figure, cases: int, seed: int) -> None:
    """Harm a random byte of a random file, start, and sort what happens."""
    figure.seeds.append(seed)
    for number in range(cases):
        draw = random.Random(f"{seed} {number}")
        with stage.place() as place:
            job = stage.job(place)
            before = _export_of(job.account)
            files = [
                each
                for each in sorted(job.account.rglob("*"))
                if each.is_file() and each.name not in _UNREAD and each.stat().st_size
            ]
            path, harm = draw.choice(files), draw.choice(HARMS)
            data = bytearray(path.read_bytes())
            harm(draw, data)
            path.write_bytes(data)
            kept = digests(job.account)
            ended = zygote.run(msgspec.structs.replace(job, observer="observed after"))
            ending, wrong = _sort(stage, ended, job.account, before, kept)
            if "not_run_again" in _said(job.account) and path.parent == job.account:
                wrong.append("a fault of the journal was taken for one of the recording")
        name = f"{stage.name}: seed {seed} case {number}: {harm.__name__} of {path.name}"
        figure.case(name, wrong, ending)


def _export_of(directory: Path) -> bytes:
    """The events, after they were verified; a damaged snapshot, which is passed over, is none."""
    with JournalStore.open(directory) as store:
        store.verify()
        return b"".join(line + b"\n" for line in store.event_lines())


def _said(account: Path) -> set[str]:
    """The kinds of operations, none of a journal that is refused."""
    try:
        with JournalStore.open(account) as store:
            return {each.kind for each in store.operations()}
    except JournalCorrupt:
        return set()


def _sort(
    stage: Stage, ended: Ended, account: Path, before: bytes, kept: dict[str, str]
) -> tuple[str, list[str]]:
    """What the harm came to, and what is wrong with that."""
    if ended.code in DETECTED:
        wrong = []
        if digests(account) != kept:
            wrong.append("refused, and the files were touched")
        if "Traceback" in ended.err or ended.err.count("run_fno_paper: ") != 1:
            wrong.append(f"not one line: {ended.err[-600:]}")
        return f"refused with {ended.code}", wrong
    if ended.code != 0:
        return f"exit {ended.code}", [f"ended with {ended.code}: {ended.err[-1200:]}"]
    said = _said(account)
    if _export_of(account) == stage.whole.export:
        return "said, passed over" if "snapshot_passed_over" in said else "harmless", []
    if "not_run_again" in said and _export_of(account).startswith(before):
        return "said, journal kept", []
    return "altered", ["what was read was altered and nobody said so"]
