"""Market data of the paper API put together: its addresses, its socket, and what both read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from starlette.routing import WebSocketRoute

from daemon.web.kite.app import KiteRoute
from daemon.web.kite.historical import DaysOf, Historical, MinutesOf
from daemon.web.kite.instruments import Instruments
from daemon.web.kite.quotes import Quotes
from daemon.web.kite.ticker import PATHS, Ticker
from daemon.web.sources.market import Market


class Recorded(NamedTuple):
    """What the daemon keeps of the market, handed in: reading it imports what reads of a broker."""

    dumps: Path
    """The directory of Kite's daily lists of instruments."""
    minutes_of: MinutesOf
    days_of: DaysOf


class MarketData:
    """Quotes, instruments and candles of one account, and its ticker."""

    def __init__(
        self, directory: Path, may: Callable[[str, str], bool], recorded: Recorded
    ) -> None:
        """`may` says whether an API key and an access token are those of the paper API."""
        self.market: Final = Market(directory)
        self.ticker: Final = Ticker(Market(directory), may)
        self._quotes = Quotes(self.market)
        self._instruments = Instruments(self.market, recorded.dumps)
        self._historical = Historical(self.market, recorded.minutes_of, recorded.days_of)

    def table(self) -> list[KiteRoute]:
        """Return the addresses of market data."""
        quotes, instruments = self._quotes, self._instruments
        candles = "/instruments/historical/{token}/{interval}"
        return [
            KiteRoute("/quote", "GET", quotes.quote, "quote"),
            KiteRoute("/quote/ohlc", "GET", quotes.ohlc, "quote"),
            KiteRoute("/quote/ltp", "GET", quotes.ltp, "quote"),
            KiteRoute("/instruments", "GET", instruments.all),
            KiteRoute("/instruments/{exchange}", "GET", instruments.of_exchange),
            KiteRoute(candles, "GET", self._historical.candles, "historical"),
        ]

    def sockets(self) -> list[WebSocketRoute]:
        """Return the addresses of the ticker."""
        return [WebSocketRoute(path, self.ticker.serve) for path in PATHS]

    def close(self) -> None:
        """Unmap the quotes."""
        self.market.close()
        self.ticker.close()
