"""What the panels look at, made from events and quotes without a journal, a map or a process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from daemon.domain.depth import Depth, Level
from daemon.domain.events import TradingEvent
from daemon.domain.instrument import Instrument
from daemon.quotes.reader import SharedQuote
from daemon.report.fold import RunFold
from daemon.runtime.configured_rules import load_rules
from daemon.settings.config import Config
from daemon.web.fold.book import Book
from daemon.web.panels.view import View
from daemon.web.sources.market import Market
from daemon.web.sources.watched import Setup, Watched

RULES = load_rules(Config())
_NOTHING: dict[str, Any] = dict.fromkeys(SharedQuote.__struct_fields__, 0)


def quote(ltp: int, ts: int, **more: Any) -> SharedQuote:
    """Return a quote; `bids` and `asks` are (paise, units), the best first."""
    sides = (tuple(Level(p, q, 1) for p, q in more.pop(side, ())) for side in ("bids", "asks"))
    depth = Depth(*sides)
    best = [side[0].price_paise if side else 0 for side in depth]
    given: dict[str, Any] = {
        "ltp": ltp,
        "ts": ts,
        "depth": depth,
        "bid": best[0],
        "ask": best[1],
    } | more
    return SharedQuote(**(_NOTHING | given))


class Quotes:
    """A market of quotes that are given."""

    problem = ""
    moved_ns = beat_ns = 0

    def __init__(self, instruments: Iterable[Instrument], clock_ns: int) -> None:
        self.instruments = {each.tradingsymbol: each for each in instruments}
        self.clock_ns = clock_ns
        self.known: dict[str, SharedQuote] = {}

    def quote(self, symbol: str) -> SharedQuote | None:
        return self.known.get(symbol)


def book_of(events: Iterable[TradingEvent]) -> Book:
    book = Book(RunFold())
    for event in events:
        book.take(event)
    return book


def view_of(book: Book, market: Quotes, config: Mapping[str, Any] | None = None) -> View:
    watched = Watched(directory=Path("accounts/none"), out=Path())
    setup = Setup(config=msgspec.convert(dict(config or {}), Config))
    return View(watched, setup, RULES, book, cast("Market", market), now=0, is_alive=True, marks={})
