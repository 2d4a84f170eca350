"""The last quote of an instrument as one of Kite's binary packets."""

from __future__ import annotations

from itertools import chain
from typing import Final

from daemon.domain.depth import Depth, Level
from daemon.domain.instrument import Instrument
from daemon.quotes.reader import SharedQuote
from feeds.kite.wire import (
    FULL,
    INDEX_FULL,
    KINDS,
    LEVELS,
    LTP,
    NS_PER_SECOND,
    PACKERS,
    U16_MAX,
    U32_MAX,
    Mode,
)

_EMPTY: Final = Level(0, 0, 0)


def packet_of(instrument: Instrument, quote: SharedQuote, mode: Mode) -> bytes:
    """Return the packet that a mode asks for; what the feed does not have is 0.

    Times lose their fraction of a second, and a number beyond 32 bits is sent as the largest.
    """
    contract, index = KINDS[mode]
    length = index if instrument.is_index else contract
    if length == LTP:
        numbers = [*map(_u32, (instrument.instrument_token, quote.ltp))]
    elif instrument.is_index:
        numbers = _index_numbers(instrument, quote, is_full=length == INDEX_FULL)
    else:
        numbers = _contract_numbers(instrument, quote, is_full=length == FULL)
    return PACKERS[length].pack(*numbers)


def shown_depth(quote: SharedQuote) -> Depth:
    """Return the book of a quote; one without levels has its bid and ask, of unknown quantity."""
    if quote.depth.bids or quote.depth.asks:
        return quote.depth
    bids = (Level(quote.bid, 0, 0),) if quote.bid > 0 else ()
    asks = (Level(quote.ask, 0, 0),) if quote.ask > 0 else ()
    return Depth(bids, asks)


def full_side(side: tuple[Level, ...]) -> tuple[Level, ...]:
    """Return the five levels of a side, those that are not there empty."""
    return (*side, *(_EMPTY,) * (LEVELS - len(side)))


def _index_numbers(instrument: Instrument, quote: SharedQuote, *, is_full: bool) -> list[int]:
    before = quote.previous_close
    numbers = [
        *map(_u32, (
            instrument.instrument_token, quote.ltp, quote.day_high, quote.day_low, quote.day_open,
            before,
        )),
        max(-(2**31), min(quote.ltp - before, 2**31 - 1)) if before > 0 else 0,
    ]  # fmt: skip
    return [*numbers, _second(quote.exchange_ts)] if is_full else numbers


def _contract_numbers(instrument: Instrument, quote: SharedQuote, *, is_full: bool) -> list[int]:
    numbers = [
        instrument.instrument_token, quote.ltp, quote.ltq, quote.average_price, quote.volume,
        quote.buy_quantity, quote.sell_quantity, quote.day_open, quote.day_high, quote.day_low,
        quote.previous_close,
    ]  # fmt: skip
    if not is_full:
        return [*map(_u32, numbers)]
    numbers += (_second(quote.last_trade_ts), quote.oi, 0, 0, _second(quote.exchange_ts))
    depth = shown_depth(quote)
    levels = (*full_side(depth.bids), *full_side(depth.asks))
    return [*map(_u32, numbers), *chain.from_iterable(map(_level, levels))]


def _level(level: Level) -> tuple[int, int, int, int]:
    orders = max(0, min(level.orders, U16_MAX))
    return _u32(level.quantity), _u32(level.price_paise), orders, 0


def _second(ts: int) -> int:
    return _u32(ts // NS_PER_SECOND)


def _u32(number: int) -> int:
    return max(0, min(number, U32_MAX))
