"""Join the rows of `split: day`: a variant's days are one run, its numbers those of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.lab.numbers.neighbours import Value
from daemon.lab.numbers.ratios import daily_drawdown, ratios_of
from daemon.lab.page.model import SweptRun

SUMS: Final = (
    "net_rupees", "gross_rupees", "days", "missing_days", "trades", "wins", "losses", "flat",
    "trades_without_stop", "doubtful_trades", "doubtful_gross_rupees", "doubtful_net_rupees",
)  # fmt: skip
"""Numbers of days that add up; ratios follow from the days, means of trades do not."""


def joined_spans(runs: Sequence[SweptRun], capital_rupees: float | None) -> list[SweptRun]:
    """Return one run for each variant and profile.

    One that failed on a day has failed, with that day's cause. The drawdown is that of daily
    closes, as no minute is known across days.
    """
    found: dict[tuple[str, str], list[SweptRun]] = {}
    for run in runs:
        found.setdefault((run.key, run.profile), []).append(run)
    return [_joined(spans, capital_rupees) for spans in found.values()]


def _joined(spans: Sequence[SweptRun], capital_rupees: float | None) -> SweptRun:
    bad = next((span for span in spans if span.status != "done"), None)
    if bad is not None:
        return bad
    changes = list(spans[0].days.values())
    ratios = ratios_of(changes, capital_rupees)
    numbers: dict[str, Value] = {name: _sum(spans, name) for name in SUMS}
    trades, wins = numbers["trades"], numbers["wins"]
    if isinstance(trades, int) and isinstance(wins, int) and trades:
        numbers["win_rate"] = wins / trades
    for name in ("sharpe", "sortino", "volatility", "annual_return", "calmar", "too_few_days",
                 "drawdown_sessions", "drawdown_is_open"):  # fmt: skip
        numbers[name] = getattr(ratios, name)
    numbers["max_drawdown_rupees"] = daily_drawdown(changes).depth_paise / PAISE_PER_RUPEE
    return replace(spans[0], numbers=numbers)


def _sum(spans: Sequence[SweptRun], name: str) -> Value:
    known = [value for span in spans if isinstance(value := span.numbers.get(name), int | float)]
    return sum(known) if len(known) == len(spans) else None
