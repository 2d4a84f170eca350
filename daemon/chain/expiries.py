"""Which date an expiry word means on a date (P9, P49)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, Literal

import msgspec

ExpiryWord = Literal["weekly", "next_weekly", "monthly", "next_monthly"]
EXPIRY_WORDS: Final[tuple[ExpiryWord, ...]] = (
    "weekly", "next_weekly", "monthly", "next_monthly",
)  # fmt: skip
_NEXT: Final = "next_"


class ListedExpiries(msgspec.Struct, frozen=True):
    """All expiries of an underlying as ISO dates, ascending: the whole list of the day.

    The dump's, or the dated calendar's where there is no dump; never only those of the universe,
    in which the last weekly of a month could pass for its monthly.
    """

    options: tuple[str, ...]
    futures: tuple[str, ...] = ()


def listed_expiries(options: Iterable[str], futures: Iterable[str] = ()) -> ListedExpiries:
    """Return the expiries in order and each once, from contracts in any order."""
    return ListedExpiries(tuple(sorted(set(options))), tuple(sorted(set(futures))))


def monthly_expiries(options: Collection[str], futures: Iterable[str]) -> frozenset[str]:
    """Return the option expiries that end a month.

    A future always expires on one, so up to the last future's month the futures decide: a weekly
    expiry that a holiday moved to the last day of the month before is not taken for that month's
    monthly. Beyond them the last expiry of a calendar month counts.
    """
    last = {expiry[:7]: expiry for expiry in sorted(options)}
    shared = set(futures).intersection(options)
    if not shared:
        return frozenset(last.values())
    until = max(shared)[:7]
    return frozenset(shared) | {expiry for month, expiry in last.items() if month > until}


def has_weeklies(listed: ListedExpiries, first: str) -> bool:
    """Return whether any option expiry on or after `first` is not a monthly one.

    `first` is an ISO date: today, or tomorrow once today's expiring contracts have closed.
    """
    months = monthly_expiries(listed.options, listed.futures)
    return any(expiry >= first and expiry not in months for expiry in listed.options)


def option_expiry(listed: ListedExpiries, word: ExpiryWord, first: str) -> str | None:
    """Return the option expiry that a word means, None if the list has none.

    `weekly` is the nearest expiry, which in a month's last week is the monthly one; without
    weeklies on that date it means nothing, rather than a month.
    """
    if word.endswith("weekly"):
        expiries = listed.options if has_weeklies(listed, first) else ()
    else:
        expiries = tuple(sorted(monthly_expiries(listed.options, listed.futures)))
    return _nth(expiries, word, first)


def future_expiry(listed: ListedExpiries, word: ExpiryWord, first: str) -> str | None:
    """Return the future's expiry that a word means, by the futures' own list.

    None for the weekly words, which no future has, and beyond the list.
    """
    return None if word.endswith("weekly") else _nth(listed.futures, word, first)


def _nth(expiries: tuple[str, ...], word: ExpiryWord, first: str) -> str | None:
    coming = [expiry for expiry in expiries if expiry >= first]
    at = 1 if word.startswith(_NEXT) else 0
    return coming[at] if at < len(coming) else None
