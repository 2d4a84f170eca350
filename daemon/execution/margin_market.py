"""The market as margins see it: contracts of one underlying with their prices and references."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from daemon.domain.dates import ist_date, ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.margin_rates import MarginRates
from daemon.domain.order import Side
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.errors import ConfigError
from daemon.execution.quotes import Quotes
from daemon.margin.portfolio import Contract, Holding, Kind, Underlying
from daemon.margin.reference import StrikeQuotes, mid_else_ltp, reference_half
from daemon.margin.unknown import MarginUnknown
from daemon.market.moment import Moment
from daemon.market.schedule import Sessions

RatesOf = Callable[[dt.date, Instrument], MarginRates]
PriceOf = Callable[[int], int]
"""Return the market price of an instrument in half paise, 0 before its first tick."""
_USUAL_CLOSE: Final = dt.time(15, 30)
"""The close on an expiry date that the calendar knows no session of."""
_KINDS: Final[Mapping[str, Kind]] = {"FUT": "FUT", "CE": "CE", "PE": "PE", "EQ": "EQ"}


def prices_of(quotes: Quotes) -> PriceOf:
    """Return the prices of the engine's books, up to date with the rows in work."""

    def price_half(index: int) -> int:
        quote = quotes.quote_of(quotes.books[index])
        return 0 if quote is None else mid_else_ltp(quote.ltp, quote.bid, quote.ask)

    return price_half


class Line(msgspec.Struct):
    """What is held and working of one instrument, units; its cost in half paise a unit."""

    held: int = 0
    buys: int = 0
    sells: int = 0
    cost_half: int = 0

    def hold(self, quantity: int, cost_half: int) -> None:
        """Add a signed quantity that is held."""
        self.held += quantity
        self.cost_half = cost_half

    def work(self, side: Side, quantity: int) -> None:
        """Add what an entry may still fill."""
        if side == "BUY":
            self.buys += quantity
        else:
            self.sells += quantity


LineKey = tuple[int, bool]
"""An instrument's index, and whether its product is for delivery, which matters for shares."""


def line_key(instrument: Instrument, index: int, product: str) -> LineKey:
    """Return the line of a product: contracts of all products are one position."""
    return index, product == "CNC" and not instrument.is_contract


class _Chain(NamedTuple):
    """The instruments of one underlying, by index."""

    spot: int | None
    futures: dict[str, int]
    """By month (YYYY-MM)."""
    strikes: dict[str, dict[int, dict[str, int]]]
    """By expiry, strike in paise, and kind."""


class MarginMarket:
    """Look up prices, references and rates of the instruments that a margin needs."""

    def __init__(
        self,
        universe: Universe,
        price_of: PriceOf,
        sessions: Sessions,
        at: Moment,
        rates_of: RatesOf,
    ) -> None:
        self._universe = universe
        self._price_of = price_of
        self._sessions = sessions
        self._at = at
        self._rates_of = rates_of
        self._chains = _chains(universe)
        self._closes: dict[int, int] = {}

    def underlying_name(self, index: int) -> str:
        """Return the name of an instrument's underlying; a share is its own."""
        instrument = self._universe[index]
        return instrument.name if instrument.is_contract else instrument.tradingsymbol

    def price_half(self, index: int | None) -> int:
        """Return an instrument's market price in half paise, 0 before its first tick."""
        return 0 if index is None else self._price_of(index)

    def underlyings(self, lines: Mapping[LineKey, Line]) -> dict[str, Underlying]:
        """Return the underlyings of some lines, by name. Raises MarginUnknown."""
        by_name: dict[str, list[LineKey]] = {}
        for key in sorted(lines):
            by_name.setdefault(self.underlying_name(key[0]), []).append(key)
        return {name: self._underlying(name, keys, lines) for name, keys in by_name.items()}

    def _underlying(
        self, name: str, keys: Iterable[LineKey], lines: Mapping[LineKey, Line]
    ) -> Underlying:
        now = self._at.due_ts or self._at.now
        date = ist_date(now)
        chain = self._chains[name]
        spot = self.price_half(chain.spot)
        forwards: dict[str, int] = {}
        holdings = []
        rates: MarginRates | None = None
        for key in keys:
            index, is_delivery = key
            instrument, line = self._universe[index], lines[key]
            if instrument.is_contract and not instrument.expiry:
                raise MarginUnknown(f"{instrument.tradingsymbol} has no expiry")
            rates = rates or self._rates(date, instrument)
            price = self.price_half(index) or line.cost_half
            if price <= 0:
                raise MarginUnknown(f"{instrument.tradingsymbol} has no price yet")
            forward = price
            if instrument.is_option:
                if instrument.expiry not in forwards:
                    forwards[instrument.expiry] = self._forward(chain, instrument.expiry, spot)
                forward = forwards[instrument.expiry]
            if forward <= 0:
                raise MarginUnknown(f"{name} has no price yet, nor has its future")
            contract = Contract(
                symbol=instrument.tradingsymbol,
                kind=_KINDS[instrument.instrument_type],
                price_half=price,
                forward_half=forward,
                expiry=instrument.expiry,
                strike_paise=instrument.strike_paise,
                left_ns=self._close(index) - now if instrument.is_contract else 0,
                is_delivery=is_delivery,
            )
            holdings.append(
                Holding(contract=contract, held=line.held, buys=line.buys, sells=line.sells)
            )
        assert rates is not None
        return Underlying(
            name=name, rates=rates, today=date.isoformat(), spot_half=spot, holdings=tuple(holdings)
        )

    def _rates(self, date: dt.date, instrument: Instrument) -> MarginRates:
        try:
            return self._rates_of(date, instrument)
        except ConfigError as error:
            raise MarginUnknown(str(error)) from error

    def _forward(self, chain: _Chain, expiry: str, spot_half: int) -> int:
        month = expiry[:7]
        futures = {month: self.price_half(chain.futures.get(month))}
        if futures[month]:
            return futures[month]
        strikes = (
            StrikeQuotes(
                2 * strike, self.price_half(kinds.get("CE")), self.price_half(kinds.get("PE"))
            )
            for strike, kinds in chain.strikes.get(expiry, {}).items()
        )
        return reference_half(expiry, futures, strikes, spot_half)

    def _close(self, index: int) -> int:
        """Return the end of a contract's last session, UTC ns."""
        found = self._closes.get(index)
        if found is None:
            instrument = self._universe[index]
            date = dt.date.fromisoformat(instrument.expiry)
            session = self._sessions.session(date, instrument)
            found = ist_ns(date, _USUAL_CLOSE) if session is None else session.close_ts
            self._closes[index] = found
        return found


def _chains(universe: Universe) -> dict[str, _Chain]:
    """Return the instruments of each underlying."""
    chains: dict[str, _Chain] = {}
    for index, instrument in enumerate(universe):
        name = instrument.name if instrument.is_contract else instrument.tradingsymbol
        chain = chains.get(name)
        if chain is None:
            spot = universe.index_of(INDEX_SYMBOLS.get(name, name))
            is_spot = spot is not None and not universe[spot].is_contract
            chain = chains[name] = _Chain(spot if is_spot else None, {}, {})
        if instrument.instrument_type == "FUT":
            chain.futures.setdefault(instrument.expiry[:7], index)
        elif instrument.is_option:
            strikes = chain.strikes.setdefault(instrument.expiry, {})
            strikes.setdefault(instrument.strike_paise, {})[instrument.instrument_type] = index
    return chains
