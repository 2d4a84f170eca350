"""The rulebook that a configuration names, and what its engine is charged by."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from daemon.domain.dates import ist_date
from daemon.domain.instrument import Universe
from daemon.rules import Rulebook, load_rulebook
from daemon.rules.charges import BrokeragePlan
from daemon.rules.reach import before_first_rows, calendar_warnings
from daemon.settings.config import Config


def load_rules(config: Config) -> Rulebook:
    """Load `rules.directory` with `rules.local` over it. Raises ConfigError."""
    named = config.rules
    return load_rulebook(
        Path(named.directory) if named.directory else None,
        Path(named.local) if named.local else None,
    )


def engine_rules(config: Config, rules: Rulebook, universe: Universe) -> Rulebook:
    """Return the rules for an engine: those given, with the configured brokerage.

    Raises ConfigError for an instrument of an exchange whose rules are not in the tables.
    """
    rules.refuse_unknown(universe, charged=config.execution.charges)
    plan = config.charges.brokerage
    if plan is None:
        return rules
    percent = None if plan.percent is None else Decimal(repr(plan.percent))
    most = Decimal(repr(plan.per_order_rupees))
    return rules.with_brokerage(BrokeragePlan(most_rupees=most, percent=percent))


def date_warnings(
    config: Config, rules: Rulebook, universe: Universe, first_ts: int, last_ts: int
) -> list[str]:
    """Return what to know of data from `first_ts` to `last_ts` (UTC ns) that no row covers."""
    first, last = ist_date(first_ts), ist_date(last_ts)
    charged = config.execution.charges
    return [
        *calendar_warnings(rules, first, last),
        *before_first_rows(rules, universe, first, charged=charged),
    ]
