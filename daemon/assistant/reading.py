"""What an assistant may read, as values: positions, orders, one order's life, sums."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final

from daemon.assistant.untrusted import separated
from daemon.domain.dates import iso_ist
from daemon.domain.events import (
    ExchangeOrderMoved,
    OrderCreated,
    OrderMoved,
    StopMoved,
    TradingEvent,
)
from daemon.errors import UsageError
from daemon.journal.store import JournalStore
from daemon.journal.words import EXITS, MOVES, why
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.panels.header import header_panel
from daemon.web.panels.open import open_panel
from daemon.web.panels.pnl import pnl_panel
from daemon.web.panels.strategies import strategies_panel
from daemon.web.panels.untraded import untraded_panel
from daemon.web.panels.view import View
from daemon.web.sources.watched import Watched
from daemon.web.stream.follower import Follower

ORDERS_MAX: Final = 100
DAYS_MAX: Final = 10
_POSITION: Final = (
    "trade", "strategy", "symbol", "side", "quantity", "lots", "entry_paise", "ltp_paise",
    "bid_paise", "ask_paise", "stop_paise", "target_paise", "r_now", "unrealized_paise",
)  # fmt: skip
_ORDERS: Final = """SELECT order_id, order_timestamp, tradingsymbol, transaction_type, product,
  quantity, filled_quantity, average_price, status, status_message, strategy_id
FROM orders ORDER BY order_id DESC LIMIT ?"""
Row = dict[str, Any]


class AccountReader:
    """Reads one account, as it is when it is asked."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._follower: Final = Follower(watched)
        self._lock = threading.Lock()
        """The protocol's library calls each tool in a thread."""

    def positions(self) -> Row:
        """Return the open positions with their levels, rupees; those without a trade apart."""
        with self._lock:
            view = self._view()
            rows = [{key: row[key] for key in _POSITION if key in row} for row in open_panel(view)]
            without = untraded_panel(view)
            return separated({**_as_of(view), "positions": rows, "without_a_trade": without})

    def orders(self, limit: int) -> Row:
        """Return the newest orders, the newest first. Raises UsageError."""
        if not 1 <= limit <= ORDERS_MAX:
            raise UsageError(f"limit: expected 1 to {ORDERS_MAX}, was {limit}")
        with JournalStore.open(self._watched.directory) as store:
            return separated({"orders": store.query(_ORDERS, (limit,))})

    def explain(self, order_id: str) -> Row:
        """Return what happened to an order, in its order, with the reason of each step.

        Raises UsageError for one that is not in the journal.
        """
        with JournalStore.open(self._watched.directory) as store:
            events = store.events_of(order_id) if order_id else []
        if not events:
            raise UsageError("explain: there is no such order; `orders` names them")
        return separated({"events": [_step(event) for event in events]})

    def report(self) -> Row:
        """Return the sums of the account and of its strategies, rupees."""
        with self._lock:
            return separated(_sums(self._view()))

    def close(self) -> None:
        """Close journal and map."""
        self._follower.close()

    def _view(self) -> View:
        now = MACHINE_CLOCKS.wall_ns()
        shown = self._follower.step(now)
        while shown.is_behind:
            shown = self._follower.step(now)
        if shown.fault:
            raise UsageError(shown.fault)
        return self._follower.view(now)


def _sums(view: View) -> Row:
    header, ledger = header_panel(view), view.book.ledger
    refused = [{"reason": reason, "count": count} for reason, count in ledger.refusals.items()]
    return {
        **_as_of(view),
        "mode": header["mode"],
        "session_open": header["session"]["is_open"],
        "risk_state": ledger.risk.state.value,
        "notes": header["notes"],
        "profit_and_loss": pnl_panel(view),
        "strategies": strategies_panel(view),
        "refused": refused,
        "days": [totals.row() for totals in list(view.book.days.values())[-DAYS_MAX:]],
    }


def _as_of(view: View) -> Row:
    clock = view.clock
    return {"as_of": iso_ist(clock) if clock else None, "seq": view.book.seq}


def _step(event: TradingEvent) -> Row:
    return {"seq": event.seq, "at": iso_ist(event.ts), **dict(_facts(event))}


def _facts(event: TradingEvent) -> Iterator[tuple[str, Any]]:
    """Yield what an event says, in values; a reason comes with its sentence."""
    if isinstance(event, OrderCreated):
        yield from (
            ("event", "created"), ("symbol", event.tradingsymbol), ("side", event.transaction_type),
            ("quantity", event.quantity), ("order_type", str(event.order_type)),
            ("stop_paise", event.sl_paise), ("target_paise", event.tp_paise),
            ("strategy", event.strategy_id), ("tag", event.tag), ("note", event.note),
        )  # fmt: skip
    elif isinstance(event, OrderMoved):
        yield from (("event", "moved"), ("from", event.from_state.value))
        yield "to", event.to_state.value
        yield from _reason(event.reason)
        yield "numbers", event.numbers or {}
        if event.fill is not None:
            yield from (("fill_quantity", event.fill.quantity), ("rule", event.fill.rule))
            yield from (
                (f"{name}_paise", getattr(event.fill, f"{name}_paise"))
                for name in ("price", "ltp", "bid", "ask", "realized")
            )
    elif isinstance(event, StopMoved):
        yield from (("event", "stop_moved"), ("stop_from_paise", event.stop_from_paise))
        yield from (("stop_to_paise", event.stop_to_paise), ("ltp_paise", event.ltp_paise))
        yield from _reason(event.reason)
    elif isinstance(event, ExchangeOrderMoved):
        yield from (("event", "exchange"), ("what", event.kind), ("state", event.state))
        yield from (("filled", event.filled), ("quantity", event.quantity))
        yield from (("price_paise", event.last_paise), ("near_misses", event.near_misses))
        yield from _reason(event.reason)


def _reason(reason: str) -> Iterator[tuple[str, Any]]:
    yield "reason", reason
    yield "why", EXITS.get(reason) or MOVES.get(reason) or why(reason)
