"""Events of orders and positions that belong to no trade."""

from __future__ import annotations

from msgspec import structs

from daemon.domain.events import ExchangeOrderMoved, Fill, PositionMarked
from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState, OrderTerms
from daemon.domain.untraded import SETTLED, UntradedPosition
from daemon.exchange.reports import ExecutionReport
from daemon.execution.recorder import Recorder
from daemon.risk.gates import Refusal


class UntradedRecorder:
    """Records what happens to them as the engine's recorder does to those of trades."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def moved(
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
            self._recorder.exchange_event("", exchange_order, report, fill),
            tradingsymbol=tradingsymbol,
            product=terms.product,
            tag=terms.tag,
        )
        if report.kind == "modified":
            event = structs.replace(event, disclosed_quantity=terms.disclosed_quantity)
        elif report.kind == "accepted":
            event = structs.replace(
                event,
                disclosed_quantity=terms.disclosed_quantity,
                market_protection=terms.market_protection,
                leg=terms.leg,
                legs=terms.legs,
            )
        self._recorder.lifecycle.record(event)

    def change_refused(self, order: ExchangeOrder, tradingsymbol: str, refusal: Refusal) -> None:
        """Record that a modification of an order without a trade was refused and not sent."""
        event = self._event(order.terms, tradingsymbol, "modify_refused", order.state)
        event = structs.replace(
            event,
            exchange_id=order.order_id,
            order_type=order.kind,
            quantity=order.quantity,
            filled=order.filled,
            limit_paise=order.limit_paise,
            trigger_paise=order.trigger_paise,
            reason=refusal.reason,
            numbers=refusal.numbers or None,
        )
        self._recorder.lifecycle.record(event)

    def refused(
        self, exchange_id: str, terms: OrderTerms, tradingsymbol: str, refusal: Refusal
    ) -> None:
        """Record that an order without a trade was refused and not sent, with the numbers."""
        event = self._event(terms, tradingsymbol, "rejected", ExchangeOrderState.REJECTED)
        event = structs.replace(
            event,
            exchange_id=exchange_id,
            limit_paise=terms.price_paise,
            trigger_paise=terms.trigger_paise,
            reason=refusal.reason,
            numbers=refusal.numbers or None,
        )
        self._recorder.lifecycle.record(event)

    def settled(self, terms: OrderTerms, tradingsymbol: str, fill: Fill) -> None:
        """Record the close of a position without a trade that is no order; its tag says why."""
        event = self._event(terms, tradingsymbol, SETTLED, ExchangeOrderState.COMPLETE)
        event = structs.replace(
            event,
            filled=fill.quantity,
            reason=terms.tag,
            rule=fill.rule,
            last_quantity=fill.quantity,
            last_paise=fill.price_paise,
            fill=fill,
        )
        self._recorder.lifecycle.record(event)

    def _event(
        self, terms: OrderTerms, tradingsymbol: str, kind: str, state: ExchangeOrderState
    ) -> ExchangeOrderMoved:
        """Return what events of orders without a trade have in common that no report tells of."""
        seq, ts, input_no, due_ts = self._recorder.next_stamp()
        return ExchangeOrderMoved(
            seq=seq,
            ts=ts,
            input_no=input_no,
            order_id="",
            due_ts=due_ts,
            exchange_id="",
            kind=kind,
            state=state.value,
            side=terms.side,
            order_type=terms.kind,
            quantity=terms.quantity,
            is_exit=terms.is_exit,
            tradingsymbol=tradingsymbol,
            product=terms.product,
            tag=terms.tag,
        )

    def marked(self, position: UntradedPosition, close_paise: int) -> None:
        """Record the daily mark of a carried future that belongs to no trade."""
        cost = position.cost
        seq, ts, input_no, due_ts = self._recorder.next_stamp()
        self._recorder.lifecycle.record(
            PositionMarked(
                seq=seq,
                ts=ts,
                input_no=input_no,
                order_id="",
                due_ts=due_ts,
                quantity=cost.quantity,
                close_paise=close_paise,
                m2m_paise=cost.result_paise(close_paise) - cost.marked_paise,
                tradingsymbol=position.tradingsymbol,
                product=position.product,
            )
        )
