"""Reading Kite's F&O symbols, for contracts that no table has a row of."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import msgspec

from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.money import paise_exact

MONTHS: Final = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
WEEKLY_MONTHS: Final = "123456789OND"
INDICES_SEGMENT: Final = "INDICES"
_INDICES: Final = ("NIFTY 50", "NIFTY BANK", "NIFTY FIN SERVICE", "NIFTY MID SELECT", "INDIA VIX")
_NFO_BYTE: Final = 2
_INDICES_BYTE: Final = 9
_SYMBOL: Final = re.compile(
    r"^(?P<name>[A-Z0-9&\-]+?)(?P<year>\d{2})"
    rf"(?:(?P<month>{'|'.join(MONTHS)})|(?P<week>[{WEEKLY_MONTHS}])(?P<day>\d{{2}}))"
    r"(?:FUT|(?P<strike>\d+(?:\.\d{1,2})?)(?P<type>CE|PE))$"
)


class SymbolParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a symbol says; a monthly one does not say its day, so `expiry` is empty then."""

    name: str
    instrument_type: InstrumentType
    expiry: str
    strike_paise: int


def parse_symbol(tradingsymbol: str) -> SymbolParts | None:
    """The parts of a weekly or monthly F&O symbol, None if it is not one."""
    match = _SYMBOL.match(tradingsymbol)
    if match is None:
        return None
    expiry = ""
    if match["week"]:
        month = WEEKLY_MONTHS.index(match["week"]) + 1
        try:
            expiry = dt.date(2000 + int(match["year"]), month, int(match["day"])).isoformat()
        except ValueError:
            return None
    return SymbolParts(
        name=match["name"],
        instrument_type="CE" if match["type"] == "CE" else "PE" if match["type"] else "FUT",
        expiry=expiry,
        strike_paise=paise_exact(match["strike"] or "0"),
    )


def segment_of(kind: InstrumentType) -> str:
    """Kite's segment of an NSE instrument type."""
    return {"INDEX": INDICES_SEGMENT, "EQ": "NSE", "FUT": "NFO-FUT"}.get(kind, "NFO-OPT")


def exchange_of(kind: InstrumentType) -> str:
    """Kite's exchange of an NSE instrument type."""
    return "NSE" if kind in ("INDEX", "EQ") else "NFO"


def is_index_token(instrument_token: int) -> bool:
    """True if the token's last byte is that of indices."""
    return instrument_token > 0 and instrument_token & 0xFF == _INDICES_BYTE


def bare_instrument(tradingsymbol: str, instrument_token: int = 0) -> Instrument:
    """An instrument of which only the symbol or token is known; what is no contract is a share.

    Token 0 stands for none.
    """
    parts = parse_symbol(tradingsymbol)
    if parts is not None:
        kind: InstrumentType = parts.instrument_type
    elif is_index_token(instrument_token) or tradingsymbol in _INDICES:
        kind = "INDEX"
    else:
        kind = "FUT" if instrument_token & 0xFF == _NFO_BYTE else "EQ"
    return Instrument(
        instrument_token=instrument_token,
        tradingsymbol=tradingsymbol,
        exchange=exchange_of(kind),
        segment=segment_of(kind),
        name=parts.name if parts is not None else tradingsymbol,
        instrument_type=kind,
        expiry=parts.expiry if parts is not None else "",
        strike_paise=parts.strike_paise if parts is not None else 0,
        has_contract_row=False,
    )
