"""The flat table of the paper API's addresses, one line each."""

from __future__ import annotations

from daemon.web.kite.api import KiteApi
from daemon.web.kite.app import KiteRoute


def table_of(api: KiteApi) -> list[KiteRoute]:
    """Return every address."""
    login = api.login
    return [
        KiteRoute("/session/token", "POST", login.exchange, is_open=True),
        KiteRoute("/session/token", "DELETE", login.invalidate),
        KiteRoute("/user/profile", "GET", api.profile),
        KiteRoute("/user/profile/full", "GET", api.full_profile),
        *market_table(api),
    ]


def market_table(api: KiteApi) -> list[KiteRoute]:
    """Return the addresses of market data."""
    quotes, instruments, historical = api.quotes, api.instruments, api.historical
    return [
        KiteRoute("/quote", "GET", quotes.quote, "quote"),
        KiteRoute("/quote/ohlc", "GET", quotes.ohlc, "quote"),
        KiteRoute("/quote/ltp", "GET", quotes.ltp, "quote"),
        KiteRoute("/instruments", "GET", instruments.all),
        KiteRoute("/instruments/{exchange}", "GET", instruments.of_exchange),
        KiteRoute(
            "/instruments/historical/{token}/{interval}", "GET", historical.candles, "historical"
        ),
    ]
