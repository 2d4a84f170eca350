"""Complete a contract's expiry, strike, lot and tick size from what states them.

The order is: what was written, the symbol, the dated rules. A value that contradicts the symbol is
refused, and so is an option whose strike or expiry nothing states.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final, Protocol

from msgspec.structs import replace

from daemon.domain.dates import MONTHS
from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.symbols import SymbolParts, parse_symbol

NO_EXPIRY: Final = "expiry: missing, empty or 0, and the symbol says none; write it"


class ExpiryLookup(Protocol):
    """The dated expiry days of the exchanges."""

    def monthly(self, exchange: str, name: str, year: int, month: int, /) -> dt.date | None:
        """Return the day on which a month's contracts expire, None if no table states it."""

    def coming_monthly(self, exchange: str, name: str, date: dt.date, /) -> Iterator[dt.date]:
        """Yield the monthly expiries on or after a date, as far as the tables reach."""

    def coming(self, exchange: str, name: str, date: dt.date, /) -> Iterator[dt.date]:
        """Yield all expiries on or after a date, as far as the tables reach."""


class ContractLookup(Protocol):
    """The dated rulebook, for contracts that have no row in any table."""

    @property
    def expiries(self) -> ExpiryLookup:
        """Return the dated expiry days."""

    def lot_size(self, name: str, expiry: dt.date) -> int | None:
        """Return the units of one lot of the contract of this underlying and expiry."""

    def tick_paise(self, instrument_type: InstrumentType, name: str, date: dt.date) -> int | None:
        """Return a contract's tick size in paise."""


def with_symbol_facts(
    instrument: Instrument, contracts: ContractLookup | None = None
) -> Instrument:
    """Return the instrument with the expiry and strike that its symbol and the rules state.

    A future whose symbol states none may lack an expiry: it never expires. Raises ValueError,
    beginning with the field, for a contradiction of the symbol, and for an option without strike or
    expiry.
    """
    if not instrument.is_contract:
        return instrument
    symbol, kind = instrument.tradingsymbol, instrument.instrument_type
    parts = parse_symbol(symbol)
    if parts is not None and parts.instrument_type != kind:
        raise contradiction("instrument_type", kind, symbol, parts.instrument_type)
    expiry = expiry_of(instrument.expiry, symbol, parts, instrument.exchange, contracts)
    if not expiry and instrument.is_option:
        raise ValueError(NO_EXPIRY)
    strike = instrument.strike_paise
    if instrument.is_option:
        strike = strike_of(strike, symbol, parts)
    if (expiry, strike) == (instrument.expiry, instrument.strike_paise):
        return instrument
    return replace(instrument, expiry=expiry, strike_paise=strike)


def with_dated_rules(bare: Instrument, contracts: ContractLookup | None) -> Instrument:
    """Return an instrument that has no contract row with the rulebook's lot and tick size."""
    if contracts is None or not bare.expiry:
        return bare
    expiry = dt.date.fromisoformat(bare.expiry)
    lot = contracts.lot_size(bare.name, expiry)
    tick = contracts.tick_paise(bare.instrument_type, bare.name, expiry)
    if lot is None or tick is None:
        return bare
    return replace(bare, lot_size=lot, tick_paise=tick, has_contract_row=True)


def expiry_of(
    written: str,
    symbol: str,
    parts: SymbolParts | None,
    exchange: str,
    contracts: ContractLookup | None,
) -> str:
    """Return the expiry as written or as the symbol states it, empty where neither does.

    Raises ValueError if the two differ, or if the dated rules do not reach the symbol's month.
    """
    if parts is None:
        return written
    said = parts.expiry or f"{parts.year}-{parts.month:02d}"
    if written:
        if not written.startswith(said):
            raise contradiction("expiry", written, symbol, said)
        return written
    if parts.expiry:
        return parts.expiry
    found = contracts and contracts.expiries.monthly(exchange, parts.name, parts.year, parts.month)
    if not found:
        raise ValueError(
            "expiry: missing, empty or 0, and the dated rules do not say on which day"
            f" {parts.name} of {exchange} expires in"
            f" {MONTHS[parts.month - 1].capitalize()} {parts.year}; write it under"
            " universe.instruments, or if the calendar ends before it, write the year into"
            " rules.local.yaml"
        )
    return found.isoformat()


def strike_of(written: int, symbol: str, parts: SymbolParts | None) -> int:
    """Return an option's strike in paise as written (0: not) or as the symbol states it.

    Raises ValueError if the two differ, or neither is there.
    """
    said = parts.strike_paise if parts is not None else 0
    if not written and not said:
        raise ValueError("strike: missing, empty or 0, and the symbol says none; write it")
    if written and said and written != said:
        hint = " (is it in paise?)" if written == said * PAISE_PER_RUPEE else ""
        raise contradiction("strike", f"{_rupees(written)}{hint}", symbol, _rupees(said))
    return written or said


def contradiction(field: str, written: str, symbol: str, said: str) -> ValueError:
    """Return the error for a field that contradicts the symbol."""
    return ValueError(
        f"{field}: was {written}, but the symbol {symbol} says {said};"
        " correct the one that is wrong, or leave the field empty"
    )


def _rupees(paise: int) -> str:
    """Return rupees in the form tables use: 23000, 8.5."""
    return f"{paise / PAISE_PER_RUPEE:.2f}".removesuffix("0").removesuffix(".0")
