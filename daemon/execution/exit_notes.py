"""What is recorded of exits at the exchange, also what only a trader wants to know."""

from __future__ import annotations

from typing import Final

from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.order import Order
from daemon.exchange.reports import ExecutionReport
from daemon.execution.recorder import Recorder

_TOLD_BY_TRADE: Final = frozenset({"accepted", "open", "filled"})


class ExitNotes:
    """Record reports of exits, and alerts."""

    def __init__(self, recorder: Recorder, *, is_simple: bool) -> None:
        self._recorder = recorder
        self._is_simple = is_simple

    def tell(
        self,
        order: Order,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        *,
        exit_quantity: int = 0,
    ) -> None:
        """Record a report; of a MARKET that fills whole in a simple mode its trade tells."""
        is_quiet = self._is_simple and exchange_order.kind == "MARKET"
        if is_quiet and not exchange_order.replaces and report.kind in _TOLD_BY_TRADE:
            return
        self._recorder.exchange_moved(order, exchange_order, report, exit_quantity=exit_quantity)

    def alert(
        self, exchange_order: ExchangeOrder, reason: str, numbers: dict[str, int | str]
    ) -> None:
        """Record what a trader wants to know of an order, which changes nothing."""
        order = self._recorder.ledger.orders[exchange_order.terms.group]
        report = ExecutionReport(
            ts=self._recorder.now,
            order_id=exchange_order.order_id,
            kind="alert",
            state=exchange_order.state,
            ordered=exchange_order.quantity,
            filled=exchange_order.filled,
            pending=exchange_order.pending,
            reason=reason,
            numbers=numbers,
        )
        self._recorder.exchange_moved(order, exchange_order, report)
