"""How much is open and waiting: lots and contract value, for the limits that ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.execution.working_entries import WorkingEntries
from daemon.risk.gates import NOTHING_HELD, Held
from daemon.settings.config import RiskConfig


class Exposure:
    """Sum what is open and what waits to be opened."""

    def __init__(
        self,
        universe: Universe,
        ledger: Ledger,
        quotes: Quotes,
        untraded: UntradedHoldings,
    ) -> None:
        self._universe = universe
        self._ledger = ledger
        self._quotes = quotes
        self._untraded = untraded

    def count_untraded(self) -> int:
        """Return how many positions are open, and orders work, that belong to no trade."""
        return len(self._ledger.untraded.positions) + sum(1 for _ in self._untraded.opening())

    def attach(self, entries: WorkingEntries) -> None:
        """Set which entries of trades wait or work."""
        self._entries = entries

    def before(
        self,
        order: Order,
        instrument: Instrument | None,
        risk: RiskConfig,
        batch: Sequence[Order] = (),
    ) -> Held:
        """Return what there is besides a new order; nothing where no limit asks for it.

        `batch` has orders that are sent before it and are not there yet.
        """
        lots, notional = risk.max_lots, risk.max_notional_rupees
        if instrument is None or (
            lots.strategy is None and lots.underlying is None and notional is None
        ):
            return NOTHING_HELD
        of_strategy = of_underlying = value = 0
        for strategy_id, held, quantity in self._open_and_waiting(batch):
            units = quantity // held.lot_size
            of_strategy += units if strategy_id == order.strategy_id else 0
            of_underlying += units if _underlying(held) == _underlying(instrument) else 0
            value += 0 if notional is None else self._notional(held, quantity)
        return Held(
            lots_of_strategy=of_strategy,
            lots_of_underlying=of_underlying,
            notional_paise=value,
            order_notional_paise=self._notional(instrument, order.quantity),
        )

    def _open_and_waiting(self, batch: Sequence[Order]) -> Iterator[tuple[str, Instrument, int]]:
        """Yield (strategy, contract, units) of positions and of entries that wait.

        What belongs to no trade is of the strategy without a name.
        """
        for order in batch:
            index = self._quotes.index_of(order.tradingsymbol)
            yield order.strategy_id, self._universe[index], order.quantity
        for untraded in self._untraded.positions():
            if (found := self._untraded.index_of(untraded)) is not None:
                yield "", self._universe[found], untraded.cost.units
        for each in self._untraded.opening():
            yield "", self._universe[each.terms.instrument], each.left
        for position in self._ledger.positions.values():
            index = self._quotes.index_of(position.tradingsymbol)
            yield position.strategy_id, self._universe[index], position.quantity
        for entry in self._entries:
            index = self._quotes.index_of(entry.order.tradingsymbol)
            yield entry.order.strategy_id, self._universe[index], entry.left

    def _notional(self, instrument: Instrument, quantity: int) -> int:
        """Return the contract value, paise: by strike, else by last price (0 without one)."""
        if instrument.strike_paise:
            return instrument.strike_paise * quantity
        book = self._quotes.book_of(instrument.tradingsymbol)
        quote = self._quotes.quote_of(book)
        return 0 if quote is None else quote.ltp * quantity


def _underlying(instrument: Instrument) -> str:
    return instrument.name or instrument.tradingsymbol
