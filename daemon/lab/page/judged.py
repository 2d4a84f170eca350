"""Judge the variants of a sweep: which is best, and how far that can be trusted."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from statistics import variance
from typing import Final

import msgspec

from daemon.lab.numbers.bootstrap import Interval, bootstrap
from daemon.lab.numbers.deflated import deflated_sharpe, shape_of
from daemon.lab.numbers.neighbours import Around, around, neighbours
from daemon.lab.numbers.ratios import SESSIONS_A_YEAR, sharpe
from daemon.lab.numbers.walk_forward import OutOfSample, Select, Variant, walk_forward
from daemon.lab.page.model import Sweep, SweptRun
from daemon.lab.sweep.where import holds as satisfies

COLUMN_OF: Final[Mapping[Select, str]] = {
    "sharpe": "sharpe", "net": "net_rupees", "calmar": "calmar", "median_neighbour": "sharpe",
}  # fmt: skip
"""What is ranked by, as a column of `runs.parquet`."""
BEST: Final = 20
DONE: Final = "done"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep and what follows from it. Lists are by the number of a variant in `variants`."""

    sweep: Sweep
    variants: Sequence[SweptRun]
    """Those that are done, as they ran, the best first."""
    select: str
    """The column that variants are ranked by: `sharpe`, `calmar` or `net_rupees`."""
    holds: Sequence[bool]
    """Whether each fulfils `where`."""
    near: Sequence[Sequence[int]]
    around: Sequence[Around | None]
    """The number that is ranked by, of each variant and its neighbours."""
    best: int | None
    best_by_neighbours: int | None
    intervals: Mapping[int, Interval]
    """Of the sum of the days, rupees, for the best variants."""
    deflated: float | None
    """Of the best one: how probable it is that it is better than luck."""
    spread: float | None
    """Sample variance of the daily Sharpe ratios of the variants."""
    dates: Sequence[dt.date]
    out_of_sample: OutOfSample | None
    walk_error: str = ""
    """Why there is no walk-forward although one is asked for."""


def judge(sweep: Sweep) -> Judged:
    """Return the judged sweep. Raises ValueError for a condition that a sweep file refuses."""
    own = [run for run in sweep.runs if run.status == DONE and not run.profile]
    select = _selected(sweep, own)
    order = sorted(range(len(own)), key=lambda at: (_rank(own[at], select), at))
    variants = [own[at] for at in order]
    near = neighbours([run.params for run in variants], sweep.axes)
    numbers = [_number(run, select) for run in variants]
    rings = [
        around(number, [numbers[other] for other in others])
        for number, others in zip(numbers, near, strict=True)
    ]
    holds = [satisfies(sweep.where, run.numbers) for run in variants]
    ranked = [at for at, number in enumerate(numbers) if holds[at] and number is not None]
    steady = _best_ring(rings, ranked)
    best = steady if sweep.select == "median_neighbour" else ranked[0] if ranked else None
    dates = sorted({date for run in variants for date in run.days})
    spread = _spread(variants)
    walked, error = _walk(sweep, own, order, dates)
    return Judged(
        sweep=sweep, variants=variants, select=select, holds=holds, near=near, around=rings,
        best=best, best_by_neighbours=steady,
        intervals=_intervals(sweep, variants, ranked), spread=spread,
        deflated=_deflated(sweep, variants, best, spread),
        dates=dates, out_of_sample=walked, walk_error=error,
    )  # fmt: skip


def daily_sharpe(run: SweptRun) -> float | None:
    """Return the Sharpe ratio of a day."""
    yearly = sharpe(list(run.days.values()))
    return None if yearly is None else yearly / math.sqrt(SESSIONS_A_YEAR)


def _selected(sweep: Sweep, runs: Sequence[SweptRun]) -> str:
    """Return the column that is ranked by: net where no variant has the wanted number.

    Never net where the capital is swept, as more capital earns more.
    """
    wanted, net = COLUMN_OF[sweep.select], COLUMN_OF["net"]
    if sweep.sweeps_capital:
        return COLUMN_OF["sharpe"] if wanted == net else wanted
    return wanted if any(_number(run, wanted) is not None for run in runs) else net


def _number(run: SweptRun, name: str) -> float | None:
    value = run.numbers.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _rank(run: SweptRun, select: str) -> tuple[bool, float, float]:
    """Return what variants are sorted by, as on the terminal: the number, then net."""
    number, net = _number(run, select), _number(run, COLUMN_OF["net"])
    return number is None, -(number or 0.0), -(net or 0.0)


def _best_ring(rings: Sequence[Around | None], ranked: Sequence[int]) -> int | None:
    known = [(-ring.median, at) for at in ranked if (ring := rings[at]) is not None]
    return min(known)[1] if known else None


def _intervals(
    sweep: Sweep, variants: Sequence[SweptRun], ranked: Sequence[int]
) -> dict[int, Interval]:
    found = {
        at: _interval(sweep, list(variants[at].days.values()), number)
        for number, at in enumerate(ranked[:BEST])
    }
    return {at: interval for at, interval in found.items() if interval is not None}


def _interval(sweep: Sweep, days: Sequence[int], number: int) -> Interval | None:
    rupees = [paise / 100 for paise in days]
    return bootstrap(rupees, seed=sweep.seed, number=number, over_nights=sweep.over_nights)


def _spread(variants: Sequence[SweptRun]) -> float | None:
    known = [daily for run in variants if (daily := daily_sharpe(run)) is not None]
    return variance(known) if len(known) > 1 else None


def _deflated(
    sweep: Sweep, variants: Sequence[SweptRun], best: int | None, spread: float | None
) -> float | None:
    if best is None or spread is None:
        return None
    days = list(variants[best].days.values())
    daily, shape = daily_sharpe(variants[best]), shape_of(days)
    if daily is None or shape is None:
        return None
    tries = max(sweep.tries, len(variants))
    return deflated_sharpe(
        daily, days=len(days), tries=tries, variance=spread, skewness=shape[0], kurtosis=shape[1]
    )


def _walk(
    sweep: Sweep,
    runs: Sequence[SweptRun],
    order: Sequence[int],
    dates: Sequence[dt.date],
) -> tuple[OutOfSample | None, str]:
    """Return the walk-forward over `runs` in the order of the grid, by numbers in `order`."""
    how = sweep.walk_forward
    if how is None or not runs:
        return None, ""
    if how.select == "net" and sweep.sweeps_capital:
        return None, "capital_rupees is swept: net of different accounts cannot choose one"
    if sweep.candidates is not None and not sweep.candidates:
        return None, "The studies of the windows are not done: start the sweep again."
    near = neighbours([run.params for run in runs], sweep.axes)
    cut = [
        Variant(
            changes_paise=[run.days.get(date, 0) for date in dates],
            trades=[run.trades.get(date, 0) for date in dates], neighbours=others,
        )
        for run, others in zip(runs, near, strict=True)
    ]  # fmt: skip
    walked = walk_forward(
        cut, how, seed=sweep.seed, over_nights=sweep.over_nights,
        candidates=_by_number(sweep.candidates, runs),
    )  # fmt: skip
    if walked.windows:
        windows = [
            msgspec.structs.replace(
                window, chosen=None if window.chosen is None else order.index(window.chosen)
            )
            for window in walked.windows
        ]
        return msgspec.structs.replace(walked, windows=windows), ""
    return None, how.too_few(len(dates))


def _by_number(
    candidates: Sequence[Sequence[str]] | None, runs: Sequence[SweptRun]
) -> list[list[int]] | None:
    """Return each window's candidates by their numbers in `runs`, those that failed left out."""
    if candidates is None:
        return None
    numbers = {run.key: at for at, run in enumerate(runs)}
    return [[numbers[key] for key in keys if key in numbers] for keys in candidates]
