"""The tape: what happened, a line each, in a trader's words."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from daemon.domain.booked_fills import BookedFill, BookedFills
from daemon.domain.events import ExchangeOrderMoved, OrderMoved, StopMoved, TradingEvent
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.journal.explain import why_moved
from daemon.journal.operations import operation_words
from daemon.journal.schema import Operation
from daemon.journal.words import EXITS, money, refusal_text
from daemon.visible import visible
from daemon.web.fold.later import Later
from daemon.web.fold.rows import Row, ms

TAPE_ROWS: Final = 200
_NOT_SHOWN: Final = frozenset({"state", "contract", "continued", "instruments"})
_TROUBLE: Final = ("rejected", "modify_refused")
"""What happens to an exit at the exchange that a trader must see; of an entry the trade says it."""
_DEAD: Final = (OrderState.REJECTED, OrderState.CANCELLED)


class Tape:
    """The newest rows, oldest first; `number` counts all rows there ever were."""

    def __init__(self, before: Iterable[Position] = ()) -> None:
        """Begin after events that left these positions open."""
        self.number = 0
        self._fills = BookedFills(before)
        self._rows: deque[tuple[int, Row]] = deque(maxlen=TAPE_ROWS)

    def take(self, event: TradingEvent, symbol: str) -> None:
        """Take an event of an order in `symbol`; most make no row."""
        booked = self._fills.take(event)
        if booked is not None:
            words = _fill_words(booked, symbol)
            self._add(event, "fill" if booked.is_entry else "exit", symbol, words)
        elif isinstance(event, StopMoved):
            self._add(event, "stop", symbol, _stop_words(event))
        elif isinstance(event, OrderMoved) and event.to_state in _DEAD:
            words = f"{symbol}: {refusal_text(event.reason, event.numbers)}"
            self._add(event, "refused", symbol, words)
        elif isinstance(event, ExchangeOrderMoved) and event.is_exit and event.kind in _TROUBLE:
            words = f"{symbol}: the exit's order: {refusal_text(event.reason, event.numbers)}"
            self._add(event, "refused", symbol, words)

    def take_operation(self, operation: Operation, seq: int) -> None:
        """Take what happened to the process after event `seq`."""
        if operation.kind in _NOT_SHOWN:
            return
        self._put(partial(_operation_row, operation, seq))

    def newest(self) -> list[Row]:
        """Return the rows, newest first."""
        return [later.row() for _, later in reversed(self._rows)]

    def after(self, number: int) -> list[Row]:
        """Return the rows after row `number` of all, newest first."""
        return [later.row() for at, later in reversed(self._rows) if at > number]

    def _add(self, event: TradingEvent, kind: str, symbol: str, words: str) -> None:
        self._put(
            {"seq": event.seq, "at_ms": ms(event.ts), "kind": kind, "trade": event.order_id,
             "symbol": visible(symbol), "words": visible(words)}
        )  # fmt: skip

    def _put(self, make: Callable[[], Row]) -> None:
        self.number += 1
        self._rows.append((self.number, Later(make)))


def _event_row(
    event: OrderMoved | StopMoved, kind: str, symbol: str, words: Callable[[], str]
) -> Row:
    return {
        "seq": event.seq, "at_ms": ms(event.ts), "kind": kind, "trade": event.order_id,
        "symbol": visible(symbol), "words": visible(words()),
    }  # fmt: skip


def _operation_row(operation: Operation, seq: int) -> Row:
    words = operation_words(operation) or operation.kind
    return {
        "seq": seq, "at_ms": ms(operation.ts), "kind": "operation", "trade": None,
        "symbol": None, "words": words,
    }  # fmt: skip


def _refused_words(event: OrderMoved, symbol: str) -> str:
    return f"{symbol}: {refusal_text(event.reason, event.numbers)}"


def _fill_words(booked: BookedFill, symbol: str) -> str:
    fill = booked.fill
    verb = "bought" if fill.transaction_type == "BUY" else "sold"
    done = f"{verb} {fill.quantity} {symbol} at {money(fill.price_paise)}"
    if booked.is_entry:
        return done
    why = EXITS.get(booked.reason, booked.reason)
    return f"{done}: {why}; {money(fill.realized_paise)} before charges"


def _stop_words(event: StopMoved) -> str:
    return (
        f"stop from {money(event.stop_from_paise)} to {money(event.stop_to_paise)}: "
        f"{why_moved(event)}"
    )
