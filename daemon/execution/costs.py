"""What fills and settlements are charged on the day that they are booked on."""

from __future__ import annotations

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument
from daemon.domain.order import Side
from daemon.execution.context import Rules
from daemon.market.moment import Moment

_NO_CHARGES = Charges()


class Costs:
    """Ask the rulebook for charges; none are booked where the settings switch them off."""

    def __init__(self, rules: Rules, at: Moment, *, charged: bool) -> None:
        self._rules = rules
        self._at = at
        self._charged = charged

    def of_order(
        self, instrument: Instrument, *, side: Side, quantity: int, price_paise: int
    ) -> Charges:
        """Return the charges of one executed order, booked now."""
        if not self._charged:
            return _NO_CHARGES
        return self._rules.charges(
            self._at.booking_date(),
            instrument,
            transaction_type=side,
            quantity=quantity,
            price_paise=price_paise,
        )

    def of_exercise(
        self, instrument: Instrument, *, sign: int, quantity: int, intrinsic_paise: int
    ) -> Charges:
        """Return the charges of a settlement at expiry, booked now."""
        if not self._charged:
            return _NO_CHARGES
        return self._rules.exercise_charges(
            self._at.booking_date(),
            instrument,
            sign=sign,
            quantity=quantity,
            intrinsic_paise=intrinsic_paise,
        )
