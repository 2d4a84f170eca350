"""Read Kite's F&O symbols, for contracts without a row in any table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from daemon.domain.dates import MONTHS
from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.money import paise_exact

WEEKLY_MONTHS: Final = "123456789OND"
INDICES_SEGMENT: Final = "INDICES"
INDEX_SYMBOLS: Final[Mapping[str, str]] = {
    "NIFTY": "NIFTY 50",
    "BANKNIFTY": "NIFTY BANK",
    "FINNIFTY": "NIFTY FIN SERVICE",
    "MIDCPNIFTY": "NIFTY MID SELECT",
    "NIFTYNXT50": "NIFTY NEXT 50",
    "NIFTYFPI": "NIFTY FPI 150",
    "SENSEX": "SENSEX",
    "BANKEX": "BANKEX",
}
"""The `name` of a derivative's row -> the tradingsymbol of its index; no column connects them."""
BSE_UNDERLYINGS: Final = frozenset(("SENSEX", "BANKEX"))
_INDICES: Final = frozenset((*INDEX_SYMBOLS.values(), "INDIA VIX"))
_LAST_BYTE: Final = 0xFF
_INDICES_BYTE: Final = 9
_TOKEN_EXCHANGES: Final[Mapping[int, str]] = {
    1: "NSE", 2: "NFO", 3: "CDS", 4: "BSE", 5: "BFO", 6: "BCD", 7: "MCX", 8: "MCXSX", 12: "NCO",
}  # fmt: skip
"""The low byte of a Kite token -> its exchange (domain facts 1)."""
_SYMBOL: Final = re.compile(
    r"^(?P<name>[A-Z0-9&\-]+?)(?P<year>\d{2})"
    rf"(?:(?P<month>{'|'.join(MONTHS)})|(?P<week>[{WEEKLY_MONTHS}])(?P<day>\d{{2}}))"
    r"(?:FUT|(?P<strike>\d+(?:\.\d{1,2})?)(?P<type>CE|PE))$"
)


class SymbolParts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a symbol. A monthly one has no day: its `expiry` is empty."""

    name: str
    instrument_type: InstrumentType
    year: int
    month: int
    """The month of the expiry."""
    expiry: str
    strike_paise: int


def parse_symbol(tradingsymbol: str) -> SymbolParts | None:
    """Return the parts of a weekly or monthly F&O symbol, None if it is not one."""
    match = _SYMBOL.match(tradingsymbol)
    if match is None:
        return None
    year, expiry = 2000 + int(match["year"]), ""
    if match["week"]:
        month = WEEKLY_MONTHS.index(match["week"]) + 1
        try:
            expiry = dt.date(year, month, int(match["day"])).isoformat()
        except ValueError:
            return None
    else:
        month = MONTHS.index(match["month"]) + 1
    return SymbolParts(
        name=match["name"],
        instrument_type="CE" if match["type"] == "CE" else "PE" if match["type"] else "FUT",
        year=year,
        month=month,
        expiry=expiry,
        strike_paise=_strike_paise(match["strike"] or "0"),
    )


@lru_cache(maxsize=4096)  # a dump has few distinct strikes
def _strike_paise(text: str) -> int:
    return paise_exact(text)


def segment_of(kind: InstrumentType, exchange: str) -> str:
    """Return Kite's segment for an instrument of an exchange."""
    if kind == "INDEX":
        return INDICES_SEGMENT
    return {"EQ": exchange, "FUT": f"{exchange}-FUT"}.get(kind, f"{exchange}-OPT")


def exchange_of(kind: InstrumentType, name: str) -> str:
    """Return Kite's exchange for an instrument: BSE's by its underlying, else NSE's."""
    if kind in ("INDEX", "EQ"):
        return "BSE" if kind == "INDEX" and name in BSE_UNDERLYINGS else "NSE"
    return "BFO" if name in BSE_UNDERLYINGS else "NFO"


def is_index(tradingsymbol: str, instrument_token: int) -> bool:
    """Return whether the symbol is a known index or the token's last byte is that of indices."""
    is_index_token = instrument_token > 0 and instrument_token & _LAST_BYTE == _INDICES_BYTE
    return is_index_token or tradingsymbol in _INDICES


def meant_symbol(tradingsymbol: str) -> str:
    """Return the symbol of the contract or index that a misspelt one means, empty if unknown.

    Misspelt means in lower case, or with the exchange in front (`NFO:NIFTY26NOVFUT`).
    """
    exchange, _, rest = tradingsymbol.upper().rpartition(":")
    plain = rest.strip() if exchange.strip() in _TOKEN_EXCHANGES.values() else ""
    plain = plain or tradingsymbol.strip().upper()
    is_known = parse_symbol(plain) is not None or is_index(plain, 0)
    return plain if is_known and plain != tradingsymbol else ""


def bare_instrument(tradingsymbol: str, instrument_token: int = 0) -> Instrument:
    """Return an instrument known only by symbol or token; token 0 means unknown.

    If the symbol is no contract's, the token's last byte gives the exchange; else it is a share.
    """
    parts = parse_symbol(tradingsymbol)
    exchange = ""
    if parts is not None:
        kind: InstrumentType = parts.instrument_type
    elif is_index(tradingsymbol, instrument_token):
        kind = "INDEX"
    else:
        if instrument_token > _LAST_BYTE:  # a smaller token is made up
            exchange = _TOKEN_EXCHANGES.get(instrument_token & _LAST_BYTE, "")
        kind = "EQ" if exchange in ("", "NSE", "BSE") else "FUT"
    name = parts.name if parts is not None else tradingsymbol
    exchange = exchange or exchange_of(kind, name)
    return Instrument(
        instrument_token=instrument_token,
        tradingsymbol=tradingsymbol,
        exchange=exchange,
        segment=segment_of(kind, exchange),
        name=name,
        instrument_type=kind,
        expiry=parts.expiry if parts is not None else "",
        strike_paise=parts.strike_paise if parts is not None else 0,
        has_contract_row=False,
    )
