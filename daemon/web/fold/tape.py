"""The tape: what happened, a line each, in a trader's words."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from daemon.domain.booked_fills import BookedFills
from daemon.domain.events import (
    ExchangeOrderMoved,
    OrderMoved,
    RoundMoved,
    StopMoved,
    TradingEvent,
)
from daemon.domain.gtt import Gtt
from daemon.domain.order import OrderState
from daemon.domain.plan_fold import ENDS_A_WAIT
from daemon.domain.position import Position
from daemon.journal.account_words import AccountWords
from daemon.journal.explain import why_moved
from daemon.journal.operations import operation_words
from daemon.journal.round_words import round_lines
from daemon.journal.schema import Operation
from daemon.journal.words import money, refusal_text
from daemon.visible import visible
from daemon.web.fold.fill_words import fill_words
from daemon.web.fold.later import Later
from daemon.web.fold.rows import Row, ms

TAPE_ROWS: Final = 200
_NOT_SHOWN: Final = frozenset({"state", "contract", "continued", "instruments"})
_TROUBLE: Final = ("rejected", "modify_refused")
"""What happens to an exit at the exchange that a trader must see; of an entry the trade says it."""
_DEAD: Final = (OrderState.REJECTED, OrderState.CANCELLED)


class Tape:
    """The newest rows, oldest first; `number` counts all rows there ever were."""

    def __init__(self, before: Iterable[Position] = (), gtts: Iterable[Gtt] = ()) -> None:
        """Begin after events that left these positions open, and these GTTs."""
        self._account = AccountWords(gtts)
        self.number = 0
        self._fills = BookedFills(before)
        self._rows: deque[tuple[int, Later]] = deque(maxlen=TAPE_ROWS)

    def take(self, event: TradingEvent, symbol: str) -> None:
        """Take an event of an order in `symbol`; most make no row."""
        booked = self._fills.take(event)
        if booked is not None:
            kind = "fill" if booked.is_entry else "exit"
            self._add(event, kind, symbol, partial(fill_words, booked, symbol))
        elif isinstance(event, StopMoved):
            self._add(event, "stop", symbol, partial(_stop_words, event))
        elif isinstance(event, OrderMoved) and event.to_state in _DEAD:
            kind = "cancelled" if event.to_state is OrderState.CANCELLED else "refused"
            self._add(event, kind, symbol, partial(_refused_words, event, symbol))
        elif isinstance(event, ExchangeOrderMoved) and event.is_exit and event.kind in _TROUBLE:
            words = partial(_refused_words, event, f"{symbol}: the exit's order")
            self._add(event, "refused", symbol, words)

    def take_account(self, event: TradingEvent) -> None:
        """Take an event that belongs to no trade."""
        if isinstance(event, RoundMoved) and is_told(event):
            self._add(event, "round", "", partial(_round_words, event))
        line = self._account.take(event)
        if line is not None:
            self._add(event, line.kind, line.symbol, lambda: line.words)

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

    def _add(self, event: TradingEvent, kind: str, symbol: str, words: Callable[[], str]) -> None:
        self._put(partial(_event_row, event, kind, symbol, words))

    def _put(self, make: Callable[[], Row]) -> None:
        self.number += 1
        self._rows.append((self.number, Later(make)))


def _event_row(event: TradingEvent, kind: str, symbol: str, words: Callable[[], str]) -> Row:
    return {
        "seq": event.seq, "at_ms": ms(event.ts), "kind": kind, "trade": event.order_id or None,
        "symbol": visible(symbol) or None, "words": visible(words()),
    }  # fmt: skip


def _operation_row(operation: Operation, seq: int) -> Row:
    words = operation_words(operation) or operation.kind
    return {
        "seq": seq, "at_ms": ms(operation.ts), "kind": "operation", "trade": None,
        "symbol": None, "words": words,
    }  # fmt: skip


def _refused_words(event: OrderMoved | ExchangeOrderMoved, what: str) -> str:
    return f"{what}: {refusal_text(event.reason, event.numbers)}"


def is_told(event: RoundMoved) -> bool:
    """Return whether the tape tells an event of a round: a new state, or a leg that is given up."""
    return event.from_state != event.to_state or event.reason in ENDS_A_WAIT


def _round_words(event: RoundMoved) -> str:
    return f"{event.round}: {round_lines(event)[0]}"


def _stop_words(event: StopMoved) -> str:
    return (
        f"stop from {money(event.stop_from_paise)} to {money(event.stop_to_paise)}: "
        f"{why_moved(event)}"
    )
