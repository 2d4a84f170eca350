"""Chains for all strategies: made when asked for, once for a moment, and frozen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from msgspec import structs

from daemon.chain.choose import Market, option_date
from daemon.chain.contracts import UnderlyingContracts, contracts_of
from daemon.chain.listed import ListedOf, own_expiries
from daemon.chain.quotes import LastQuote
from daemon.chain.window import KINDS, WIDE, contracts_around
from daemon.domain.dates import ist_date
from daemon.domain.instrument import Universe
from strategies.chain_greeks import ChainGreeks
from strategies.chain_view import ChainMoment, FrozenQuotes


class ChainDesk(Protocol):
    """The market that chains are read from."""

    @property
    def now(self) -> int:
        """Return the engine's time, UTC ns."""

    @property
    def input_no(self) -> int:
        """Return the number of the input in work."""

    def last(self, index: int) -> LastQuote | None:
        """Return the last quote of an instrument."""

    def close_at_expiry(self, index: int) -> int:
        """Return the end of a contract's last session, UTC ns."""


class _Key(NamedTuple):
    underlying: str
    expiry: str


class Chains:
    """Find contracts once, and keep the chains of the present moment.

    One that was asked for in `on_tick` is taken again at the end of each timestamp from then on,
    so that a tick sees it as of the last timestamp that has ended.
    """

    def __init__(self, universe: Universe, listed_of: ListedOf | None = None) -> None:
        self._universe = universe
        self._listed_of = listed_of or own_expiries(universe)
        self._contracts: dict[str, UnderlyingContracts] = {}
        self._asked: dict[_Key, None] = {}
        self._moment = (-1, -1)
        self._found: dict[_Key, ChainMoment | None] = {}
        self._for_ticks: dict[_Key, ChainMoment | None] = {}
        self._ask: Callable[[], None] | None = None

    def attach(self, ask: Callable[[], None]) -> None:
        """Take what asks for the end of the present timestamp."""
        self._ask = ask

    def now(self, underlying: str, expiry: str, desk: ChainDesk) -> ChainMoment | None:
        """Return a chain as of the present moment, None where the run has no such expiry."""
        moment = (desk.input_no, desk.now)
        if moment != self._moment:
            self._moment = moment
            self._found.clear()
        key = _Key(underlying, expiry)
        if key not in self._found:
            self._asked[key] = None
            self._found[key] = self._made(key, desk, desk.now)
        return self._found[key]

    def for_tick(self, underlying: str, expiry: str) -> ChainMoment | None:
        """Return a chain as of the last timestamp that ended, None at the first ask for it."""
        key = _Key(underlying, expiry)
        if key not in self._for_ticks:
            self._asked[key] = None
            self._for_ticks[key] = None
            if self._ask is not None:
                self._ask()
        return self._for_ticks[key]

    def wanted(self, desk: ChainDesk) -> Iterator[int]:
        """Yield what must be quoted for the chains that were asked for: a window around ATM."""
        for underlying, expiry in self._asked:
            contracts = self._contracts_of(underlying)
            market = self._bare_market(contracts, desk)
            date, spot = option_date(expiry, market), contracts.spot
            quote = None if spot is None else desk.last(spot)
            if spot is not None:
                yield spot
            yield from contracts.futures.values()
            strikes = None if date is None else contracts.options.get(date)
            if strikes is not None and quote is not None:
                yield from contracts_around(strikes, quote.ltp_paise, WIDE)

    def end_timestamp(self, desk: ChainDesk, ts: int) -> None:
        """Take the chains that ticks ask for as of a timestamp (UTC ns) that has ended."""
        for key in self._for_ticks:
            self._for_ticks[key] = self._made(key, desk, ts)
        if self._for_ticks and self._ask is not None:
            self._ask()

    def _made(self, key: _Key, desk: ChainDesk, ts: int) -> ChainMoment | None:
        contracts = self._contracts_of(key.underlying)
        indices = [] if contracts.spot is None else [contracts.spot]
        indices += contracts.futures.values()
        bare = self._bare_market(contracts, desk)
        date = option_date(key.expiry, bare)
        strikes = None if date is None else contracts.options.get(date)
        if date is None or strikes is None:
            return None
        for kind in KINDS:
            for strike in strikes.of_kind(kind):
                index = strikes.index_of(strike, kind)
                assert index is not None
                indices.append(index)
        quotes = FrozenQuotes({index: desk.last(index) for index in indices})
        left = desk.close_at_expiry(indices[-1]) - ts
        greeks = ChainGreeks(contracts, date, strikes, quotes, left)
        market = structs.replace(bare, quotes=quotes, deltas=greeks)
        return ChainMoment(self._universe, date, strikes, market, greeks, ts)

    def _bare_market(self, contracts: UnderlyingContracts, desk: ChainDesk) -> Market:
        """Return the market of an underlying without its quotes."""
        listed = self._listed_of(contracts.name)
        return Market(contracts, listed, self._first_expiry(contracts, desk), FrozenQuotes({}))

    def _contracts_of(self, underlying: str) -> UnderlyingContracts:
        found = self._contracts.get(underlying)
        if found is None:
            found = self._contracts[underlying] = contracts_of(self._universe, underlying)
        return found

    def _first_expiry(self, contracts: UnderlyingContracts, desk: ChainDesk) -> str:
        """Return today, or tomorrow once the contracts that expire today have closed."""
        today = ist_date(desk.now)
        strikes = contracts.options.get(today.isoformat())
        if strikes is None:
            return today.isoformat()
        kind = next(kind for kind in KINDS if strikes.of_kind(kind))
        index = strikes.index_of(strikes.of_kind(kind)[0], kind)
        assert index is not None
        is_over = desk.now >= desk.close_at_expiry(index)
        return (today + dt.timedelta(days=is_over)).isoformat()
