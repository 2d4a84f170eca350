"""The reference price S: what ATM and levels of the underlying look at (P1)."""

from __future__ import annotations

from typing import Literal

import msgspec

from daemon.chain.choice import Never, NotYet, rupees_of, rupees_shown
from daemon.chain.contracts import UnderlyingContracts
from daemon.chain.expiries import ListedExpiries, future_expiry
from daemon.chain.quotes import Quotes, believed_paise
from daemon.chain.strikes import Exact, Strikes

ReferenceKind = Literal["spot", "future", "synthetic"]


class Reference(msgspec.Struct, frozen=True):
    """A believed price of the underlying, in paise."""

    paise: int


def spot_price(contracts: UnderlyingContracts, quotes: Quotes) -> Reference | NotYet:
    """Return the believed last price of the index."""
    if contracts.spot is None:
        return _missing(f"the run has no spot price of {contracts.name}")
    return _price(quotes, contracts.spot, f"the spot of {contracts.name}")


def future_price(
    contracts: UnderlyingContracts, listed: ListedExpiries, first: str, quotes: Quotes
) -> Reference | NotYet:
    """Return the believed last price of the nearest future that has not expired.

    The nearest by the whole list: another one is not taken where the universe lacks it.
    """
    expiry = future_expiry(listed, "monthly", first)
    index = contracts.futures.get(expiry) if expiry is not None else None
    if index is None:
        return _missing(f"the run has no {contracts.name} future of {expiry or 'any coming month'}")
    return _price(quotes, index, f"the {contracts.name} future of {expiry}")


def synthetic_price(
    contracts: UnderlyingContracts, strikes: Strikes, quotes: Quotes
) -> Reference | NotYet | Never:
    """Return K + CE(K) - PE(K), with K the ATM strike by spot."""
    spot = spot_price(contracts, quotes)
    match spot:
        case NotYet():
            return spot
        case Reference(paise):
            if not strikes.holds(paise):
                return outside_window("the spot", paise, strikes)
            strike = strikes.atm(paise)
    call, put = strikes.index_of(strike, "CE"), strikes.index_of(strike, "PE")
    if call is None or put is None:
        return _missing(f"the run lacks the CE or the PE of {rupees_shown(strike)}")
    call_paise, put_paise = believed_paise(quotes, call), believed_paise(quotes, put)
    if call_paise is None or put_paise is None:
        return NotYet(
            "no_reference",
            f"the straddle of {rupees_shown(strike)} has no two prices that are believed now",
            {"strike": rupees_of(strike)},
        )
    return Reference(strike + call_paise - put_paise)


def outside_window(what: str, level: Exact, strikes: Strikes) -> Never:
    """Return the refusal of a level beyond the listed strikes."""
    return Never(
        "outside_window",
        f"{what} is {rupees_shown(level)}, outside the strikes of the run,"
        f" {rupees_shown(strikes.lowest)} to {rupees_shown(strikes.highest)}",
        window_numbers(strikes) | {"level": rupees_of(level)},
    )


def window_numbers(strikes: Strikes) -> dict[str, float]:
    """Return the lowest and highest listed strike in rupees."""
    return {"lowest": rupees_of(strikes.lowest), "highest": rupees_of(strikes.highest)}


def _missing(text: str) -> NotYet:
    return NotYet("no_reference", text)


def _price(quotes: Quotes, index: int, what: str) -> Reference | NotYet:
    paise = believed_paise(quotes, index)
    if paise is not None:
        return Reference(paise)
    old = quotes.last(index)
    if old is None:
        return _missing(f"{what} has had no tick yet")
    return NotYet(
        "no_reference",
        f"{what} was last {rupees_shown(old.ltp_paise)}, which is not believed now",
        {"last": rupees_of(old.ltp_paise)},
    )
