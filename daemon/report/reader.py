"""From a journal's events to the data of a report, wherever the events are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from daemon.domain.drawdown import Drawdown
from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.report.fold import RunFold
from daemon.report.html import ReportData
from daemon.report.levels import LevelFold
from daemon.report.model import Point, RunFacts
from daemon.report.summary import summary_of


def report_data_from_journal(
    events: Iterable[TradingEvent],
    facts: RunFacts,
    *,
    marks: Mapping[str, int] | None = None,
    prices: Mapping[str, Sequence[Point]] | None = None,
    equity: Sequence[Point] = (),
    drawdown: Drawdown | None = None,
    paths: Sequence[str] = (),
    ledger: Ledger | None = None,
) -> ReportData:
    """Fold `events`, in order, into everything that the page shows.

    `ledger` is the one before them, if older ones were archived; it is used up. `drawdown` is that
    of the account's life up to the last point of `equity`.

    `marks` are last prices by tradingsymbol in paise; without them the last point of `prices`
    counts, and without that the last fill. Raises InvalidTransition for a journal that is not one.
    """
    fold, levels = RunFold((), ledger), LevelFold()
    for event in events:
        fold.add(event)
        levels.add(event)
    prices = prices or {}
    last = {symbol: points[-1][1] for symbol, points in prices.items() if points}
    summary = summary_of(
        fold, facts, marks={**last, **(marks or {})}, equity=equity, drawdown=drawdown, paths=paths
    )
    return ReportData(
        summary=summary,
        markers=tuple(fold.markers),
        booked=tuple(fold.booked),
        equity=tuple(equity),
        prices=prices,
        levels=levels.steps,
    )
