"""The books again, over fractions of rupees and nothing but the fills."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from daemon.domain.events import Fill, OrderCreated, OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState


@dataclass
class Line:
    """One order's money: `open` is signed, `paid` what the entry cost per unit."""

    opened: int = 0
    open: int = 0
    paid: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)


class FractionBooks:
    """Cash and profit, exact, from the fills alone."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    def apply(self, event: TradingEvent) -> None:
        if isinstance(event, OrderCreated):
            self.lines[event.order_id] = Line()
        elif isinstance(event, OrderMoved) and event.fill is not None:
            self._fill(self.lines[event.order_id], event, event.fill)

    def _fill(self, line: Line, event: OrderMoved, fill: Fill) -> None:
        signed = fill.quantity if fill.transaction_type == "BUY" else -fill.quantity
        price = Fraction(fill.price_paise, 100)
        line.cash -= signed * price
        if event.to_state is OrderState.FILLED:
            line.opened = line.open = signed
            line.paid = price
            return
        assert signed * line.open < 0, f"expected the other side of {line.open}, was {event}"
        line.realized += -signed * (price - line.paid)
        line.open += signed
        assert line.open * line.opened >= 0, f"more was closed than was opened: {event}"

    def check(self, ledger: Ledger, ltp_paise: int) -> None:
        """The ledger says the same; what was paid plus what is held is what was earned."""
        lines = self.lines.values()
        realized, cash = sum(each.realized for each in lines), sum(each.cash for each in lines)
        assert ledger.realized_paise == 100 * realized, (ledger.realized_paise, realized)
        assert ledger.cash_paise == 100 * cash, (ledger.cash_paise, cash)
        held = {order_id: line for order_id, line in self.lines.items() if line.open}
        assert set(held) == set(ledger.positions)
        for order_id, position in ledger.positions.items():
            line = held[order_id]
            assert position.sign * position.quantity == line.open
            assert position.opened_quantity == abs(line.opened)
            assert position.realized_paise == 100 * line.realized
            assert position.cost_paise == 100 * line.paid * abs(line.open)
            unrealized = line.open * (Fraction(ltp_paise, 100) - line.paid)
            assert position.unrealized_paise(ltp_paise) == 100 * unrealized
            assert line.cash + line.open * Fraction(ltp_paise, 100) == line.realized + unrealized
