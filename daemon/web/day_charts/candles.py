"""A day's candles of one symbol, with its fills and the steps of stops and targets."""

from __future__ import annotations

from typing import Any, Final

from daemon.domain.booked_fills import BookedFill, BookedFills
from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.domain.events import OrderCreated, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.money import rupees
from daemon.quotes.reader import SharedQuote
from daemon.report.levels import LevelFold, LevelStep
from daemon.visible import visible
from daemon.web.day_charts.bars import DayBars
from daemon.web.day_charts.day_facts import DayFacts
from daemon.web.fold.fill_words import fill_words

_LEVELS: Final = ("stop", "target")
Point = tuple[int, float | None]


def candles_data(
    symbol: str, bars: DayBars, facts: DayFacts, quote: SharedQuote | None, missing: str
) -> dict[str, Any]:
    """Return what the chart of candles takes: UTC seconds, rupees.

    `quote` has the minute in work; `missing` says why candles are not there.
    """
    orders = _Orders(symbol, facts.ledger)
    for event in facts.events:
        orders.take(event)
    rows = _candles(symbol, bars, quote)
    fills = len(orders.fills)
    known = f"{len(rows)} minutes, {fills} {'fill' if fills == 1 else 'fills'}"
    line = "; ".join(filter(None, (known, missing, facts.problem)))
    return {
        "title": f"{visible(symbol)} on {facts.day}",
        "line": visible(line),
        "candles": rows,
        "fills": orders.fills,
        "steps": orders.steps(),
    }


def _candles(symbol: str, bars: DayBars, quote: SharedQuote | None) -> list[list[float]]:
    found, rows = bars.symbols.get(symbol), []
    if found is not None:
        volumes = found.volumes()
        for at in found.minutes().tolist():
            prices = (found.open[at], found.high[at], found.low[at], found.close[at])
            rows.append(_candle(bars.begin + at * MINUTE_NS, prices, int(volumes[at])))
    if quote is not None and bars.begin <= quote.bar_ts and quote.bar_open:
        second = quote.bar_ts // SECOND_NS
        while rows and rows[-1][0] >= second:
            rows.pop()
        prices = (quote.bar_open, quote.bar_high, quote.bar_low, quote.bar_close)
        rows.append(_candle(quote.bar_ts, prices, quote.bar_volume))
    return rows


def _candle(ts: int, prices: tuple[int, int, int, int], volume: int) -> list[float]:
    return [ts // SECOND_NS, *(rupees(int(price)) for price in prices), volume]


class _Orders:
    """The fills and levels of one symbol's trades on a day."""

    def __init__(self, symbol: str, ledger: Ledger) -> None:
        self.fills: list[dict[str, Any]] = []
        self._symbol = symbol
        self._mine = {id_ for id_, o in ledger.orders.items() if o.tradingsymbol == symbol}
        self._levels = LevelFold()
        self._booked = BookedFills.after(ledger)
        self._carried = [
            position for id_, position in ledger.positions.items() if id_ in self._mine
        ]

    def take(self, event: TradingEvent) -> None:
        """Take one event of the day."""
        for position in self._carried:  # from the days before, since the day's first event
            self._levels.begin(position, event.ts)
        self._carried = []
        booked = self._booked.take(event)
        if isinstance(event, OrderCreated):
            if event.tradingsymbol == self._symbol:
                self._mine.add(event.order_id)
        elif event.order_id in self._mine:
            self._levels.add(event)
            if booked is not None:
                self.fills.append(_fill(booked))

    def steps(self) -> list[dict[str, Any]]:
        """Return each level of each trade as a stair."""
        stairs = []
        for trade, steps in self._levels.steps.items():
            for name in _LEVELS:
                points = _stair(steps, name)
                if any(price is not None for _, price in points):
                    stairs.append({"name": name, "trade": trade, "points": points})
        return stairs


def _stair(steps: list[LevelStep], name: str) -> list[Point]:
    """Return the steps at which this level changes."""
    points: list[Point] = []
    for step in steps:
        paise = step.stop_paise if name == "stop" else step.target_paise
        price = None if paise is None else rupees(paise)
        if not points or points[-1][1] != price:
            points.append((step.ts // SECOND_NS, price))
    return points


def _fill(booked: BookedFill) -> dict[str, Any]:
    event, fill, is_entry = booked.event, booked.fill, booked.is_entry
    return {
        "t": event.ts // SECOND_NS,
        "price": rupees(fill.price_paise),
        "side": "buy" if fill.transaction_type == "BUY" else "sell",
        "kind": "entry" if is_entry else "exit",
        "won": None if is_entry else fill.realized_paise > 0,
        "text": visible(fill_words(booked)),
        "trade": event.order_id,
    }
