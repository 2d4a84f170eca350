"""What a run came to: the facts and the summary of its events, whoever drove it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daemon import VERSION
from daemon.metrics.fill_quality import FillProfile
from daemon.report.fold import RunFold
from daemon.report.model import RunFacts
from daemon.report.summary import RunSummary, summary_of
from daemon.runtime.build import Parts
from daemon.runtime.series import Series, last_marks

_NOT_QUALITY = ("engine", "ticks", "refused_rows")


def facts_of(
    parts: Parts,
    *,
    run_id: str,
    first_tick_ts: int,
    timing: Mapping[str, int],
    notes: Sequence[str] = (),
) -> RunFacts:
    """Return what the events do not say about a run that has ended.

    `first_tick_ts` is UTC ns, 0 without a tick; `timing` are counters of late decisions.
    """
    stats, config = parts.engine.stats(), parts.config
    quality: dict[str, Any] = {k: v for k, v in stats.items() if v and k not in _NOT_QUALITY}
    fed = parts.feed.quality() | dict(timing)
    quality |= {k: v for k, v in fed.items() if v and k != "rows"}
    return RunFacts(
        run_id=run_id,
        profile=FillProfile.of(config.execution),
        account=config.account,
        engine=stats["engine"],
        feed=parts.feed.name,
        version=VERSION,
        ticks=stats["ticks"],
        data_from_ts=first_tick_ts,
        data_to_ts=parts.engine.at.now if first_tick_ts else 0,
        refused_ticks=stats["refused_rows"],
        quality=quality,
        strategies=parts.strategies.status(),
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
