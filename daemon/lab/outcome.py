"""What one variant of many came to: its numbers and trades, without its events."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from daemon.domain.drawdown import Drawdown
from daemon.lab.numbers.days import Days
from daemon.lab.numbers.ratios import Ratios
from daemon.lab.numbers.trades import TradeFigures

Status = Literal["done", "failed"]


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the result rests on fills of a stale quote or at an optimistic price."""

    trades: int
    gross_paise: int
    net_paise: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a variant that ran to its end came to."""

    events_hash: str
    """That of `Result.events_hash`, to the letter."""
    trades: Any
    """The table of `Result.trades`: pyarrow, one row for each exit fill, money in paise."""
    net_paise: int
    """Net P&L with what is open at market, at the end."""
    gross_paise: int
    """Of closed trades, before charges."""
    days: Days
    """Net P&L by session, and the sessions that no data was there for."""
    drawdown: Drawdown
    """From every minute, before anything is thinned."""
    ratios: Ratios
    figures: TradeFigures
    exposure: float | None
    """The share of the sessions' minutes with a position, None without a session."""
    return_on_peak_margin: float | None
    """Net P&L of what was closed by the most that was blocked, None if no margin was computed."""
    doubt: Doubt
    """The closed trades with a stale or optimistic fill."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a variant ended: `done` with what it came to, or `failed` with the cause in one line."""

    status: Status
    cause: str = ""
    warning: str = ""
    """What was found out about the run and does not change its numbers, in one line."""
    told: Told | None = None
    """None where it failed."""


def failed(error: BaseException) -> Outcome:
    """Return the outcome of a variant that an exception ended."""
    return Outcome(status="failed", cause=one_line(error))


def one_line(error: BaseException) -> str:
    """Return an exception as one line: the program's own errors speak for themselves."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    if type(error).__module__ == "daemon.errors":
        return text or name
    return f"{name}: {text}" if text else name


def is_equal(one: Outcome, other: Outcome) -> bool:
    """Return whether two runs of a variant came to the same."""
    if one.told is None or other.told is None:
        return one.told is other.told and one.cause == other.cause
    return one.told.events_hash == other.told.events_hash
