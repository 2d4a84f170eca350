"""Reads a .spn file: XML of file format 4.00, as Indian clearing houses publish it each day.

Only what a portfolio of futures and options needs is taken, and only for the underlyings that are
asked for. What is not understood is refused: another format, another contract value factor, a short
option minimum, a calendar charge that is not flat.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from xml.etree import ElementTree  # nosec B405
from xml.etree.ElementTree import Element  # nosec B405

from daemon.domain.risk_arrays import MICRO, SCENARIOS, CalendarRow, RiskArrays, RiskRow
from daemon.errors import ConfigError

_FORMAT: Final = "4.00"
_KINDS: Final = {"C": "CE", "P": "PE"}
_FLAT: Final = "F"
_PAISE: Final = 100
_DATE_DIGITS: Final = 8


def read_spn(path: Path, names: frozenset[str]) -> RiskArrays:
    """Return the arrays of some underlyings, by name. Raises ConfigError, in one line."""
    try:
        return _Reader(names).read(path)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"margin.span_file: {path}: cannot be read: {reason}") from error
    except (ElementTree.ParseError, _NotUnderstoodError) as error:
        raise ConfigError(f"margin.span_file: {path}: is not understood: {error}") from error


class _NotUnderstoodError(Exception):
    pass


class _Reader:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._date = ""
        self._rows: list[RiskRow] = []
        self._calendars: list[CalendarRow] = []

    def read(self, path: Path) -> RiskArrays:
        takes = {
            "fileFormat": self._take_format, "date": self._take_date, "ccDef": self._take_rates,
            "futPf": self._take_futures, "oopPf": self._take_options,
        }  # fmt: skip
        # the user's own file, and expat bounds what entities may expand to
        for _, element in ElementTree.iterparse(path):  # noqa: S314  # nosec B314
            take = takes.get(element.tag)
            if take is not None:
                take(element)
            if element.tag in ("ccDef", "futPf", "oopPf", "phyPf"):
                element.clear()
        if not self._date:
            raise _NotUnderstoodError("it has no date")
        return RiskArrays(date=self._date, rows=tuple(self._rows), calendars=tuple(self._calendars))

    def _take_format(self, element: Element) -> None:
        if (text := (element.text or "").strip()) != _FORMAT:
            raise _NotUnderstoodError(f"its format is {text}, not {_FORMAT}")

    def _take_date(self, element: Element) -> None:
        self._date = self._date or _date(element.text)

    def _take_rates(self, element: Element) -> None:
        name = _text(element, "cc")
        if name not in self._names:
            return
        if any(_micro(each.text) for each in element.iterfind("somTiers/tier/rate/val")):
            raise _NotUnderstoodError(f"{name} has a short option minimum")
        spreads = [_spread(name, each) for each in element.iterfind("dSpread")]
        self._calendars += [row for _, row in sorted(spreads, key=lambda each: each[0])]

    def _take_futures(self, element: Element) -> None:
        if (name := _text(element, "pfCode")) in self._names:
            _check_factor(element, name)
            for each in element.iterfind("fut"):
                _check_factor(each, name)
                self._rows.append(_row(each, name, "FUT", _date(_text(each, "pe"))))

    def _take_options(self, element: Element) -> None:
        if (name := _text(element, "pfCode")) not in self._names:
            return
        for series in (element, *element.iterfind("series")):
            _check_factor(series, name)
        for series in element.iterfind("series"):
            self._rows += _options(series, name)


def _options(series: Element, name: str) -> Iterator[RiskRow]:
    expiry = _date(_text(series, "pe"))
    for each in series.iterfind("opt"):
        _check_factor(each, name)
        kind = _KINDS.get(_text(each, "o"))
        if kind is None:
            raise _NotUnderstoodError(f"an option of {name} is neither C nor P")
        strike = _decimal(_text(each, "k")) * _PAISE
        if strike != int(strike):
            raise _NotUnderstoodError(f"a strike of {name} is {_text(each, 'k')}")
        yield _row(each, name, kind, expiry, int(strike))


def _row(element: Element, name: str, kind: str, expiry: str, strike: int = 0) -> RiskRow:
    losses = tuple(_micro(each.text) for each in element.iterfind("ra/a"))
    if len(losses) != SCENARIOS:
        raise _NotUnderstoodError(
            f"{kind} {expiry} of {name} has {len(losses)} losses, not {SCENARIOS}"
        )
    return RiskRow(
        name=name, kind=kind, expiry=expiry, strike_paise=strike, losses=losses,
        price=_micro(_text(element, "p")), delta=_micro(_text(element, "ra/d")),
    )  # fmt: skip


def _spread(name: str, element: Element) -> tuple[int, CalendarRow]:
    """Return a charge between two expiries with its priority."""
    legs = element.findall("pLeg")
    plain = len(legs) == 2 and all(_micro(_text(leg, "i")) == MICRO for leg in legs)
    if not plain or _text(element, "chargeMeth") != _FLAT:
        raise _NotUnderstoodError(f"a calendar charge of {name} is not a flat one of two expiries")
    first, second = (_date(_text(leg, "pe")) for leg in legs)
    rate = _micro(_text(element, "rate/val"))
    row = CalendarRow(name=name, first=first, second=second, rate=rate)
    return int(_decimal(_text(element, "spread"))), row


def _check_factor(element: Element, name: str) -> None:
    factor = element.findtext("cvf")
    if factor is not None and _decimal(factor) != 1:
        raise _NotUnderstoodError(f"the contract value factor of {name} is {factor.strip()}, not 1")


def _text(element: Element, path: str) -> str:
    found = (element.findtext(path) or "").strip()
    if not found:
        raise _NotUnderstoodError(f"a {element.tag} has no {path}")
    return found


def _date(text: str | None) -> str:
    """Return YYYYMMDD as an ISO date."""
    try:
        digits = (text or "").strip()[:_DATE_DIGITS]
        return dt.datetime.strptime(digits, "%Y%m%d").date().isoformat()  # noqa: DTZ007
    except ValueError as error:
        raise _NotUnderstoodError(f"{text!r} is no date") from error


def _micro(text: str | None) -> int:
    """Return a number in whole millionths, the nearest; of two, the even one."""
    return int((_decimal(text) * MICRO).to_integral_value())


def _decimal(text: str | None) -> Decimal:
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation as error:
        raise _NotUnderstoodError(f"{text!r} is no number") from error
    if not number.is_finite():
        raise _NotUnderstoodError(f"{text!r} is no number")
    return number
