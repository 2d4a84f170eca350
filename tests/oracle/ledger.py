"""The books again, over fractions of rupees and nothing but the fills.

What leaves a position of parts takes its share of the cost with it, within a paisa; what is left
pays the difference, so that all parts together are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    OrderCreated,
    OrderMoved,
    TradingEvent,
)
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState


@dataclass
class Line:
    """One order's money: `open` is signed, `cost` what the open units cost."""

    opened: int = 0
    open: int = 0
    cost: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)


class FractionBooks:
    """Cash and profit, exact, from the fills alone."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    def apply(self, event: TradingEvent) -> None:
        if not event.order_id:  # of no trade: none of the ledger's positions is its
            return
        if isinstance(event, OrderCreated):
            self.lines[event.order_id] = Line()
        elif isinstance(event, OrderMoved) and event.fill is not None:
            enters = event.to_state is OrderState.FILLED
            self._fill(self.lines[event.order_id], event, event.fill, enters=enters)
        elif isinstance(event, ExchangeOrderMoved) and event.fill is not None:
            enters = not event.is_exit
            self._fill(self.lines[event.order_id], event, event.fill, enters=enters)

    def _fill(self, line: Line, event: TradingEvent, fill: Fill, *, enters: bool) -> None:
        signed = fill.quantity if fill.transaction_type == "BUY" else -fill.quantity
        price = Fraction(fill.price_paise, 100)
        line.cash -= signed * price
        if enters:
            assert signed * line.open >= 0, f"expected the side of {line.open}, was {event}"
            line.opened += signed
            line.open += signed
            line.cost += signed * price
            return
        assert signed * line.open < 0, f"expected the other side of {line.open}, was {event}"
        realized = Fraction(fill.realized_paise, 100)
        share = line.cost * Fraction(-signed, line.open)
        paid = -signed * price - realized
        assert abs(paid - share) < Fraction(1, 100), f"{paid} of a cost of {line.cost}: {event}"
        line.cost -= paid
        line.realized += realized
        line.open += signed
        assert line.open * line.opened >= 0, f"more was closed than was opened: {event}"
        assert line.open or not line.cost, f"closed at a cost of {line.cost}: {event}"

    def check(self, ledger: Ledger, ltp_paise: int) -> None:
        """The ledger says the same; what was paid plus what is held is what was earned."""
        lines = self.lines.values()
        realized, cash = sum(each.realized for each in lines), sum(each.cash for each in lines)
        assert ledger.realized_paise == 100 * realized, (ledger.realized_paise, realized)
        assert ledger.cash_paise == 100 * cash, (ledger.cash_paise, cash)
        held = {order_id: line for order_id, line in self.lines.items() if line.open}
        # an exit may have sold everything while more of its entry may still fill: held, and none
        assert set(held) == {key for key, each in ledger.positions.items() if each.quantity}
        for order_id, position in ledger.positions.items():
            line = self.lines[order_id]
            assert position.sign * position.quantity == line.open
            assert position.opened_quantity == abs(line.opened)
            assert position.realized_paise == 100 * line.realized
            assert position.sign * position.cost_paise == 100 * line.cost
            unrealized = line.open * Fraction(ltp_paise, 100) - line.cost
            assert position.unrealized_paise(ltp_paise) == 100 * unrealized
            assert line.cash + line.open * Fraction(ltp_paise, 100) == line.realized + unrealized
