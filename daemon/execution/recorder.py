"""The one place where events are stamped and the ledger is changed."""

from __future__ import annotations

from msgspec import structs

from daemon.domain.events import (
    ExchangeOrderMoved,
    Excursion,
    ExitDemand,
    Fill,
    Levels,
    OrderCreated,
    OrderMoved,
    PositionMarked,
    QueuePlace,
    StopMoved,
)
from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState
from daemon.domain.intent import Rel
from daemon.domain.ledger import Ledger
from daemon.domain.order import ENTRY_FILL, MODIFIED, Order, OrderState
from daemon.domain.plan_round import PlanOrigin
from daemon.domain.position import Position
from daemon.exchange.reports import ExecutionReport
from daemon.execution.exits.rule import StopMove
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.execution.relative_levels import EntryLevels
from daemon.market.moment import Moment
from daemon.risk.gates import Refusal


class Recorder:
    """Stamp every event with its number, its time and its input, and apply it."""

    def __init__(self, ledger: Ledger, at: Moment) -> None:
        self.ledger = ledger
        self.lifecycle = TradeLifecycleManager(ledger)
        self._at = at

    @property
    def now(self) -> int:
        """Return the time that events are stamped with, UTC ns."""
        return self._at.stamp

    def next_stamp(self) -> tuple[int, int, int, int]:
        """Return number, time, input and due time of the next event."""
        at = self._at
        return self.ledger.seq + 1, at.stamp, at.input_no, at.due_ts

    def created(self, order: Order, origin: PlanOrigin | None = None) -> Order:
        """Record a new order, of a plan's leg where it has an `origin`; return the ledger's own."""
        at = self._at
        event = OrderCreated(
            seq=self.ledger.seq + 1,
            ts=at.stamp,
            input_no=at.input_no,
            order_id=order.order_id,
            due_ts=at.due_ts,
            tradingsymbol=order.tradingsymbol,
            transaction_type=order.transaction_type,
            quantity=order.quantity,
            product=order.product,
            lot_size=order.lot_size,
            tick_paise=order.tick_paise,
            sl_paise=order.sl_paise,
            tp_paise=order.tp_paise,
            sl_rel=order.sl_rel,
            tp_rel=order.tp_rel,
            exits=order.exits,
            strategy_id=order.strategy_id,
            timeframe=order.timeframe,
            tag=order.tag,
            note=order.note,
            confidence=order.confidence,
            order_type=order.order_type,
            price_paise=order.price_paise,
            trigger_paise=order.trigger_paise,
            validity=order.validity,
            validity_ttl=order.validity_ttl,
            market_protection=order.market_protection,
        )
        if origin is not None:
            event = structs.replace(
                event,
                plan=origin.plan,
                round=origin.round,
                leg=origin.leg,
                attempt=origin.attempt,
                basis=origin.basis or None,
            )
        self.lifecycle.record(event)
        return self.ledger.orders[order.order_id]

    def moved(
        self,
        order: Order,
        to: OrderState,
        reason: str,
        *,
        fill: Fill | None = None,
        demand: ExitDemand | None = None,
        levels: Levels | None = None,
        excursion: Excursion | None = None,
        numbers: dict[str, int | str] | None = None,
    ) -> None:
        """Record a move of an order with what belongs to it."""
        at = self._at
        self.lifecycle.transition_state(
            OrderMoved(
                seq=self.ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                order_id=order.order_id,
                due_ts=at.due_ts,
                from_state=order.state,
                to_state=to,
                reason=reason,
                fill=fill,
                demand=demand,
                levels=levels,
                excursion=excursion,
                numbers=numbers,
            )
        )

    def exchange_moved(
        self,
        order: Order,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        *,
        fill: Fill | None = None,
        exit_quantity: int = 0,
    ) -> None:
        """Record what happened to an exchange order of a trade."""
        event = self.exchange_event(order.order_id, exchange_order, report, fill)
        if exit_quantity:
            event = structs.replace(event, exit_quantity=exit_quantity)
        self.lifecycle.record(event)

    def exchange_event(
        self,
        order_id: str,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        fill: Fill | None,
    ) -> ExchangeOrderMoved:
        """Return the event of a report on an exchange order; `order_id` is its trade's or empty."""
        at, terms = self._at, exchange_order.terms
        return ExchangeOrderMoved(
            seq=self.ledger.seq + 1,
            ts=at.stamp,
            input_no=at.input_no,
            order_id=order_id,
            due_ts=at.due_ts,
            exchange_id=report.order_id,
            kind=report.kind,
            state=report.state.value,
            side=terms.side,
            order_type=exchange_order.kind,
            quantity=report.ordered,
            filled=report.filled,
            limit_paise=exchange_order.limit_paise,
            trigger_paise=exchange_order.trigger_paise,
            reason=report.reason,
            rule=report.rule,
            last_quantity=report.quantity,
            last_paise=report.price_paise,
            near_misses=exchange_order.near_misses,
            queue=_queue(exchange_order, report),
            fill=fill,
            is_exit=terms.is_exit,
            numbers=report.numbers,
            validity="" if exchange_order.validity == "DAY" else exchange_order.validity,
            ttl_minutes=terms.ttl_minutes,
            replaces=exchange_order.replaces if report.kind == "accepted" else "",
            taking=exchange_order.taking,
        )

    def answered(
        self,
        order: Order,
        exchange_id: str,
        kind: str,
        state: ExchangeOrderState,
        refusal: Refusal,
    ) -> None:
        """Record why a request for an entry was not sent to the exchange."""
        at = self._at
        self.lifecycle.record(
            ExchangeOrderMoved(
                seq=self.ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                order_id=order.order_id,
                due_ts=at.due_ts,
                exchange_id=exchange_id,
                kind=kind,
                state=state.value,
                side=order.transaction_type,
                order_type=order.order_type,
                quantity=order.quantity,
                filled=order.filled_quantity,
                limit_paise=order.price_paise,
                trigger_paise=order.trigger_paise,
                reason=refusal.reason,
                numbers=refusal.numbers or None,
            )
        )

    def rejected(self, order: Order, refusal: Refusal) -> None:
        """Record that an order was refused, with the numbers that were compared."""
        self.moved(order, OrderState.REJECTED, refusal.reason, numbers=refusal.numbers)

    def stop_moved(self, position: Position, move: StopMove, *, target: int = 0) -> None:
        """Record a new stop of a position, and with `entry_fill` its target (paise, 0 = none)."""
        at = self._at
        assert position.stop_paise is not None or move.reason == ENTRY_FILL
        self.lifecycle.record(
            StopMoved(
                seq=self.ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                order_id=position.order_id,
                due_ts=at.due_ts,
                stop_from_paise=position.stop_paise or 0,
                stop_to_paise=move.stop_paise,
                steps=move.steps,
                ltp_paise=move.ltp_paise,
                reason=move.reason,
                target_to_paise=target,
            )
        )

    def levels_modified(
        self,
        order: Order,
        levels: EntryLevels,
        *,
        stop_from: int,
        steps: int,
        ltp_paise: int,
        rel: tuple[Rel | None, Rel | None],
    ) -> None:
        """Record the levels that a strategy asked for; `rel` are those relative to the entry."""
        at = self._at
        self.lifecycle.record(
            StopMoved(
                seq=self.ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                order_id=order.order_id,
                due_ts=at.due_ts,
                stop_from_paise=stop_from,
                stop_to_paise=levels.stop_paise or 0,
                steps=steps,
                ltp_paise=ltp_paise,
                reason=MODIFIED,
                target_to_paise=levels.target_paise or 0,
                stop_rel=rel[0],
                target_rel=rel[1],
            )
        )

    def marked(self, position: Position, close_paise: int) -> None:
        """Record the daily mark of a carried future."""
        at = self._at
        paid = position.unrealized_paise(close_paise) - position.marked_paise
        self.lifecycle.record(
            PositionMarked(
                seq=self.ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                order_id=position.order_id,
                due_ts=at.due_ts,
                quantity=position.quantity,
                close_paise=close_paise,
                m2m_paise=paid,
            )
        )


def _queue(exchange_order: ExchangeOrder, report: ExecutionReport) -> QueuePlace | None:
    """Return the evidence of a fill, or what is ahead of an order that has just come to rest."""
    if report.kind == "filled":
        return report.evidence
    is_new = report.kind in ("open", "triggered", "modified")
    rests = exchange_order.state is ExchangeOrderState.OPEN and not exchange_order.taking
    if not is_new or not rests or exchange_order.market_part is None:
        return None
    return QueuePlace(market_after=exchange_order.market_part)
