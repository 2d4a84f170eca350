"""A log line for each fill, exit and refusal, once it is on disk (ARCHITECTURE, promise R1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from loguru import logger

from daemon.domain.booked_fills import BookedFill, BookedFills
from daemon.domain.dates import iso_ist
from daemon.domain.events import (
    ExchangeOrderMoved,
    MarginMoved,
    OrderCreated,
    OrderMoved,
    TradingEvent,
)
from daemon.domain.ledger import Ledger
from daemon.domain.money import rupees_text
from daemon.domain.order import OrderState
from daemon.journal.account_words import AccountLine, AccountWords
from daemon.journal.margin_words import margin_text
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

    event: OrderMoved | ExchangeOrderMoved
    asked: Asked
    entry_charges: Decimal = NO_CHARGES
    left: int = 0
    reason: str = ""
    """Why the trade traded; of a move it is the move's."""

    @property
    def is_entry(self) -> bool:
        """Return whether it is a fill of an entry."""
        if isinstance(self.event, ExchangeOrderMoved):
            return not self.event.is_exit
        return self.event.to_state is _FILLED


class Told(NamedTuple):
    """An event that belongs to no trade, and its line."""

    event: TradingEvent
    line: AccountLine


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
        self._fills = BookedFills.after(ledger)
        self._account = AccountWords(ledger.gtts.values())

    def recall(self, order_id: str, events: Sequence[TradingEvent]) -> None:
        """Learn from an open position's events so far which charges its exits have taken over."""
        booked = filter(None, map(BookedFills().take, events))
        fills = ((each.is_entry, each.fill) for each in booked)
        self._entry_charges.recall(order_id, fills)

    def log(self, events: Sequence[TradingEvent]) -> None:
        """Log the fills, exits and refusals among `events`, in their order.

        What belongs to no trade, as GTTs and risk states, is logged too; a level of the cash is a
        record of its own between them, as it is a warning.
        """
        noted = list(self._noted(events))
        filled = _filled(noted)
        for is_level, some in groupby(noted, lambda note: isinstance(note.event, MarginMoved)):
            if not is_level:
                logger.bind(**{FACTS: ()}).patch(partial(_tell, list(some), filled)).info("")
                continue
            for note in some:
                assert isinstance(note.event, MarginMoved)
                _tell_margin(note.event)

    def facts(self, events: Sequence[TradingEvent]) -> list[Fact]:
        """Return the same facts, which are not logged; levels of the cash are among them."""
        noted = list(self._noted(events))
        return _facts(noted, _filled(noted))

    def _noted(self, events: Sequence[TradingEvent]) -> Iterator[Noted | Told]:
        for event in events:
            if not event.order_id:
                line = self._account.take(event)
                if line is not None:
                    yield Told(event, line)
                continue
            booked = self._fills.take(event)
            if booked is not None:
                yield self._noted_fill(booked)
            elif isinstance(event, OrderMoved):
                if (noted := self._noted_move(event)) is not None:
                    yield noted
            elif isinstance(event, OrderCreated):
                self._asked[event.order_id] = event

    def _noted_move(self, event: OrderMoved) -> Noted | None:
        order_id, to = event.order_id, event.to_state
        if event.demand is not None or to in _DEAD:
            return Noted(event, self._asked[order_id], reason=event.reason)
        if to is _ARCHIVED:
            del self._asked[order_id]
        return None

    def _noted_fill(self, booked: BookedFill) -> Noted:
        event, fill, order_id = booked.event, booked.fill, booked.event.order_id
        asked, open_before = self._asked[order_id], self._open.pop(order_id, 0)
        if booked.is_entry:
            self._open[order_id] = open_before + fill.quantity
            self._entry_charges.enter(order_id, Decimal(fill.charges.total))
            return Noted(event, asked, reason=booked.reason)
        share = self._entry_charges.take(order_id, fill.quantity, open_before)
        left = open_before - fill.quantity
        if left:
            self._open[order_id] = left
        return Noted(event, asked, share, left, booked.reason)


def _tell_margin(event: MarginMoved) -> None:
    """Log a level that was passed, as a warning where it was passed upwards."""
    line = logger.bind(
        **{FACT: "margin"}, at=_time(event.ts), seq=event.seq, level=event.level,
        from_level=event.from_level, blocked=event.blocked_rupees,
        cash=rupees_text(event.cash_paise),
    )  # fmt: skip
    line.log("WARNING" if event.is_alert else "INFO", "{}", margin_text(event))


def _tell(noted: Sequence[Noted | Told], filled: set[tuple[str, int]], record: Record) -> None:
    """Bind the facts to a record that will be written; `filled` says which inputs fill orders."""
    record["extra"][FACTS] = _facts(noted, filled)


def _filled(noted: Sequence[Noted | Told]) -> set[tuple[str, int]]:
    """Return order and input of every fill."""
    return {
        (note.event.order_id, note.event.input_no)
        for note in noted
        if isinstance(note, Noted) and note.event.fill
    }


def _facts(noted: Sequence[Noted | Told], filled: set[tuple[str, int]]) -> list[Fact]:
    return [
        _fact(note)
        for note in noted
        # an exit that was filled at once is shown by its fill
        if not _waits(note) or (note.event.order_id, note.event.input_no) not in filled
    ]


def _fact(noted: Noted | Told) -> Fact:
    event = noted.event
    if isinstance(noted, Told):
        line = noted.line
        fields = {FACT: line.kind, "tradingsymbol": line.symbol}
        return Fact(line.words, _time(event.ts), event.seq, lambda: fields)
    return Fact(_sentence(noted), _time(event.ts), event.seq, partial(_fields, noted))


def _waits(noted: Noted | Told) -> bool:
    """Return whether it is an exit that began."""
    return isinstance(noted.event, OrderMoved) and noted.event.demand is not None


def _sentence(noted: Noted) -> str:
    event, asked, fill = noted.event, noted.asked, noted.event.fill
    if fill is not None and noted.is_entry:
        return fact_words.entry_sentence(event.order_id, fill, asked)
    if fill is not None:
        return fact_words.exit_sentence(
            event.order_id, noted.reason, fill, asked,
            entry_charges=noted.entry_charges, left=noted.left,
        )  # fmt: skip
    assert isinstance(event, OrderMoved), event
    if event.demand is not None:
        return fact_words.waiting_sentence(event, event.demand, asked)
    return fact_words.refusal_sentence(event, asked)


def _fields(noted: Noted) -> dict[str, Any]:
    """Return the same for programs; money as rupees in text, as in the sentence."""
    event, asked, fill = noted.event, noted.asked, noted.event.fill
    shown: dict[str, Any] = {
        FACT: _kind(noted),
        "order_id": event.order_id,
        "tradingsymbol": asked.tradingsymbol,
        "strategy_id": asked.strategy_id,
        "reason": noted.reason,
    }
    if fill is None:
        demand = event.demand if isinstance(event, OrderMoved) else None
        quantity = asked.quantity if demand is None else demand.quantity
        return shown | {"side": asked.transaction_type, "quantity": quantity}
    shown |= {"side": fill.transaction_type, "quantity": fill.quantity}
    shown["price"] = rupees_text(fill.price_paise)
    if shown[FACT] == "exit":
        shown["net"] = signed(fact_words.net_of_exit(fill, noted.entry_charges))
    return shown


def _kind(noted: Noted) -> str:
    if noted.event.fill is None:
        return "exit_waits" if _waits(noted) else "refusal"
    return "entry" if noted.is_entry else "exit"


@lru_cache(maxsize=64)
def _time(ts: int) -> str:
    """Return the market's time, which in a replay is not that of the log."""
    text = iso_ist(ts)
    return text[:23] + text[26:]
