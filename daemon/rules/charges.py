"""Compute what an executed order costs, exactly: integers, nothing rounded (domain facts, 6).

Amounts are in units of 1e-18 rupees: paise (1e-2) times a rate of 12 decimals times a GST rate of 4
decimals is always a whole number of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NoReturn, TypeVar

import msgspec

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument
from daemon.domain.order import Side
from daemon.errors import ConfigError
from daemon.rules.exchanges import exchange_of
from daemon.rules.tables import (
    BrokerageRow,
    ChargeClass,
    ChargesFile,
    RateRow,
    TurnoverRow,
    in_force,
    in_force_or_oldest,
)

_DECIMALS: Final = 18
_RUPEE: Final = 10**_DECIMALS
_PAISA: Final = _RUPEE // 100
_GST_SCALE: Final = 10**4
_RATE_SCALE: Final = 10**12
RATE_DECIMALS_MAX: Final = 10
"""Most decimals of a percentage; more could not be charged exactly."""
GST_DECIMALS_MAX: Final = 2
RUPEE_DECIMALS_MAX: Final = 2
_KEPT_MAX: Final = 256
"""Executed orders whose charges are kept: many orders of one boundary fill at one price."""
_Kind = tuple[dt.date, str, str, str, Side]
"""Key of the rates: (date, exchange, name, instrument type, side)."""
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


class BrokeragePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's plan for every executed order: `percent` of the value, at most `most_rupees`.

    Without `percent` it is `most_rupees` flat.
    """

    most_rupees: Decimal
    percent: Decimal | None = None


class ChargeTable:
    """The dated charge rates, optionally with another broker's `plan` for the brokerage.

    A date before the table is charged by its oldest row, except for exchanges other than NSE, whose
    charges are then refused.
    """

    def __init__(self, table: ChargesFile, plan: BrokeragePlan | None = None) -> None:
        self._table = table
        self._plan = plan
        self._cache: dict[_Kind, _Rates] = {}
        self._kept: dict[tuple[_Kind, int], Charges] = {}

    def charges(
        self,
        date: dt.date,
        instrument: Instrument,
        *,
        transaction_type: Side,
        quantity: int,
        price_paise: int,
    ) -> Charges:
        """Return the charges of one executed order, exact rupees; `quantity` is in units.

        Raises ValueError for an index, which cannot be traded, and ConfigError where the exchange's
        charge is not known.
        """
        kind = (
            date, instrument.exchange, instrument.name, instrument.instrument_type,
            transaction_type,
        )  # fmt: skip
        value = quantity * price_paise
        found = self._kept.get((kind, value))
        if found is not None:
            return found
        rates = self._cache.get(kind)
        if rates is None:
            rates = self._cache[kind] = self._rates(date, instrument, transaction_type)
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        charges = self._kept[kind, value] = _charges(rates, value)
        return charges

    def exercise_charges(
        self,
        date: dt.date,
        instrument: Instrument,
        *,
        sign: int,
        quantity: int,
        intrinsic_paise: int,
    ) -> Charges:
        """Return the charges of settlement at expiry: the holder of an exercised option pays STT.

        `sign` is +1 for long, -1 for short; `intrinsic_paise` is per unit. A writer, an option that
        expires worthless and a future pay nothing (for futures an assumption).
        """
        if sign < 0 or intrinsic_paise <= 0 or not instrument.is_option:
            return Charges()
        row = in_force_or_oldest(self._table.exercise_tax, date)
        tax = _rupees(quantity * intrinsic_paise * _units_per_paisa(row.percent))
        return Charges(transaction_tax=tax, total=tax)

    def _rates(self, date: dt.date, instrument: Instrument, side: Side) -> _Rates:
        kind, table = charge_class(instrument), self._table
        brokerage = self._plan or _of_class(table.brokerage, kind, date)
        tax, stamp = (
            _of_class(rows, kind, date) for rows in (table.transaction_tax, table.stamp_duty)
        )
        return _Rates(
            brokerage=_units_per_paisa(brokerage.percent) if brokerage.percent else 0,
            brokerage_most=int(brokerage.most_rupees * _RUPEE),
            transaction_tax=_on_side(tax, side),
            exchange=_on_side(self._turnover(date, instrument), side),
            sebi=_units_per_paisa(in_force_or_oldest(table.sebi_turnover, date).percent),
            stamp=_on_side(stamp, side),
            gst=int(in_force_or_oldest(table.gst, date).percent * _GST_SCALE / 100),
        )

    def refuse_unknown(self, instrument: Instrument, date: dt.date | None = None) -> None:
        """Refuse an instrument whose exchange's charge is not known, on `date` if given.

        Raises ConfigError.
        """
        rows = self._turnover_rows(instrument)
        if not rows or (date is not None and in_force(rows, date) is None):
            self._refuse(instrument, date, rows)

    def _turnover(self, date: dt.date, instrument: Instrument) -> TurnoverRow:
        rows = self._turnover_rows(instrument)
        if rows and exchange_of(instrument) == "NSE":
            return in_force_or_oldest(rows, date)
        row = in_force(rows, date)
        if row is None:
            self._refuse(instrument, date, rows)
        return row

    def _turnover_rows(self, instrument: Instrument) -> list[TurnoverRow]:
        """Return the rows for its exchange and class: those that name it, else the general ones."""
        exchange, kind = exchange_of(instrument), charge_class(instrument)
        rows = [
            row
            for row in self._table.exchange_turnover
            if row.exchange == exchange and row.class_ == kind
        ]
        named = [row for row in rows if instrument.name in row.names]
        return named or [row for row in rows if not row.names]

    def _refuse(
        self, instrument: Instrument, date: dt.date | None, rows: Sequence[TurnoverRow]
    ) -> NoReturn:
        since = f", they begin on {rows[0].from_}" if rows else ""
        raise ConfigError(
            f"{instrument.tradingsymbol}: the charges of {instrument.exchange} for "
            f"{instrument.name or 'it'} {charge_class(instrument)}"
            f"{f' on {date}' if date else ''} are not in the dated tables{since}; add them to "
            "rules.local.yaml, leave the symbol out, or set execution.charges: false"
        )


def _charges(rates: _Rates, value: int) -> Charges:
    """Return the charges of an order worth `value` paise."""
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


def charge_class(instrument: Instrument) -> ChargeClass:
    """Return an instrument's class of rates. Raises ValueError for an index, which cannot be
    traded.
    """
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
    """Return units as plain decimal rupees: no exponent, no trailing zeros."""
    if not units:
        return "0"
    digits = str(units).zfill(_DECIMALS + 1)
    fraction = digits[-_DECIMALS:].rstrip("0")
    return f"{digits[:-_DECIMALS]}.{fraction}" if fraction else digits[:-_DECIMALS]
