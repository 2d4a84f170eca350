"""Choose a contract: one function for plans and for Python strategies (P1 to P9)."""

from __future__ import annotations

from typing import Literal

import msgspec

from daemon.chain.choice import Basis, Choice, Chosen, Never, NotYet
from daemon.chain.choose_strike import choose_by_money, choose_fixed
from daemon.chain.contracts import UnderlyingContracts
from daemon.chain.expiries import (
    EXPIRY_WORDS,
    ExpiryWord,
    ListedExpiries,
    future_expiry,
    option_expiry,
)
from daemon.chain.option_chain import Money, OptionChain
from daemon.chain.quotes import Deltas, Quotes
from daemon.chain.reference import (
    Reference,
    ReferenceKind,
    future_price,
    outside_window,
    spot_price,
    synthetic_price,
)
from daemon.chain.strike_rules import ExactStrike, FromLegPoints, FromLegSteps, StrikeRule
from daemon.chain.strikes import OptionKind, Strikes


class Market(msgspec.Struct, frozen=True):
    """What one underlying looks like at one moment."""

    contracts: UnderlyingContracts
    listed: ListedExpiries
    first_expiry: str
    """The first date (ISO) whose contracts have not expired: today, or tomorrow once today's
    expiring contracts have closed."""
    quotes: Quotes
    deltas: Deltas | None = None


class WantedOption(msgspec.Struct, frozen=True, kw_only=True):
    """An option as a leg or a strategy names it; `expiry` may be a date (ISO).

    `at_paise` takes the place of the reference price. `leg_strike_paise` is the strike of the leg
    that the rule starts from.
    """

    kind: OptionKind
    expiry: ExpiryWord | str
    strike: StrikeRule
    reference: ReferenceKind = "spot"
    at_paise: int | None = None
    leg_strike_paise: int | None = None


class WantedFuture(msgspec.Struct, frozen=True):
    """A future as a leg names it, by the futures' own list; `expiry` may be a date (ISO)."""

    expiry: ExpiryWord | str


def choose(wanted: WantedOption | WantedFuture, market: Market) -> Choice:
    """Return the contract that is meant, or why it cannot be chosen now or ever."""
    match wanted:
        case WantedFuture(expiry):
            return _choose_future(expiry, market)
        case WantedOption():
            return _choose_option(wanted, market)


def chain_of(expiry: ExpiryWord | str, market: Market) -> OptionChain | Never:
    """Return the option chain of an expiry word or date, `no_expiry` where the run has none."""
    date = option_date(expiry, market)
    strikes = None if date is None else market.contracts.options.get(date)
    if date is None or strikes is None:
        return _no_expiry("options", expiry, date, tuple(market.contracts.options), market)
    return OptionChain(date, strikes, market.quotes, market.deltas)


def option_date(expiry: ExpiryWord | str, market: Market) -> str | None:
    """Return the date that an option's expiry means, also where the run lacks its contracts."""
    word = _word(expiry)
    if word is None:
        return expiry if expiry >= market.first_expiry else None
    return option_expiry(market.listed, word, market.first_expiry)


def reference_price(
    kind: ReferenceKind, strikes: Strikes, market: Market
) -> Reference | NotYet | Never:
    """Return S as one expiry sees it: only the synthetic price depends on the expiry."""
    match kind:
        case "spot":
            return spot_price(market.contracts, market.quotes)
        case "future":
            return future_price(market.contracts, market.listed, market.first_expiry, market.quotes)
        case "synthetic":
            return synthetic_price(market.contracts, strikes, market.quotes)


def money_of(reference: int, strikes: Strikes) -> Money | Never:
    """Return ATM by a reference price in paise, `outside_window` beyond the listed strikes."""
    if not strikes.holds(reference):
        return outside_window("the reference price", reference, strikes)
    return Money(reference, strikes.atm(reference))


def _choose_option(wanted: WantedOption, market: Market) -> Choice:
    chain = chain_of(wanted.expiry, market)
    match chain:
        case Never():
            return chain
        case _:
            return _choose_strike(wanted, chain, _money(wanted, chain.strikes, market))


def _choose_strike(
    wanted: WantedOption, chain: OptionChain, money: Money | NotYet | Never
) -> Choice:
    """Return the contract of a chain that is meant; a fixed strike needs to know no money."""
    match money:
        case Money():
            known: Money | None = money
        case _:
            known = None
    match wanted.strike:
        case ExactStrike() | FromLegPoints() | FromLegSteps() as fixed:
            return choose_fixed(fixed, wanted.kind, chain, known, wanted.leg_strike_paise)
        case by_money:
            match money:
                case Money():
                    return choose_by_money(by_money, wanted.kind, chain, money)
                case _:
                    return money


def _money(wanted: WantedOption, strikes: Strikes, market: Market) -> Money | NotYet | Never:
    if wanted.at_paise is not None:
        return money_of(wanted.at_paise, strikes)
    reference = reference_price(wanted.reference, strikes, market)
    match reference:
        case Reference(paise):
            return money_of(paise, strikes)
        case _:
            return reference


def _choose_future(expiry: ExpiryWord | str, market: Market) -> Choice:
    word = _word(expiry)
    if word is not None:
        date = future_expiry(market.listed, word, market.first_expiry)
    else:
        date = expiry if expiry >= market.first_expiry else None
    index = None if date is None else market.contracts.futures.get(date)
    if date is None or index is None:
        return _no_expiry("futures", expiry, date, tuple(market.contracts.futures), market)
    return Chosen(index, 0, Basis(expiry=date))


def _word(expiry: str) -> ExpiryWord | None:
    for word in EXPIRY_WORDS:
        if expiry == word:
            return word
    return None


def _no_expiry(
    what: Literal["options", "futures"],
    expiry: str,
    date: str | None,
    held: tuple[str, ...],
    market: Market,
) -> Never:
    coming = [each for each in held if each >= market.first_expiry]
    meant = f"{expiry}, which is {date}" if date not in (None, expiry) else expiry
    has = f"it has {', '.join(coming)}" if coming else "it has none"
    name, numbers = market.contracts.name, {"expiries": float(len(coming))}
    return Never("no_expiry", f"the run has no {name} {what} of {meant}; {has}", numbers)
