"""The counters of an engine and its market, for metrics and the summary."""

from __future__ import annotations

from daemon.domain.dates import SECOND_NS
from daemon.domain.statistics import EngineStatistics
from daemon.execution.engine import ExecutionEngineV3
from daemon.market.intake import Intake
from daemon.market.session_bars import SessionBars


def engine_statistics(
    engine: ExecutionEngineV3, intake: Intake, bars: SessionBars
) -> EngineStatistics:
    """Return the counters so far; reasons that have refused no row are left out."""
    return EngineStatistics(
        engine=engine.name,
        ticks=intake.rows,
        refused_rows={k: v for k, v in intake.refused.items() if v},
        dropped_books=intake.dropped_books,
        bad_sides=intake.bad_sides,
        outside_session=intake.outside_session,
        late_for_candle=bars.late_rows,
        gaps=intake.gaps,
        longest_gap_s=intake.longest_gap_ns // SECOND_NS,
        candles=bars.candles_closed,
        settlements_pending=len(engine.settlements_pending()),
        round_valued_stale=engine.quotes.stale_values,
        margin=engine.account.margin_status,
    )
