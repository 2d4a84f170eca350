"""What is held of contracts, apart from entries, as forced closes look at it."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ledger import Ledger
from daemon.domain.open_cost import OpenCost
from daemon.domain.position import Position
from daemon.domain.untraded import UntradedPosition
from daemon.execution.margin_market import MarginMarket, line_key
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.margin.portfolio import Contract, Underlying


class OpenPosition(NamedTuple):
    """A position of a trade, or one without a trade: what forced closes need of either."""

    instrument: int
    product: str
    cost: OpenCost
    order_id: str
    """The trade's, empty without one."""
    age: tuple[int, str]
    """Trades in the order they were made, then positions without a trade by name."""
    is_leaving: bool
    """Whether all of it is on its way out."""


class Held(NamedTuple):
    """What is held, without entries, and the cash (paise) that it stands against."""

    positions: list[OpenPosition]
    underlyings: dict[str, Underlying]
    cash: int
    market: MarginMarket
    universe: Universe

    def instrument_of(self, position: OpenPosition) -> Instrument:
        """Return the instrument of a position."""
        return self.universe[position.instrument]

    def contract_of(self, position: OpenPosition) -> tuple[str, Contract]:
        """Return the name of a position's underlying, and its contract there."""
        index, instrument = position.instrument, self.instrument_of(position)
        name = self.market.underlying_name(index)
        _, is_delivery = line_key(instrument, index, position.product)
        contract = self.underlyings[name].contract_of(
            instrument.tradingsymbol, is_delivery=is_delivery
        )
        return name, contract

    def cash_of_closing(self, position: OpenPosition) -> int:
        """Return how the cash moves if a position is closed at its market price, paise."""
        cost = position.cost
        price = self.market.price_half(position.instrument) // 2 or cost.cost_paise // cost.units
        if self.instrument_of(position).is_option:
            return price * cost.quantity
        return cost.result_paise(price) - cost.marked_paise


def open_positions(
    ledger: Ledger, quotes: Quotes, untraded: UntradedHoldings
) -> list[OpenPosition]:
    """Return what trades hold, then what is held without a trade and still has a contract."""
    trades = ledger.open_positions()
    found = [_of_trade(each, quotes.index_of(each.tradingsymbol)) for each in trades]
    younger = max((each.number for each in trades), default=0) + 1
    for position in untraded.positions():
        index = untraded.index_of(position)
        if index is not None:
            found.append(_without_trade(position, index, younger))
    return found


def _of_trade(position: Position, instrument: int) -> OpenPosition:
    pending = position.pending
    return OpenPosition(
        instrument=instrument,
        product=position.product,
        cost=OpenCost(
            quantity=position.sign * position.quantity,
            cost_paise=position.cost_paise,
            marked_paise=position.marked_paise,
        ),
        order_id=position.order_id,
        age=(position.number, ""),
        is_leaving=pending is not None and pending.quantity >= position.quantity,
    )


def _without_trade(position: UntradedPosition, instrument: int, age: int) -> OpenPosition:
    return OpenPosition(
        instrument=instrument,
        product=position.product,
        cost=position.cost,
        order_id="",
        age=(age, position.key),
        is_leaving=bool(position.closing),
    )
