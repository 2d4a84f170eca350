"""Exits demanded by something other than the rules: an EXIT intent, a person, the square-off."""

from __future__ import annotations

from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.execution.admission import Admission
from daemon.execution.carry import NO_DELIVERY, REASON, Delivery
from daemon.execution.entries import Entries
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_closes import UntradedCloses, anything
from daemon.market.moment import Moment


class Demands:
    """Cancel waiting entries and ask for full exits, entries first, by number."""

    def __init__(
        self,
        universe: Universe,
        ledger: Ledger,
        quotes: Quotes,
        holdings: Holdings,
        admission: Admission,
        entries: Entries,
        runner: ExitRunner,
        at: Moment,
        delivery: Delivery,
        untraded: UntradedCloses,
    ) -> None:
        self._at = at
        self._untraded = untraded
        self._delivery = delivery
        self._universe = universe
        self._ledger = ledger
        self._quotes = quotes
        self._holdings = holdings
        self._admission = admission
        self._entries = entries
        self._runner = runner

    def exit_strategy(self, strategy_id: str, symbol: str) -> None:
        """Cancel the strategy's waiting entries on a symbol, close its positions of it."""
        index = self._universe.index_of(symbol)
        if index is None:
            return
        for order in self._entries.waiting_of(index, strategy_id):
            self._entries.cancel(order, "signal_exit")
        for position in self._holdings.of(index, strategy_id):
            self._runner.demand(position, "signal_exit")

    def exit_order(self, order_id: str, reason: str) -> None:
        """Cancel one waiting entry or close one position."""
        order = self._ledger.orders.get(order_id)
        if order is None:
            return
        if order.state is OrderState.SUBMITTED:
            self._entries.cancel(order, reason)
        elif self._ledger.is_open(order_id):
            self._runner.demand(self._ledger.positions[order_id], reason)

    def close_untraded(self, instrument: int, product: str, reason: str) -> None:
        """Close what is held of a contract and product without a trade."""
        wanted = instrument, product
        self._untraded.close(reason, lambda *found: found == wanted)

    def kill(self) -> None:
        """Cancel and close everything and open nothing more: the kill switch."""
        self._admission.kill()
        self.flatten("kill_switch")

    def flatten(self, reason: str) -> None:
        """Cancel all waiting entries and ask for a full exit of every position."""
        self.cancel_waiting(reason)
        for position in self._ledger.open_positions():
            self._runner.demand(position, reason)
        self._untraded.close_all(reason)

    def square_off_now(self) -> None:
        """Close what can fill now because a person stops the daemon; the rest stays.

        A position without a quote to fill on keeps its exits, and the next start watches it again.
        """
        self.cancel_waiting("square_off")
        for position in self._ledger.open_positions():
            book = self._quotes.book_of(position.tradingsymbol)
            if self._quotes.fresh_quote(book) is not None:
                self._runner.demand(position, "square_off")
        self._untraded.cancel("square_off", anything)
        self._untraded.close("square_off", self._is_fresh)

    def _is_fresh(self, instrument: int, product: str) -> bool:
        return self._quotes.fresh_quote(self._quotes.books[instrument]) is not None

    def square_off(self, indices: frozenset[int]) -> None:
        """Cancel waiting intraday entries of these instruments, close their positions."""
        for order in self._entries.all_waiting():
            if order.product == "MIS" and self._quotes.index_of(order.tradingsymbol) in indices:
                self._entries.cancel(order, "square_off")
        for position in self._holdings.intraday():
            if self._quotes.index_of(position.tradingsymbol) in indices:
                self._runner.demand(position, "square_off")
        self._untraded.close("square_off", lambda at, product: product == "MIS" and at in indices)
        self._avoid_delivery(indices)

    def _avoid_delivery(self, indices: frozenset[int]) -> None:
        """Cancel and close, at square-off, what would be delivered in shares at its expiry."""
        date = self._at.date
        assert date is not None
        due = {index for index in indices if self._delivery.since(index, date) != NO_DELIVERY}
        if not due:
            return
        for order in self._entries.all_waiting():
            if self._quotes.index_of(order.tradingsymbol) in due:
                self._entries.cancel(order, REASON)
        for position in self._ledger.open_positions():
            if self._quotes.index_of(position.tradingsymbol) in due:
                self._runner.demand(position, REASON)
        self._untraded.close(REASON, lambda instrument, product: instrument in due)

    def drop_entries(self, reason: str) -> None:
        """Cancel all entries that wait or work, and keep what they bought."""
        self._entries.drop_all(reason)
        self._untraded.cancel(reason, anything)

    def cancel_waiting(self, reason: str) -> None:
        """Cancel all entries that wait, by number."""
        for order in self._entries.all_waiting():
            self._entries.cancel(order, reason)
