"""What a choice reads of the market: last quotes and deltas, by index in the universe."""

from __future__ import annotations

from typing import Protocol

import msgspec


class LastQuote(msgspec.Struct, frozen=True):
    """The last tick of an instrument. Prices in paise, 0 for a side that is empty; `ts` in UTC ns.

    `is_believed` is the one answer to "may this price decide something now": a tick of today, not
    older than `quote_max_age_s`, from a feed that is alive. Whoever provides quotes decides it.
    """

    ltp_paise: int
    ts: int
    is_believed: bool
    bid_paise: int = 0
    ask_paise: int = 0


class Quotes(Protocol):
    """The quotes as of one moment; a choice reads the same one as often as it likes."""

    def last(self, index: int, /) -> LastQuote | None:
        """Return the last quote of an instrument, None before its first tick."""


class Deltas(Protocol):
    """The deltas as of the same moment (P7), rounded to 1e-4 by whoever computes them."""

    def delta(self, index: int, /) -> float | None:
        """Return an option's delta, None where its premium has none or its time is up."""


def believed_paise(quotes: Quotes, index: int) -> int | None:
    """Return an instrument's last price in paise if it may decide something now."""
    quote = quotes.last(index)
    return quote.ltp_paise if quote is not None and quote.is_believed else None
