"""Historical candles as Kite answers them, from the daemon's own recordings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import anyio
import anyio.to_thread

from daemon.domain.dates import MINUTE_NS, ist_date
from daemon.domain.money import rupees
from daemon.process.clock import MACHINE_CLOCKS
from daemon.quotes.reader import SharedQuote
from daemon.web.kite.call import Call
from daemon.web.kite.errors import KiteError, bad_input
from daemon.web.sources.market import Market

MINUTES_OF: Final = {
    "minute": 1, "3minute": 3, "5minute": 5, "10minute": 10, "15minute": 15, "30minute": 30,
    "60minute": 60, "day": 1_440,
}  # fmt: skip
DAYS_MAX: Final = {
    "minute": 60, "3minute": 100, "5minute": 100, "10minute": 100, "15minute": 200,
    "30minute": 200, "60minute": 400, "day": 2_000,
}  # fmt: skip
"""Days that one request may span (Kite's documentation, historical candles)."""
SESSION_OPENS: Final = 9 * 60 + 15
"""The minute of the day that longer candles are counted from, as at Kite."""
READERS: Final = 2
_FORMS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_LONGEST: Final = 19


class Candle(NamedTuple):
    """Minutes together: `minute` since midnight; paise, units."""

    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    oi: int


MinutesOf = Callable[[str, str], Iterable[Candle]]
"""Return a date's minutes of a symbol, in order, as far as they were recorded."""
DaysOf = Callable[[], Iterable[str]]
"""Return the dates (ISO) that something was recorded on."""


class Historical:
    """The address of candles. What was not recorded is not there; the list is then shorter."""

    def __init__(self, market: Market, minutes_of: MinutesOf, days_of: DaysOf) -> None:
        self._market = market
        self._minutes_of = minutes_of
        self._days_of = days_of
        self._readers = anyio.CapacityLimiter(READERS)

    async def candles(self, call: Call) -> object:
        """Return the candles of one instrument. Raises KiteError."""
        interval, asked = call.path("interval"), call.query
        if interval not in MINUTES_OF:
            raise bad_input(f"Invalid `interval`: expected one of {', '.join(MINUTES_OF)}")
        begin, end = _moment(asked.text("from"), "from"), _moment(asked.text("to"), "to")
        if begin > end:
            raise bad_input("`from` is after `to`")
        if end - begin > dt.timedelta(days=DAYS_MAX[interval]):
            raise bad_input(f"interval exceeds max limit: {DAYS_MAX[interval]} days")
        if asked.flag("continuous"):
            raise bad_input("`continuous`: the paper API has no candles of earlier contracts")
        symbol = self._symbol(call.path("token"))
        rows = await anyio.to_thread.run_sync(
            lambda: self._rows(symbol, interval, begin, end, has_oi=asked.flag("oi")),
            limiter=self._readers,
        )
        return {"candles": rows}

    def _symbol(self, token: str) -> str:
        self._market.look(MACHINE_CLOCKS.wall_ns())
        for symbol, each in self._market.instruments.items():
            if str(each.instrument_token) == token:
                return symbol
        raise KiteError(400, "InputException", "invalid token")

    def _rows(
        self, symbol: str, interval: str, begin: dt.datetime, end: dt.datetime, *, has_oi: bool
    ) -> list[list[str | float]]:
        size, rows = MINUTES_OF[interval], []
        for day in sorted(self._days_of()):
            date = dt.date.fromisoformat(day)
            if not begin.date() <= date <= end.date():
                continue
            quote = self._market.quote(symbol)
            minutes = with_open_minute(self._minutes_of(symbol, day), quote, date)
            for each in together(minutes, size):
                at = dt.datetime.combine(date, dt.time()) + dt.timedelta(minutes=each.minute)
                if interval == "day" or begin <= at <= end:
                    rows.append(_row(at, each, has_oi=has_oi))
        return rows


def with_open_minute(
    minutes: Iterable[Candle], quote: SharedQuote | None, date: dt.date
) -> list[Candle]:
    """Return a date's minutes with the one in work, which no recording has whole."""
    found = list(minutes)
    if quote is None or not quote.bar_open or ist_date(quote.bar_ts) != date:
        return found
    ist_minute = (quote.bar_ts // MINUTE_NS + 330) % 1_440
    while found and found[-1].minute >= ist_minute:
        found.pop()
    bar = (quote.bar_open, quote.bar_high, quote.bar_low, quote.bar_close, quote.bar_volume)
    return [*found, Candle(ist_minute, *bar, oi=quote.oi)]


def together(minutes: Iterable[Candle], size: int) -> list[Candle]:
    """Return candles of `size` minutes, counted from the session's opening; 1,440: a day's."""
    found: list[Candle] = []
    for each in minutes:
        into = (each.minute - SESSION_OPENS) % size if size < 1_440 else each.minute
        begin = each.minute - into
        if not found or found[-1].minute != begin:
            found.append(each._replace(minute=begin))
            continue
        last = found[-1]
        found[-1] = Candle(
            begin, last.open, max(last.high, each.high), min(last.low, each.low), each.close,
            last.volume + each.volume, each.oi,
        )  # fmt: skip
    return found


def _row(at: dt.datetime, each: Candle, *, has_oi: bool) -> list[str | float]:
    prices = [rupees(each.open), rupees(each.high), rupees(each.low), rupees(each.close)]
    row: list[str | float] = [f"{at:%Y-%m-%dT%H:%M:%S}+0530", *prices, each.volume]
    return [*row, each.oi] if has_oi else row


def _moment(text: str, name: str) -> dt.datetime:
    """Return an Indian wall time of a query. Raises KiteError."""
    for form in _FORMS:
        try:
            return dt.datetime.strptime(text[: _LONGEST + 1], form)  # noqa: DTZ007 - IST throughout
        except ValueError:
            continue
    raise bad_input(f"Invalid `{name}`: expected yyyy-mm-dd hh:mm:ss")
