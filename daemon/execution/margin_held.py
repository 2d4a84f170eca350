"""What is held of contracts, apart from entries, as forced closes look at it."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.position import Position
from daemon.execution.margin_market import MarginMarket, line_key
from daemon.margin.portfolio import Contract, Underlying


class Held(NamedTuple):
    """What is held, without entries, and the cash (paise) that it stands against."""

    positions: list[Position]
    underlyings: dict[str, Underlying]
    cash: int
    market: MarginMarket
    universe: Universe

    def instrument_of(self, position: Position) -> Instrument:
        """Return the instrument of a position."""
        return self.universe[self._index(position)]

    def contract_of(self, position: Position) -> tuple[str, Contract]:
        """Return the name of a position's underlying, and its contract there."""
        index = self._index(position)
        name, symbol = self.market.underlying_name(index), position.tradingsymbol
        _, is_delivery = line_key(self.universe[index], index, position.product)
        return name, self.underlyings[name].contract_of(symbol, is_delivery=is_delivery)

    def cash_of_closing(self, position: Position) -> int:
        """Return how the cash moves if a position is closed at its market price, paise."""
        price = self.market.price_half(self._index(position)) // 2 or position.entry_paise
        if self.instrument_of(position).is_option:
            return position.sign * price * position.quantity
        return position.unrealized_paise(price) - position.marked_paise

    def _index(self, position: Position) -> int:
        index = self.universe.index_of(position.tradingsymbol)
        assert index is not None
        return index
