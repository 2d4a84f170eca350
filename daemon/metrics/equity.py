"""Net P&L at every minute of a run, open positions at market, and its drawdown.

At every moment net P&L is the cash of all fills, plus open quantity at the last price, less
charges (SEMANTICS, "Profit and loss"). So the fold needs fills and prices, and no ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from daemon.domain import account_totals
from daemon.domain.dates import ist_day
from daemon.domain.drawdown import Drawdown, EquityState
from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    OrderCreated,
    OrderMoved,
    TradingEvent,
)
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.metrics.fill_quality import whole_paise

BUCKETS_MAX: Final = 2_000

Point = tuple[int, int]
"""(UTC ns, paise)."""
PriceOf = Callable[[str], int]
"""The last price of a symbol, paise; 0 if there was none."""


class EquityFold:
    """Cash, charges and open quantities after the fills so far; a point for each minute.

    `ledger` is the one before the first fill. `before` is what the account's earlier days came
    to, None if that is not known. Without `keeps_points` there is no curve.
    """

    def __init__(
        self,
        ledger: Ledger | None = None,
        before: EquityState | None = None,
        *,
        keeps_points: bool = True,
    ) -> None:
        ledger = ledger or Ledger()
        self.before = before or (None if ledger.seq else EquityState())
        self.drawdown = Drawdown() if before is None else before.drawdown
        self._cash = ledger.cash_paise + ledger.untraded.cash_paise
        self._charges = account_totals.charges(ledger)
        self._charges_paise = whole_paise(self._charges)
        self._held: dict[str, int] = {}
        """Open quantity by symbol, negative for a short; never 0."""
        for position in ledger.positions.values():
            self._hold(position.tradingsymbol, position.sign * position.quantity)
        for untraded in ledger.untraded.positions.values():
            self._hold(untraded.tradingsymbol, untraded.quantity)
        self._symbols = {order_id: o.tradingsymbol for order_id, o in ledger.orders.items()}
        """Of every order that is not archived."""
        self._known_prices = {} if before is None else dict(before.marks)
        """Prices for symbols that the run's feed has not priced yet."""
        self._curve = Curve() if keeps_points else None
        self._closes: dict[int, int] = {}
        """Net P&L at the last minute of each Indian day, by the day's number."""

    def book(self, event: TradingEvent) -> None:
        """Take an event; all but fills change nothing."""
        if isinstance(event, OrderCreated):
            self._symbols[event.order_id] = event.tradingsymbol
        elif isinstance(event, OrderMoved | ExchangeOrderMoved):
            if event.fill is not None:
                self._book_fill(self._symbol(event), event.fill)
            elif isinstance(event, OrderMoved) and event.to_state is OrderState.ARCHIVED:
                del self._symbols[event.order_id]

    def _symbol(self, event: OrderMoved | ExchangeOrderMoved) -> str:
        """Return the contract of an event; one without a trade names it."""
        if isinstance(event, ExchangeOrderMoved) and not event.order_id:
            return event.tradingsymbol
        return self._symbols[event.order_id]

    def _book_fill(self, symbol: str, fill: Fill) -> None:
        sign = 1 if fill.transaction_type == "BUY" else -1
        self._cash -= sign * fill.quantity * fill.price_paise
        self._charges += Decimal(fill.charges.total)
        self._charges_paise = whole_paise(self._charges)
        self._known_prices[symbol] = fill.ltp_paise or fill.price_paise
        self._hold(symbol, sign * fill.quantity)

    def _hold(self, symbol: str, quantity: int) -> None:
        held = self._held.get(symbol, 0) + quantity
        if held:
            self._held[symbol] = held
        else:
            self._held.pop(symbol, None)

    def close_minute(self, ts: int, price_of: PriceOf) -> None:
        """Fold the point of a minute that is over."""
        net = self._net(price_of)
        if net is not None:
            if self._curve is not None:
                self._curve.add(ts, net)
            self._closes[ist_day(ts)] = net
            self.drawdown = self.drawdown.after(ts, net)

    def _net(self, price_of: PriceOf) -> int | None:
        """Return net P&L, None while an open position has no price."""
        net = self._cash - self._charges_paise
        for symbol, quantity in self._held.items():
            price = price_of(symbol) or self._known_prices.get(symbol, 0)
            if not price:
                return None
            net += quantity * price
        return net

    def drawdown_at(self, ts: int, price_of: PriceOf) -> Drawdown:
        """Return the drawdown with the minute that is not over yet; `ts` 0: no open minute."""
        net = self._net(price_of) if ts else None
        return self.drawdown if net is None else self.drawdown.after(ts, net)

    def points_at(self, ts: int, price_of: PriceOf) -> list[Point]:
        """Return the thinned curve up to now, in which deepest fall and highest point are kept."""
        assert self._curve is not None
        points = dict(self._curve.points())
        net = self._net(price_of)
        if net is not None:
            points[ts] = net
        fall = self.drawdown_at(ts, price_of)
        if fall.depth_paise:
            points[fall.peak_ts] = fall.peak_paise
            points[fall.trough_ts] = fall.peak_paise - fall.depth_paise
        points[fall.highest_ts] = fall.highest_paise
        points.pop(0, None)  # the account's start is no point of the curve
        return sorted(points.items())

    def closes_at(self, ts: int, price_of: PriceOf) -> dict[int, int]:
        """Return net P&L (paise) at the end of each day so far, by the day's number."""
        net = self._net(price_of) if ts else None
        return self._closes if net is None else self._closes | {ist_day(ts): net}

    def state_at(self, ts: int, price_of: PriceOf) -> EquityState:
        """Return what a later day continues from."""
        known = self._known_prices
        marks = {symbol: price_of(symbol) or known.get(symbol, 0) for symbol in self._held}
        return EquityState(drawdown=self.drawdown_at(ts, price_of), marks=marks)


def booked_drawdown(
    events: Iterable[TradingEvent], ledger: Ledger, before: Drawdown | None = None
) -> Drawdown:
    """Return the drawdown of realized net P&L at each fill, no open position marked.

    `ledger` is the one before the events and is used up; `before` what those earlier came to,
    None if it is not known.
    """
    drawdown = before or Drawdown()
    for number, event in enumerate(events):
        if before is None and not number:
            drawdown = drawdown.after(event.ts, _booked(ledger))
        ledger.apply(event)
        if isinstance(event, OrderMoved | ExchangeOrderMoved) and event.fill is not None:
            drawdown = drawdown.after(event.ts, _booked(ledger))
    return drawdown


def _booked(ledger: Ledger) -> int:
    return account_totals.realized_paise(ledger) - whole_paise(account_totals.charges(ledger))


class Curve:
    """Points of a curve, thinned: each bucket keeps its lowest and its highest point."""

    def __init__(self) -> None:
        self._buckets: list[tuple[Point, Point]] = []
        self._in_last = 0
        self._every = 1
        """Points in a bucket; doubles whenever there are too many buckets."""

    def add(self, ts: int, paise: int) -> None:
        """Add a point, later than all before."""
        point = (ts, paise)
        if self._buckets and self._in_last < self._every:
            self._buckets[-1] = _joined(self._buckets[-1], (point, point))
            self._in_last += 1
            return
        if len(self._buckets) == BUCKETS_MAX:
            pairs = zip(self._buckets[::2], self._buckets[1::2], strict=True)
            self._buckets = [_joined(first, second) for first, second in pairs]
            self._every *= 2
        self._buckets.append((point, point))
        self._in_last = 1

    def points(self) -> list[Point]:
        """Return what was kept, in order."""
        return sorted({point for bucket in self._buckets for point in bucket})


def _joined(first: tuple[Point, Point], second: tuple[Point, Point]) -> tuple[Point, Point]:
    """Return the lowest and the highest point of two buckets, the earlier one where equal."""
    low = second[0] if second[0][1] < first[0][1] else first[0]
    high = second[1] if second[1][1] > first[1][1] else first[1]
    return low, high
