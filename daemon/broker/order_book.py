"""The order book: every exchange order of a day with its moves, as events told them."""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.broker.charge_sums import ChargeSums
from daemon.broker.executions import Execution
from daemon.domain.events import TradingEvent
from daemon.domain.exchange_order import OVER_STATES, ExchangeOrderState, ExchangeProduct
from daemon.domain.order import Side

_S = ExchangeOrderState
_ENDS_UNFILLED: Final = frozenset({_S.CANCELLED, _S.REJECTED})


class OrderMove(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of an exchange order's history: what it was after event `seq`, prices in paise."""

    seq: int
    ts: int
    input_no: int
    kind: str
    state: ExchangeOrderState
    reason: str
    quantity: int
    filled: int
    limit_paise: int
    trigger_paise: int


class BrokerOrder(msgspec.Struct, kw_only=True):
    """An exchange order as a broker shows it. Times UTC ns, 0 = not yet; prices in paise.

    `is_derived`: it is known from the events of its trade alone, which fills at one price and makes
    no events of its own.
    """

    exchange_id: str
    order_id: str
    """The trade's, empty for an order without one."""
    tradingsymbol: str
    product: ExchangeProduct
    side: Side
    order_type: str
    quantity: int
    sent_ts: int
    validity: str = "DAY"
    ttl_minutes: int = 0
    disclosed_quantity: int = 0
    market_protection: float = 0.0
    """As it was asked for: percent, -1 for the slab."""
    leg: int = 0
    """Which leg of an iceberg it is, from 1; 0 of another order."""
    legs: int = 0
    tag: str = ""
    is_exit: bool = False
    is_derived: bool = False
    state: ExchangeOrderState = _S.NEW
    status_message: str = ""
    limit_paise: int = 0
    """The price it works at: its own, or the protection of a MARKET."""
    trigger_paise: int = 0
    filled: int = 0
    value_paise: int = 0
    """What its fills were worth together."""
    modifications: int = 0
    arrived_ts: int = 0
    updated_ts: int = 0
    charges: ChargeSums = msgspec.field(default_factory=ChargeSums)
    history: list[OrderMove] = []

    @property
    def is_close(self) -> bool:
        """True if it closes what orders without a trade hold; its tag then says why."""
        return self.is_exit and not self.order_id

    @property
    def is_over(self) -> bool:
        """True if nothing can happen to it any more."""
        return self.state in OVER_STATES

    @property
    def pending(self) -> int:
        """Return the units that may still fill."""
        return 0 if self.is_over else self.quantity - self.filled

    @property
    def cancelled(self) -> int:
        """Return the units that were cancelled."""
        return self.quantity - self.filled if self.state is _S.CANCELLED else 0

    def note(
        self, of: TradingEvent, *, kind: str, state: ExchangeOrderState, reason: str = ""
    ) -> None:
        """Take the move that an event tells of."""
        ts = of.ts
        self.state = state
        self.updated_ts = ts
        if reason:
            self.status_message = reason
        if not self.arrived_ts and state not in (_S.NEW, _S.REJECTED):
            self.arrived_ts = ts
        if kind == "modified":
            self.modifications += 1
        self.history.append(
            OrderMove(
                seq=of.seq, ts=ts, input_no=of.input_no, kind=kind, state=state, reason=reason,
                quantity=self.quantity, filled=self.filled, limit_paise=self.limit_paise,
                trigger_paise=self.trigger_paise,
            )
        )  # fmt: skip


class OrderBook:
    """The exchange orders of a day, in the order in which they were sent."""

    def __init__(self) -> None:
        self._orders: dict[str, BrokerOrder] = {}
        self._working: list[BrokerOrder] = []
        """Those that were not over when they were asked for last, and what was added since."""

    def add(self, order: BrokerOrder) -> BrokerOrder:
        """Put an order into the book; return it."""
        self._orders[order.exchange_id] = order
        self._working.append(order)
        return order

    def get(self, exchange_id: str) -> BrokerOrder | None:
        """Return an order of the day by its id."""
        return self._orders.get(exchange_id)

    def drop(self, exchange_id: str) -> None:
        """Take out what was no order: it was refused when it was sent."""
        dropped = self._orders.pop(exchange_id, None)
        self._working = [each for each in self._working if each is not dropped]

    def execute(self, execution: Execution) -> None:
        """Book what an execution was worth and what it was charged; its move tells the rest."""
        order = self._orders.get(execution.exchange_id)
        if order is not None:
            order.value_paise += execution.value_paise
            order.charges.add(execution.charges)

    def roll(self) -> None:
        """Begin another day: what is over leaves the book."""
        self._orders = {each.exchange_id: each for each in self.working()}

    def working(self) -> list[BrokerOrder]:
        """Return the orders that are not over, in the order in which they were sent.

        Costs what is working, and what ended since the last call: never the whole day.
        """
        self._working = [each for each in self._working if not each.is_over]
        return list(self._working)

    def all(self) -> list[BrokerOrder]:
        """Return the orders of the day, in the order in which they were sent."""
        return list(self._orders.values())
