"""A state of the disk, a run on it that is harmed, the start after it, and what must hold then."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.journal.archive_file import ARCHIVES
from daemon.journal.audit import audit
from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore
from tests.crash.rig import Job, Seen, event_digest, read_seen
from tests.crash.zygote import Ended, Fault, Zygote
from tests.kit.account_market import write_files
from tests.kit.cli import metrics_of

ROWS: Final = 120
GTT_STAGES: Final = ("GTTs", "GTTs, next day")
PLAN_STAGES: Final = ("plans", "plans, next day")
FILES: Final = ("live.yaml", "replay.yaml")


class Whole(NamedTuple):
    """What an undisturbed run comes to: the export and the archived events."""

    export: bytes
    archives: dict[str, bytes]


class Stage:
    """One kind of run from one state of the disk: `seed` is a place to copy, None an empty one."""

    def __init__(self, name: str, kind: str, base: Path, *, day: int = 0, rows: int = ROWS) -> None:
        self.name = name
        self.kind = kind
        self.day = day
        self.rows = rows
        self.base = base
        self.seed: Path | None = None
        self.whole = Whole(b"", {})

    def job(self, place: Path) -> Job:
        return Job(kind=self.kind, place=str(place), rows=self.rows, day=self.day)

    @contextlib.contextmanager
    def place(self) -> Iterator[Path]:
        """A fresh place in the state that the stage begins with."""
        with tempfile.TemporaryDirectory(prefix="crash-") as name:
            place = Path(name)
            self.fill(place)
            yield place

    @property
    def kept(self) -> Path:
        """The place of the undisturbed run."""
        return self.base / self.name

    def fill(self, place: Path) -> None:
        """Put the state that the stage begins with into `place`."""
        for each in FILES:
            shutil.copy(self.base / each, place / each)
        if self.seed is not None:
            without = shutil.ignore_patterns("*.sock")  # a killed run leaves its socket behind
            shutil.copytree(self.seed / "out", place / "out", ignore=without, dirs_exist_ok=True)
            shutil.copy(self.seed / "observed", place / "observed")

    def prepare(self, zygote: Zygote) -> Path:
        """Run it undisturbed and remember what it came to; the place is kept."""
        place = self.kept
        place.mkdir()
        self.fill(place)
        ended = zygote.run(self.job(place))
        assert ended.code == 0, ended
        self.whole = whole_of(journal_of(self.job(place)))
        return place


def make_base(
    directory: Path, rows: int = ROWS, *, at_exchange: bool = False, with_plans: bool = False
) -> Path:
    """A new directory with the files that the runs read."""
    base = Path(tempfile.mkdtemp(prefix="base-", dir=directory))
    write_files(base, rows, at_exchange=at_exchange, with_plans=with_plans)
    return base


def stages(base: Path, zygote: Zygote) -> list[Stage]:
    """The stages of an account's life, each on what the one before left, and a replay run."""
    first = Stage("live", "live", base)
    done = first.prepare(zygote)
    middle = base / "middle"
    middle.mkdir()
    first.fill(middle)
    ended = zygote.run(first.job(middle), Fault("pwrite64", "signal=KILL", "120"))
    assert ended.code == -9, ended

    again = Stage("recovery", "live", base)
    again.seed = middle
    again.prepare(zygote)
    overnight = Stage("next day", "live", base, day=1)
    overnight.seed = middle
    both = overnight.prepare(zygote)

    bare = base / "bare"
    shutil.copytree(done, bare)
    for each in (bare / "out/accounts").glob("*/snapshot-*"):
        each.unlink()
    snapshot = Stage("snapshot", "snapshot", base)
    snapshot.seed = bare
    snapshot.prepare(zygote)
    archive = Stage("archive", "archive", base, day=1)
    archive.seed = both
    archive.prepare(zygote)
    replay = Stage("replay", "replay", base)
    replay.prepare(zygote)
    return [first, again, overnight, snapshot, archive, replay]


def day_stages(base: Path, zygote: Zygote, names: Sequence[str]) -> list[Stage]:
    """One live day for each name, each from the whole day before."""
    days: list[Stage] = []
    for day, name in enumerate(names):
        stage = Stage(name, "live", base, day=day)
        if days:
            stage.seed = days[-1].kept
        stage.prepare(zygote)
        days.append(stage)
    return days


def journal_of(job: Job) -> Path:
    """The journal that the job's run writes: the account's, or the newest run's."""
    if job.kind != "replay":
        return job.account
    return max((job.out / "runs").iterdir(), key=lambda each: each.name)


def whole_of(directory: Path) -> Whole:
    """The journal's events and its archives, after everything about them was checked (A4)."""
    with JournalStore.open(directory) as store:
        audit(store)
        fold(store)
        export = b"".join(line + b"\n" for line in store.event_lines())
    archives = {
        each.name: each.read_bytes() for each in sorted((directory / ARCHIVES).glob("*.gz"))
    }
    return Whole(export, archives)


def digests(directory: Path) -> dict[str, str]:
    """What the files under a directory hold; the lock and SQLite's shared memory hold nothing.

    Nor does an empty WAL, which SQLite makes when it only reads.
    """
    return {
        str(each.relative_to(directory)): hashlib.blake2b(each.read_bytes()).hexdigest()
        for each in sorted(directory.rglob("*"))
        if each.is_file() and each.name != "lock" and not each.name.endswith("-shm")
        if each.stat().st_size or not each.name.endswith("-wal")
    }


class Verdict(NamedTuple):
    """What was wrong, nothing if all is well; and how the harmed run and the next start ended."""

    wrong: list[str]
    harmed: Ended
    after: Ended | None = None


def judge(stage: Stage, zygote: Zygote, place: Path, harmed: Ended) -> Verdict:
    """Start again where a run was harmed, and hold what is there against what was shown."""
    job = stage.job(place)
    seen, shown = read_seen(place / "observed"), metrics_of(job.out).get("seq", 0)
    wrong = missing_now(job, seen, shown)
    after = zygote.run(msgspec.structs.replace(job, observer="observed after"))
    if after.code != 0:
        wrong.append(f"the next start ended with {after.code}: {after.err[-3000:]}")
        return Verdict(wrong, harmed, after)
    directory = journal_of(job)
    if stage.kind != "replay":
        wrong += _against(directory, seen, shown)
    wrong += _against(directory, read_seen(place / "observed after"), 0)
    whole = whole_of(directory)
    if whole.export != stage.whole.export:
        wrong.append(f"the export differs: {first_difference(whole.export, stage.whole.export)}")
    if whole.archives.keys() != stage.whole.archives.keys():
        wrong.append(f"archives {sorted(whole.archives)}, expected {sorted(stage.whole.archives)}")
    return Verdict(wrong, harmed, after)


def missing_now(job: Job, seen: list[Seen], shown: int) -> list[str]:
    """What was shown and is not on disk, before any start: one could decide it once more.

    Asked of a copy: the next start must find everything as the harmed run left it.
    """
    if job.kind != "replay" and not JournalStore.exists(job.account):
        return [f"event {each.seq} was shown and there is no journal" for each in seen[:1]]
    runs = [job.account] if job.kind != "replay" else sorted((job.out / "runs").glob("*"))
    wrong = []
    with tempfile.TemporaryDirectory(prefix="crash-copy-") as name:
        for run in filter(JournalStore.exists, runs):
            copy = Path(name) / run.name
            shutil.copytree(run, copy, ignore=shutil.ignore_patterns("*.sock"))
            wrong += _against(copy, seen, shown)
    return wrong


def _against(directory: Path, seen: list[Seen], shown: int) -> list[str]:
    """What was shown and is not in the journal, or is there as something else."""
    with JournalStore.open(directory) as store:
        store.verify()
        base = store.base()
        first = base.seq if base is not None else 0
        events = dict(enumerate((event_digest(line) for line in store.event_lines()), first + 1))
        last = store.last_seq
    lost = [each for each in seen if first < each.seq and events.get(each.seq) != each.digest]
    wrong = [f"event {each.seq} was shown and is not in the journal" for each in lost[:3]]
    if shown > last:
        wrong.append(f"the metrics file showed event {shown}, the journal ends at {last}")
    return wrong


def first_difference(ours: bytes, theirs: bytes) -> str:
    """Where two exports part, and how they go on."""
    mine, other = ours.splitlines(), theirs.splitlines()
    at = next(
        (n for n, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b),
        min(len(mine), len(other)),
    )
    show = [lines[at][:300] if at < len(lines) else b"(end)" for lines in (mine, other)]
    return f"line {at + 1} of {len(mine)} and {len(other)}: {show[0]!r}, expected {show[1]!r}"
