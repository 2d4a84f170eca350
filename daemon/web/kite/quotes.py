"""Quotes as Kite answers them: the last rows of the daemon, nothing made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from daemon.broker.kite_rows import wall_time
from daemon.domain.depth import Level
from daemon.domain.instrument import Instrument
from daemon.domain.money import rupees
from daemon.quotes.reader import SharedQuote
from daemon.web.kite.call import Call
from daemon.web.kite.errors import bad_input
from daemon.web.kite.ticker_packets import full_side, shown_depth
from daemon.web.sources.market import Market

QUOTES_MAX: Final = 500
PRICES_MAX: Final = 1_000
"""Instruments of one request, as at Kite: whole quotes, and ohlc or ltp."""
Row = dict[str, Any]
_Make = Callable[[Instrument, SharedQuote], Row]


class Quotes:
    """The three addresses of quotes. An instrument without a quote is not in the answer."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._tokens: tuple[dict[str, Instrument], dict[str, Instrument]] = ({}, {})

    async def quote(self, call: Call) -> object:
        """Return whole quotes by the keys asked for. Raises KiteError."""
        return self._rows(call, QUOTES_MAX, quote_fields)

    async def ohlc(self, call: Call) -> object:
        """Return last prices and those of the day. Raises KiteError."""
        return self._rows(call, PRICES_MAX, ohlc_fields)

    async def ltp(self, call: Call) -> object:
        """Return last prices. Raises KiteError."""
        return self._rows(call, PRICES_MAX, ltp_fields)

    def _rows(self, call: Call, most: int, make: _Make) -> dict[str, Row]:
        keys = dict.fromkeys(call.request.query_params.getlist("i"))
        if not keys:
            raise bad_input("Missing or empty field `i`")
        if len(keys) > most:
            raise bad_input(f"Too many instruments: at most {most}, was {len(keys)}")
        self._market.refresh()
        found = {}
        for key in keys:
            instrument = self._instrument(key)
            if instrument is None:
                continue
            quote = self._market.newest(instrument.tradingsymbol)
            if quote is not None:
                found[key] = make(instrument, quote)
        return found

    def _instrument(self, key: str) -> Instrument | None:
        """Return the instrument of `EXCHANGE:SYMBOL` or a token, None where the daemon has none."""
        if key.isdigit():
            return self._by_token().get(key)
        exchange, _, symbol = key.partition(":")
        found = self._market.instruments.get(symbol)
        return found if found is not None and found.exchange == exchange else None

    def _by_token(self) -> dict[str, Instrument]:
        """Return the instruments by their tokens; they are another object when they change."""
        known, by_token = self._tokens
        if known is not self._market.instruments:
            known = self._market.instruments
            by_token = {str(each.instrument_token): each for each in known.values()}
            self._tokens = (known, by_token)
        return by_token


def ltp_fields(instrument: Instrument, quote: SharedQuote) -> Row:
    """Return the last price, rupees."""
    return {"instrument_token": instrument.instrument_token, "last_price": rupees(quote.ltp)}


def ohlc_fields(instrument: Instrument, quote: SharedQuote) -> Row:
    """Return the last price with those of the day; `close` is the day before's, 0 not known."""
    prices = {
        "open": rupees(quote.day_open),
        "high": rupees(quote.day_high),
        "low": rupees(quote.day_low),
        "close": rupees(quote.previous_close),
    }
    return {**ltp_fields(instrument, quote), "ohlc": prices}


def quote_fields(instrument: Instrument, quote: SharedQuote) -> Row:
    """Return everything that Kite shows of an instrument.

    What the daemon does not have is 0: the day's range of open interest, the circuit limits.
    """
    before = quote.previous_close
    depth = shown_depth(quote)
    return {
        **ohlc_fields(instrument, quote),
        "timestamp": wall_time(quote.exchange_ts or quote.ts),
        "last_trade_time": wall_time(quote.last_trade_ts) if quote.last_trade_ts > 0 else None,
        "last_quantity": quote.ltq,
        "buy_quantity": quote.buy_quantity,
        "sell_quantity": quote.sell_quantity,
        "volume": quote.volume,
        "average_price": rupees(quote.average_price),
        "oi": quote.oi,
        "oi_day_high": 0,
        "oi_day_low": 0,
        "net_change": rupees(quote.ltp - before) if before > 0 else 0,
        "lower_circuit_limit": 0,
        "upper_circuit_limit": 0,
        "depth": {"buy": _levels(depth.bids), "sell": _levels(depth.asks)},
    }


def _levels(side: tuple[Level, ...]) -> list[Row]:
    return [
        {"price": rupees(each.price_paise), "quantity": each.quantity, "orders": each.orders}
        for each in full_side(side)
    ]
