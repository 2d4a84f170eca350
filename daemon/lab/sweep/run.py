"""`run_sweep`: a sweep file to its tables, in rounds, on any executor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon import VERSION
from daemon.lab.sweep.best import Ranked, ranked
from daemon.lab.sweep.carried import holds_over_nights
from daemon.lab.sweep.executor import Executor
from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.rounds import Rounds
from daemon.lab.sweep.runner import Runner, Terms
from daemon.lab.sweep.store import About, SweepStore, Try
from daemon.lab.sweep.tasks import Job, JobDone
from daemon.lab.sweep.variants import Variant, axes_of
from daemon.lab.sweep.window_choice import WindowChoice

PROFILED: Final = 20
"""How many of the best are run under every fill profile."""


class Swept(NamedTuple):
    """How a sweep ended."""

    directory: Path
    outcomes: list[tuple[Job, JobDone]]
    """In the order of the variants, without trades."""
    best: list[Ranked]
    was_stopped: bool
    keys: list[str]
    """The dotted keys that vary."""
    windows: Sequence[WindowChoice] = ()
    """What each window with a study of its own chose; none where the sweep was stopped."""


def run_sweep(
    loaded: LoadedSweep,
    rounds: Rounds,
    maker: JobMaker,
    store: SweepStore,
    executor: Executor,
    terms: Terms,
) -> Swept:
    """Run what is missing, then write the tables and the tries.

    Raises ConfigError, FeedError or JournalIOError; what was done by then is kept.
    """
    runner = Runner(maker, store, executor, terms)
    variants: list[Variant] = []
    outcomes: list[tuple[Job, JobDone]] = []
    while found := rounds.next_round(outcomes):
        jobs = maker.jobs(enumerate(found, start=len(variants)))
        variants += found
        kept = list(zip(jobs, runner.kept(jobs), strict=True))
        if not all(done.status == "done" for _, done in kept):
            # no row of another source, other data or another file is shown while these run
            _write(loaded, maker, store, variants, [*outcomes, *kept], is_whole=False)
        outcomes += zip(jobs, runner.outcomes(jobs), strict=True)
        if runner.was_stopped:
            break
    best = ranked(outcomes, loaded.sweep)
    shown = [*outcomes, *_profiles(loaded, maker, runner, variants, best)]
    windows = [] if runner.was_stopped else rounds.windows(outcomes)
    is_whole = not runner.was_stopped
    keys = _write(loaded, maker, store, variants, shown, windows, is_whole=is_whole)
    return Swept(store.directory, shown, best, runner.was_stopped, keys, windows)


def _write(
    loaded: LoadedSweep, maker: JobMaker, store: SweepStore, variants: Sequence[Variant],
    outcomes: Sequence[tuple[Job, JobDone]], windows: Sequence[WindowChoice] = (), *,
    is_whole: bool,
) -> list[str]:  # fmt: skip
    """Write the tries, then the tables; return the keys that vary."""
    about = _about(loaded, maker, variants, windows, is_whole=is_whole)
    keys = [axis.key for axis in about.axes]
    store.add_tries(_tries(maker, about, variants, outcomes))
    store.write_tables(about, outcomes, keys)
    return keys


def _profiles(
    loaded: LoadedSweep, maker: JobMaker, runner: Runner,
    variants: Sequence[Variant], best: Sequence[Ranked],
) -> list[tuple[Job, JobDone]]:  # fmt: skip
    """Return what the best came to under each fill profile."""
    numbered = sorted((each.number, variants[each.number]) for each in best[:PROFILED])
    found: list[tuple[Job, JobDone]] = []
    for profile in loaded.sweep.profiles:
        jobs = maker.jobs(numbered, profile)
        found += zip(jobs, runner.outcomes(jobs), strict=True)
    return found


def _tries(
    maker: JobMaker, about: About, variants: Sequence[Variant],
    outcomes: Sequence[tuple[Job, JobDone]],
) -> list[Try]:  # fmt: skip
    """Return a try for each variant whose result is shown; fill profiles are none."""
    shown = dict.fromkeys(
        job.number for job, done in outcomes if done.status == "done" and not job.profile
    )
    return [
        Try(
            identity=maker.identity(variants[number]), variant=variants[number].key,
            data=about.data, data_text=about.data_text,
            params=msgspec.Raw(msgspec.json.encode(variants[number].params)),
        )
        for number in shown
    ]  # fmt: skip


def _about(
    loaded: LoadedSweep, maker: JobMaker, variants: Sequence[Variant],
    windows: Sequence[WindowChoice], *, is_whole: bool,
) -> About:  # fmt: skip
    sweep = loaded.sweep
    written = msgspec.json.decode(msgspec.json.encode(sweep), type=dict[str, msgspec.Raw])
    return About(
        name=sweep.name, program_version=VERSION, file=str(loaded.path.absolute()),
        config=str(loaded.config_path), capital_rupees=maker.capital_rupees, split=sweep.split,
        select=sweep.select, where=sweep.where, seed=sweep.seed, sweep=written,
        axes=axes_of(loaded, variants), variants=len(variants), data=maker.data.sha256,
        data_text=maker.data.text,
        over_nights=any(holds_over_nights(variant.config) for variant in variants),
        windows=tuple(windows), interrupted=not is_whole,
    )  # fmt: skip
