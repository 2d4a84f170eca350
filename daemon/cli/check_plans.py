"""What `check` says of plans: each in plain words, and what a trader would regret."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import islice
from typing import Final

from daemon.chain.contracts import UnderlyingContracts, contracts_of
from daemon.chain.strike_rules import AtOffset
from daemon.domain.dates import SECOND_NS, ist_midnight
from daemon.errors import ConfigError
from daemon.files.yaml_document import dotted_path
from daemon.market.schedule import Schedule
from daemon.plans.terms.finding import Path
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.strike_checks import placed_legs
from daemon.plans.terms.time_checks import ends_same_day
from daemon.plans.terms.warnings import plan_warnings
from daemon.plans.terms.words import plan_text
from daemon.rules.rulebook import Rulebook
from daemon.runtime.build import Parts
from daemon.settings.config import Config

_BFO: Final = frozenset({"SENSEX", "BANKEX", "SENSEX50"})
_LOOKED_AT: Final = 6
"""Expiries that are compared: more than a month has."""


def plan_lines(config: Config) -> tuple[str, ...]:
    """Return each plan as a paragraph of one line."""
    return tuple(f"plan {plan.id}: {plan_text(plan)}" for plan in config.plans.items)


def plan_notes(config: Config) -> Iterator[str]:
    """Yield what is odd in the plans themselves, those that are switched off left out."""
    for at, plan in _enabled(config):
        for path, text in plan_warnings(at, plan):
            yield f"{dotted_path(path)}: {text}"


def refuse_missing_weeklies(file: str, config: Config, rules: Rulebook, date: dt.date) -> None:
    """Refuse a leg of weekly contracts whose underlying has none on the date (P9).

    Raises ConfigError. An underlying whose expiries no table states is not judged.
    """
    for at, plan in _enabled(config):
        if _has_weeklies(rules, plan.underlying, date) is not False:
            continue
        for where, leg in placed_legs(at, plan):
            if leg.expiry.endswith("weekly"):
                raise ConfigError(
                    f"{file}: {dotted_path((*where, 'expiry'))}: {plan.underlying} has no weekly "
                    f"contracts on {date}; write monthly or next_monthly"
                )


def market_notes(parts: Parts, date: dt.date) -> Iterator[str]:
    """Yield what the contracts and the session of a date make odd in the plans."""
    schedule = Schedule(parts.rules, parts.feed.universe)
    for at, plan in _enabled(parts.config):
        contracts = contracts_of(parts.feed.universe, plan.underlying)
        if not contracts.options and not contracts.futures:
            yield (
                f"{dotted_path((*at, 'underlying'))}: the universe has no contract of "
                f"{plan.underlying}: each day is SKIPPED no_expiry"
            )
            continue
        if plan.reference == "spot" and contracts.spot is None:
            yield (
                f"{dotted_path((*at, 'reference'))}: the universe has no spot price of "
                f"{plan.underlying}: each day is SKIPPED no_reference; add its index, or write "
                "reference: future"
            )
        yield from _strikes_outside(at, plan, contracts)
        yield from _after_square_off(parts, schedule, at, plan, contracts, date)


def _enabled(config: Config) -> Iterator[tuple[Path, Plan]]:
    for number, plan in enumerate(config.plans.items):
        if plan.enabled:
            yield ("plans", "list", number), plan


def _has_weeklies(rules: Rulebook, underlying: str, date: dt.date) -> bool | None:
    exchange = "BFO" if underlying in _BFO else "NFO"
    coming = list(islice(rules.expiries.coming(exchange, underlying, date), _LOOKED_AT))
    months = set(islice(rules.expiries.coming_monthly(exchange, underlying, date), _LOOKED_AT))
    return any(day not in months for day in coming) if coming else None


def _strikes_outside(at: Path, plan: Plan, contracts: UnderlyingContracts) -> Iterator[str]:
    """Warn of an n-th strike that not even a chain with ATM in its middle has."""
    widest = max((len(each.listed) for each in contracts.options.values()), default=0)
    for where, leg in placed_legs(at, plan):
        rule = leg.strike_rule
        if isinstance(rule, AtOffset) and abs(rule.steps) > widest // 2:
            yield (
                f"{dotted_path((*where, 'strike'))}: {abs(rule.steps)} strikes from ATM, but an "
                f"expiry has {widest} in the universe: SKIPPED outside_window on most days"
            )


def _after_square_off(
    parts: Parts, schedule: Schedule, at: Path, plan: Plan,
    contracts: UnderlyingContracts, date: dt.date,
) -> Iterator[str]:  # fmt: skip
    """Warn of an exit that the square-off of MIS comes before (P46)."""
    if plan.product != "MIS" or plan.exit is None or not ends_same_day(plan):
        return
    indices = [index for strikes in contracts.options.values() for kind in ("CE", "PE")
               for strike in strikes.listed[:1]
               if (index := strikes.index_of(strike, kind)) is not None]  # fmt: skip
    closes = [schedule.span(index, date)[1] for index in (*indices, *contracts.futures.values())]
    square_off = min((close for close in closes if close), default=0)
    square_off -= parts.config.execution.square_off_ns
    leaves = ist_midnight(date) + plan.exit.at_ns
    if 0 < square_off < leaves:
        clock = dt.timedelta(seconds=(square_off - ist_midnight(date)) // SECOND_NS)
        yield (
            f"{dotted_path((*at, 'exit'))}: exit_after_square_off: on {date} MIS is squared off "
            f"at {clock}, before {plan.exit.at}; write an earlier exit, or a smaller "
            "execution.square_off_before_close_min"
        )
