"""Positions and metrics as people read them: rupees and plain dicts."""

from __future__ import annotations

from daemon.domain.ledger import Ledger
from daemon.domain.money import rupees
from daemon.domain.position import Position
from daemon.domain.position_row import position_row
from daemon.execution.context import BarCounter
from daemon.execution.excursions import Excursions
from daemon.execution.quotes import Quotes
from daemon.market.moment import Moment

Row = dict[str, object]


class Views:
    """Show what an engine holds."""

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        at: Moment,
        quotes: Quotes,
        excursions: Excursions,
        bars: BarCounter,
    ) -> None:
        self._name = name
        self._ledger = ledger
        self._at = at
        self._quotes = quotes
        self._excursions = excursions
        self._bars = bars

    def positions(self) -> list[Row]:
        """Return the open positions, by number."""
        return [self._row(position) for position in self._ledger.open_positions()]

    def metrics(self) -> Row:
        """Return counts and P&L, money in rupees."""
        ledger = self._ledger
        unrealized = self.unrealized_paise()
        return {
            "total_orders": ledger.total_orders,
            "active_positions": len(ledger.positions),
            "realized_pnl": rupees(ledger.realized_paise),
            "unrealized_pnl": rupees(unrealized),
            "total_pnl": rupees(ledger.realized_paise + unrealized),
            "charges": float(round(ledger.charges, 2)),
            "engine": self._name,
            "orders_by_state": {str(k): v for k, v in ledger.orders_by_state().items()},
            "refusals": dict(ledger.refusals),
        }

    def unrealized_paise(self) -> int:
        """Return what closing everything at the last prices would add, gross."""
        total = 0
        for position in self._ledger.positions.values():
            quote = self._quotes.quote_of(self._quotes.book_of(position.tradingsymbol))
            if quote is not None:
                total += position.unrealized_paise(quote.ltp)
        return total

    def marks(self) -> dict[str, int]:
        """Return the last ltp (paise) of every symbol with an open position."""
        marks: dict[str, int] = {}
        untraded = {each.tradingsymbol for each in self._ledger.untraded.positions.values()}
        for book in self._quotes.books:
            is_held = self._excursions.is_held(book) or book.tradingsymbol in untraded
            quote = self._quotes.quote_of(book) if is_held else None
            if quote is not None:
                marks[book.tradingsymbol] = quote.ltp
        return marks

    def _row(self, position: Position) -> Row:
        """Return one open position: quantities in units (signed), money in rupees."""
        book = self._quotes.book_of(position.tradingsymbol)
        quote = self._quotes.quote_of(book)
        ltp = position.entry_paise if quote is None else quote.ltp
        excursion = self._excursions.of(position, book)
        return position_row(
            position,
            state=str(self._ledger.orders[position.order_id].state),
            ltp_paise=ltp,
            bars_held=self._bars.held(position, self._at.now),
            best_paise=excursion.best_paise,
            worst_paise=excursion.worst_paise,
        ).as_dict()
