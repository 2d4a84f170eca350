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
from collections.abc import Callable, Sequence
from pathlib import Path

from daemon.lab.outcome import Doubt, Outcome, Told, failed
from daemon.lab.result import Result
from daemon.report.fold import RunFold
from daemon.runtime.machine import StrategyClasses
from daemon.runtime.simulate import run
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

    `classes` are strategies that are in no module, by id. `on_done` is called with the place of a
    variant and its outcome as soon as that is known. Raises nothing of a variant.
    """
    directory = None if data_dir is None else Path(data_dir)
    outcomes: list[Outcome] = []
    for place, config in enumerate(variants):
        outcome = run_alone(config, data_dir=directory, classes=classes)
        outcomes.append(outcome)
        if on_done is not None:
            on_done(place, outcome)
    return outcomes


def run_alone(
    config: Config, *, data_dir: Path | None = None, classes: StrategyClasses | None = None
) -> Outcome:
    """Return the outcome of a variant that is run by itself."""
    try:
        return Outcome(
            status="done", told=told_of(Result(run(config, data_dir=data_dir, classes=classes)))
        )
    except Exception as error:  # noqa: BLE001 - whatever ends a variant is its cause
        return failed(error)


def told_of(result: Result) -> Told:
    """Return what a single run came to."""
    exits = RunFold(result.events).exits
    in_doubt = {row.order_id for row in exits if row.evidence.stale or row.evidence.optimistic}
    doubtful = [row for row in exits if row.order_id in in_doubt]
    closes, series = result.closes, result.series
    assert series.drawdown is not None
    return Told(
        events_hash=result.events_hash,
        trades=result.trades,
        net_paise=closes[max(closes)] if closes else 0,
        gross_paise=sum(row.gross_paise for row in exits),
        days=result.days,
        drawdown=series.drawdown,
        ratios=result.ratios,
        figures=result.trade_figures,
        doubt=Doubt(
            trades=len(in_doubt),
            gross_paise=sum(row.gross_paise for row in doubtful),
            net_paise=sum(row.net_paise for row in doubtful),
        ),
    )
