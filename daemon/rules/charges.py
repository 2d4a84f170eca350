"""What an executed order costs, exactly: integer arithmetic, nothing rounded (domain facts, 6).

Amounts are counted in units of 1e-18 rupees inside: paise (1e-2) times a rate of 12 decimals
times a GST rate of 4 decimals is always a whole number of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypeVar

import msgspec

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument
from daemon.domain.order import Side
from daemon.rules.tables import (
    BrokerageRow,
    ChargeClass,
    ChargesFile,
    RateRow,
    in_force_or_oldest,
)

_DECIMALS: Final = 18
_RUPEE: Final = 10**_DECIMALS
_PAISA: Final = _RUPEE // 100
_GST_SCALE: Final = 10**4
_RATE_SCALE: Final = 10**12
RATE_DECIMALS_MAX: Final = 10
"""Decimals of a percentage; more could not be charged exactly."""
GST_DECIMALS_MAX: Final = 2
_LINES: Final = (
    "brokerage",
    "transaction_tax",
    "exchange_turnover_charge",
    "sebi_turnover_charge",
    "stamp_duty",
    "gst",
)
_ClassRow = TypeVar("_ClassRow", BrokerageRow, RateRow)


class _Rates(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of one class on one date and side, in units per paisa of value."""

    brokerage: int
    """0: the flat `brokerage_most`."""
    brokerage_most: int
    transaction_tax: int
    exchange: int
    sebi: int
    stamp: int
    gst: int
    """GST in 1/10000."""


class ChargeTable:
    """The dated charge rates; a date before the table is charged by its oldest row."""

    def __init__(self, table: ChargesFile) -> None:
        self._table = table
        self._cache: dict[tuple[dt.date, str, Side], _Rates] = {}

    def charges(
        self,
        date: dt.date,
        instrument: Instrument,
        *,
        transaction_type: Side,
        quantity: int,
        price_paise: int,
    ) -> Charges:
        """The charges of one executed order, exact rupees. `quantity` in units.

        Raises ValueError for an index, which cannot be traded.
        """
        key = (date, instrument.instrument_type, transaction_type)
        rates = self._cache.get(key)
        if rates is None:
            rates = self._cache[key] = self._rates(date, instrument, transaction_type)
        value = quantity * price_paise
        brokerage = rates.brokerage_most
        if rates.brokerage:
            brokerage = min(brokerage, value * rates.brokerage)
        tax, exchange = value * rates.transaction_tax, value * rates.exchange
        sebi, stamp = value * rates.sebi, value * rates.stamp
        gst = (brokerage + exchange + sebi) // _GST_SCALE * rates.gst
        return Charges(
            brokerage=_rupees(brokerage),
            transaction_tax=_rupees(tax),
            exchange_turnover_charge=_rupees(exchange),
            sebi_turnover_charge=_rupees(sebi),
            stamp_duty=_rupees(stamp),
            gst=_rupees(gst),
            total=_rupees(brokerage + tax + exchange + sebi + stamp + gst),
        )

    def exercise_charges(
        self,
        date: dt.date,
        instrument: Instrument,
        *,
        sign: int,
        quantity: int,
        intrinsic_paise: int,
    ) -> Charges:
        """The charges of settlement at expiry: the holder of an exercised option pays STT.

        `sign` +1 long, -1 short; `intrinsic_paise` per unit. A writer, an option that expires
        worthless and a future pay nothing (for futures an assumption).
        """
        if sign < 0 or intrinsic_paise <= 0 or not instrument.is_option:
            return Charges()
        row = in_force_or_oldest(self._table.exercise_tax, date)
        tax = _rupees(quantity * intrinsic_paise * _units_per_paisa(row.percent))
        return Charges(transaction_tax=tax, total=tax)

    def _rates(self, date: dt.date, instrument: Instrument, side: Side) -> _Rates:
        kind, table = _class_of(instrument), self._table
        brokerage = _of_class(table.brokerage, kind, date)
        tax, stamp = (
            _of_class(rows, kind, date) for rows in (table.transaction_tax, table.stamp_duty)
        )
        return _Rates(
            brokerage=_units_per_paisa(brokerage.percent) if brokerage.percent else 0,
            brokerage_most=int(brokerage.most_rupees * _RUPEE),
            transaction_tax=_on_side(tax, side),
            exchange=_on_side(_of_class(table.exchange_turnover, kind, date), side),
            sebi=_units_per_paisa(in_force_or_oldest(table.sebi_turnover, date).percent),
            stamp=_on_side(stamp, side),
            gst=int(in_force_or_oldest(table.gst, date).percent * _GST_SCALE / 100),
        )


def contract_note_total(charges: Iterable[Charges]) -> Decimal:
    """What a day's contract note would charge for these orders, in rupees.

    Each line is summed, then rounded half up: STT to the rupee, the others to the paisa. Whether
    brokers round stamp duty to the rupee is not settled; here it is rounded to the paisa.
    """
    orders = list(charges)
    total = Decimal(0)
    for line in _LINES:
        exact = sum((Decimal(getattr(each, line)) for each in orders), Decimal(0))
        step = Decimal(1) if line == "transaction_tax" else Decimal("0.01")
        total += exact.quantize(step, ROUND_HALF_UP)
    return total


def _class_of(instrument: Instrument) -> ChargeClass:
    if instrument.is_option:
        return "options"
    if instrument.instrument_type == "FUT":
        return "futures"
    if instrument.instrument_type == "EQ":
        return "equity"
    raise ValueError(f"expected a tradable instrument, was the index {instrument.tradingsymbol}")


def _of_class(rows: Sequence[_ClassRow], kind: ChargeClass, date: dt.date) -> _ClassRow:
    return in_force_or_oldest([row for row in rows if row.class_ == kind], date)


def _on_side(row: RateRow, side: Side) -> int:
    return _units_per_paisa(row.percent) if row.side in (None, side) else 0


def _units_per_paisa(percent: Decimal) -> int:
    rate = int(percent * _RATE_SCALE) // 100
    return rate * (_PAISA // _RATE_SCALE)


def _rupees(units: int) -> str:
    """Units as a plain decimal: no exponent, no trailing zeros."""
    if not units:
        return "0"
    digits = str(units).zfill(_DECIMALS + 1)
    fraction = digits[-_DECIMALS:].rstrip("0")
    return f"{digits[:-_DECIMALS]}.{fraction}" if fraction else digits[:-_DECIMALS]
