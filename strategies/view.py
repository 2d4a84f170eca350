"""What a strategy may see: the market, its own trades, its own past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from daemon.domain.candle import Candle
from daemon.domain.instrument import Instrument
from strategies.chain_view import Chain, Expiry
from strategies.facts import Margin, Pnl, Quote, Session, Trade
from strategies.indicator_view import Indicators


class View(Protocol):
    """The market as a strategy may see it: prices in rupees, quantities in units, times in UTC ns.

    A symbol that is not in the universe raises ValueError.
    """

    @property
    def now(self) -> int:
        """Return the engine's time."""

    @property
    def session_open(self) -> int:
        """Return when the session of the instrument being shown opened."""

    @property
    def session(self) -> Session:
        """Return the session of the instrument being shown."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the strategy's own symbols as configured, or all of the universe."""

    def ltp(self, symbol: str) -> float | None:
        """Return the last price, None before the first tick (and during warm-up)."""

    def quote(self, symbol: str) -> Quote:
        """Return the last quote of any instrument of the run; its fields are None without one."""

    def chain(self, underlying: str, expiry: Expiry, *, at: float | None = None) -> Chain:
        """Return the options of an expiry (a word or a date) by strike, with their Greeks.

        `at` takes the place of the spot for `atm` and `offset`. Empty, and so false, where the run
        has no such expiry. In `on_tick` it is as of the last timestamp that has ended.
        """

    def position(self, symbol: str) -> int:
        """Return this strategy's signed open quantity: above 0 long, below 0 short."""

    def waiting(self, symbol: str) -> int:
        """Return how many of this strategy's entries are not filled yet.

        Entries requested at an earlier candle of the same boundary count too.
        """

    def trades(self, symbol: str | None = None, tag: str | None = None) -> list[Trade]:
        """Return this strategy's trades of the session and those still open, oldest first."""

    def trade(self, id: str) -> Trade | None:
        """Return one of them, None for another's and for one of an earlier session."""

    @property
    def pnl(self) -> Pnl:
        """Return what this strategy has made today, and what it holds."""

    def group(self, tag: str) -> Pnl:
        """Return what the trades with a tag have made since they were opened."""

    @property
    def margin(self) -> Margin:
        """Return the account's margin: used, free, and the capital that limits it."""

    def instrument(self, symbol: str) -> Instrument:
        """Return the contract: lot size, tick size, type, strike, expiry."""

    def history(self, symbol: str, timeframe: str | None = None) -> Sequence[Candle]:
        """Return closed candles, newest last, at most `warmup_candles`.

        Of the strategy's timeframe, or of another one that its configuration names. Includes the
        candle being shown. Only the strategy's own symbols have a history.
        """

    @property
    def ind(self) -> Indicators:
        """Return indicators of closed candles, by talipp's names."""
