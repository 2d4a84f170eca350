"""The cash of an account: its capital, what it has made and spent, and premiums of what is open."""

from __future__ import annotations

import math
from decimal import Decimal

from daemon.domain import account_totals
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.margin.funds import Cash


class AccountCash:
    """What margins are asked of, from the ledger as it is."""

    def __init__(
        self,
        capital_paise: int,
        universe: Universe,
        ledger: Ledger,
        quotes: Quotes,
        untraded: UntradedHoldings,
    ) -> None:
        self._capital = capital_paise
        self._universe = universe
        self._ledger = ledger
        self._quotes = quotes
        self._untraded = untraded

    def paise(self) -> int:
        """Return the cash, paise; less than 0 where more was spent than there was."""
        ledger = self._ledger
        paid, marked = {1: 0, -1: 0}, 0
        for position in ledger.positions.values():
            marked += position.marked_paise
            if self._universe[self._quotes.index_of(position.tradingsymbol)].is_option:
                paid[position.sign] += position.cost_paise
        for untraded in ledger.untraded.positions.values():
            marked += untraded.cost.marked_paise
            index = self._untraded.index_of(untraded)
            if index is not None and self._universe[index].is_option:
                paid[untraded.cost.sign] += untraded.cost.cost_paise
        return Cash(
            capital=self._capital,
            realized=account_totals.realized_paise(ledger),
            charges=paise_up(account_totals.charges(ledger)),
            premium_paid=paid[1],
            premium_received=paid[-1],
            marked_loss=-marked,
        ).paise


def paise_up(rupees: Decimal) -> int:
    """Return rupees as whole paise, rounded up."""
    return math.ceil(rupees * PAISE_PER_RUPEE)
