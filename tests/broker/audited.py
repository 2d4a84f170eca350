"""Books and ledger folded side by side; what must agree after every single event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from daemon.broker.account_books import AccountBooks
from daemon.broker.positions import Mark
from daemon.domain.dates import ist_day
from daemon.domain.events import ExchangeOrderMoved, TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger

CAPITAL = 100_000_000_00


class Audit:
    """Fold events into books and ledger, and compare them to the paisa after each."""

    def __init__(self, universe: Universe) -> None:
        self.books = AccountBooks(universe, CAPITAL)
        self.ledger = Ledger()
        self.traded_paise = 0
        """What all trades and settlements brought, less what they cost."""
        self.executions = 0
        self._last: dict[str, Mark] = {}

    def take(self, event: TradingEvent) -> None:
        """Fold an event and compare."""
        execution = self.books.apply(event)
        self.ledger.apply(event)
        if execution is not None:
            self.traded_paise -= execution.sign * execution.value_paise
            self.executions += 1
            # any price does: what is compared is linear in it
            self._last[execution.tradingsymbol] = Mark(last_paise=execution.price_paise + 5)
        self._compare_money()
        self._compare_quantities()
        self._compare_orders(event)

    def _compare_money(self) -> None:
        books, ledger = self.books, self.ledger
        assert self.traded_paise == ledger.cash_paise
        assert books.cash.charges == ledger.charges
        futures = sum(
            each.sign * each.cost_paise + each.marked_paise
            for each in ledger.positions.values()
            if not books.instrument(each.tradingsymbol).is_option
        )
        assert books.cash.cash_paise == CAPITAL + ledger.cash_paise + futures
        rows = books.positions.net(self._last)
        result = books.positions.banked_paise + sum(row.pnl_paise for row in rows)
        assert result == ledger.realized_paise + _unrealized(ledger, self._last)

    def _compare_quantities(self) -> None:
        open_units: dict[tuple[str, str], int] = defaultdict(int)
        for each in self.ledger.positions.values():
            open_units[each.tradingsymbol, each.product] += each.sign * each.quantity
        for row in self.books.positions.net(self._last):
            key = (row.tradingsymbol, row.product)
            assert row.quantity == open_units.pop(key, 0), key
            assert row.quantity == row.buy_quantity - row.sell_quantity
        assert not any(open_units.values())

    def _compare_orders(self, event: TradingEvent) -> None:
        orders = self.books.orders
        assert orders.working() == [each for each in orders.all() if not each.is_over]
        if isinstance(event, ExchangeOrderMoved) and event.kind == "filled" and not event.fill:
            return  # its money comes with the move that it makes
        traded: dict[str, list[int]] = defaultdict(list)
        value: dict[str, int] = defaultdict(int)
        for trade in self.books.trades:
            traded[trade.exchange_id].append(trade.quantity)
            value[trade.exchange_id] += trade.value_paise
        for order in self.books.orders.all():
            assert order.filled + order.pending + order.cancelled <= order.quantity
            assert order.is_over or order.filled + order.pending == order.quantity
            if ist_day(order.sent_ts) == self.books.day:
                assert order.filled == sum(traded[order.exchange_id])
                assert order.value_paise == value[order.exchange_id]
            traded.pop(order.exchange_id, None)
        assert not traded  # every trade is of an order of the book


def _unrealized(ledger: Ledger, marks: Mapping[str, Mark]) -> int:
    return sum(
        each.unrealized_paise(marks[each.tradingsymbol].last_paise)
        for each in ledger.positions.values()
    )
