"""The one place where events are stamped and the ledger is changed."""

from __future__ import annotations

from msgspec import structs

from daemon.domain.events import (
    ExchangeOrderMoved,
    Excursion,
    ExitDemand,
    Fill,
    GttMoved,
    Levels,
    OrderCreated,
    OrderMoved,
    PositionMarked,
    QueuePlace,
    RiskMoved,
    StopMoved,
)
from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.gtt import Gtt, GttStatus, GttTerms
from daemon.domain.ledger import Ledger
from daemon.domain.order import ENTRY_FILL, Order, OrderState
from daemon.domain.position import Position
from daemon.domain.risk_state import RiskState
from daemon.exchange.reports import ExecutionReport
from daemon.execution.exits.rule import StopMove
from daemon.execution.lifecycle import TradeLifecycleManager
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
        return self._at.now

    def created(self, order: Order) -> Order:
        """Record a new order; return the ledger's own."""
        at = self._at
        self.lifecycle.record(
            OrderCreated(
                seq=self.ledger.seq + 1,
                ts=at.now,
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
        )
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
                ts=at.now,
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
        event = self._exchange_event(order.order_id, exchange_order, report, fill)
        if exit_quantity:
            event = structs.replace(event, exit_quantity=exit_quantity)
        self.lifecycle.record(event)

    def untraded_moved(
        self,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        tradingsymbol: str,
        *,
        fill: Fill | None = None,
    ) -> None:
        """Record what happened to an exchange order that belongs to no trade."""
        terms = exchange_order.terms
        event = structs.replace(
            self._exchange_event("", exchange_order, report, fill),
            tradingsymbol=tradingsymbol,
            product=terms.product,
            validity=exchange_order.validity,
            tag=terms.tag,
        )
        self.lifecycle.record(event)

    def _exchange_event(
        self,
        order_id: str,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        fill: Fill | None,
    ) -> ExchangeOrderMoved:
        at, terms = self._at, exchange_order.terms
        is_fill = report.kind == "filled"
        return ExchangeOrderMoved(
            seq=self.ledger.seq + 1,
            ts=at.now,
            input_no=at.input_no,
            order_id=order_id,
            due_ts=at.due_ts,
            exchange_id=report.order_id,
            kind=report.kind,
            state=report.state.value,
            side=terms.side,
            order_type=exchange_order.kind,
            quantity=exchange_order.quantity,
            filled=report.filled,
            limit_paise=exchange_order.limit_paise,
            trigger_paise=exchange_order.trigger_paise,
            reason=report.reason,
            rule=report.rule,
            last_quantity=report.quantity,
            last_paise=report.price_paise,
            near_misses=exchange_order.near_misses,
            queue=QueuePlace(**structs.asdict(report.evidence)) if is_fill else None,
            fill=fill,
            is_exit=terms.is_exit,
            numbers=report.numbers,
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
                ts=at.now,
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

    def marked(self, position: Position, close_paise: int) -> None:
        """Record the daily mark of a carried future."""
        at = self._at
        paid = position.unrealized_paise(close_paise) - position.marked_paise
        self.lifecycle.record(
            PositionMarked(
                seq=self.ledger.seq + 1,
                ts=at.now,
                input_no=at.input_no,
                order_id=position.order_id,
                due_ts=at.due_ts,
                quantity=position.quantity,
                close_paise=close_paise,
                m2m_paise=paid,
            )
        )

    def risk_moved(
        self,
        state: RiskState,
        reason: str,
        until_ts: int,
        numbers: dict[str, int | str] | None,
    ) -> None:
        """Record that the risk state of the account changed."""
        at = self._at
        self.lifecycle.record(
            RiskMoved(
                seq=self.ledger.seq + 1,
                ts=at.now,
                input_no=at.input_no,
                due_ts=at.due_ts,
                state=state.value,
                reason=reason,
                until_ts=until_ts,
                numbers=numbers,
            )
        )

    # GTTs

    def gtt_placed(self, gtt_id: int, terms: GttTerms, expires: str) -> None:
        """Record a new GTT."""
        event = self._gtt_moved(gtt_id, "created", GttStatus.ACTIVE)
        self.lifecycle.record(structs.replace(_with(event, terms), expires=expires))

    def gtt_modified(self, gtt: Gtt, terms: GttTerms) -> None:
        """Record other terms of a GTT."""
        event = self._gtt_moved(gtt.gtt_id, "modified", GttStatus.ACTIVE)
        self.lifecycle.record(_with(event, terms))

    def gtt_triggered(self, gtt: Gtt, leg: int, ltp_paise: int, exchange_id: str) -> None:
        """Record that a leg was fired, and the order that is sent next."""
        event = self._gtt_moved(gtt.gtt_id, "triggered", GttStatus.TRIGGERED)
        self.lifecycle.record(
            structs.replace(event, leg=leg, ltp_paise=ltp_paise, exchange_id=exchange_id)
        )

    def gtt_ended(self, gtt: Gtt, status: GttStatus, reason: str) -> None:
        """Record an end without an order, or a pause."""
        self.lifecycle.record(self._gtt_moved(gtt.gtt_id, status.value, status, reason))

    def gtt_refused(self, gtt: Gtt | None, terms: GttTerms | None, fault: GttFault) -> None:
        """Record that a request changed nothing, with the numbers that were compared."""
        gtt_id = 0 if gtt is None else gtt.gtt_id
        status = GttStatus.REJECTED if gtt is None else gtt.status
        event = self._gtt_moved(gtt_id, "refused", status, fault.reason)
        event = structs.replace(event, numbers=fault.numbers or None)
        self.lifecycle.record(event if terms is None else _with(event, terms))

    def _gtt_moved(self, gtt_id: int, kind: str, status: GttStatus, reason: str = "") -> GttMoved:
        at = self._at
        return GttMoved(
            seq=self.ledger.seq + 1,
            ts=at.now,
            input_no=at.input_no,
            due_ts=at.due_ts,
            gtt_id=gtt_id,
            kind=kind,
            status=status.value,
            reason=reason,
        )


def _with(event: GttMoved, terms: GttTerms) -> GttMoved:
    return structs.replace(
        event,
        tradingsymbol=terms.tradingsymbol,
        triggers=terms.triggers,
        legs=terms.legs,
        last_paise=terms.last_paise,
    )
