"""`run_fno_paper report RUN`: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from daemon.domain.dates import parse_ts
from daemon.domain.statistics import MarginStatus
from daemon.errors import JournalCorrupt, UsageError
from daemon.files.text_lines import read_stored
from daemon.journal.recovery import life
from daemon.journal.store import JournalStore
from daemon.metrics.fill_quality import FillProfile
from daemon.report.html import write_report
from daemon.report.model import RunFacts
from daemon.report.reader import report_data_from_journal
from daemon.runtime.run_files import CONFIG_FILE, REPORT_FILE, SUMMARY_FILE
from daemon.runtime.series import Series, equity_of, kept_series, last_marks, prices_of
from daemon.settings.config import ExecutionConfig

Kept = TypeVar("Kept", bound=msgspec.Struct)


class _KeptSummary(msgspec.Struct):
    """What the report takes from summary.json."""

    engine: str = "v3"
    feed: str = ""
    version: str = ""
    ticks: int = 0
    refused_ticks: dict[str, int] = {}
    quality: dict[str, float] = {}
    strategies: dict[str, dict[str, int | str | None]] = {}
    data_from: str | None = None
    data_to: str | None = None
    notes: list[str] = []
    margin: dict[str, float | str | None] | None = None


class _KeptConfig(msgspec.Struct):
    """What the report takes from config.json."""

    execution: ExecutionConfig = ExecutionConfig()


def write_run_report(directory: Path, to: Path | None) -> Path:
    """Write the report of a run, next to its journal unless `to` names a file; return where.

    Works for a run that was killed too: what it kept besides the journal may be missing.
    Raises JournalCorrupt or UsageError.
    """
    series = kept_series(directory)
    with JournalStore.open_whole(directory) as store:
        first, events = life(store)
        data = report_data_from_journal(
            events,
            _facts(directory, store),
            marks=last_marks(series),
            prices=prices_of(series),
            equity=_equity(series, store),
            drawdown=series.drawdown,
            ledger=first,
        )
    path = to or directory / REPORT_FILE
    try:
        return write_report(path, data)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _equity(series: Series, store: JournalStore) -> Sequence[tuple[int, int]]:
    """Return the equity that was kept; version 1 kept none, and it follows from the prices."""
    if series.drawdown is not None:
        return series.equity
    ledger, events = life(store)
    return equity_of(events, series, ledger)


def _facts(directory: Path, store: JournalStore) -> RunFacts:
    kept = _decode(directory / SUMMARY_FILE, _KeptSummary)
    config = _decode(directory / CONFIG_FILE, _KeptConfig)
    notes = [*kept.notes]
    if not (directory / SUMMARY_FILE).exists():
        notes.append("This run did not end cleanly: it has no summary and no price series.")
    return RunFacts(
        run_id=store.meta.run_id,
        account=store.meta.account,
        profile=FillProfile.of(config.execution),
        engine=kept.engine,
        feed=kept.feed,
        version=kept.version or store.meta.program_version,
        ticks=kept.ticks,
        refused_ticks=kept.refused_ticks,
        quality={name: int(value) for name, value in kept.quality.items()},
        strategies=kept.strategies,
        data_from_ts=parse_ts(kept.data_from) if kept.data_from else 0,
        data_to_ts=parse_ts(kept.data_to) if kept.data_to else 0,
        notes=notes,
        margin=None if kept.margin is None else MarginStatus.from_rupees(kept.margin),
    )


def _decode(path: Path, kind: type[Kept]) -> Kept:
    if not path.exists():
        return kind()
    try:
        return msgspec.json.decode(read_stored(path), type=kind)
    except ValueError as error:
        raise JournalCorrupt(f"{path}: is not what a run writes ({error})") from error
