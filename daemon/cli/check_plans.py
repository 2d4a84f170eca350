"""What `check` says of plans: each in plain words, and what a trader would regret."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from daemon.chain.contracts import UnderlyingContracts, contracts_of
from daemon.chain.strike_rules import AtOffset, ExactStrike
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.errors import ConfigError
from daemon.files.yaml_document import dotted_path
from daemon.plans.terms.finding import Path
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.strike_checks import placed_legs
from daemon.plans.terms.warnings import plan_warnings
from daemon.plans.terms.words import plan_text
from daemon.rules.rulebook import Rulebook
from daemon.runtime.build import Parts
from daemon.runtime.plan_exits import exchange_of, late_exits
from daemon.settings.config import Config

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
                advice = _another_name(rules, plan.underlying) or "; write monthly or next_monthly"
                raise ConfigError(
                    f"{file}: {dotted_path((*where, 'expiry'))}: {plan.underlying} has no weekly "
                    f"contracts on {date}{advice}"
                )


def market_notes(parts: Parts, date: dt.date) -> Iterator[str]:
    """Yield what the contracts and the sessions of a date make odd in the plans."""
    yield from late_exits(parts.config, parts.rules, [date])
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


def _enabled(config: Config) -> Iterator[tuple[Path, Plan]]:
    for number, plan in enumerate(config.plans.items):
        if plan.enabled:
            yield ("plans", "list", number), plan


def _has_weeklies(rules: Rulebook, underlying: str, date: dt.date) -> bool | None:
    exchange = exchange_of(underlying)
    coming = list(islice(rules.expiries.coming(exchange, underlying, date), _LOOKED_AT))
    months = set(islice(rules.expiries.coming_monthly(exchange, underlying, date), _LOOKED_AT))
    return any(day not in months for day in coming) if coming else None


def _another_name(rules: Rulebook, underlying: str) -> str:
    """Return the question after an index whose name is nearly that of a plan, else nothing."""
    known = rules.contracts_file.index_underlyings
    if underlying in known:
        return ""
    near = difflib.get_close_matches(underlying.upper(), known, n=1, cutoff=0.75)
    return f"; did you mean {near[0]!r}?" if near else ""


def _strikes_outside(at: Path, plan: Plan, contracts: UnderlyingContracts) -> Iterator[str]:
    """Warn of a strike that not even a chain with ATM in its middle has, or that no expiry has."""
    chains = contracts.options.values()
    widest = max((len(each.listed) for each in chains), default=0)
    listed = {strike for chain in chains for strike in chain.listed}
    for where, leg in placed_legs(at, plan):
        rule = leg.strike_rule
        if isinstance(rule, AtOffset) and abs(rule.steps) > widest // 2:
            yield (
                f"{dotted_path((*where, 'strike'))}: {abs(rule.steps)} strikes from ATM, but an "
                f"expiry has {widest} in the universe: SKIPPED outside_window on most days"
            )
        if isinstance(rule, ExactStrike) and listed and rule.paise not in listed:
            yield (
                f"{dotted_path((*where, 'strike'))}: no expiry in the universe has the strike "
                f"{rule.paise / PAISE_PER_RUPEE:g}; its strikes are from "
                f"{min(listed) / PAISE_PER_RUPEE:g} to {max(listed) / PAISE_PER_RUPEE:g}"
            )
