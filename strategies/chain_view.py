"""The option chain as a strategy sees it: rows by strike with Greeks, and choices among them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Final

from msgspec import structs

from daemon.chain.choice import Chosen
from daemon.chain.choose import Market, WantedOption, choose
from daemon.chain.expiries import ExpiryWord
from daemon.chain.quotes import LastQuote
from daemon.chain.strike_rules import (
    AtOffset,
    DeltaClosest,
    How,
    PremiumAtLeast,
    PremiumAtMost,
    PremiumClosest,
    StrikeRule,
)
from daemon.chain.strikes import OptionKind, Strikes
from daemon.domain.dates import SECOND_NS
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import paise_exact, rupees
from strategies.chain_greeks import ChainGreeks
from strategies.facts import Quote, Row

Expiry = ExpiryWord | str | dt.date
"""An expiry by its word, as an ISO date or as a date."""
_PREMIUMS: Final[dict[How, Callable[[int], StrikeRule]]] = {
    "closest": PremiumClosest, "at_least": PremiumAtLeast, "at_most": PremiumAtMost,
}  # fmt: skip


class FrozenQuotes:
    """The quotes of one moment; a later tick does not change them."""

    def __init__(self, quotes: Mapping[int, LastQuote | None]) -> None:
        self._quotes = quotes

    def last(self, index: int, /) -> LastQuote | None:
        """Return the last quote of an instrument, None before its first tick."""
        return self._quotes.get(index)


class ChainMoment:
    """What all views of one chain at one moment share."""

    def __init__(
        self,
        universe: Universe,
        expiry: str,
        strikes: Strikes,
        market: Market,
        greeks: ChainGreeks,
        ts: int,
    ) -> None:
        self.universe: Final = universe
        self.expiry: Final = expiry
        self.strikes: Final = strikes
        self.market: Final = market
        self.greeks: Final = greeks
        self.ts: Final = ts
        self._quotes: dict[int, Quote] = {}

    def quote(self, index: int) -> Quote:
        """Return a contract's quote with its Greeks."""
        found = self._quotes.get(index)
        if found is None:
            found = self._quotes[index] = self._made(index)
        return found

    def price(self, index: int | None) -> float | None:
        """Return an instrument's last price in rupees, None before its first tick."""
        last = None if index is None else self.market.quotes.last(index)
        return None if last is None else rupees(last.ltp_paise)

    def _made(self, index: int) -> Quote:
        instrument, last = self.universe[index], self.market.quotes.last(index)
        return structs.replace(quote_of(instrument, last, self.ts), **self.greeks.of(index))


def quote_of(instrument: Instrument, last: LastQuote | None, now: int) -> Quote:
    """Return the quote that a last tick gives, without what only some feeds show."""
    quote = Quote(
        symbol=instrument.tradingsymbol,
        kind=instrument.instrument_type,
        strike=rupees(instrument.strike_paise) if instrument.is_option else None,
        expiry=instrument.expiry or None,
    )
    if last is None:
        return quote
    return structs.replace(
        quote,
        ltp=rupees(last.ltp_paise),
        bid=rupees(last.bid_paise) if last.bid_paise else None,
        ask=rupees(last.ask_paise) if last.ask_paise else None,
        age_s=(now - last.ts) / SECOND_NS,
        believed=last.is_believed,
    )


class Chain:
    """The options of one expiry at one moment, by strike; one without a contract is false.

    `ts` is that moment (UTC ns), `spot` and `forward` are rupees. What cannot be chosen now is
    None. Choices are those of plans: ATM ties go lower, premiums must be believed.
    """

    def __init__(self, moment: ChainMoment | None, at: float | None = None) -> None:
        self._moment = moment
        self._at_paise = None if at is None else paise_exact(at)
        self.expiry: Final = "" if moment is None else moment.expiry
        self.ts: Final = 0 if moment is None else moment.ts

    def __len__(self) -> int:
        return 0 if self._moment is None else len(self._moment.strikes.listed)

    def __iter__(self) -> Iterator[Row]:
        if self._moment is not None:
            for strike in self._moment.strikes.listed:
                yield self._row(self._moment, strike)

    @property
    def date(self) -> dt.date | None:
        """Return the expiry as a date, None for an empty chain."""
        return dt.date.fromisoformat(self.expiry) if self.expiry else None

    @property
    def spot(self) -> float | None:
        """Return the last price of the underlying, None if the run has none."""
        moment = self._moment
        return None if moment is None else moment.price(moment.market.contracts.spot)

    @property
    def forward(self) -> float | None:
        """Return the price that the Greeks are counted from: K + CE - PE at the money."""
        return None if self._moment is None else self._moment.greeks.forward

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Return all rows, the lowest strike first."""
        return tuple(self)

    def row(self, strike: float) -> Row | None:
        """Return the row of a listed strike in rupees."""
        moment = self._moment
        if moment is None:
            return None
        paise = paise_exact(strike)
        return self._row(moment, paise) if paise in moment.strikes.listed else None

    def atm(self) -> Row | None:
        """Return the row at the money, None without a believed price of the underlying."""
        for kind in ("CE", "PE"):
            found = self._choose(AtOffset(0), kind)
            if found is not None:
                return self.row(found.strike or 0.0)
        return None

    def offset(self, n: int, kind: OptionKind) -> Quote | None:
        """Return the n-th listed strike from the money, positive out of it."""
        return self._choose(AtOffset(n), kind)

    def by_premium(self, x: float, kind: OptionKind, how: How = "closest") -> Quote | None:
        """Return the contract whose premium in rupees is closest to, at least or at most `x`."""
        return self._choose(_PREMIUMS[how](paise_exact(x)), kind)

    def by_delta(self, d: float, kind: OptionKind) -> Quote | None:
        """Return the contract whose delta is nearest in size to `d`, such as 0.2."""
        return self._choose(DeltaClosest(Decimal(repr(abs(float(d))))), kind)

    def _choose(self, rule: StrikeRule, kind: OptionKind) -> Quote | None:
        moment = self._moment
        if moment is None:
            return None
        wanted = WantedOption(kind=kind, expiry=moment.expiry, strike=rule, at_paise=self._at_paise)
        match choose(wanted, moment.market):
            case Chosen(index):
                return moment.quote(index)
            case _:
                return None

    def _row(self, moment: ChainMoment, strike: int) -> Row:
        sides = []
        for kind in _KINDS:
            index = moment.strikes.index_of(strike, kind)
            if index is None:
                nothing = Quote(symbol="", kind=kind, strike=rupees(strike), expiry=moment.expiry)
                sides.append(nothing)
            else:
                sides.append(moment.quote(index))
        return Row(rupees(strike), *sides)


_KINDS: Final[tuple[OptionKind, ...]] = ("CE", "PE")
EMPTY_CHAIN: Final = Chain(None)
