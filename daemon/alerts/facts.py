"""Messages about what the journal says: its events, and what happened to the daemon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from daemon.alerts.message import Message
from daemon.domain.events import ExchangeOrderMoved, GttMoved, RiskMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.journal.operations import operation_words
from daemon.journal.schema import Operation
from daemon.journal.words import refusal_text
from daemon.process.facts import FactLog
from daemon.process.log_lines import FACT
from daemon.visible import visible

KIND_OF_FACT: Final = {
    "entry": "fill", "fill": "fill", "exit": "exit", "refusal": "refusal", "refused": "refusal",
    "margin": "margin",
}  # fmt: skip
"""What the log calls a fact -> the kind of its message; other facts make none."""
RESTARTS: Final = frozenset(
    {"start", "stop", "gap", "recovered", "dropped_unfinished", "not_run_again", "clock_jump"}
)
"""Operations that say that the daemon came, went, or did not see everything."""
LOGIN_REFUSED: Final = "access token"
"""Words of the error that a daemon ends with when the broker does not take its login."""
_GTT_TOLD: Final = ("triggered", "refused", "disabled", "cancelled", "expired")
"""What a GTT does by itself, and requests for one that changed nothing."""
_HARMLESS: Final = ("not_open", "already_filled")


class FactMessages:
    """Folds a journal from one event on, and tells what happened."""

    def __init__(self, ledger: Ledger, lives: Mapping[str, Sequence[TradingEvent]] = {}) -> None:
        """Begin after the events of `ledger`, which this one folds further.

        `lives` are the events so far of open positions that have left in part: the net of what is
        left depends on them.
        """
        self._ledger: Final = ledger
        self._facts = FactLog(ledger)
        self._fired = {gtt.exchange_id for gtt in ledger.gtts.values() if gtt.exchange_id}
        """The orders of GTTs that have fired."""
        for order_id, events in lives.items():
            self._facts.recall(order_id, events)

    def of_events(self, events: Sequence[TradingEvent]) -> list[Message]:
        """Return the messages of the next events, in their order."""
        told = [message for event in events for message in self._of_event(event)]
        by_seq = {event.seq: event for event in events}
        told += [
            Message(kind=kind, text=visible(fact.sentence), seq=fact.seq)
            for fact in self._facts.facts(events)
            if (kind := self._kind_of_fact(str(fact.fields()[FACT]), by_seq[fact.seq]))
        ]
        dated = [_dated(message, by_seq[message.seq].ts) for message in told]
        for event in events:
            self._ledger.apply(event)
        return sorted(dated, key=lambda message: message.seq)

    def of_operation(self, operation: Operation) -> list[Message]:
        """Return the message of what happened to the daemon after the events so far, or none."""
        kind = self._kind_of(operation)
        if not kind:
            return []
        text = operation_words(operation)
        return [Message(kind=kind, text=text, seq=self._ledger.seq, ts=max(operation.ts, 0))]

    def _kind_of_fact(self, fact: str, event: TradingEvent) -> str:
        """Return the kind of the message of what the log calls a fact, empty for none."""
        if isinstance(event, GttMoved):
            return "gtt" if event.kind in _GTT_TOLD else ""
        if isinstance(event, ExchangeOrderMoved) and fact == "refused":
            return "gtt" if event.exchange_id in self._fired else KIND_OF_FACT[fact]
        return KIND_OF_FACT.get(fact, "")

    def _of_event(self, event: TradingEvent) -> Iterator[Message]:
        if isinstance(event, RiskMoved) and event.reason == "daily_loss":
            numbers = refusal_text(event.reason, event.numbers)
            yield Message(kind="daily_limit", text=f"{event.state}: {numbers}", seq=event.seq)
        if isinstance(event, GttMoved) and event.kind == "triggered":
            self._fired.add(event.exchange_id)
        if isinstance(event, ExchangeOrderMoved) and event.reason == "stop_unfilled":
            text = f"{event.order_id}: {visible(refusal_text(event.reason, event.numbers))}"
            yield Message(kind="unfilled", text=text, seq=event.seq)
        if isinstance(event, ExchangeOrderMoved) and _is_lost_exit(event):
            text = visible(refusal_text(event.reason, event.numbers))
            text = f"the exit's order of {event.order_id} was refused: {text}"
            yield Message(kind="unprotected", text=text, seq=event.seq)

    def _kind_of(self, operation: Operation) -> str:
        kind, detail = operation.kind, operation.detail
        if kind == "stop" and LOGIN_REFUSED in str(detail.get("error", "")):
            return "token_refused"
        if kind in RESTARTS:
            return "restart"
        if kind == "fallback_to_v2":
            return "fallback"
        if kind == "feed_state" and detail.get("to") == "stale" and self._holds():
            return "stale_feed"
        if kind == "strategy_disabled" and self._holds(str(detail.get("strategy_id", ""))):
            return "strategy_disabled"
        return ""

    def _holds(self, strategy_id: str = "") -> bool:
        """Return whether anything is open, or anything of one strategy."""
        ledger = self._ledger
        if not strategy_id and ledger.untraded.positions:
            return True
        return any(
            not strategy_id or position.strategy_id == strategy_id
            for position in ledger.open_positions()
        )


def _is_lost_exit(event: ExchangeOrderMoved) -> bool:
    """Return whether the exchange refused an order that would have closed a trade."""
    is_trouble = event.kind == "rejected" and event.reason not in _HARMLESS
    return bool(event.order_id) and event.is_exit and is_trouble


def _dated(message: Message, ts: int) -> Message:
    return Message(kind=message.kind, text=message.text, seq=message.seq, ts=ts)
