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

    def of_part(
        self, instrument: Instrument, *, side: Side, value_paise: int, before_paise: int
    ) -> Charges:
        """Return what a part adds to the charges of its order, whose value it brings to a value.

        An order in parts has the charges of one fill of the same value (F53).
        """
        after = self.of_order(instrument, side=side, quantity=1, price_paise=value_paise)
        if not before_paise or not self.charged:
            return after
        before = self.of_order(instrument, side=side, quantity=1, price_paise=before_paise)
        return Charges(
            **{
                name: _text(Decimal(getattr(after, name)) - Decimal(getattr(before, name)))
                for name in Charges.__struct_fields__
            }
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


def _text(amount: Decimal) -> str:
    """Return an exact amount of rupees as the rulebook writes it."""
    return format(amount.normalize(), "f") if amount else "0"
