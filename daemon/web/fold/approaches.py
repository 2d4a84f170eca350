"""How near the market came to what rests at the exchange, as this process has seen it.

The journal counts near misses when an order is over. How near it was, the page sees for itself: it
looks at the quotes twice a second, so a price that lasted less may be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from daemon.domain.depth import Level
from daemon.domain.ticks import DEPTH_LEVELS
from daemon.quotes.reader import SharedQuote
from daemon.web.fold.exchange_orders import Standing

TRIGGER_PENDING = "TRIGGER PENDING"
_OPEN = "OPEN"
QuoteOf = Callable[[str], SharedQuote | None]


class Approach(msgspec.Struct):
    """What was seen of one order's wait. Distances in paise, 0 or less where it was reached."""

    place: tuple[str, int, int]
    seen_ts: int
    """Since when it was watched, UTC ns."""
    away_paise: int | None = None
    """Now."""
    nearest_paise: int | None = None
    nearest_ts: int = 0
    market_part: int | None = None
    """The most units of others that may be ahead of it, None if that is not known."""


class Approaches:
    """The approaches of the orders that work, and of those of the day that are over."""

    def __init__(self) -> None:
        self._found: dict[str, Approach] = {}

    def of(self, exchange_id: str) -> Approach | None:
        """Return what was seen of an order, None if it was never seen at work."""
        return self._found.get(exchange_id)

    def look(self, working: Iterable[Standing], over: Iterable[Standing], quote: QuoteOf) -> None:
        """Look at the market once; orders that are in neither list are forgotten."""
        kept = {}
        for order in over:
            found = self._found.get(order.event.exchange_id)
            if found is not None:
                kept[order.event.exchange_id] = found
        for order in working:
            found = self._found.get(order.event.exchange_id)
            known = quote(order.symbol)
            if known is not None and known.ts >= order.since_ts:
                found = _looked(order, found, known)
            if found is not None:
                kept[order.event.exchange_id] = found
        self._found = kept


def _looked(order: Standing, before: Approach | None, quote: SharedQuote) -> Approach:
    found = before
    if found is None or found.place != order.place:
        found = Approach(order.place, quote.ts, market_part=_joined(order))
    found.away_paise = away = distance(order, quote)
    if away is not None and (found.nearest_paise is None or away < found.nearest_paise):
        found.nearest_paise, found.nearest_ts = away, quote.ts
    _see_queue(found, order, quote)
    return found


def distance(order: Standing, quote: SharedQuote) -> int | None:
    """Return how far the market is from an order's limit, or from its trigger; None if unknown.

    A limit waits for the other side of the book, a trigger for the last price.
    """
    event = order.event
    is_buy = event.side == "BUY"
    if event.state == TRIGGER_PENDING:
        return event.trigger_paise - quote.ltp if is_buy else quote.ltp - event.trigger_paise
    price = quote.ask if is_buy else quote.bid
    if event.state != _OPEN or not price or not event.limit_paise:
        return None
    return price - event.limit_paise if is_buy else event.limit_paise - price


def is_beyond_book(order: Standing, quote: SharedQuote) -> bool:
    """Return whether an order stands behind the fifth level of its side: nothing is shown there."""
    return len(_own_side(order, quote)) == DEPTH_LEVELS and _is_behind(order, quote)


def is_behind_short_side(order: Standing, quote: SharedQuote) -> bool:
    """Return whether an order stands behind a side that shows fewer than five levels."""
    return len(_own_side(order, quote)) < DEPTH_LEVELS and _is_behind(order, quote)


def _is_behind(order: Standing, quote: SharedQuote) -> bool:
    side = _own_side(order, quote)
    if not side:
        return False
    last, limit = side[-1].price_paise, order.event.limit_paise
    return limit < last if order.event.side == "BUY" else limit > last


def displayed(order: Standing, quote: SharedQuote) -> int | None:
    """Return the units shown at an order's price on its side, None where nothing can be seen."""
    side = _own_side(order, quote)
    if not side or is_beyond_book(order, quote):
        return None
    limit = order.event.limit_paise
    return next((level.quantity for level in side if level.price_paise == limit), 0)


def _own_side(order: Standing, quote: SharedQuote) -> tuple[Level, ...]:
    return quote.depth.bids if order.event.side == "BUY" else quote.depth.asks


def _joined(order: Standing) -> int | None:
    return None if order.queue is None else order.queue.market_after


def _see_queue(found: Approach, order: Standing, quote: SharedQuote) -> None:
    """Lower what may be ahead to what is displayed; nothing raises it, as in the exchange."""
    if order.event.state != _OPEN:
        found.market_part = None
        return
    told, shown = _joined(order), displayed(order, quote)
    known = [each for each in (found.market_part, told, shown) if each is not None]
    found.market_part = max(0, min(known)) if known else None
