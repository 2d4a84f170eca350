"""What margins are computed of: positions, working entries, their limits, and the cash."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from daemon.domain import account_totals
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.order import Order, Side
from daemon.exchange.protection import protected_limit
from daemon.execution.margin_market import Line, LineKey, line_key
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.execution.working_entries import WorkingEntries
from daemon.margin.funds import Cash


class Working(NamedTuple):
    """An order that opens and is not over: what it may still fill, at which limit (paise)."""

    instrument: int
    product: str
    side: Side
    quantity: int
    limit_paise: int


class MarginAccount:
    """Read the account as a margin asks for it; nothing is kept."""

    def __init__(
        self,
        capital_paise: int,
        universe: Universe,
        ledger: Ledger,
        quotes: Quotes,
        untraded: UntradedHoldings,
        entries: WorkingEntries,
    ) -> None:
        self._capital = capital_paise
        self._universe = universe
        self._ledger = ledger
        self._quotes = quotes
        self._untraded = untraded
        self._working = entries

    def held_lines(self) -> dict[LineKey, Line]:
        """Return what is held, a line for each contract and way of settlement."""
        lines: dict[LineKey, Line] = {}
        for position in self._ledger.positions.values():
            index = self._quotes.index_of(position.tradingsymbol)
            line = lines.setdefault(self.key(index, position.product), Line())
            line.hold(position.sign * position.quantity, 2 * position.entry_paise)
        for untraded in self._untraded.positions():
            found = self._untraded.index_of(untraded)
            if found is not None:
                line = lines.setdefault(self.key(found, untraded.product), Line())
                line.hold(untraded.quantity, 2 * untraded.cost.cost_paise // untraded.cost.units)
        return lines

    def lines(self) -> dict[LineKey, Line]:
        """Return what is held, and what works to open more."""
        lines = self.held_lines()
        for entry in self.entries():
            line = lines.setdefault(self.key(entry.instrument, entry.product), Line())
            line.work(entry.side, entry.quantity)
        return lines

    def key(self, index: int, product: str) -> LineKey:
        """Return in which line an instrument stands under a product."""
        return line_key(self._universe[index], index, product)

    def entries(self) -> Iterator[Working]:
        """Yield the entries that are not over, and the orders without a trade that open."""
        for each in self._untraded.opening():
            terms = each.terms
            limit = each.limit_paise or self._protected(terms.instrument, terms.side)
            yield Working(terms.instrument, terms.product, terms.side, each.left, limit)
        for entry in self._working:
            order = entry.order
            index = self._quotes.index_of(order.tradingsymbol)
            limit = entry.limit_paise or self.limit_of(order, index)
            yield Working(index, order.product, order.transaction_type, entry.left, limit)

    def reserved_paise(self) -> int:
        """Return the premium of working buys of options at their limits, paise."""
        return sum(
            entry.quantity * entry.limit_paise
            for entry in self.entries()
            if entry.side == "BUY" and self._universe[entry.instrument].is_option
        )

    def cash_paise(self) -> int:
        """Return what the account has in cash by its capital, its results and its premiums."""
        ledger = self._ledger
        paid, marked = {1: 0, -1: 0}, 0
        for position in ledger.positions.values():
            marked += position.marked_paise
            if self._universe[self._quotes.index_of(position.tradingsymbol)].is_option:
                paid[position.sign] += position.cost_paise
        for each in ledger.untraded.positions.values():
            marked += each.cost.marked_paise
            index = self._untraded.index_of(each)
            if index is not None and self._universe[index].is_option:
                paid[each.cost.sign] += each.cost.cost_paise
        return Cash(
            capital=self._capital,
            realized=account_totals.realized_paise(ledger),
            charges=paise_up(account_totals.charges(ledger)),
            premium_paid=paid[1],
            premium_received=paid[-1],
            marked_loss=-marked,
        ).paise

    def limit_of(self, order: Order, index: int) -> int:
        """Return the protected limit of an order without one, paise; 0 without a price.

        A stop is protected from its trigger on, a MARKET from the last price.
        """
        return self._protected(index, order.transaction_type, order.trigger_paise)

    def _protected(self, index: int, side: Side, base: int = 0) -> int:
        """Return the protected limit from a base, or from the last price, paise."""
        if not base:
            quote = self._quotes.quote_of(self._quotes.books[index])
            if quote is None:
                return 0
            base = quote.ltp
        return protected_limit(self._universe[index], side == "BUY", base)

    def is_anything_there(self) -> bool:
        """Return whether anything is held or works."""
        return bool(self._ledger.positions or self._working) or not self._untraded.is_empty()


def paise_up(rupees: Decimal) -> int:
    """Return an amount in whole paise, rounded up."""
    return math.ceil(rupees * PAISE_PER_RUPEE)
