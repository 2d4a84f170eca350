"""Turn a vendor's names of contracts into Kite's."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from daemon.domain.dates import MONTHS
from daemon.domain.symbols import INDEX_SYMBOLS, WEEKLY_MONTHS, exchange_of
from feeds.contracts.facts import ContractLookup
from feeds.presets.preset import SymbolStyle

_DATED: Final[Mapping[SymbolStyle, re.Pattern[str]]] = {
    "gdfl": re.compile(
        r"(?P<name>[A-Z&\-]+?)(?P<day>\d\d)(?P<month>[A-Z]{3})(?P<year>\d\d)"
        r"(?:(?P<strike>\d+(?:\.\d+)?)(?P<right>CE|PE)|FUT)"
    ),
    "truedata": re.compile(
        r"(?P<name>[A-Z&\-]+?)(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)"
        r"(?P<strike>\d+(?:\.\d+)?)(?P<right>CE|PE)"
    ),
}
_EXCHANGE: Final = re.compile(r"\.(NFO|NSE|BFO|BSE|NSE_IDX|BSE_IDX)$")
_RIGHTS: Final = {"call": "CE", "ce": "CE", "put": "PE", "pe": "PE"}
_CODES: Final = {"CNXBAN": "BANKNIFTY", "NIFFIN": "FINNIFTY", "NIFSEL": "MIDCPNIFTY"}
"""ICICI's codes of indices that are not called so anywhere else."""


class Names:
    """The vendor's names of one file as Kite's. Raises ValueError for what is no contract."""

    def __init__(self, style: SymbolStyle, contracts: ContractLookup | None) -> None:
        self._style = style
        self._contracts = contracts

    def of_text(self, text: str) -> str:
        """Return a name that is one text; one in no known form stays as it is."""
        if self._style == "upstox":
            return _of_upstox(text)
        suffix = _EXCHANGE.search(text)
        plain = text[: suffix.start()] if suffix else text
        if suffix and suffix[1].endswith("_IDX"):
            return INDEX_SYMBOLS.get(plain, plain)
        pattern = _DATED.get(self._style)
        match = pattern.fullmatch(plain) if pattern is not None else None
        if match is None:
            return plain
        month = match["month"]
        number = int(month) if month.isdecimal() else MONTHS.index(month) + 1
        expiry = dt.date(2000 + int(match["year"]), number, int(match["day"]))
        groups = match.groupdict()
        return self.of_parts(groups["name"], expiry, groups["strike"] or "", groups["right"] or "")

    def of_breeze(self, name: str, expiry: str, strike: str, right: str) -> str:
        """Return a contract of four columns; without an expiry it is an index or a share."""
        known = _CODES.get(name, name)
        if not expiry:
            return INDEX_SYMBOLS.get(known, known)
        return self.of_parts(known, _date(expiry), strike, _RIGHTS.get(right.casefold(), ""))

    def of_parts(self, name: str, expiry: dt.date, strike: str, right: str) -> str:
        """Return Kite's symbol of a contract, weekly unless its date is its month's expiry."""
        head = f"{name}{expiry:%y}"
        monthly = f"{head}{MONTHS[expiry.month - 1]}"
        if not right:
            return f"{monthly}FUT"
        rupees = float(strike)
        whole = str(int(rupees)) if rupees == int(rupees) else strike
        if self._is_monthly(name, expiry):
            return f"{monthly}{whole}{right}"
        return f"{head}{WEEKLY_MONTHS[expiry.month - 1]}{expiry:%d}{whole}{right}"

    def _is_monthly(self, name: str, expiry: dt.date) -> bool:
        known = self._contracts and self._contracts.expiries.monthly(
            exchange_of("FUT", name), name, expiry.year, expiry.month
        )
        if not known:
            raise ValueError(
                f"the dated rules do not say on which day {name} expires in {expiry:%b %Y}, and so "
                "not whether it is a monthly contract"
            )
        return known == expiry


def _of_upstox(key: str) -> str:
    """Return the index of `NSE_INDEX|Nifty 50`; other keys have a number instead of a name."""
    segment, _, name = key.partition("|")
    if not segment.endswith("_INDEX"):
        raise ValueError("is a number of the exchange's, which says no contract")
    return name.upper()


def _date(text: str) -> dt.date:
    """Return a date as ICICI writes it: `2024-06-06`, with a time after it, or `06-Jun-2024`."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return dt.datetime.strptime(text.title(), "%d-%b-%Y").date()  # noqa: DTZ007 - a date
