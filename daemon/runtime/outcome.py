"""The outcome of a run: facts and summary of its events, whoever drove it."""

from __future__ import annotations

from collections.abc import Sequence

from daemon import VERSION
from daemon.domain.statistics import RunStatistics
from daemon.metrics.fill_quality import FillProfile
from daemon.report.fold import RunFold
from daemon.report.model import RunFacts
from daemon.report.summary import RunSummary, summary_of
from daemon.runtime.build import Parts
from daemon.runtime.series import Series, last_marks


def facts_of(
    parts: Parts,
    statistics: RunStatistics,
    *,
    run_id: str,
    first_tick_ts: int,
    notes: Sequence[str] = (),
) -> RunFacts:
    """Return what the events do not say about a run that has ended.

    `first_tick_ts` is UTC ns, 0 without a tick.
    """
    config, counted = parts.config, parts.engine.stats()
    return RunFacts(
        run_id=run_id,
        profile=FillProfile.of(config.execution),
        account=config.account,
        engine=counted.engine,
        feed=parts.feed.name,
        version=VERSION,
        ticks=counted.ticks,
        data_from_ts=first_tick_ts,
        data_to_ts=parts.engine.at.now if first_tick_ts else 0,
        refused_ticks=counted.refused_rows,
        quality=statistics.oddities(),
        strategies=statistics.strategies,
        margin=counted.margin,
        notes=list(notes),
    )


def summarize_run(
    fold: RunFold, facts: RunFacts, series: Series, *, paths: Sequence[str] = ()
) -> RunSummary:
    """Return the summary of events that were folded, with prices and equity of `series`."""
    return summary_of(
        fold,
        facts,
        marks=last_marks(series),
        equity=series.equity,
        drawdown=series.drawdown,
        paths=paths,
    )
