"""What runs inside a process that is going to be killed: the program, observed, in one thread.

The command line is the real one. Only three things are put in its place: a live run's ticks come
from `crash_market`, from the first row that is not recorded yet; work for threads is done at once
where it is asked for, so that "the k-th system call" means the same in every run (`threads` leaves
them as they are); and an observer writes down every fact at the moment it is published.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

import anyio.lowlevel
import anyio.to_thread
import msgspec

from daemon.domain.dates import ist_date
from daemon.domain.events import encode_event
from daemon.domain.inputs import Input
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.errors import FeedError
from daemon.journal.recovery import check_fold
from daemon.journal.snapshot_task import SnapshotTask
from daemon.journal.store import JournalStore
from daemon.journal.writer import Committed
from daemon.main import main
from daemon.process.clock import Clock, MachineClocks
from daemon.runtime.app import App
from daemon.runtime.bus import Bus
from feeds.recording.opened import open_recording
from feeds.stream.feed import OfflineFeed
from tests.kit.account_market import ACCOUNT, BLOCK_ROWS, DAYS, opened_ns, session

PROGRAM: Final = "run_fno_paper"
TURNS: Final = 8


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run: `live`, `replay`, `snapshot` or `archive` of what is under `place`."""

    kind: str
    place: str
    rows: int
    day: int = 0
    observer: str = "observed"
    threads: bool = False
    stdout: str = "stdout"
    stderr: str = "stderr"
    traced: bool = False
    """Wait until a tracer has come."""
    pace_s: float = 0.0
    """Between two blocks of a live run's ticks."""
    limits: tuple[tuple[int, int], ...] = ()
    """Resource limits, as (resource, limit)."""
    leak_at: int = -1
    """From this row on no file can be opened any more."""

    @property
    def out(self) -> Path:
        """The output directory."""
        return Path(self.place) / "out"

    @property
    def account(self) -> Path:
        """The live account's directory."""
        return self.out / "accounts" / ACCOUNT


class Seen(NamedTuple):
    """One published event: when (wall ns), its place and what it was."""

    ts: int
    seq: int
    digest: str


def event_digest(line: bytes) -> str:
    """What the observer keeps of an event."""
    return hashlib.blake2b(line, digest_size=8).hexdigest()


def read_seen(path: Path) -> list[Seen]:
    """What an observer wrote down; a line that was not finished was not seen."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [Seen(int(ts), int(seq), digest.decode()) for ts, seq, digest in map(bytes.split, lines)]


class FixedClocks(MachineClocks):
    """The same start in every run: time stands still, whatever was recorded."""

    def __init__(self, now: int) -> None:
        self._now = now
        self.boot_ns = self.wall_ns

    def wall_ns(self) -> int:
        return self._now

    def awake_ns(self) -> int:
        return self._now


class LosslessFeed(OfflineFeed):
    """The day's ticks from the first that is not recorded yet: a market that waits for us.

    So a run that was interrupted anywhere must come to exactly what one that was not comes to.
    """

    name = "kite"

    def __init__(
        self, universe: Universe, watchlist: object, *, first: Sequence[Input] = (), **_: object
    ) -> None:
        self.universe = universe
        self.is_over = False
        self.job: Job | None = None
        self.start = 0
        self._first = first

    async def inputs(self) -> AsyncIterator[Input]:
        assert self.job is not None
        for each in self._first:
            yield each
        block = session(self.job.day, self.job.rows)
        for at in range(self.start, len(block), BLOCK_ROWS):
            if at >= self.job.leak_at >= 0:
                _leak()
            yield block.rows(at, min(at + BLOCK_ROWS, len(block)))
            for _ in range(TURNS):  # each block's events are a commit of their own
                await anyio.lowlevel.checkpoint()
            if self.job.pace_s:
                await anyio.sleep(self.job.pace_s)
        self.is_over = True

    def quality(self) -> dict[str, int]:
        return {}


def _leak() -> None:
    """Open files until there are no descriptors left; they are never closed."""
    with contextlib.suppress(OSError):
        while True:
            os.open(os.devnull, os.O_RDONLY)


def recorded_rows(job: Job) -> int:
    """How many of the day's ticks are in the account's recordings.

    Asked before any harm is done: what the tests read must not be among the calls that fail.
    """
    date = ist_date(opened_ns(job.day)).isoformat()
    stems: dict[str, Path] = {}
    for path in sorted((job.account / "recordings").glob(f"{date}-*")):
        stems[path.stem] = path  # a recording in both forms counts once
    rows = 0
    for path in stems.values():
        with contextlib.suppress(FeedError):  # killed before its header was whole
            rows += sum(
                len(each) for each in open_recording(path).inputs() if isinstance(each, Ticks)
            )
    return rows


async def _at_once(function: Callable[..., Any], *arguments: object, **_: object) -> Any:
    return function(*arguments)


@contextlib.contextmanager
def _put_in_place(job: Job, start: int) -> Iterator[None]:
    observer = os.open(
        Path(job.place) / job.observer, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    publish, run = Bus.publish_fact, App.run

    async def observed(self: Bus[Any], fact: Committed) -> None:
        now = time.time_ns()
        lines = [f"{now} {each.seq} {event_digest(encode_event(each))}\n" for each in fact.events]
        if lines:
            os.write(observer, "".join(lines).encode())
        await publish(self, fact)

    async def checked(self: App, *arguments: Any) -> None:
        if isinstance(self.feed, LosslessFeed):
            self.feed.job, self.feed.start = job, start
        await run(self, *arguments)
        with JournalStore.open(self.directory) as store:
            check_fold(store, self.ledger)

    with contextlib.ExitStack() as stack:
        clocks = FixedClocks(opened_ns(job.day))
        stack.enter_context(mock.patch("daemon.runtime.live_feed.KiteFeed", LosslessFeed))
        stack.enter_context(mock.patch("daemon.runtime.live.MACHINE_CLOCKS", clocks))
        stack.enter_context(
            mock.patch("daemon.runtime.live_start.check_start")
        )  # the time that stands still
        clock = functools.partial(Clock, clocks=clocks)
        stack.enter_context(mock.patch("daemon.process.clock.Clock", clock))
        stack.enter_context(mock.patch.object(Bus, "publish_fact", observed))
        stack.enter_context(mock.patch.object(App, "run", checked))
        if not job.threads:
            stack.enter_context(mock.patch.object(anyio.to_thread, "run_sync", _at_once))
        yield


def perform(job: Job, start: int) -> None:
    """Do the job and leave with the program's exit code; the market goes on at row `start`."""
    with _put_in_place(job, start):
        for kind, limit in job.limits:
            resource.setrlimit(kind, (limit, limit))
        if job.kind == "snapshot":
            anyio.run(SnapshotTask(job.account, 0).take)
            return
        arguments = ["--config", str(Path(job.place) / f"{job.kind}.yaml")]
        if job.kind == "archive":
            arguments = ["journal", "archive", ACCOUNT, "--before", DAYS[1].isoformat()]
        sys.argv = [PROGRAM, *arguments, "--out", str(job.out)]
        main()
