"""A round's life in plain words, from the journal alone: what its legs did, and why nothing did."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.domain.dates import iso_ist, ist_day
from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    OrderCreated,
    OrderMoved,
    RoundMoved,
    StopMoved,
    TradingEvent,
)
from daemon.domain.order import OrderState
from daemon.journal.round_words import basis_text, round_lines
from daemon.journal.store import JournalStore
from daemon.journal.words import EXITS, MOVES, money, money_exact, refusal_text, wall_time

_ROUNDS: Final = """SELECT order_id, seq FROM committed
WHERE event = 'created' AND json_extract(body, '$.round') = ? ORDER BY seq"""
_INDENT: Final = " " * 14


def round_story(store: JournalStore, round_id: str) -> list[str]:
    """Return a round's lines, an event or two each; nothing if the journal has no such round."""
    moves = [
        event
        for event in store.events_of("")
        if isinstance(event, RoundMoved) and event.round == round_id
    ]
    if not moves:
        return []
    orders = [row["order_id"] for row in store.query(_ROUNDS, (round_id,))]
    events: list[TradingEvent] = [*moves]
    for order_id in orders:
        events += store.events_of(order_id)
    return tell_round(sorted(events, key=lambda event: event.seq))


def tell_round(events: list[TradingEvent]) -> list[str]:
    """Return the lines of the events of one round, in order."""
    first = next(event for event in events if isinstance(event, RoundMoved))
    lines = [f"{first.round}: a round of plan {first.plan}, {_date(first)}, times in IST"]
    story, day = _Story(), ist_day(first.ts)
    for event in events:
        told = story.tell(event)
        if told and ist_day(event.ts) != day:
            day = ist_day(event.ts)
            lines.append(f"{_date(event)}:")
        lines += _paragraph(event, told)
    return [*lines, "", *story.result()]


class _Attempt:
    """One entry of a leg, and the sums of its fills."""

    def __init__(self, event: OrderCreated) -> None:
        self.name = f"{event.leg}#{event.attempt}"
        self.symbol = event.tradingsymbol
        self.side = event.transaction_type
        self.entered = self.left = self._in_paise = self._out_paise = self.gross_paise = 0
        self.charges = Decimal(0)
        self.reason = ""

    def book(self, fill: Fill, *, is_entry: bool) -> None:
        self.charges += Decimal(fill.charges.total)
        self.gross_paise += fill.realized_paise
        if is_entry:
            self.entered += fill.quantity
            self._in_paise += fill.quantity * fill.price_paise
        else:
            self.left += fill.quantity
            self._out_paise += fill.quantity * fill.price_paise

    def text(self) -> str:
        verb = "bought" if self.side == "BUY" else "sold"
        if not self.entered:
            return f"{self.name}: {self.symbol} never {verb} ({self.reason})"
        at = money_exact(Decimal(self._in_paise) / (100 * self.entered))
        text = f"{self.name}: {verb} {self.entered} {self.symbol} at {at}"
        if not self.left:
            return f"{text}, still open"
        out = money_exact(Decimal(self._out_paise) / (100 * self.left))
        rest = f", {self.entered - self.left} still open" if self.left < self.entered else ""
        return f"{text}, out at {out} ({self.reason}){rest}: {money(self.gross_paise)}"


class _Story:
    """Tells one event after the other, and keeps the sums of the legs."""

    def __init__(self) -> None:
        self._attempts: dict[str, _Attempt] = {}

    def tell(self, event: TradingEvent) -> list[str]:
        """Return what an event says; nothing for what `explain ORDER` tells."""
        if isinstance(event, RoundMoved):
            return round_lines(event)
        if isinstance(event, OrderCreated):
            return [self._asked(event)]
        attempt = self._attempts.get(event.order_id)
        if attempt is None:
            return []
        if isinstance(event, OrderMoved):
            return _moved(event, attempt)
        if isinstance(event, ExchangeOrderMoved) and event.fill is not None:
            attempt.book(event.fill, is_entry=not event.is_exit)
        if isinstance(event, StopMoved) and event.reason in MOVES:
            to = money(event.stop_to_paise)
            return [f"{attempt.name}: the stop moves to {to}, {MOVES[event.reason]}."]
        return []

    def _asked(self, event: OrderCreated) -> str:
        attempt = self._attempts[event.order_id] = _Attempt(event)
        verb = "buy" if event.transaction_type == "BUY" else "sell"
        from_ = basis_text(event.basis)
        chosen = f" (chosen from {from_})" if from_ else ""
        return (
            f"{attempt.name}: {event.note or 'entry'}: to {verb} {event.quantity} "
            f"{event.tradingsymbol}{chosen}, order {event.order_id}."
        )

    def result(self) -> list[str]:
        """Return a line for each attempt, and what the round came to."""
        attempts = self._attempts.values()
        lines = [attempt.text() for attempt in attempts]
        if not any(attempt.entered for attempt in attempts):
            return [*lines, "Result: nothing was traded and nothing was charged."]
        gross = sum(attempt.gross_paise for attempt in attempts)
        charges = sum((attempt.charges for attempt in attempts), start=Decimal(0))
        is_over = all(attempt.entered == attempt.left for attempt in attempts)
        net = Decimal(gross) / 100 - charges
        lines.append(
            f"{'Result' if is_over else 'So far'}: gross {money(gross)}, charges "
            f"{money_exact(charges)}, net {money_exact(net)}."
        )
        return lines


def _moved(event: OrderMoved, attempt: _Attempt) -> list[str]:
    to, fill = event.to_state, event.fill
    if fill is not None:
        is_entry = to is OrderState.FILLED
        attempt.book(fill, is_entry=is_entry)
        verb = "bought" if fill.transaction_type == "BUY" else "sold"
        text = f"{attempt.name}: {verb} {fill.quantity} at {money(fill.price_paise)}"
        if is_entry:
            return [f"{text}."]
        attempt.reason = event.reason
        made = money(fill.realized_paise)
        return [f"{text} ({event.reason}), which makes {made} before charges."]
    if event.demand is not None:
        words = EXITS.get(event.reason, "")
        return [f"{attempt.name}: leaves: {event.reason}{f': {words}' if words else ''}."]
    if to in (OrderState.REJECTED, OrderState.CANCELLED):
        attempt.reason = event.reason
        return [f"{attempt.name}: {to}: {refusal_text(event.reason, event.numbers)}"]
    return []


def _paragraph(event: TradingEvent, lines: list[str]) -> list[str]:
    return [
        f"{wall_time(event.ts)}  {line}" if at == 0 else _INDENT + line
        for at, line in enumerate(lines)
    ]


def _date(event: TradingEvent) -> str:
    return iso_ist(event.ts)[:10]
