"""What becomes of the variants of a pass, folded into their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.statistics import MarginStatus
from daemon.lab.numbers.days import Calendar
from daemon.lab.outcome import Outcome, failed
from daemon.lab.variant_fold import StrategyErrors, VariantFold
from daemon.runtime.minute_equity import MinuteEquity
from daemon.runtime.one_pass import Entry


class Outcomes:
    """The outcomes by place; hears a pass over `entries`."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.by_place: dict[int, Outcome] = {}
        self._capital = {entry.place: entry.config.capital_rupees for entry in entries}
        self._folds: dict[int, VariantFold] = {}
        self._errors = {entry.place: StrategyErrors() for entry in entries}

    def enter(self, place: int, ledger: Ledger) -> Callable[[TradingEvent], None]:
        """Return what folds the events of a variant, each when its ledger has taken it."""
        fold = self._folds[place] = VariantFold(self._capital[place], ledger)
        return fold.add

    def fault(self, place: int, strategy_id: str, error: str) -> None:
        """Count an error of a variant's strategy."""
        self._errors[place].add(strategy_id, error)

    def end(
        self, place: int, equity: MinuteEquity, calendar: Calendar, margin: MarginStatus | None
    ) -> None:
        """Close a variant that has come to the end of the data."""
        told = self._folds.pop(place).told(equity.closes(), equity.drawdown(), calendar, margin)
        self.by_place[place] = Outcome(status="done", warning=self._errors[place].line(), told=told)

    def fail(self, place: int, error: Exception) -> None:
        """Close a variant that was ended."""
        self._folds.pop(place, None)
        self.by_place[place] = failed(error)
