"""What a strategy sees of the market and of its own trades: rupees, units, UTC ns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from daemon.domain.depth import Depth
from daemon.domain.ledger import StrategyTally
from daemon.domain.money import rupees
from daemon.domain.order import DEAD_STATES, OrderState
from daemon.domain.own_trade import OwnTrade
from daemon.domain.statistics import MarginStatus

__all__ = ["Depth", "Margin", "Pnl", "Quote", "Row", "Session", "Trade"]


_OVER = frozenset(str(state) for state in (*DEAD_STATES, OrderState.ARCHIVED))


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The last tick of an instrument; None where there is nothing to tell.

    `believed` says whether an order could fill on it now. `depth`, `volume` and `oi` are kept from
    the first tick after they were first asked for. Greeks are in a chain's quotes only: delta and
    gamma by the forward, theta a day, vega a point of volatility.
    """

    symbol: str
    kind: str
    strike: float | None = None
    expiry: str | None = None
    ltp: float | None = None
    bid: float | None = None
    ask: float | None = None
    depth: Depth | None = None
    volume: int | None = None
    oi: int | None = None
    age_s: float | None = None
    believed: bool = False
    iv: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None


class Row(msgspec.Struct, frozen=True):
    """The call and the put of one strike; a contract that the run lacks has an empty symbol."""

    strike: float
    ce: Quote
    pe: Quote


class Session(msgspec.Struct, frozen=True):
    """The session of an instrument on a date; 0 and 0 without one."""

    date: dt.date
    open_ts: int
    close_ts: int


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of the strategy, from its order to its end.

    `quantity` was asked for, `filled` is what the entry got, `open` what is still held. `reason` is
    that of its last move. Realized and open results are gross.
    """

    id: str
    tag: str
    symbol: str
    side: str
    state: str
    quantity: int
    filled: int
    open: int
    entry: float | None
    stop: float | None
    target: float | None
    realized: float
    open_pnl: float
    opened_ts: int
    reason: str

    @property
    def is_over(self) -> bool:
        """Return whether nothing of it is open and nothing can still fill."""
        return self.state in _OVER


class Pnl(msgspec.Struct, frozen=True):
    """Results in rupees: realized and open are gross, net is after the charges that were booked."""

    realized: float
    open: float
    charges: float
    net: float


class Margin(msgspec.Struct, frozen=True):
    """The account's margin in rupees, approximately; None where it is not computed."""

    used: float | None
    free: float | None
    limit: float | None


def trade_of(own: OwnTrade) -> Trade:
    """Return a trade as a strategy sees it."""
    order, position = own.order, own.position
    stop, target = order.sl_paise, order.tp_paise
    if position is not None:
        stop, target = position.stop_paise, position.target_paise
    return Trade(
        id=order.order_id,
        tag=order.tag,
        symbol=order.tradingsymbol,
        side=order.transaction_type,
        state=str(order.state),
        quantity=order.quantity,
        filled=order.filled_quantity,
        open=0 if position is None else position.quantity,
        entry=None if position is None else rupees(position.entry_paise),
        stop=None if stop is None else rupees(stop),
        target=None if target is None else rupees(target),
        realized=0.0 if position is None else rupees(position.realized_paise),
        open_pnl=rupees(own.open_paise),
        opened_ts=0 if position is None else position.entry_ts,
        reason=order.status_message,
    )


def pnl_of_day(tally: StrategyTally, trades: Iterable[OwnTrade]) -> Pnl:
    """Return what a strategy has made today, and what it holds."""
    open_paise = sum(own.open_paise for own in trades)
    return _pnl(tally.realized_today_paise, open_paise, float(tally.charges_today))


def pnl_of_trades(trades: Iterable[OwnTrade]) -> Pnl:
    """Return what some trades have made since they were opened."""
    realized = gain = 0
    charges = 0.0
    for own in trades:
        gain += own.open_paise
        if own.position is not None:
            realized += own.position.realized_paise
            charges += float(own.position.charges)
    return _pnl(realized, gain, charges)


def margin_of(status: MarginStatus | None, capital_paise: int | None) -> Margin:
    """Return the account's margin as a strategy sees it."""
    limit = None if capital_paise is None else rupees(capital_paise)
    if status is None:
        return Margin(None, None, limit)
    free = status.free_paise
    return Margin(float(status.used_rupees), None if free is None else rupees(free), limit)


def _pnl(realized: int, gain: int, charges: float) -> Pnl:
    booked = round(charges, 4)
    return Pnl(rupees(realized), rupees(gain), booked, rupees(realized + gain) - booked)
