"""Look up what the exchange fixes per underlying: lots, freeze quantities, tick sizes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from daemon.domain.instrument import Instrument, InstrumentType
from daemon.rules.exchanges import EXCHANGES, is_derivative
from daemon.rules.tables import ContractsFile, DatedRow, in_force

_Row = TypeVar("_Row", bound=DatedRow)


class ContractTable:
    """Contract specifications of index underlyings; only the broker's dump has those of stocks."""

    def __init__(self, table: ContractsFile) -> None:
        self.index_underlyings = frozenset(table.index_underlyings)
        self._lots = _grouped(table.lot_sizes, lambda row: row.name)
        self._freeze = _grouped(table.freeze_quantities, lambda row: (row.exchange, row.name))
        self._ticks = _grouped(table.ticks, lambda row: (row.instrument_type, row.name))

    def lot_size(self, name: str, expiry: dt.date) -> int | None:
        """Return the lot size (units) for an expiry, None if it is not in the table.

        It goes by expiry because contracts keep the lot they were listed with.
        """
        row = in_force(self._lots.get(name, []), expiry)
        return row.units if row else None

    def freeze_quantity(self, date: dt.date, instrument: Instrument) -> int:
        """Return the largest quantity of one order of a contract in units, 0 if unknown."""
        if not is_derivative(instrument.exchange):
            return 0
        key = (EXCHANGES[instrument.exchange], instrument.name)
        row = in_force(self._freeze.get(key, []), date)
        return row.units if row else 0

    def tick_paise(self, instrument_type: InstrumentType, name: str, date: dt.date) -> int | None:
        """Return the tick size of an index contract in paise, None if the table has none.

        Only a fallback for contracts without a row in the dump: the exchange reviews it monthly by
        the index level.
        """
        if name not in self.index_underlyings:
            return None
        is_option = instrument_type in ("CE", "PE")
        key = ("OPT", "") if is_option else (instrument_type, name)
        row = in_force(self._ticks.get(key, []), date)
        return row.paise if row else None


def _grouped(rows: Iterable[_Row], key: Callable[[_Row], object]) -> Mapping[object, list[_Row]]:
    groups: dict[object, list[_Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
