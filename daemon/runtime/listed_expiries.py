"""The whole list of expiries by the dated calendar, which the universe of a run may lack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from daemon.chain.contracts import UnderlyingContracts
from daemon.chain.expiries import ListedExpiries, listed_expiries
from daemon.rules.expiries import ExpiryTable

OPTIONS_AHEAD: Final = 40
"""Expiries of options: weeks enough for the month after next."""
FUTURES_AHEAD: Final = 3


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
