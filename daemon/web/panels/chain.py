"""The option chain around the money: computed when the page asks for it, and only then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from daemon.chain.contracts import UnderlyingContracts, contracts_of
from daemon.chain.quotes import LastQuote
from daemon.chain.strikes import OptionKind, Strikes
from daemon.domain.dates import MILLISECOND_NS, ist_date
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.settings.config import ExecutionConfig
from daemon.visible import visible
from daemon.web.fold.rows import Row, lots_of, ms
from daemon.web.panels.view import View
from strategies.chain_greeks import ChainGreeks

AROUND: Final = 10
"""Strikes on each side of the money."""


def chain_panel(view: View, underlying: str, expiry: str) -> Row:
    """Return the strikes around the money; without names the first underlying and expiry.

    Greeks are those of strategies: Black-76 on the synthetic forward, of prices that an order would
    be believed at. A contract whose price is too old has none.
    """
    names = underlyings(view)
    name = underlying if underlying in names else next(iter(names), "")
    contracts = contracts_of(view.universe, name)
    expiries = _expiries(view, contracts)
    date = expiry if expiry in expiries else next(iter(expiries), "")
    row: Row = {
        "underlyings": [visible(each) for each in names],
        "underlying": visible(name) or None,
        "expiries": expiries,
        "expiry": date or None,
        "clock_ms": ms(view.clock),
        "rows": [],
        "spot_paise": None,
        "forward_paise": None,
        "atm_paise": None,
        "closes_ms": None,
    }
    return row if not date else row | _chain(view, contracts, date)


def underlyings(view: View) -> list[str]:
    """Return the underlyings with options, in the order of the universe."""
    return list(dict.fromkeys(each.name for each in view.universe if each.is_option))


def _expiries(view: View, contracts: UnderlyingContracts) -> list[str]:
    today = view.day
    return [expiry for expiry in contracts.options if expiry >= today]


def _chain(view: View, contracts: UnderlyingContracts, expiry: str) -> Row:
    strikes, quotes = contracts.options[expiry], _Believed(view)
    left_ns = _close_at(view, strikes, expiry) - view.clock
    greeks = ChainGreeks(contracts, expiry, strikes, quotes, left_ns)
    forward = None if greeks.forward is None else round(greeks.forward * PAISE_PER_RUPEE)
    spot = _spot_paise(view, contracts)
    middle = forward if spot is None else spot
    atm = None if middle is None else strikes.atm(middle)
    shown = strikes.listed[: 2 * AROUND + 1] if atm is None else strikes.around(atm, AROUND)
    held = _held(view)
    return {
        "spot_paise": spot,
        "forward_paise": forward,
        "atm_paise": atm,
        "closes_ms": (view.clock + left_ns) // MILLISECOND_NS if left_ns > 0 else None,
        "rows": [
            {
                "strike_paise": strike,
                "is_atm": strike == atm,
                "ce": _side(view, strikes, strike, "CE", greeks, held),
                "pe": _side(view, strikes, strike, "PE", greeks, held),
            }
            for strike in shown
        ],
    }


def _side(
    view: View,
    strikes: Strikes,
    strike: int,
    kind: OptionKind,
    greeks: ChainGreeks,
    held: dict[str, int],
) -> Row | None:
    """Return a contract with its quote; None where the strike has none of this type."""
    index = strikes.index_of(strike, kind)
    if index is None:
        return None
    instrument = view.universe[index]
    symbol, found = instrument.tradingsymbol, greeks.of(index)
    quote = view.quote(symbol)
    units = held.get(symbol, 0)
    return {
        "symbol": visible(symbol),
        "bid_paise": None if quote is None else quote.bid or None,
        "ask_paise": None if quote is None else quote.ask or None,
        "ltp_paise": None if quote is None else quote.ltp,
        "oi": None if quote is None else quote.oi or None,
        "age_ms": None if quote is None else max(0, view.clock - quote.ts) // MILLISECOND_NS,
        "iv": found.get("iv"),
        "delta": found.get("delta"),
        "own": units or None,
        "own_lots": lots_of(units, instrument.lot_size) if units else None,
    }


class _Believed:
    """The quotes of the page, believed as an order would believe them."""

    def __init__(self, view: View) -> None:
        config = view.setup.config
        self._view = view
        self._max_age_ns = (
            ExecutionConfig() if config is None else config.execution
        ).quote_max_age_ns
        self._today = ist_date(view.clock)

    def last(self, index: int, /) -> LastQuote | None:
        """Return the last quote of an instrument, None before its first."""
        quote = self._view.quote(self._view.universe[index].tradingsymbol)
        if quote is None:
            return None
        is_young = self._view.clock - quote.ts <= self._max_age_ns
        is_believed = is_young and ist_date(quote.ts) == self._today
        return LastQuote(quote.ltp, quote.ts, is_believed, quote.bid, quote.ask)


def _spot_paise(view: View, contracts: UnderlyingContracts) -> int | None:
    if contracts.spot is None:
        return None
    quote = view.quote(view.universe[contracts.spot].tradingsymbol)
    return None if quote is None else quote.ltp


def _close_at(view: View, strikes: Strikes, expiry: str) -> int:
    """Return when the contracts of an expiry close for good, UTC ns; 0 where that is not known."""
    kinds: tuple[OptionKind, ...] = ("CE", "PE")
    indices = (strikes.index_of(strikes.listed[0], kind) for kind in kinds)
    index = next(each for each in indices if each is not None)
    date = dt.date.fromisoformat(expiry)
    if not view.rules.is_known(date):
        return 0
    session = view.rules.session(date, view.universe[index])
    return 0 if session is None else session.close_ts


def _held(view: View) -> dict[str, int]:
    """Return the signed units held by symbol, of trades and of orders without one."""
    ledger = view.book.ledger
    held: dict[str, int] = {}
    rows: Iterable[tuple[str, int]] = (
        *((each.tradingsymbol, each.sign * each.quantity) for each in view.positions()),
        *((each.tradingsymbol, each.quantity) for each in ledger.untraded.positions.values()),
    )
    for symbol, units in rows:
        held[symbol] = held.get(symbol, 0) + units
    return held
