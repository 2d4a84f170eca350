"""A log line for each fill, exit and refusal, once it is on disk (ARCHITECTURE, promise R1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from loguru import logger

from daemon.domain.dates import iso_ist
from daemon.domain.events import ExchangeOrderMoved, Fill, OrderCreated, OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.money import rupees_text
from daemon.domain.order import OrderState
from daemon.metrics.entry_charges import NO_CHARGES, EntryCharges
from daemon.process import fact_words
from daemon.process.fact_words import Asked
from daemon.process.log_lines import FACT, FACTS, Fact
from daemon.report.text import signed

if TYPE_CHECKING:
    from loguru import Record

_FILLED: Final = OrderState.FILLED
_ARCHIVED: Final = OrderState.ARCHIVED
_DEAD: Final = (OrderState.REJECTED, OrderState.CANCELLED)


class Noted(NamedTuple):
    """An event that makes a line, and what was known of its order when it came."""

    event: OrderMoved
    asked: Asked
    entry_charges: Decimal = NO_CHARGES
    left: int = 0


class FactLog:
    """Follows committed events and logs facts of them, all of a call as one record of many lines.

    The sentences are made only if some sink takes their level. What is kept is bounded by the
    orders that are not archived.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Begin after the events that `ledger` has; it is not changed."""
        self._asked: dict[str, Asked] = dict(ledger.orders)
        self._open = {position.order_id: position.quantity for position in ledger.open_positions()}
        self._entry_charges = EntryCharges(ledger)

    def log(self, events: Sequence[TradingEvent]) -> None:
        """Log the fills, exits and refusals among `events`, in their order."""
        noted = list(self._noted(events))
        if noted:
            logger.bind(**{FACTS: ()}).patch(partial(_tell, noted)).info("")

    def _noted(self, events: Sequence[TradingEvent]) -> Iterator[Noted]:
        for event in events:
            if isinstance(event, OrderMoved):
                if (noted := self._noted_move(event)) is not None:
                    yield noted
            elif isinstance(event, ExchangeOrderMoved):
                self._note_part(event)
            elif isinstance(event, OrderCreated):
                self._asked[event.order_id] = event

    def _noted_move(self, event: OrderMoved) -> Noted | None:
        order_id, to = event.order_id, event.to_state
        if event.fill is not None:
            return self._noted_fill(event, event.fill)
        if event.demand is not None or to in _DEAD:
            return Noted(event, self._asked[order_id])
        if to is _ARCHIVED:
            del self._asked[order_id]
        return None

    def _note_part(self, event: ExchangeOrderMoved) -> None:
        """Count a fill that makes no move: its trade's next line shows what it led to."""
        fill, order_id = event.fill, event.order_id
        if fill is None:
            return
        open_before = self._open[order_id]
        if event.is_exit:
            self._entry_charges.take(order_id, fill.quantity, open_before)
            self._open[order_id] = open_before - fill.quantity
        else:
            self._entry_charges.enter(order_id, Decimal(fill.charges.total))
            self._open[order_id] = open_before + fill.quantity

    def _noted_fill(self, event: OrderMoved, fill: Fill) -> Noted:
        order_id, asked = event.order_id, self._asked[event.order_id]
        if event.to_state is _FILLED:
            self._open[order_id] = fill.quantity
            self._entry_charges.enter(order_id, Decimal(fill.charges.total))
            return Noted(event, asked)
        open_before = self._open.pop(order_id)
        share = self._entry_charges.take(order_id, fill.quantity, open_before)
        left = open_before - fill.quantity
        if left:
            self._open[order_id] = left
        return Noted(event, asked, share, left)


def _tell(noted: Sequence[Noted], record: Record) -> None:
    """Bind the facts to a record that will be written."""
    filled = {(note.event.order_id, note.event.input_no) for note in noted if note.event.fill}
    record["extra"][FACTS] = [
        _fact(note)
        for note in noted
        # an exit that was filled at once is shown by its fill
        if note.event.demand is None or (note.event.order_id, note.event.input_no) not in filled
    ]


def _fact(noted: Noted) -> Fact:
    event = noted.event
    return Fact(_sentence(noted), _time(event.ts), event.seq, partial(_fields, noted))


def _sentence(noted: Noted) -> str:
    event, asked, fill = noted.event, noted.asked, noted.event.fill
    if fill is None:
        if event.demand is not None:
            return fact_words.waiting_sentence(event, event.demand, asked)
        return fact_words.refusal_sentence(event, asked)
    if event.to_state is _FILLED:
        return fact_words.entry_sentence(event, fill, asked)
    return fact_words.exit_sentence(
        event, fill, asked, entry_charges=noted.entry_charges, left=noted.left
    )


def _fields(noted: Noted) -> dict[str, Any]:
    """Return the same for programs; money as rupees in text, as in the sentence."""
    event, asked, fill = noted.event, noted.asked, noted.event.fill
    shown: dict[str, Any] = {
        FACT: _kind(event),
        "order_id": event.order_id,
        "tradingsymbol": asked.tradingsymbol,
        "strategy_id": asked.strategy_id,
        "reason": event.reason,
    }
    if fill is None:
        quantity = asked.quantity if event.demand is None else event.demand.quantity
        return shown | {"side": asked.transaction_type, "quantity": quantity}
    shown |= {"side": fill.transaction_type, "quantity": fill.quantity}
    shown["price"] = rupees_text(fill.price_paise)
    if shown[FACT] == "exit":
        shown["net"] = signed(fact_words.net_of_exit(fill, noted.entry_charges))
    return shown


def _kind(event: OrderMoved) -> str:
    if event.fill is None:
        return "refusal" if event.demand is None else "exit_waits"
    return "entry" if event.to_state is _FILLED else "exit"


@lru_cache(maxsize=64)
def _time(ts: int) -> str:
    """Return the market's time, which in a replay is not that of the log."""
    text = iso_ist(ts)
    return text[:23] + text[26:]
