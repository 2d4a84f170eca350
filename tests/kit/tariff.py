"""What executed orders cost in a scenario: dated rates, given to both sides of a comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument
from daemon.domain.order import Side

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Tariff:
    """Rates in force from `since` on, percent of an order's value; brokerage in rupees.

    An option pays `brokerage` flat. A future pays `brokerage_percent`, at most `brokerage`.
    """

    since: dt.date
    brokerage: Decimal = _ZERO
    brokerage_percent: Decimal = _ZERO
    seller_percent: Decimal = _ZERO
    buyer_percent: Decimal = _ZERO
    turnover_percent: Decimal = _ZERO
    gst_percent: Decimal = _ZERO
    exercise_percent: Decimal = _ZERO

    def order(self, instrument: Instrument, side: Side, quantity: int, price_paise: int) -> Charges:
        """Return the charges of one executed order."""
        value = Decimal(quantity * price_paise) / 100
        brokerage = self.brokerage
        if not instrument.is_option:
            brokerage = min(brokerage, value * self.brokerage_percent / 100)
        tax = value * self.seller_percent / 100 if side == "SELL" else _ZERO
        stamp = value * self.buyer_percent / 100 if side == "BUY" else _ZERO
        turnover = value * self.turnover_percent / 100
        gst = (brokerage + turnover) * self.gst_percent / 100
        return Charges(
            brokerage=_text(brokerage),
            transaction_tax=_text(tax),
            exchange_turnover_charge=_text(turnover),
            stamp_duty=_text(stamp),
            gst=_text(gst),
            total=_text(brokerage + tax + stamp + turnover + gst),
        )

    def exercise(
        self, instrument: Instrument, sign: int, quantity: int, intrinsic_paise: int
    ) -> Charges:
        """Return the charges of a settlement: who holds an option with a value pays a tax."""
        if sign < 0 or not instrument.is_option:
            return Charges()
        tax = _text(Decimal(quantity * intrinsic_paise) / 100 * self.exercise_percent / 100)
        return Charges(transaction_tax=tax, total=tax)


def in_force(tariffs: Sequence[Tariff], date: dt.date) -> Tariff:
    """Return the latest tariff that has begun; without one nothing is charged."""
    begun = [each for each in tariffs if each.since <= date]
    return max(begun, key=lambda each: each.since, default=Tariff(date))


def _text(rupees: Decimal) -> str:
    """Return a plain decimal: no exponent, no trailing zeros."""
    return format(rupees.normalize(), "f") if rupees else "0"
