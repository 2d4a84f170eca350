"""What the oracle of plans is given: contracts, sessions, inputs. Times in ns, prices in paise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, Literal, TypeAlias

SECOND = 1_000_000_000
IST_S = 19_800

Row: TypeAlias = dict[str, Any]
Plan: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Contract:
    """One instrument; an index has no expiry and no strike."""

    symbol: str
    underlying: str
    kind: Literal["INDEX", "FUT", "CE", "PE"]
    strike_paise: int = 0
    expiry: dt.date | None = None
    lot: int = 1
    step_paise: int = 5
    closes: int = 1 << 62


@dataclass(frozen=True)
class Session:
    """One day of trading; MIS ends at `square_off`, None: never."""

    date: dt.date
    open: int
    close: int
    square_off: int | None = None


@dataclass(frozen=True)
class Input:
    """One input: tick, clock, gap, end, kill, or exit of attempts (plan, round, leg, attempt)."""

    ts: int
    input_no: int
    what: Literal["tick", "clock", "gap", "end", "kill", "exit"]
    symbol: str = ""
    ltp_paise: int = 0
    exits: tuple[tuple[str, str, str, int], ...] = ()


@dataclass(frozen=True)
class Setup:
    plans: Sequence[Plan]
    contracts: Sequence[Contract]
    sessions: Sequence[Session]
    quote_max_age_s: int = 60
    stale_after_s: int = 5
    reject_after_s: int = 30


@dataclass(frozen=True)
class Scenario:
    setup: Setup
    inputs: Sequence[Input] = field(default_factory=tuple)


def paise(rupees: Any) -> Fraction:
    """Return a number of YAML in paise, exactly as it is written."""
    return Fraction(str(rupees)) * 100


@cache
def moment(date: dt.date, clock: str) -> int:
    """Return a time of day in India."""
    hours, minutes, *rest = (int(part) for part in clock.split(":"))
    seconds = hours * 3600 + minutes * 60 + (rest[0] if rest else 0)
    days = (date - dt.date(1970, 1, 1)).days
    return (days * 86_400 + seconds - IST_S) * SECOND


def date_of(ts: int) -> dt.date:
    """Return the date in India."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=(ts // SECOND + IST_S) // 86_400)


def canonical(rows: Sequence[Row]) -> list[str]:
    """Return the rows as texts without input_no, those of one timestamp sorted."""
    texts = [
        (row["ts"], str(sorted((key, row[key]) for key in row if key != "input_no")))
        for row in rows
    ]
    return [text for _, text in sorted(texts)]
