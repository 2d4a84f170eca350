"""Execution reports: what happened to an order at the exchange, as values."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from daemon.domain.events import QueuePlace
from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState

ReportKind = Literal[
    "accepted", "rejected", "trigger_pending", "triggered", "open", "filled", "modified",
    "modify_refused", "cancel_refused", "cancelled", "alert",
]  # fmt: skip
FillRule = Literal["", "take", "cross", "through", "at", "touch"]
Numbers = dict[str, int | str]


NO_EVIDENCE: Final = QueuePlace()


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened to one order; `quantity` and `price_paise` are those of a fill.

    `ordered` are the units of the whole order after it, `pending` those that may still fill.
    `evidence` is why a fill happened: the queue, and the row that caused it.
    """

    ts: int
    order_id: str
    kind: ReportKind
    state: ExchangeOrderState
    ordered: int
    filled: int
    pending: int
    reason: str = ""
    quantity: int = 0
    price_paise: int = 0
    level_paise: int = 0
    """The displayed price that was taken, before slippage."""
    rule: FillRule = ""
    evidence: QueuePlace = NO_EVIDENCE
    numbers: Numbers | None = None


class Reports:
    """Collect execution reports in the order in which things happen."""

    def __init__(self) -> None:
        self._reports: list[ExecutionReport] = []
        self.now = 0

    def at(self, now: int) -> None:
        """Set the time of the input in work, UTC ns."""
        self.now = now

    def take(self) -> list[ExecutionReport]:
        """Remove and return what was collected."""
        reports = self._reports
        if reports:
            self._reports = []
            return reports
        return []

    def add(
        self,
        order: ExchangeOrder,
        kind: ReportKind,
        reason: str = "",
        numbers: Numbers | None = None,
    ) -> None:
        """Report something that is no fill."""
        self._reports.append(
            ExecutionReport(
                ts=self.now,
                order_id=order.order_id,
                kind=kind,
                state=order.state,
                ordered=order.quantity,
                filled=order.filled,
                pending=0 if order.is_over else order.pending,
                reason=reason,
                numbers=numbers,
            )
        )

    def fill(
        self,
        order: ExchangeOrder,
        quantity: int,
        price: int,
        rule: FillRule,
        evidence: QueuePlace,
        level: int = 0,
    ) -> None:
        """Report a fill that the order has already counted."""
        self._reports.append(
            ExecutionReport(
                ts=self.now,
                order_id=order.order_id,
                kind="filled",
                state=order.state,
                ordered=order.quantity,
                filled=order.filled,
                pending=order.pending,
                quantity=quantity,
                price_paise=price,
                level_paise=level or price,
                rule=rule,
                evidence=evidence,
            )
        )
