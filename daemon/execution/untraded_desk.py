"""Orders without a trade, put together: sent, closed, ended."""

from __future__ import annotations

from typing import NamedTuple

from daemon.exchange.fills import FillEngine
from daemon.execution.carry import Delivery
from daemon.execution.costs import Costs
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.untraded_closes import UntradedCloses
from daemon.execution.untraded_ends import Settlements, UntradedEnds
from daemon.execution.untraded_orders import UntradedOrders


class UntradedDesk(NamedTuple):
    """The orders without a trade of one engine, and what closes their positions."""

    desk: ExchangeDesk
    quotes: Quotes
    sent: UntradedOrders
    closes: UntradedCloses

    @property
    def orders(self) -> UntradedOrders | None:
        """Who sends new orders, None in fill modes that have no exchange for them."""
        return self.sent if self.desk.is_depth else None

    def ends(
        self,
        recorder: Recorder,
        costs: Costs,
        fills: FillEngine,
        delivery: Delivery,
        settlements: Settlements,
        squares_off: bool,
    ) -> UntradedEnds:
        """Return what ends positions at the end of a session."""
        return UntradedEnds(
            self.desk, recorder, self.quotes, costs, fills, self.sent.holdings, delivery,
            settlements, squares_off=squares_off,
        )  # fmt: skip
