"""Exits as rows, out of fills that a ledger has just booked."""

from __future__ import annotations

from decimal import Decimal

from daemon.domain.booked_fills import BookedFill
from daemon.domain.events import Fill, OrderMoved, TradingEvent
from daemon.domain.ledger import OLD_QUOTE_NS, Ledger, is_optimistic
from daemon.domain.position import Position
from daemon.metrics.entry_charges import EntryCharges
from daemon.report.attempts import Attempts
from daemon.report.model import Evidence, ExitRow


class ExitFold:
    """Hands the charges of entries on to their exits, and knows which plan's leg each is of."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin after the events that the ledger has."""
        self.charges = EntryCharges(ledger)
        self._ledger = ledger
        self._attempts = Attempts(ledger)

    def begin(self, event: TradingEvent) -> None:
        """Note the order that an event may begin."""
        self._attempts.take(event)

    def forget(self, order_id: str) -> None:
        """Forget an order that will have no exit."""
        self._attempts.forget(order_id)

    def take(self, booked: BookedFill) -> tuple[Position, ExitRow | None]:
        """Return the position of a fill that the ledger has booked, and the row of an exit."""
        order_id, fill = booked.event.order_id, booked.fill
        position = self._ledger.positions.get(order_id) or self._ledger.closed[order_id]
        if booked.is_entry:
            self.charges.enter(order_id, Decimal(fill.charges.total))
            return position, None
        return position, self._row(booked, position)

    def _row(self, booked: BookedFill, position: Position) -> ExitRow:
        event, fill = booked.event, booked.fill
        excursion = event.excursion if isinstance(event, OrderMoved) else None
        open_before = position.quantity + fill.quantity
        share = self.charges.take(event.order_id, fill.quantity, open_before)
        row = ExitRow(
            order_id=event.order_id,
            part=position.exit_fills,
            is_last=position.quantity == 0,
            strategy_id=position.strategy_id,
            tradingsymbol=position.tradingsymbol,
            sign=position.sign,
            quantity=fill.quantity,
            entry_ts=position.entry_ts,
            exit_ts=event.ts,
            entry_paise=position.entry_paise,
            exit_paise=fill.price_paise,
            reason=booked.reason,
            gross_paise=fill.realized_paise,
            bid_ask_paise=fill.realized_bid_ask_paise,
            charges=Decimal(fill.charges.total) + share,
            evidence=evidence_of(fill),
            best_paise=excursion.best_paise if excursion else None,
            worst_paise=excursion.worst_paise if excursion else None,
            attempt=self._attempts.of(event.order_id),
        )
        if row.is_last:
            self._attempts.forget(event.order_id)
        return row


def evidence_of(fill: Fill) -> Evidence:
    """Return what the fill itself says about its quote."""
    return Evidence(
        rule=fill.rule,
        quote_age_ns=fill.quote_age_ns,
        old=fill.quote_age_ns > OLD_QUOTE_NS,
        stale=fill.stale,
        walked=fill.walked,
        after_gap=fill.after_gap,
        optimistic=is_optimistic(fill),
    )
