"""The whole list of expiries by the dated calendar, which the universe of a run may lack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache
from itertools import takewhile
from typing import Final

from daemon.chain.expiries import ListedExpiries, listed_expiries
from daemon.chain.listed import ListedOf, own_expiries
from daemon.domain.instrument import Universe
from daemon.rules.expiries import ExpiryTable

AHEAD: Final = dt.timedelta(days=120)
"""The month after next, with a holiday's shift."""
BEFORE: Final = dt.timedelta(days=45)


def listed_by(table: ExpiryTable, universe: Universe) -> ListedOf:
    """Return what lists the expiries by the calendar, or by the universe where it knows others.

    A small universe alone could pass the last weekly of a month off as its monthly (P9). Pure in
    its arguments, so that a recording run again finds the same list.
    """
    own = own_expiries(universe)
    exchanges: dict[str, str] = {}
    for each in universe:
        if each.is_contract:
            exchanges.setdefault(each.name, each.exchange)

    @cache
    def listed(name: str) -> ListedExpiries:
        found = own(name)
        return _completed(found, exchanges[name], name, table) if name in exchanges else found

    return listed


def _completed(own: ListedExpiries, exchange: str, name: str, table: ExpiryTable) -> ListedExpiries:
    expiries = [expiry for expiry in (*own.options, *own.futures) if expiry]
    if not expiries:
        return own
    first = dt.date.fromisoformat(min(expiries)) - BEFORE
    last = dt.date.fromisoformat(max(expiries)) + AHEAD
    options = _iso(takewhile(last.__ge__, table.coming(exchange, name, first)))
    futures = _iso(takewhile(last.__ge__, table.coming_monthly(exchange, name, first)))
    knows_all = set(own.options) <= set(options) and set(own.futures) <= set(futures)
    return listed_expiries(options, futures) if knows_all else own


def _iso(dates: Iterable[dt.date]) -> list[str]:
    return [date.isoformat() for date in dates]
