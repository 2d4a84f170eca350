"""The whole list of expiries by the dated calendar, which the universe of a run may lack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from itertools import islice, takewhile
from typing import Final

from daemon.chain.contracts import UnderlyingContracts
from daemon.chain.expiries import ListedExpiries, listed_expiries
from daemon.clockwork.paper_engine import listed_of
from daemon.domain.instrument import Universe
from daemon.rules import Rulebook
from daemon.rules.expiries import ExpiryTable
from daemon.settings.config import Config

OPTIONS_AHEAD: Final = 40
"""Expiries of options: weeks enough for the month after next."""
FUTURES_AHEAD: Final = 3
PLANS_AHEAD: Final = dt.timedelta(days=120)
PLANS_BEFORE: Final = dt.timedelta(days=45)


def listed_by(
    table: ExpiryTable,
) -> Callable[[str, UnderlyingContracts, dt.date], ListedExpiries]:
    """Return what lists the expiries of an underlying: the calendar's and those of the run."""

    def listed(exchange: str, contracts: UnderlyingContracts, date: dt.date) -> ListedExpiries:
        name = contracts.name
        options = islice(table.coming(exchange, name, date), OPTIONS_AHEAD)
        futures = islice(table.coming_monthly(exchange, name, date), FUTURES_AHEAD)
        return listed_expiries(
            [*contracts.options, *_iso(options)], [*contracts.futures, *_iso(futures)]
        )

    return listed


def _iso(dates: Iterable[dt.date]) -> list[str]:
    return [date.isoformat() for date in dates]


def listed_for(config: Config, rules: Rulebook, universe: Universe) -> dict[str, ListedExpiries]:
    """Return the expiries by the dated calendar, or those of the universe where it knows others.

    A small universe alone could pass the last weekly of a month off as its monthly (P9). Pure in
    its arguments, so that a recording run again finds the same list.
    """
    own = listed_of(universe)
    names = {plan.underlying for plan in config.plans.items}
    return {name: _listed(own[name], name, rules, universe) for name in names & own.keys()}


def _listed(own: ListedExpiries, name: str, rules: Rulebook, universe: Universe) -> ListedExpiries:
    expiries = (*own.options, *own.futures)
    exchange = next(each.exchange for each in universe if each.is_contract and each.name == name)
    first = dt.date.fromisoformat(min(expiries)) - PLANS_BEFORE
    last = dt.date.fromisoformat(max(expiries)) + PLANS_AHEAD
    table = rules.expiries
    options = _iso(takewhile(last.__ge__, table.coming(exchange, name, first)))
    futures = _iso(takewhile(last.__ge__, table.coming_monthly(exchange, name, first)))
    knows_all = set(own.options) <= set(options) and set(own.futures) <= set(futures)
    return listed_expiries(options, futures) if knows_all else own
