"""One trade: what it was asked for, its fills, its stops, and its story in words."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.booked_fills import BookedFill, BookedFills
from daemon.domain.dates import MILLISECOND_NS
from daemon.domain.events import (
    ExchangeOrderMoved,
    OrderCreated,
    OrderMoved,
    StopMoved,
    TradingEvent,
)
from daemon.domain.order import OrderState
from daemon.journal.explain import explain
from daemon.journal.store import JournalStore
from daemon.visible import visible
from daemon.web.fold.exchange_orders import exchange_row
from daemon.web.fold.rows import Row, lots_of, ms, side_of


def trade_story(directory: Path, trade: str) -> Row:
    """Return a trade's details and its story, a line each.

    Raises UsageError for one that is not in the journal, JournalCorrupt, JournalIOError.
    """
    with JournalStore.open(directory) as store:
        lines = explain(store, trade).splitlines()
        return {"trade": _detail(store.events_of(trade)), "explain": lines}


def round_lines_of(directory: Path, name: str) -> Row:
    """Return the story of a round, a line each. Raises as `trade_story` does."""
    with JournalStore.open(directory) as store:
        return {"round": name, "explain": explain(store, name).splitlines()}


def _detail(events: list[TradingEvent]) -> Row:
    created = events[0]
    assert isinstance(created, OrderCreated)
    moves = [event for event in events if isinstance(event, OrderMoved)]
    booked = BookedFills()
    fills = [fill for event in events if (fill := booked.take(event)) is not None]
    last = [move for move in moves if move.to_state is not OrderState.ARCHIVED]
    return {
        "trade": created.order_id,
        "strategy": visible(created.strategy_id),
        "symbol": visible(created.tradingsymbol),
        "side": side_of(1 if created.transaction_type == "BUY" else -1),
        "quantity": created.quantity,
        "lot_size": created.lot_size,
        "lots": lots_of(created.quantity, created.lot_size),
        "product": created.product,
        "timeframe": created.timeframe,
        "created_ms": ms(created.ts),
        "state": str(last[-1].to_state) if last else "CREATED",
        "asked_stop_paise": created.sl_paise,
        "asked_target_paise": created.tp_paise,
        "note": visible(created.note),
        "tag": visible(created.tag),
        "fills": [_fill(each) for each in fills],
        "exchange_orders": _exchange_orders(events),
        "stops": [_stop(event) for event in events if isinstance(event, StopMoved)],
    }


def _fill(booked: BookedFill) -> Row:
    fill = booked.fill
    return {
        "at_ms": ms(booked.event.ts),
        "side": fill.transaction_type.lower(),
        "kind": "entry" if booked.is_entry else "exit",
        "quantity": fill.quantity,
        "price_paise": fill.price_paise,
        "reason": booked.reason,
        "rule": fill.rule,
        "bid_paise": fill.bid_paise or None,
        "ask_paise": fill.ask_paise or None,
        "ltp_paise": fill.ltp_paise or None,
        "quote_age_ms": fill.quote_age_ns // MILLISECOND_NS,
        "gross_paise": fill.realized_paise,
        "charges": fill.charges.total,
    }


def _exchange_orders(events: list[TradingEvent]) -> list[Row]:
    """Return the exchange orders of a trade as they stand, in the order sent."""
    newest: dict[str, ExchangeOrderMoved] = {}
    for event in events:
        if isinstance(event, ExchangeOrderMoved):
            newest[event.exchange_id] = event
    return [exchange_row(event) for event in newest.values()]


def _stop(event: StopMoved) -> Row:
    return {
        "at_ms": ms(event.ts),
        "from_paise": event.stop_from_paise,
        "to_paise": event.stop_to_paise,
        "reason": event.reason,
    }
