"""Look up what a margin is computed with: rates by class of underlying and date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from daemon.domain.instrument import Instrument
from daemon.domain.margin_rates import MarginRates
from daemon.errors import ConfigError
from daemon.rules.tables import MarginClass, MarginRow, MarginsFile, SharesRow, in_force

PERCENT_DECIMALS_MAX: Final = 4
"""Most decimals of a percentage: a ten-thousandth of a percent is one part in a million."""
_PPM: Final = 10**PERCENT_DECIMALS_MAX


class MarginTable:
    """The rates of margin of index contracts and of share contracts."""

    def __init__(self, table: MarginsFile, index_underlyings: frozenset[str]) -> None:
        self._index_underlyings = index_underlyings
        self._shares = table.shares
        self._rates: dict[MarginClass, list[MarginRow]] = {"index": [], "share": []}
        for row in table.rates:
            self._rates[row.class_].append(row)

    def rates(self, date: dt.date, instrument: Instrument) -> MarginRates:
        """Return the rates of an instrument's underlying.

        Raises ConfigError for a date before the tables, and for a contract without an underlying.
        """
        if instrument.is_contract and not instrument.name:
            raise ConfigError(
                f"margins: the underlying of {instrument.tradingsymbol} is not known; give the "
                "contract its `name` (universe.instruments) or an instruments file"
            )
        is_index = instrument.is_index or instrument.name in self._index_underlyings
        rows = self._rates["index" if is_index else "share"]
        row, shares = in_force(rows, date), in_force(self._shares, date)
        if row is None or shares is None:
            since = max(rows[0].from_, self._shares[0].from_)
            raise ConfigError(
                f"margins.yaml: rates: margins of {date} are not known, the first are of {since}; "
                "add a row to rules.local.yaml or set `margin.model: off`"
            )
        return MarginRates(
            is_index=is_index,
            scan_ppm=_ppm(row.scan_percent),
            far_option_scan_ppm=_ppm(row.far_option_scan_percent),
            volatility_ppm=_ppm(row.volatility_points),
            extreme_cover_ppm=_ppm(row.extreme_cover_percent),
            exposure_ppm=_ppm(row.exposure_percent),
            expiry_day_ppm=_ppm(row.expiry_day_percent),
            calendar_ppm=_ppm(row.calendar_percent),
            calendar_on_expiry_day=row.calendar_on_expiry_day,
            delivery_ppm=_ppm(shares.delivery_percent),
            intraday_ppm=_ppm(shares.intraday_percent),
        )


def percentages(row: MarginRow | SharesRow) -> Iterator[tuple[str, Decimal]]:
    """Yield the numbers of a row by their names."""
    for field in msgspec.structs.fields(row):
        number = getattr(row, field.name)
        if isinstance(number, Decimal):
            yield field.encode_name, number


def _ppm(percent: Decimal) -> int:
    return int(percent * _PPM)
