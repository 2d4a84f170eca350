"""`run_fno_paper check FILE` of a sweep: what would be run, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.errors import ConfigError, FeedError
from daemon.lab.sweep.all_rounds import proposing
from daemon.lab.sweep.data import SweepData
from daemon.lab.sweep.file import LoadedSweep, load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.rounds import Written
from daemon.lab.sweep.variants import axes_of, params_text
from daemon.report.text import count
from daemon.runtime.build import build

BUILT: Final = 50
"""Variants whose strategies are built; more would take long."""


def check_sweep(file: Path, data_dir: Path | None = None) -> Iterator[str]:
    """Yield what a sweep would run. Raises ConfigError or FeedError for what is wrong with it.

    The strategies of the first variants are built, as a run does.
    """
    loaded = load_sweep(file)
    variants, maker = Written(loaded).next_round([]), JobMaker(loaded, data_dir)
    jobs = maker.jobs(enumerate(variants))
    trials = loaded.sweep.optuna
    proposed = [] if trials is None else proposing(loaded, trials).next_round([])
    for variant in (*variants[:BUILT], *proposed):
        try:
            build(variant.config, data_dir=data_dir)
        except (ConfigError, FeedError) as error:
            raise type(error)(f"{file}: {params_text(variant.params)}: {error}") from error
    warnings = list(_windows(loaded, maker.data))
    said = f"{count(len(variants))} variants"
    if len(jobs) != len(variants):
        said += f", {count(len(jobs))} runs of a day"
    if trials is not None:
        each = "" if loaded.sweep.walk_forward is None else " for each window"
        said += f" and {count(trials.trials)} trials of optuna{each}"
    yield f"{file}: valid. {said} over {maker.data.text}"
    for axis in axes_of(loaded, variants):
        yield f"  {axis.key}: {count(len(axis.values))} values"
    if len(variants) > BUILT:
        yield f"warning: the strategies of {BUILT} variants were built, the others were not"
    yield from warnings


def _windows(loaded: LoadedSweep, data: SweepData) -> Iterator[str]:
    """Yield a warning where a lake has too few days to walk forward.

    Raises ConfigError where each window needs its own study: such a sweep would stop half-way.
    """
    how = loaded.sweep.walk_forward
    if how is None or not data.days or not (text := how.too_few(len(data.days))):
        return
    if loaded.sweep.optuna is not None:
        raise loaded.error(("walk_forward",), text)
    yield f"warning: walk_forward: {text}; the page will show none"
