"""The day's orders at the exchange: how near they came, and their place in the queue."""

from __future__ import annotations

from typing import Final

from daemon.domain.dates import MILLISECOND_NS
from daemon.domain.exchange_order import ExchangeOrderState
from daemon.journal.words import refusal_text
from daemon.visible import visible
from daemon.web.fold.approaches import (
    TRIGGER_PENDING,
    Approach,
    is_behind_short_side,
    is_beyond_book,
)
from daemon.web.fold.exchange_orders import Standing
from daemon.web.fold.rows import Row, lots_of, ms
from daemon.web.panels.view import View
from daemon.web.sources.pending_changes import CANCEL_PENDING, MODIFY_PENDING

BEYOND: Final = "beyond the fifth level: the exchange does not show how many units are ahead"
WHOLE: Final = "behind all that the feed shows of its side, which fills take for the whole side"
_ON_ITS_WAY: Final = "on its way to the exchange"
_CHANGES: Final = {
    MODIFY_PENDING: "works as before until a change of it arrives",
    CANCEL_PENDING: "works as before until its cancel arrives",
}
_WAITS: Final = "waits for its trigger"
_TAKES: Final = "takes what the book shows, until its limit"
_NO_BOOK: Final = "no book is known, so nothing is known of the queue"
_COMPLETE: Final = ExchangeOrderState.COMPLETE


def orders_panel(view: View) -> list[Row]:
    """Return the orders that work at the exchange, by trade in the order sent."""
    return [_working_row(view, order) for order in view.book.working.all()]


def orders_over_panel(view: View) -> list[Row]:
    """Return the orders of the day that are over, newest first."""
    return [_over_row(view, order) for order in reversed(view.book.working.over)]


def _working_row(view: View, order: Standing) -> Row:
    found = view.approaches.of(order.event.exchange_id)
    found = found if found is not None and found.place == order.place else None
    quote = view.quote(order.symbol)
    change = view.changes.status_of(order.event.exchange_id, order.answers)
    return {
        **_row(view, order),
        **({} if change is None else {"state": change}),
        "ltp_paise": None if quote is None else quote.ltp,
        "away_paise": None if found is None else found.away_paise,
        **_nearest(found),
        "ahead": _ahead(view, order, found),
        "ahead_at_first": _ahead_at_first(order),
        "words": _CHANGES.get(change or "") or _words(view, order),
    }


def _over_row(view: View, order: Standing) -> Row:
    event = order.event
    reason = refusal_text(event.reason, event.numbers) if event.reason else None
    return {
        **_row(view, order),
        **_nearest(view.approaches.of(event.exchange_id)),
        "near_misses": event.near_misses,
        "reason": None if event.state == _COMPLETE else reason,
        "over_ms": ms(event.ts),
    }


def _row(view: View, order: Standing) -> Row:
    event = order.event
    index = view.universe.index_of(order.symbol)
    lot = 0 if index is None else view.universe[index].lot_size
    return {
        "order": event.exchange_id,
        "trade": event.order_id or None,
        "symbol": visible(order.symbol),
        "side": event.side,
        "is_exit": event.is_exit,
        "kind": event.order_type,
        "validity": event.validity or "DAY",
        "tag": visible(event.tag) or None,
        "state": event.state,
        "quantity": event.quantity,
        "lots": lots_of(event.quantity, lot),
        "filled": event.filled,
        "pending": 0 if order.is_over else event.quantity - event.filled,
        "price_paise": event.limit_paise or None,
        "trigger_paise": event.trigger_paise or None,
    }


def _nearest(found: Approach | None) -> Row:
    """Return the nearest distance that was seen while it waited, when, and since when it was."""
    if found is None:
        return {"nearest_paise": None, "nearest_ms": None, "seen_ms": None}
    return {
        "nearest_paise": found.nearest_paise,
        "nearest_ms": ms(found.nearest_ts),
        "seen_ms": found.seen_ts // MILLISECOND_NS,
    }


def _has_queue(view: View) -> bool:
    """Return whether the fill profile lets orders wait in a queue."""
    config = view.setup.config
    return (
        config is not None
        and config.execution.fill_mode == "depth"
        and config.execution.resting == "queue"
    )


def _ahead(view: View, order: Standing, found: Approach | None) -> int | None:
    """Return how many units of others are ahead at most, None where no queue is modelled."""
    if not _has_queue(view) or not _rests(order) or found is None:
        return None
    return found.market_part


def _ahead_at_first(order: Standing) -> int | None:
    joined = None if order.joined is None else order.joined.market_after
    return None if joined is None or not _rests(order) else max(0, joined)


def _rests(order: Standing) -> bool:
    return order.event.state == ExchangeOrderState.OPEN and not order.event.taking


def _words(view: View, order: Standing) -> str | None:
    """Return what an order waits for, where its numbers alone do not say it."""
    event = order.event
    if event.state == TRIGGER_PENDING:
        return _WAITS
    if event.state != ExchangeOrderState.OPEN:
        return _ON_ITS_WAY
    if event.taking:
        return _TAKES
    if not _has_queue(view):
        return None
    quote = view.quote(order.symbol)
    if quote is None or not (quote.depth.bids or quote.depth.asks):
        return _NO_BOOK
    if is_beyond_book(order, quote):
        return BEYOND
    return WHOLE if is_behind_short_side(order, quote) else None
