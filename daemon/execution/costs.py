"""The charges of fills and settlements on the day they are booked."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order import Side
from daemon.domain.position import Position
from daemon.execution.context import Rules
from daemon.market.moment import Moment

_NO_CHARGES = Charges()


class Costs:
    """Get charges from the rulebook; none are booked where `charged` is False."""

    def __init__(self, rules: Rules, universe: Universe, at: Moment, *, charged: bool) -> None:
        self.charged = charged
        self._rules = rules
        self._universe = universe
        self._at = at

    def of_order(
        self, instrument: Instrument, *, side: Side, quantity: int, price_paise: int
    ) -> Charges:
        """Return the charges of one executed order, booked now."""
        if not self.charged:
            return _NO_CHARGES
        return self._rules.charges(
            self._at.booking_date(),
            instrument,
            transaction_type=side,
            quantity=quantity,
            price_paise=price_paise,
        )

    @property
    def date(self) -> dt.date | None:
        """Return the date by whose rates `to_close` goes, None before the first input."""
        return self._at.date

    def to_close(self, position: Position, price_paise: int) -> Decimal:
        """Return what a position was charged and would be for one order that closes it, rupees.

        The order is charged as of the date whose ticks come now.
        """
        assert self.charged
        assert self.date is not None
        index = self._universe.index_of(position.tradingsymbol)
        assert index is not None, position
        closing = self._rules.charges(
            self.date,
            self._universe[index],
            transaction_type=position.closing_side,
            quantity=position.quantity,
            price_paise=price_paise,
        )
        return position.charges + Decimal(closing.total)

    def of_exercise(
        self, instrument: Instrument, *, sign: int, quantity: int, intrinsic_paise: int
    ) -> Charges:
        """Return the charges of a settlement at expiry, booked now."""
        if not self.charged:
            return _NO_CHARGES
        return self._rules.exercise_charges(
            self._at.booking_date(),
            instrument,
            sign=sign,
            quantity=quantity,
            intrinsic_paise=intrinsic_paise,
        )
