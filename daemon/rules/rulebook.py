"""Answer what the exchange and the state prescribe on a date (DATA_FORMATS, "Dated rules")."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable
from typing import Final

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.margin_rates import MarginRates
from daemon.domain.order import Side
from daemon.rules.calendar import Calendar, Session
from daemon.rules.charges import BrokeragePlan, ChargeTable
from daemon.rules.contracts import ContractTable
from daemon.rules.exchanges import refuse_unsupported
from daemon.rules.expiries import ExpiryTable
from daemon.rules.local import LocalRules
from daemon.rules.margins import MarginTable
from daemon.rules.tables import CalendarFile, ChargesFile, ContractsFile, MarginsFile


class Rulebook:
    """The single access to the calendar, the charges and the contract specifications.

    Pure once built: the same question gets the same answer. `date` is always the Indian date.
    """

    def __init__(
        self,
        *,
        calendar: CalendarFile,
        charges: ChargesFile,
        contracts: ContractsFile,
        margins: MarginsFile,
        local: LocalRules | None = None,
    ) -> None:
        """Take the tables, which already include the rows of `local`."""
        self.calendar_file: Final = calendar
        self.charges_file: Final = charges
        self.contracts_file: Final = contracts
        self.margins_file: Final = margins
        self.local: Final = LocalRules(version=1) if local is None else local
        self._contracts = ContractTable(contracts)
        self._calendar = Calendar(calendar, self._contracts.index_underlyings)
        self._charges = ChargeTable(charges)
        self._margins = MarginTable(margins, self._contracts.index_underlyings)
        self.expiries = ExpiryTable(contracts.expiry_days, calendar.years)
        """The days on which contracts expire."""

    def with_brokerage(self, plan: BrokeragePlan | None) -> Rulebook:
        """Return a rulebook that charges another broker's plan; None keeps the table's."""
        if plan is None:
            return self
        other = copy.copy(self)
        other._charges = ChargeTable(self.charges_file, plan)
        return other

    def refuse_unknown(
        self, instruments: Iterable[Instrument], *, charged: bool, date: dt.date | None = None
    ) -> None:
        """Refuse instruments without hours or, if `charged`, without charges in the tables.

        With `date` the charges must be known on that date. Raises ConfigError for the first.
        """
        found = list(instruments)
        refuse_unsupported(found)
        for instrument in found if charged else ():
            if not instrument.is_index:
                self._charges.refuse_unknown(instrument, date)

    def session(self, date: dt.date, instrument: Instrument) -> Session | None:
        """Return the instrument's session that day in UTC ns, None on a holiday or a weekend.

        Whether a contract has expired is not checked; that is up to the caller. Raises ConfigError
        for an exchange whose hours are not in the table.
        """
        return self._calendar.session(date, instrument)

    def is_known(self, date: dt.date) -> bool:
        """Return whether the holidays around this date are known; if not, weekdays count as
        sessions.
        """
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
        """Return the exact charges in rupees of one executed order (`quantity` in units).

        Raises ValueError for an index, which cannot be traded, and ConfigError where the exchange's
        charge is not known.
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
        """Return the charges of settlement at expiry: STT on the intrinsic value (paise per unit).

        Only the option's holder (`sign` +1) pays; all others are charged nothing.
        """
        return self._charges.exercise_charges(
            date, instrument, sign=sign, quantity=quantity, intrinsic_paise=intrinsic_paise
        )

    def freeze_quantity(self, date: dt.date, instrument: Instrument) -> int:
        """Return the largest quantity of one order of this contract in units, 0 if unknown."""
        return self._contracts.freeze_quantity(date, instrument)

    def lot_size(self, name: str, expiry: dt.date) -> int | None:
        """Return the lot size (units) for an expiry, None if it is not in the table."""
        return self._contracts.lot_size(name, expiry)

    def tick_paise(self, instrument_type: InstrumentType, name: str, date: dt.date) -> int | None:
        """Return the tick size of an index contract in paise, None if the table has none."""
        return self._contracts.tick_paise(instrument_type, name, date)

    def margin_rates(self, date: dt.date, instrument: Instrument) -> MarginRates:
        """Return what the margin of an instrument's underlying is computed with.

        Raises ConfigError for a date before the tables, and for a contract without an underlying.
        """
        return self._margins.rates(date, instrument)
