"""The dated rulebook: what the exchange and the state say on a date (design D11)."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable
from typing import Final

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.order import Side
from daemon.rules.calendar import Calendar, Session
from daemon.rules.charges import BrokeragePlan, ChargeTable
from daemon.rules.contracts import ContractTable
from daemon.rules.exchanges import refuse_unsupported
from daemon.rules.expiries import ExpiryTable
from daemon.rules.local import LocalRules
from daemon.rules.tables import CalendarFile, ChargesFile, ContractsFile


class Rulebook:
    """One door to the calendar, the charges and the contract specifications.

    Pure once built: the same question has the same answer. `date` is always the Indian date.
    """

    def __init__(
        self,
        *,
        calendar: CalendarFile,
        charges: ChargesFile,
        contracts: ContractsFile,
        local: LocalRules | None = None,
    ) -> None:
        """Take the tables, in which the rows of `local` are already."""
        self.calendar_file: Final = calendar
        self.charges_file: Final = charges
        self.contracts_file: Final = contracts
        self.local: Final = LocalRules(version=1) if local is None else local
        self._contracts = ContractTable(contracts)
        self._calendar = Calendar(calendar, self._contracts.index_underlyings)
        self._charges = ChargeTable(charges)
        self.expiries = ExpiryTable(contracts.expiry_days, calendar.years)
        """On which days contracts expire."""

    def with_brokerage(self, plan: BrokeragePlan | None) -> Rulebook:
        """Return a rulebook that charges another broker's plan; None: that of the table."""
        if plan is None:
            return self
        other = copy.copy(self)
        other._charges = ChargeTable(self.charges_file, plan)
        return other

    def refuse_unknown(
        self, instruments: Iterable[Instrument], *, charged: bool, date: dt.date | None = None
    ) -> None:
        """Refuse instruments that the tables have no hours or, if `charged`, no charges for.

        With `date` the charges must be known on that date. Raises ConfigError for the first.
        """
        found = list(instruments)
        refuse_unsupported(found)
        for instrument in found if charged else ():
            if not instrument.is_index:
                self._charges.refuse_unknown(instrument, date)

    def session(self, date: dt.date, instrument: Instrument) -> Session | None:
        """The instrument's session that day in UTC ns, None on a holiday or a weekend.

        A contract past its expiry is not looked for; that is the caller's business. Raises
        ConfigError for an exchange whose hours are not in the table.
        """
        return self._calendar.session(date, instrument)

    def is_known(self, date: dt.date) -> bool:
        """Whether the holidays around this date are known; else weekdays count as sessions."""
        return self._calendar.is_known(date)

    def charges(
        self,
        date: dt.date,
        instrument: Instrument,
        *,
        transaction_type: Side,
        quantity: int,
        price_paise: int,
    ) -> Charges:
        """The exact charges in rupees of one executed order (`quantity` in units).

        Raises ValueError for an index, which cannot be traded, and ConfigError where the
        exchange's charge is not known.
        """
        return self._charges.charges(
            date,
            instrument,
            transaction_type=transaction_type,
            quantity=quantity,
            price_paise=price_paise,
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
        """The charges of settlement at expiry: STT on the intrinsic value (paise per unit).

        Only who holds the option (`sign` +1) pays; everyone else is charged nothing.
        """
        return self._charges.exercise_charges(
            date, instrument, sign=sign, quantity=quantity, intrinsic_paise=intrinsic_paise
        )

    def freeze_quantity(self, date: dt.date, instrument: Instrument) -> int:
        """The largest quantity of one order of this contract in units, 0 if unknown."""
        return self._contracts.freeze_quantity(date, instrument)

    def lot_size(self, name: str, expiry: dt.date) -> int | None:
        """Units of one lot of the contract with this expiry, None if the table does not say."""
        return self._contracts.lot_size(name, expiry)

    def tick_paise(self, instrument_type: InstrumentType, name: str, date: dt.date) -> int | None:
        """The price step of an index contract in paise, None if the table does not say."""
        return self._contracts.tick_paise(instrument_type, name, date)
