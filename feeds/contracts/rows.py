"""Convert one row of an instruments dump to an instrument, field by field; refuse what is in doubt.

DATA_FORMATS, "Instruments file", lists what each field may hold.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, cast

from daemon.domain.dates import parse_date
from daemon.domain.instrument import (
    DEFAULT_LOT_SIZE,
    DEFAULT_TICK_PAISE,
    Instrument,
    InstrumentType,
)  # fmt: skip
from daemon.domain.money import PAISE_PER_RUPEE, paise_exact
from daemon.domain.symbols import (
    INDEX_SYMBOLS,
    INDICES_SEGMENT,
    SymbolParts,
    exchange_of,
    is_index,
    parse_symbol,
    segment_of,
)
from feeds.contracts.facts import NO_EXPIRY, ContractLookup, contradiction, expiry_of, strike_of

NAMES: Final[Mapping[str, str]] = {
    name: name for name in ("tradingsymbol", "instrument_token", "instrument_type")
}
_TYPES: Final = ("EQ", "FUT", "CE", "PE")
_NOTHING: Final = re.compile(r"\s*(0+(\.0*)?)?\s*")
_WHOLE: Final = re.compile(r"(\d+)(?:\.0+)?")


def instrument_of(
    row: Mapping[str, str],
    contracts: ContractLookup | None = None,
    names: Mapping[str, str] = NAMES,
) -> Instrument:
    """Return one row of a dump as an instrument; `names` maps `NAMES` to the file's own names.

    A contract's field that is missing, empty or 0 is taken from the symbol or the dated rules.
    Raises ValueError (BadNumber is one), beginning with the field, for a value that cannot be
    understood, contradicts the symbol, or is stated nowhere.
    """
    symbol = row.get(names["tradingsymbol"]) or ""
    if not symbol.strip():
        raise ValueError("tradingsymbol: expected one, it is empty; write it")
    token = _whole("instrument_token", row.get(names["instrument_token"]) or "")
    segment = row.get("segment") or ""
    parts = parse_symbol(symbol)
    kind = _kind(row.get(names["instrument_type"]) or "", segment, symbol, token, parts)
    name = _name(row.get("name") or "", kind, symbol, parts)
    exchange = _exchange(row.get("exchange") or "", segment, kind, name)
    tick, lot = _rupees("tick_size", row.get("tick_size") or ""), _lot(row.get("lot_size") or "")
    expiry, strike, is_certain = "", 0, True
    if kind in ("EQ", "INDEX"):
        # An index has no tick size and no lot; a share's tick size is assumed, and the run says so.
        is_certain = kind == "INDEX" or tick > 0
        tick, lot = tick or DEFAULT_TICK_PAISE, lot or DEFAULT_LOT_SIZE
    else:
        expiry = expiry_of(_date(row.get("expiry") or ""), symbol, parts, exchange, contracts)
        if not expiry:
            raise ValueError(NO_EXPIRY)
        if kind != "FUT":
            strike = strike_of(_rupees("strike", row.get("strike") or ""), symbol, parts)
        tick, lot = _terms(kind, name, expiry, tick, lot, contracts)
    return Instrument(
        instrument_token=token, tradingsymbol=symbol, exchange=exchange,
        segment=segment_of(kind, exchange), name=name, instrument_type=kind, tick_paise=tick,
        lot_size=lot, expiry=expiry, strike_paise=strike, has_contract_row=is_certain,
    )  # fmt: skip


def _kind(
    written: str, segment: str, symbol: str, token: int, parts: SymbolParts | None
) -> InstrumentType:
    if segment == INDICES_SEGMENT and written not in ("", "EQ", "INDEX"):
        raise ValueError(
            f"segment: was {INDICES_SEGMENT}, but instrument_type is {written}; correct one of them"
        )
    if segment == INDICES_SEGMENT or written == "INDEX":
        return "INDEX"
    if parts is None and written in ("", "EQ") and is_index(symbol, token):
        return "INDEX"
    if not written and parts is not None:
        return parts.instrument_type
    if written not in _TYPES:
        raise ValueError(
            f"instrument_type: expected one of {', '.join(_TYPES)}, was {written!r}; write it"
        )
    if parts is not None and parts.instrument_type != written:
        raise contradiction("instrument_type", written, symbol, parts.instrument_type)
    return cast("InstrumentType", written)


def _name(written: str, kind: InstrumentType, symbol: str, parts: SymbolParts | None) -> str:
    if kind in ("EQ", "INDEX"):
        return written or symbol
    if parts is None and not written.strip():
        raise ValueError("name: missing or empty, and the symbol says none; write the underlying's")
    if parts is not None and written and written != parts.name:
        raise contradiction("name", written, symbol, parts.name)
    return written or (parts.name if parts is not None else "")


def _exchange(written: str, segment: str, kind: InstrumentType, name: str) -> str:
    """Return the exchange by its column, else by the segment, else by the underlying."""
    of_segment = "" if segment == INDICES_SEGMENT else segment.split("-")[0]
    home = exchange_of(kind, name)
    found = written or of_segment or home
    expected: tuple[str, ...] = ("NSE", "BSE") if kind in ("EQ", "INDEX") else ("NFO", "BFO")
    if name in INDEX_SYMBOLS and kind != "EQ":
        expected = (home,)
    if found not in expected:
        field = "exchange" if written else "segment"
        raise ValueError(
            f"{field}: expected {' or '.join(expected)} for {kind} of {name}, was {found!r};"
            " correct it, or leave the row out"
        )
    if segment and kind != "INDEX" and segment != segment_of(kind, found):
        raise ValueError(
            f"segment: expected {segment_of(kind, found)} for {kind} of {found}, was {segment!r};"
            " correct it, or leave the field empty"
        )
    return found


def _terms(
    kind: InstrumentType,
    name: str,
    expiry: str,
    tick: int,
    lot: int,
    contracts: ContractLookup | None,
) -> tuple[int, int]:
    """Return a contract's tick size (paise) and lot, from the dated rules if the row has none."""
    known = 0
    if contracts is not None:
        date = dt.date.fromisoformat(expiry)
        known = contracts.tick_paise(kind, name, date) or 0
        lot = lot or contracts.lot_size(name, date) or 0
    is_too_wide = kind != "FUT" and tick >= PAISE_PER_RUPEE  # no option ticks by a rupee
    if tick and (is_too_wide or tick == known * PAISE_PER_RUPEE):
        raise ValueError(
            f"tick_size: was {tick / PAISE_PER_RUPEE:g} rupees for {kind} of {name}; is it in"
            " paise? write it in rupees, such as 0.05"
        )
    for field, value in (("tick_size", tick or known), ("lot_size", lot)):
        if not value:
            raise ValueError(
                f"{field}: missing, empty or 0, and the dated rules have none of {name} {expiry};"
                " write it"
            )
    return tick or known, lot


def _date(text: str) -> str:
    if _is_nothing(text):
        return ""
    try:
        return parse_date(text)
    except ValueError as error:
        raise ValueError(
            f"expiry: {error}; write it so, or leave it empty where the symbol says it"
        ) from error


def _lot(text: str) -> int:
    return 0 if _is_nothing(text) else _whole("lot_size", text)


def _whole(field: str, text: str) -> int:
    """Return a whole number greater than 0; `25.0`, as some tables write it, is one."""
    if text.isascii() and text.isdigit() and (number := int(text)):
        return number
    match = _WHOLE.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise ValueError(
            f"{field}: expected a whole number greater than 0, was {text!r}; correct it"
        )
    return int(match[1])


@lru_cache(maxsize=4096)  # a dump has few distinct strikes and tick sizes
def _rupees(field: str, text: str) -> int:
    if _is_nothing(text):
        return 0
    try:
        paise = paise_exact(text.strip())
    except ValueError as error:
        raise ValueError(f"{field}: {error}; write it in rupees") from error
    if paise < 0:
        raise ValueError(f"{field}: expected rupees greater than 0, was {text!r}; correct it")
    return paise


@lru_cache(maxsize=4096)
def _is_nothing(text: str) -> bool:
    """Return whether a cell stands for no number: empty, or zero."""
    return _NOTHING.fullmatch(text) is not None
