"""What an order does at the exchange once it is there: takes, waits in its queue, fills."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from tests.oracle import exchange_prices as prices
from tests.oracle.exchange_market import ENDLESS, Market
from tests.oracle.exchange_orders import DONE, Group, Order
from tests.oracle.exchange_scenario import EVENT_KEYS, MS, Event, Setup


class Fills:
    """Sections 4 and 5, and the group of F34; the events of one run."""

    def __init__(self, setup: Setup) -> None:
        self.hits: Counter[str] = Counter()
        self.setup = setup
        self.keys = setup.execution
        self.simple = self.keys["fill_mode"] != "depth"
        self.markets = {each.symbol: Market(each, self.hits) for each in setup.instruments}
        self.orders: list[Order] = []
        self.events: list[Event] = []
        self.now = 0
        self.input_no = 0
        self.arrivals = 0

    # ------------------------------------------------------------------ events

    def tell(self, order: Order, event: str, reason: str = "", **more: Any) -> Event:
        """Append one event of an order as it stands now."""
        found: Event = dict.fromkeys(EVENT_KEYS)
        found |= {
            "ts": self.now,
            "input_no": self.input_no,
            "order": order.label,
            "event": event,
            "reason": reason,
            "status": order.status,
            "filled": order.filled,
            "pending": 0 if order.status in DONE else order.rest,
            "numbers": {},
        }
        found |= more
        self.events.append(found)
        return found

    def end(self, order: Order, status: str, event: str, reason: str) -> None:
        """The last event of an order that is not a fill."""
        assert not order.done
        order.status, order.mode = status, "done"
        self.hits[f"reason {reason}"] += 1
        self.tell(order, event, reason)

    def cancelled(self, order: Order, reason: str) -> None:
        self.end(order, "CANCELLED", "cancelled", reason)

    def next_arrival(self) -> int:
        self.arrivals += 1
        return self.arrivals

    # ------------------------------------------------------------------- fills

    def fill(self, order: Order, quantity: int, price: int, rule: str, **more: Any) -> Event:
        """One fill."""
        assert 0 < quantity <= order.rest
        order.filled += quantity
        order.quiet_since = self.now
        if order.rest == 0:
            order.status, order.mode = "COMPLETE", "done"
        found = self.tell(order, "filled", "", quantity=quantity, price=price, rule=rule, **more)
        if order.group is not None:
            order.group.open -= quantity
            assert order.group.open >= 0, "expected a group never to reverse"
            self.reduce_others(order)
        return found

    def reduce_others(self, order: Order) -> None:
        """F34: in the same step nothing of its group pends that is not open."""
        if order.group is not None:
            for root in dict.fromkeys(one.root for one in order.group.orders):
                self.shrink_exit(order.group, root, order.group.open, "exit_group")

    def at_exchange(self, group: Group, root: str) -> list[Order]:
        """The orders of one exit (its slices, its replacements) that have arrived and live."""
        return [
            one
            for one in group.orders
            if one.root == root and not one.done and one.mode != "flight"
        ]

    def shrink_exit(self, group: Group, root: str, most: int, reason: str) -> None:
        """F34: the slices of one exit are one exit; together never more than `most`, last first."""
        for one in reversed(self.at_exchange(group, root)):
            excess = sum(each.rest for each in self.at_exchange(group, root)) - most
            if excess > 0:
                self.shrink(one, max(0, one.rest - excess), reason)

    def shrink(self, order: Order, most: int, reason: str) -> None:
        """F34: one order of a group, never more pending than `most`."""
        self.hits["F34 shrink"] += 1
        if most == 0:
            self.cancelled(order, reason)
            return
        order.quantity = order.filled + most
        self.tell(order, "modified", reason)

    # ------------------------------------------------------------------ taking

    def take(self, order: Order) -> None:
        """F11, F20: the levels within the limit, each at its own price, less what we took."""
        market, side, limit = order.market, order.sign, order.limit
        if self.simple:
            self.take_whole(order)
            return
        assert limit is not None
        lot = market.contract.lot
        for price, _ in list(market.levels[side]):
            if order.done or side * price > side * limit:
                return
            free = market.available(side, price)
            quantity = min(order.rest, free) // lot * lot
            if quantity == 0:
                continue
            if free < ENDLESS // 2 and market.taken.get((side, price)):
                self.hits["F2 less taken"] += 1
            market.take(side, price, quantity)
            paid = self.slipped(order, price, limit)
            if paid != price:
                self.hits["F13"] += 1
            self.hits["F11" if order.kind == "MARKET" else "F20"] += 1
            self.fill(order, quantity, paid, "take")

    def take_whole(self, order: Order) -> None:
        """F14, F20 of the simple modes: whole at one price, if that is within the limit."""
        price = self.simple_price(order)
        if order.limit is None or order.sign * price <= order.sign * order.limit:
            self.hits[f"F14 {self.keys['fill_mode']} {order.kind}"] += 1
            self.fill(order, order.rest, price, "take")

    def simple_price(self, order: Order) -> int:
        """The base price of the mode, a side that is absent being the last price, and slippage."""
        market, mode = order.market, self.keys["fill_mode"]
        assert market.ltp is not None
        ask, bid = market.best(1), market.best(-1)
        base = Fraction(market.ltp)
        if mode == "mid" and ask is not None and bid is not None:
            base = Fraction(ask + bid, 2)
        side = ask if order.sign > 0 else bid
        if mode == "bid_ask" and side is not None:
            base = Fraction(side)
        step = market.contract.step_paise
        bps, ticks = self.keys["slippage_bps"], self.keys["slippage_ticks"]
        return prices.moved(base, order.sign, step, bps, ticks)

    def protection(self, order: Order, base: int) -> int | None:
        """F10; none in the simple modes, where a MARKET fills whole."""
        if self.simple:
            return None
        asked = None if order.is_api and order.protection == 0 else order.protection
        return prices.protection(order.market.contract, order.sign, base, asked)

    def slipped(self, order: Order, price: int, limit: int) -> int:
        """F13."""
        return prices.slipped(
            price,
            order.sign,
            limit,
            order.market.contract.step_paise,
            self.keys["slippage_bps"],
            self.keys["slippage_ticks"],
        )

    def act(self, order: Order) -> None:
        """What a new, triggered or changed order does at once: take, then wait or end."""
        self.take(order)
        self.after_taking(order)

    def after_taking(self, order: Order) -> None:
        """F6, F11, F12, F21: ioc ends, the book goes on unseen, or the order rests."""
        if order.done:
            return
        assert order.limit is not None, "expected a MARKET of a simple mode to fill whole"
        if order.validity == "IOC":
            self.hits["F6 IOC"] += 1
            self.cancelled(order, "ioc_rest")
        elif not self.simple and order.market.beyond_all_five(order.sign, order.limit):
            self.hits["F11 still taking"] += 1
            order.mode = "taking"
        elif self.is_market_entry(order) and self.keys["market_rest"] == "cancel":
            self.hits["F12 cancel"] += 1
            self.cancelled(order, "unfilled_rest")
        else:
            order.mode = "resting"
            order.market_part = order.market.displayed(order.sign, order.limit)
            self.hits["F21 unknown" if order.market_part is None else "F21"] += 1

    def is_market_entry(self, order: Order) -> bool:
        """F12: what came as a MARKET (or SL-M) and is no exit of a trade."""
        return order.kind in ("MARKET", "SL-M") and not order.is_exit

    # ----------------------------------------------------------------- resting

    def ahead(self, order: Order) -> int | None:
        """F21: the market part and the rests of our earlier orders at the same price."""
        if order.market_part is None:
            return None
        return max(0, order.market_part) + self.ours_ahead(order)

    def ours_ahead(self, order: Order) -> int:
        """The rests of our earlier orders at the same price."""
        return sum(
            other.rest
            for other in self.orders
            if other.mode == "resting"
            and other.market is order.market
            and (other.sign, other.limit) == (order.sign, order.limit)
            and other.arrival < order.arrival
        )

    def work(self, order: Order) -> None:
        """F5(a): one order of the queue at a tick."""
        market = order.market
        if order.mode == "taking":
            self.hits["F11 at a later tick"] += 1
            self.act(order)
            return
        if market.old_row:
            return
        before = (self.ahead(order), order.market_part)
        growth, ltq = market.growth, market.ltq
        evidence = {
            "ahead_before": before[0],
            "market_before": before[1],
            "growth": growth,
            "ltq": ltq,
            "displayed": self.shown(order),
        }
        first = len(self.events)
        ours = self.ours_ahead(order)
        told = self.cross(order, evidence) or self.by_trades(order, evidence)
        self.follow_the_book(order)
        if told:
            part = order.market_part
            # at the fill: what it then takes from others of its group is not gone yet
            self.events[first]["ahead_after"] = None if part is None else max(0, part) + ours
            self.events[first]["market_after"] = part
            self.hits["F23"] += 1

    def shown(self, order: Order) -> int:
        assert order.limit is not None
        if not order.market.known():
            return 0
        return dict(order.market.levels[-order.sign]).get(order.limit, 0)

    def cross(self, order: Order, evidence: dict[str, Any]) -> bool:
        """F22(a): the other side came to P; at P, best level first."""
        market, side, limit = order.market, order.sign, order.limit
        assert limit is not None
        if market.no_book:
            return False
        within = [price for price, _ in market.levels[side] if side * price <= side * limit]
        free = sum(market.available(side, price) for price in within)
        lot = market.contract.lot
        quantity = min(order.rest, free) // lot * lot
        if self.simple:
            quantity = order.rest if within else 0
        if quantity == 0:
            return False
        self.hits["F22(a)"] += 1
        left = 0 if self.simple else quantity
        for price in within:
            part = min(left, market.available(side, price))
            market.take(side, price, part)
            left -= part
        self.fill(order, quantity, limit, "cross", **evidence)
        return True

    def by_trades(self, order: Order, evidence: dict[str, Any]) -> bool:
        """F22(b), (c): what the trades of this tick say."""
        if self.keys["resting"] == "cross":
            return False
        market, side, limit = order.market, order.sign, order.limit
        assert limit is not None
        assert market.ltp is not None
        lot = market.contract.lot
        through = side * market.ltp < side * limit
        at = market.ltp == limit
        touch = self.keys["resting"] == "touch"
        if not market.has_volume and market.no_book:
            if through or (touch and at):
                self.hits["F22 no volume, no book"] += 1
                rule = "through" if through else "touch"
                self.fill(order, order.rest, limit, rule, **evidence)
                return True
            return False
        if not market.growth or not (through or at):
            return False
        if self.simple and (through or touch):
            quantity, rule = order.rest, "through" if through else "touch"
        elif through or touch:
            quantity, rule = min(order.rest, market.budget), "through" if through else "touch"
        else:
            quantity, rule = self.from_the_queue(order), "at"
        quantity = quantity // lot * lot
        if quantity == 0:
            return False
        self.hits["F22(b)" if through else f"F22(c) {rule}"] += 1
        if market.budget < market.growth:
            self.hits["F3 shared"] += 1
        if not self.simple:
            market.budget -= quantity
        if rule == "at":
            assert order.market_part is not None
            order.market_part = -min(max(-order.market_part - quantity, 0), lot - 1)
        self.fill(order, quantity, limit, rule, **evidence)
        return True

    def from_the_queue(self, order: Order) -> int:
        """F22(c): V comes off the market part; what is below 0 is ours."""
        market = order.market
        if order.market_part is None:
            return 0
        traded = market.growth
        if self.keys["queue_evidence"] == "last_qty" and market.ltq is not None:
            traded = min(market.ltq, traded)
        traded = min(traded, market.budget)  # all of the growth in the simple modes
        order.market_part -= traded
        self.hits["F22(c) V"] += 1
        if order.market_part >= 0:
            return 0
        lot = market.contract.lot
        quantity = min(order.rest, -order.market_part, market.budget)
        if self.simple and -order.market_part >= lot:
            return order.rest
        if quantity < lot:
            order.market_part = max(order.market_part, -(lot - 1))
            self.hits["F22(c) credit"] += 1
        return quantity

    def follow_the_book(self, order: Order) -> None:
        """F22, last: never behind more than is displayed; F21: unknown until P is visible."""
        assert order.limit is not None
        shown = order.market.displayed(order.sign, order.limit)
        if shown is None:
            return
        if order.market_part is None:
            self.hits["F21 visible"] += 1
            order.market_part = shown
        elif shown < order.market_part:
            self.hits["F22 min"] += 1
            order.market_part = shown

    # -------------------------------------------------------------- escalation

    def due_for_escalation(self, order: Order) -> bool:
        """F12, second half: a market exit or a triggered stop that stood still."""
        if self.keys["escalate"] != "market" or not order.is_exit or not order.working:
            return False
        if order.replaced_by is not None and not order.replaced_by.done:
            return False
        if order.escalated_at is not None and order.escalated_at == order.market.changes:
            return False
        stop = order.triggered and order.kind in ("SL", "SL-M")
        waited = self.now - order.quiet_since >= self.keys["escalate_after_ms"] * MS
        return waited and (order.kind == "MARKET" or stop)
