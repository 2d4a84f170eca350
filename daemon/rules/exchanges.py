"""List the exchanges that the dated tables cover, and refuse all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.rules.tables import Exchange, Segment

EXCHANGES: Final[Mapping[str, Exchange]] = {"NSE": "NSE", "NFO": "NSE", "BSE": "BSE", "BFO": "BSE"}
"""Kite's exchange code -> the exchange whose rules apply."""
SEGMENTS: Final[Mapping[Exchange, tuple[Segment, ...]]] = {
    "NSE": ("NFO", "NSE", "INDICES"),
    "BSE": ("BFO", "BSE", "INDICES"),
}
"""Exchange -> its segments: contracts, shares, indices."""


def is_derivative(code: str) -> bool:
    """Return whether Kite's exchange code is for contracts that the tables cover."""
    return code in ("NFO", "BFO")


def exchange_of(instrument: Instrument) -> Exchange:
    """Return the exchange whose rules apply. Raises ConfigError for one without tables."""
    exchange = EXCHANGES.get(instrument.exchange)
    if exchange is None:
        raise ConfigError(
            f"{instrument.tradingsymbol}: the rules of exchange {instrument.exchange!r} are not in "
            f"the dated tables, only those of {', '.join(EXCHANGES)}; leave it out by naming the "
            "wanted symbols under universe.instruments"
        )
    return exchange


def segment_of(instrument: Instrument) -> tuple[Exchange, Segment]:
    """Return the exchange and segment whose hours an instrument keeps."""
    exchange = exchange_of(instrument)
    contracts, shares, indices = SEGMENTS[exchange]
    if instrument.is_index or instrument.segment == "INDICES":
        return exchange, indices
    return exchange, shares if instrument.instrument_type == "EQ" else contracts


def refuse_unsupported(instruments: Iterable[Instrument]) -> None:
    """Refuse instruments of exchanges without tables. Raises ConfigError for the first."""
    for instrument in instruments:
        exchange_of(instrument)
