"""Columns of an exported table: what kind of value each holds, and what it is called where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.metrics.fill_quality import whole_paise

EXPORT_VERSION: Final = 1
Value = int | str | bool | dt.date | None
Row = Sequence[Value]


class Kind(Enum):
    """The kind of values in a column; None is allowed in each."""

    TEXT = "text"
    WHOLE = "whole"
    """A whole number: a quantity, a count, milliseconds."""
    MONEY = "money"
    """Whole paise; rupees in csv and xlsx."""
    TIME = "time"
    """UTC ns; Indian time in csv and xlsx."""
    DATE = "date"
    FLAG = "flag"


class Column(NamedTuple):
    """A column; `name` is without a unit."""

    name: str
    kind: Kind = Kind.TEXT

    @property
    def in_rupees(self) -> str:
        """Return the name in a file that has money in rupees."""
        return f"{self.name}_rupees" if self.kind is Kind.MONEY else self.name

    @property
    def in_paise(self) -> str:
        """Return the name in a file that has money in paise."""
        return f"{self.name}_paise" if self.kind is Kind.MONEY else self.name


class Rows(NamedTuple):
    """A table as it is written: its columns, and rows that are made as they are taken."""

    columns: Sequence[Column]
    rows: Iterator[Row]


class RunningPaise:
    """Rounds parts of a sum so that they add up to the rounded sum, to the paisa.

    Rounded alone, a thousand charges could be rupees away from the total that the summary shows.
    """

    def __init__(self) -> None:
        self._rupees = Decimal(0)

    def take(self, rupees: Decimal) -> int:
        """Return what the next part adds to the rounded sum, paise."""
        before = whole_paise(self._rupees)
        self._rupees += rupees
        return whole_paise(self._rupees) - before


def rupees_plain(paise: int) -> str:
    """Return paise as rupees with two decimals and no groups: -1234567 is -12345.67."""
    whole, part = divmod(abs(paise), PAISE_PER_RUPEE)
    return f"{'-' if paise < 0 else ''}{whole}.{part:02d}"
