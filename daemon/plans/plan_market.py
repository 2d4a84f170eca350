"""The market of one plan at a moment: its reference price S and the contracts that legs mean."""

from __future__ import annotations

import datetime as dt
from typing import Final

from daemon.chain.choice import Choice, Never, NotYet
from daemon.chain.choose import (
    Market,
    WantedFuture,
    WantedOption,
    chain_of,
    choose,
    option_date,
    reference_price,
)
from daemon.chain.contracts import contracts_of
from daemon.chain.expiries import ListedExpiries, future_expiry
from daemon.chain.quotes import LastQuote, Quotes
from daemon.chain.reference import Reference
from daemon.chain.strike_rules import ExactStrike, FromLegPoints, FromLegSteps
from daemon.domain.dates import ist_date
from daemon.plans.deltas import ChainDeltas
from daemon.plans.desk import Desk
from daemon.plans.terms.leg import Leg
from daemon.plans.terms.plan import Plan

NEAREST: Final = "weekly"
FIXED: Final = (ExactStrike, FromLegPoints, FromLegSteps)
"""Rules that need no reference price."""
_SYNTHETIC: Final = ("index", "call", "put")
_NO_SYNTHETIC: Final = "the synthetic price of the nearest expiry is not believed now"


class _Seen:
    """The last quotes whatever their age."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def last(self, index: int, /) -> LastQuote | None:
        """Return the last quote as one that is believed."""
        quote = self._desk.last(index)
        return None if quote is None else LastQuote(quote.ltp_paise, quote.ts, is_believed=True)


class PlanMarket:
    """The contracts of a plan's underlying, as of the desk's moment."""

    def __init__(self, plan: Plan, desk: Desk, listed: ListedExpiries) -> None:
        self.plan = plan
        self.is_synthetic = plan.reference == "synthetic"
        self._desk = desk
        self._listed = listed
        self.contracts = contracts_of(desk.universe, plan.underlying)
        self._seen = _Seen(desk)
        self._nearest: dict[str, str | None] = {}
        options = [
            index
            for strikes in self.contracts.options.values()
            for kind in ("CE", "PE")
            for strike in strikes.of_kind(kind)
            if (index := strikes.index_of(strike, kind)) is not None
        ]
        self.tradable: Final = (*options, *self.contracts.futures.values())

    # prices

    def last(self, index: int) -> int | None:
        """Return the last price of an instrument, whatever its age."""
        quote = self._desk.last(index)
        return None if quote is None else quote.ltp_paise

    def has_ticked(self, index: int) -> bool:
        """Return whether an instrument had a tick in this timestamp."""
        quote = self._desk.last(index)
        return quote is not None and quote.ts == self._desk.now

    def reference(self) -> int | None:
        """Return S if it is believed (P1)."""
        return self._reference(self._desk)

    def seen_reference(self) -> int | None:
        """Return the last S, whatever its age, and for a level also beyond the listed strikes."""
        if not self.is_synthetic:
            return self._reference(self._seen)
        sources = self.sources()
        prices = [price for index in sources if (price := self.last(index)) is not None]
        if len(prices) < len(_SYNTHETIC):
            return None
        strike = self._desk.universe[sources[1]].strike_paise
        return strike + prices[1] - prices[2]

    def sources(self) -> tuple[int, ...]:
        """Return the instruments that S is made of now."""
        contracts = self.contracts
        if self.plan.reference == "spot":
            return () if contracts.spot is None else (contracts.spot,)
        market = self._market(self._seen)
        if self.plan.reference == "future":
            date = future_expiry(self._listed, "monthly", market.first_expiry)
            index = None if date is None else contracts.futures.get(date)
            return () if index is None else (index,)
        if contracts.spot is None:
            return ()
        spot, date = self.last(contracts.spot), self._nearest_expiry(market)
        strikes = None if date is None else contracts.options.get(date)
        if spot is None or strikes is None:
            return ()
        pair = [strikes.index_of(strikes.atm(spot), kind) for kind in ("CE", "PE")]
        return (contracts.spot, *(index for index in pair if index is not None))

    def reference_ticked(self) -> bool:
        """Return whether S had a tick in this timestamp."""
        return any(self.has_ticked(index) for index in self.sources())

    def _reference(self, quotes: Quotes) -> int | None:
        market = self._market(quotes)
        date = self._nearest_expiry(market)
        strikes = None if date is None else self.contracts.options.get(date)
        if strikes is None:
            if self.is_synthetic or not self.contracts.options:
                return self._without_strikes(quotes)
            strikes = next(iter(self.contracts.options.values()))
        found = reference_price(self.plan.reference, strikes, market)
        return found.paise if isinstance(found, Reference) else None

    def _without_strikes(self, quotes: Quotes) -> int | None:
        if self.is_synthetic:
            return None
        for index in self.sources():
            quote = quotes.last(index)
            if quote is not None and quote.is_believed:
                return quote.ltp_paise
        return None

    def _nearest_expiry(self, market: Market) -> str | None:
        """Return the nearest expiry among those of the plan's options, found once a day."""
        first = market.first_expiry
        if first not in self._nearest:
            self._nearest = {first: self._find_nearest(market)}
        return self._nearest[first]

    def _find_nearest(self, market: Market) -> str | None:
        words = [leg.expiry for leg in self.plan.legs if leg.type != "FUT"] or [NEAREST]
        dates = [option_date(word, market) for word in words]
        return min((date for date in dates if date is not None), default=None)

    # contracts

    def choose(self, leg: Leg, expiry: str, leg_strike: int | None) -> Choice:
        """Return the contract that a leg means now; `expiry` is a word or a date."""
        market = self._market(self._desk)
        if leg.type == "FUT":
            return choose(WantedFuture(expiry), market)
        rule = leg.strike_rule
        assert rule is not None, leg
        price = self.reference()
        if price is None and self.is_synthetic and not isinstance(rule, FIXED):
            chain = chain_of(expiry, market)  # one S for all legs, whatever their expiry (P10)
            return chain if isinstance(chain, Never) else NotYet("no_reference", _NO_SYNTHETIC)
        wanted = WantedOption(
            kind=leg.type,
            expiry=expiry,
            strike=rule,
            reference=self.plan.reference,
            at_paise=price,
            leg_strike_paise=leg_strike,
        )
        return choose(wanted, market)

    def expiry_of(self, leg: Leg, day: dt.date) -> str | None:
        """Return the date that a leg's expiry word means on a day (ISO), None without one."""
        first = day.isoformat()
        market = Market(self.contracts, self._listed, first, self._desk)
        if leg.type == "FUT":
            return future_expiry(self._listed, leg.expiry, first)
        return option_date(leg.expiry, market)

    def _market(self, quotes: Quotes) -> Market:
        first = self._first_expiry()
        deltas = ChainDeltas(self.contracts, self._desk, self.reference)
        return Market(self.contracts, self._listed, first, quotes, deltas)

    def _first_expiry(self) -> str:
        """Return the first date whose contracts have not expired."""
        today = ist_date(self._desk.now)
        for index in self.tradable[:1]:
            _, close_ts = self._desk.session(index, today)
            if close_ts and self._desk.now >= close_ts:
                return (today + dt.timedelta(days=1)).isoformat()
        return today.isoformat()
