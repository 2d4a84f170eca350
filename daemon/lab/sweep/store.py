"""The directory of a sweep: what is done, by key, and the tables that are made of it.

`OUT/sweeps/sweep=NAME/` has a file for each job that is done (`done/`), which appears whole or not
at all, and the tables, which are made of them in the order of the sweep. So a sweep that was killed
and started again gives the same bytes as one that was not.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.errors import JournalIOError
from daemon.export.columns import Rows
from daemon.export.parquet_file import arrow_table
from daemon.export.trades import COLUMNS
from daemon.files.replace import replacing
from daemon.journal.lock import DirectoryLock
from daemon.lab.sweep.tables import daily_table, keyed_trades, run_row, runs_table, trades_of
from daemon.lab.sweep.tasks import Job, JobDone
from daemon.lab.sweep.variants import Axis
from daemon.lab.sweep.window_choice import WindowChoice

SWEEPS: Final = "sweeps"
RUNS: Final = "runs.parquet"
TRADES: Final = "trades.parquet"
DAILY: Final = "daily.parquet"
ABOUT: Final = "sweep.json"
TRIES: Final = "tries.jsonl"
DONE: Final = "done"
_DONE_VERSION: Final = 1
_GROUP_ROWS: Final = 65_536


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sweep.json`: what the tables next to it are of."""

    version: Literal[1] = 1
    name: str
    program_version: str
    file: str
    """The sweep file, absolute."""
    config: str
    """The configuration, absolute."""
    capital_rupees: float | None
    split: str
    select: str
    where: str
    seed: int
    sweep: dict[str, msgspec.Raw]
    """The section `sweep` of the file with its defaults."""
    axes: list[Axis]
    variants: int
    data: str
    """A hash of the recordings; tries are counted by it."""
    data_text: str
    """The recordings in words: their dates, or their files."""
    over_nights: bool
    """Whether something may be held over a night, for the blocks of the bootstrap."""
    windows: tuple[WindowChoice, ...] = ()
    """Where each window of the walk-forward has a study of its own: what it chose."""
    interrupted: bool = False
    """Whether it runs or was stopped; what is missing has the status `not_run`."""


class Try(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of `tries.jsonl`: a variant whose result was shown."""

    version: Literal[1] = 1
    identity: str
    """Of the variant with its configuration and the source of its strategies, without the data."""
    variant: str
    data: str
    data_text: str
    params: msgspec.Raw


class SweepStore:
    """The directory of a sweep while one process writes it."""

    def __init__(self, out: Path, name: str) -> None:
        """Make and lock the directory. Raises AlreadyRunning or JournalIOError."""
        self.directory = out / SWEEPS / f"sweep={name}"
        with _told(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = DirectoryLock(self.directory)

    def close(self) -> None:
        """Free the lock; harmless twice."""
        self._lock.release()

    def done(self, run_key: str) -> JobDone | None:
        """Return what a job came to; None where it is not done, or its file is damaged."""
        return read_done(self._done_path(run_key), run_key)

    def put(self, outcome: JobDone) -> None:
        """Keep the outcome of a job that is done. Raises JournalIOError."""
        path = self._done_path(outcome.run_key)
        body = msgspec.msgpack.encode(outcome)
        head = {"version": _DONE_VERSION, "blake2b": _digest(body)}
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(msgspec.json.encode(head) + b"\n" + body)

    def write_tables(
        self, about: About, done: Sequence[tuple[Job, JobDone]], keys: Sequence[str]
    ) -> None:
        """Write the tables, `runs` as the last: who sees it sees the others.

        `done` may be without trades, they are read again; `keys` are the dotted keys that vary.
        Raises JournalIOError.
        """
        rows = [run_row(job, outcome, about.split) for job, outcome in done]
        self._write(DAILY, daily_table(done))
        with _told(self.directory / TRADES), replacing(self.directory / TRADES) as file:
            self._write_trades(file, [job for job, outcome in done if outcome.status == "done"])
        with _told(self.directory / ABOUT), replacing(self.directory / ABOUT) as file:
            file.write(msgspec.json.format(msgspec.json.encode(about), indent=1) + b"\n")
        self._write(RUNS, runs_table(rows, keys))

    def _write_trades(self, file: BinaryIO, jobs: Sequence[Job]) -> None:
        schema = keyed_trades(None, arrow_table(Rows(COLUMNS, iter(())))).schema
        with pq.ParquetWriter(file, schema) as writer:
            waiting: list[pa.Table] = []
            for job in jobs:
                outcome = self.done(job.run_key)
                if outcome is not None and (trades := trades_of(outcome)) is not None:
                    waiting.append(keyed_trades(job, trades))
                if sum(map(len, waiting)) >= _GROUP_ROWS:
                    writer.write_table(pa.concat_tables(waiting))
                    waiting = []
            if waiting:
                writer.write_table(pa.concat_tables(waiting))

    def tries(self) -> list[Try]:
        """Return the variants whose results were ever shown. Raises JournalIOError."""
        return read_tries(self.directory)

    def add_tries(self, tries: Sequence[Try]) -> None:
        """Append the tries that are not there yet, on disk. Raises JournalIOError."""
        path = self.directory / TRIES
        known = {(each.identity, each.data) for each in self.tries()}
        new = [each for each in tries if (each.identity, each.data) not in known]
        lines = b"".join(msgspec.json.encode(each) + b"\n" for each in new)
        if not lines:
            return
        with _told(path):
            before = path.read_bytes() if path.exists() else b""
            whole = before[: before.rfind(b"\n") + 1]  # a line that was cut does not count
            with replacing(path) as file:
                file.write(whole + lines)

    def _write(self, name: str, table: pa.Table) -> None:
        path = self.directory / name
        with _told(path), replacing(path) as file:
            pq.write_table(table, file, row_group_size=_GROUP_ROWS)

    def _done_path(self, run_key: str) -> Path:
        return self.directory / DONE / run_key[:2] / run_key


def read_done(path: Path, run_key: str) -> JobDone | None:
    """Return what a file of a done job holds, None where that cannot be believed."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        told = msgspec.json.decode(head)
        if told != {"version": _DONE_VERSION, "blake2b": _digest(body)}:
            return None
        outcome = msgspec.msgpack.decode(body, type=JobDone)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
    return outcome if outcome.run_key == run_key and outcome.status == "done" else None


def read_tries(directory: Path) -> list[Try]:
    """Return the lines of `tries.jsonl`. Raises JournalIOError for one that is not understood."""
    path = directory / TRIES
    if not path.exists():
        return []
    with _told(path):
        lines = path.read_bytes().split(b"\n")[:-1]
    try:
        return [msgspec.json.decode(line, type=Try) for line in lines]
    except msgspec.MsgspecError as error:
        raise JournalIOError(
            f"{path}: is not what a sweep writes ({error}); restore it from a copy, as the number "
            "of tries is what the deflated Sharpe ratio stands on"
        ) from error


def read_about(directory: Path) -> About:
    """Return `sweep.json`. Raises JournalIOError where it is missing or of another version."""
    path = directory / ABOUT
    with _told(path):
        data = path.read_bytes()
    try:
        return msgspec.json.decode(data, type=About)
    except msgspec.MsgspecError as error:
        raise JournalIOError(f"{path}: is not what this version writes ({error})") from error


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn an error of the disk into a line."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error)
        todo = "make room and start" if getattr(error, "errno", 0) == errno.ENOSPC else "start"
        raise JournalIOError(
            f"{path}: {reason}; what is done is kept: {todo} the sweep again"
        ) from error
