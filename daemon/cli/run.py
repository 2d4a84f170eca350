"""`run_fno_paper --config FILE`: the long-running process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import anyio
import msgspec
from loguru import logger

from daemon.cli.page import page_next_to
from daemon.cli.run_notes import run_notes
from daemon.errors import DaemonError, JournalCorrupt
from daemon.process.descriptors import allow_descriptors, spare_descriptors
from daemon.process.halt import leave_soon
from daemon.process.held_signals import hold_signals
from daemon.process.log_file import with_account
from daemon.process.logs import start_logging
from daemon.process.memory import steady_memory
from daemon.report.fold import RunFold
from daemon.report.summary import RunSummary, summary_dict
from daemon.runtime.app import App
from daemon.runtime.build import build
from daemon.runtime.feed_kinds import kind_of
from daemon.runtime.outcome import facts_of, summarize_run
from daemon.runtime.prepared_run import PreparedRun, open_run
from daemon.runtime.progress import show_bar, show_lines
from daemon.runtime.run_files import SERIES_FILE, SUMMARY_FILE, write_json
from daemon.settings.config import Config, FeedConfig
from daemon.settings.inputs import misplaced_inputs

READABLE_SPEED: Final = 100
"""Up to this factor of real time the fills of a run are shown on a terminal as they come."""


class Outcome(NamedTuple):
    """What a run came to, and the fault of its feed if that is what ended it."""

    summary: RunSummary
    feed_lost: DaemonError | None


def run(
    config: Config,
    *,
    data_dir: Path | None = None,
    use_uvloop: bool = True,
    read_again: Callable[[], Config] | None = None,
    page: list[str] | None = None,
) -> Outcome:
    """Run to the end of the feed, to its fault or to a signal, and keep what it came to.

    `read_again` reads the configuration again for a reload, `page` are the arguments of this
    program that serve the page of a live account. Raises DaemonError for the world's other faults.
    """
    _log(config)
    for text in misplaced_inputs(config):
        logger.warning("input {}", text)
    allow_descriptors()
    if kind_of(config.feed).is_live:
        hold_signals()  # an account that is being taken up is not left in the middle of it
    prepared = _open(config, data_dir)
    hold_signals()  # nor what is written after the run
    command = (page or []) if prepared.account is not None else []
    with page_next_to(config, command, prepared.directory):
        return run_prepared(
            prepared, Path(config.out), use_uvloop=use_uvloop, read_again=read_again
        )


def _log(config: Config) -> None:
    log = msgspec.structs.replace(config.log, file=with_account(config.log.file, config.account))
    start_logging(
        log,
        quiet=sys.stderr.isatty(),
        with_facts=_is_readable(config.feed),
        account=config.account if kind_of(config.feed).is_live else "",
    )


def _is_readable(feed: FeedConfig) -> bool:
    """Return whether a person can follow the fills above the progress bar during the run."""
    speed = kind_of(feed).speed(feed)
    return speed != "max" and float(speed) <= READABLE_SPEED


def run_prepared(
    prepared: PreparedRun,
    out: Path,
    *,
    use_uvloop: bool = True,
    read_again: Callable[[], Config] | None = None,
) -> Outcome:
    """Run what was opened to its end and keep what it came to. Raises DaemonError."""
    watch = show_bar if sys.stderr.isatty() else show_lines

    async def main() -> App:
        app = App(prepared, out=out)
        app.recorder.on_stall = leave_soon
        if prepared.recorder is not None and read_again is not None:
            # On a terminal a hangup says that the terminal is gone.
            app.listen(read_again, _log, reload_on_hangup=not sys.stderr.isatty())
        steady_memory()
        with spare_descriptors():
            await app.run(watch)
        return app

    try:
        app = anyio.run(main, backend_options={"use_uvloop": use_uvloop})
    except JournalCorrupt:
        prepared.close(checkpoint=False)
        raise
    finally:
        prepared.close()
    if getattr(app.feed, "is_over", False):
        logger.info("the day's recording: {}", prepared.finish_day())
    return Outcome(finish(app), app.feed_lost)


def _open(config: Config, data_dir: Path | None) -> PreparedRun:
    if kind_of(config.feed).is_live:
        from daemon.runtime.live import open_live

        return open_live(config, data_dir=data_dir)
    return open_run(build(config, data_dir=data_dir), Path(config.out))


def finish(app: App) -> RunSummary:
    """Keep the series and the summary next to the journal."""
    from daemon.journal.recovery import life
    from daemon.journal.store import JournalStore

    series = app.series()
    write_json(app.directory / SERIES_FILE, series)
    written = (app.directory / "journal.db", app.directory / SUMMARY_FILE)
    paths = [str(path.absolute()) for path in (*written, app.metrics.path)]
    with JournalStore.open(app.directory) as store:
        ledger, events = life(store)
        fold = RunFold(events, ledger)
    facts = facts_of(
        app.parts,
        app.status.statistics(),
        run_id=app.directory.name,
        first_tick_ts=app.status.first_tick_ts,
        notes=run_notes(app, fold),
    )
    summary = summarize_run(fold, facts, series, paths=paths)
    write_json(app.directory / SUMMARY_FILE, summary_dict(summary))
    return summary
