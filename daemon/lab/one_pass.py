"""`run_variants`: many variants of a run in one pass over the data.

    run_variants(
        variants: Sequence[Config],
        *,
        data_dir: str | os.PathLike[str] | None = None,
        classes: Mapping[str, type] | None = None,      # strategies in no module, by id
        on_done: Callable[[int, Outcome], None] | None = None,
    ) -> list[Outcome]

`on_done` gets the place of a variant in `variants` and its outcome as soon as that is known, in
whatever order; the list has the order of `variants`. Only what is wrong with the call itself is
raised: whatever ends a variant is the cause of its outcome.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from daemon.domain.events import TradingEvent
from daemon.lab.outcome import Outcome, failed
from daemon.lab.variant_fold import VariantFold
from daemon.rules import Rulebook
from daemon.runtime.machine import StrategyClasses
from daemon.runtime.minute_equity import MinuteEquity
from daemon.runtime.one_pass import Pass, entries_by_data
from daemon.settings.config import Config

OnDone = Callable[[int, Outcome], None]
"""Take the place of a variant and its outcome."""


def run_variants(
    variants: Sequence[Config],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    classes: StrategyClasses | None = None,
    on_done: OnDone | None = None,
) -> list[Outcome]:
    """Return the outcome of each variant; one that fails ends nothing but itself.

    Variants of the same data share one pass over them. `classes` are strategies that are in no
    module, by id. `on_done` is called with the place of a variant and its outcome as soon as that
    is known. Raises nothing of a variant.
    """
    directory = None if data_dir is None else Path(data_dir)
    outcomes = pass_over(dict(enumerate(variants)), directory, classes, on_done)
    return [outcomes[place] for place in range(len(variants))]


def pass_over(
    variants: Mapping[int, Config],
    data_dir: Path | None = None,
    classes: StrategyClasses | None = None,
    on_done: OnDone | None = None,
) -> dict[int, Outcome]:
    """Return the outcome of each variant by its place, in one pass for each group."""
    outcomes = _Outcomes(variants, on_done)
    for entries in entries_by_data(list(variants.items()), outcomes, data_dir):
        try:
            group = Pass(entries, outcomes, data_dir=data_dir, classes=classes)
        except Exception as error:  # noqa: BLE001 - the data: it ends all of the group
            for entry in entries:
                outcomes.fail(entry.place, error)
            continue
        group.run()
    return outcomes.by_place


class _Outcomes:
    """Folds what becomes of each variant into its outcome."""

    def __init__(self, variants: Mapping[int, Config], on_done: OnDone | None) -> None:
        self.by_place: dict[int, Outcome] = {}
        self._on_done = on_done
        self._folds = {
            place: VariantFold(config.capital_rupees) for place, config in variants.items()
        }

    def hear(self, place: int, events: Sequence[TradingEvent]) -> None:
        """Fold what a variant has decided."""
        self._folds[place].take(events)

    def end(self, place: int, equity: MinuteEquity, rules: Rulebook) -> None:
        """Tell of a variant that has come to the end of the data."""
        told = self._folds[place].told(equity, rules)
        self._close(place, Outcome(status="done", told=told))

    def fail(self, place: int, error: Exception) -> None:
        """Tell of a variant that was ended."""
        self._close(place, failed(error))

    def _close(self, place: int, outcome: Outcome) -> None:
        del self._folds[place]
        self.by_place[place] = outcome
        if self._on_done is not None:
            self._on_done(place, outcome)
