"""Whose expiries are meant: one question for plans and strategies."""

from __future__ import annotations

from collections.abc import Callable

from daemon.chain.expiries import ListedExpiries, listed_expiries
from daemon.domain.instrument import Universe

ListedOf = Callable[[str], ListedExpiries]
"""The whole list of an underlying's expiries; without any where it has no contracts."""


def own_expiries(universe: Universe) -> ListedOf:
    """Return what lists the expiries that the contracts of a universe have."""
    options: dict[str, set[str]] = {}
    futures: dict[str, set[str]] = {}
    for instrument in universe:
        if instrument.is_contract:
            found = options if instrument.is_option else futures
            found.setdefault(instrument.name, set()).add(instrument.expiry)

    def listed(name: str) -> ListedExpiries:
        return listed_expiries(options.get(name, ()), futures.get(name, ()))

    return listed
