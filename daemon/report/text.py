"""Numbers and times as a person in India reads them."""

from __future__ import annotations

from typing import Final

from daemon.domain.dates import HOUR_NS, MINUTE_NS, SECOND_NS, iso_ist
from daemon.domain.money import group_indian, rupees_text

MINUS: Final = "\u2212"
ABSENT: Final = "\u2013"


def signed(paise: int) -> str:
    """Return a gain or loss with its sign, so that no colour is needed."""
    return f"+{rupees_text(paise)}" if paise > 0 else rupees_text(paise)


def typographic(text: str) -> str:
    """Return the text with a real minus sign, for the page."""
    return text.replace("-", MINUS, 1) if text.startswith("-") else text


def count(number: int) -> str:
    """Return a count in Indian groups."""
    return f"-{group_indian(-number)}" if number < 0 else group_indian(number)


def ist_time(ts: int) -> str:
    """Return HH:MM:SS of the Indian day."""
    return iso_ist(ts)[11:19]


def ist_day_text(ts: int) -> str:
    """Return YYYY-MM-DD in India."""
    return iso_ist(ts)[:10]


def duration(ns: int) -> str:
    """Return a duration as 2h 05m, 4m 10s or 12s."""
    if ns >= HOUR_NS:
        return f"{ns // HOUR_NS}h {ns % HOUR_NS // MINUTE_NS:02d}m"
    if ns >= MINUTE_NS:
        return f"{ns // MINUTE_NS}m {ns % MINUTE_NS // SECOND_NS:02d}s"
    return f"{ns // SECOND_NS}s"


def words(code: str) -> str:
    """Return a lower_snake reason code as words: stop_loss is Stop loss."""
    return code.replace("_", " ").capitalize() if code.islower() else code


def plain_words(code: str) -> str:
    """Return a lower_snake code as words within a line: stop_loss is stop loss."""
    return code.replace("_", " ")


def one_day(first_ts: int, last_ts: int) -> bool:
    """Return whether times alone are enough, without dates."""
    return ist_day_text(first_ts) == ist_day_text(last_ts)


def time_text(ts: int, *, dated: bool) -> str:
    """Return the Indian time, with month and day if `dated`."""
    return f"{ist_day_text(ts)[5:]} {ist_time(ts)}" if dated else ist_time(ts)


def span_text(first_ts: int, last_ts: int) -> str:
    """Return from when to when, Indian time."""
    until = ist_time(last_ts)
    if not one_day(first_ts, last_ts):
        until = f"{ist_day_text(last_ts)} {until}"
    return f"{ist_day_text(first_ts)} {ist_time(first_ts)} to {until} IST"
