"""What is sent to a worker and what comes back: a batch of variants over one span.

Both are msgspec structs, so they travel as msgpack over a pipe and pickled between machines.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from daemon.lab.sweep.numbers import Number
from daemon.lab.sweep.variants import Params
from daemon.settings.config import Config

Status = Literal["done", "failed", "not_run"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One variant over one span: what a row of `runs.parquet` is about."""

    run_key: str
    """32 hex digits of all that decides the outcome (`run_key`)."""
    variant: str
    number: int
    """Its place in the sweep, from 0."""
    params: Params
    config: Config
    """Cut to the span, as it is run."""
    profile: str = ""
    """The fill mode that it is run under instead of its own; empty: its own."""
    day: dt.date | None = None
    """The session that it is cut to; None: all of the data."""
    reproduce: str = ""
    """A command line that runs it alone; it takes `--out`."""


class StrategySource(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a strategy, as text, for machines that do not have it."""

    directory: str = ""
    """The one of `strategies.path` that it lies in; empty: installed, and the text is left out."""
    name: str
    """From there, or from where its outermost package lies."""
    text: str = ""
    sha256: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of jobs that share one pass over the data."""

    number: int
    jobs: tuple[Job, ...]
    data_dir: str | None = None
    """Replaces ${FNO_DATA}."""
    sources: tuple[StrategySource, ...] = ()
    program: str = ""
    """The version of the program that the coordinator is."""


class DayResult(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a job: the change of net P&L from close to close, and trades closed."""

    date: dt.date
    pnl_paise: int
    trades: int


class JobDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a job came to."""

    run_key: str
    status: Status
    cause: str = ""
    """One line, where it failed."""
    warning: str = ""
    events_hash: str = ""
    numbers: dict[str, Number] = {}
    """Those of `NUMBERS`; one that is left out is null."""
    days: tuple[DayResult, ...] = ()
    trades: bytes = b""
    """An Arrow stream of the trades of `export`; empty where it failed."""
    machine: str = ""
    """Which machine and process it ran on, with their versions; in no table."""


class TaskDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a task came to: an outcome for each of its jobs, in their order."""

    number: int
    jobs: tuple[JobDone, ...]
    seconds: float
    """How long the worker took; for the estimate, and in no file."""


class TaskLost(msgspec.Struct, frozen=True, kw_only=True):
    """A task without an outcome: its worker ended, or cannot be asked."""

    number: int
    cause: str
    """One line: what happened, where."""
