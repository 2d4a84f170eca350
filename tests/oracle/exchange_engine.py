"""The oracle of the exchange: its contract read aloud, one input at a time.

It imports nothing of the engine. `run(scenario)` gives the events that the exchange should give.
Where the contract is silent, beyond what `exchange_scenario` settles, the oracle takes this
reading:

* Every fill is in whole lots: sizes that are not multiples are cut (walk, cross, through, at).
* Still taking at a later tick and a trigger need no believed quote: only what arrives does (F4).
* A tick without volume has no growth; the first volume seen is the first row.
* No depth today: a side that is absent has nothing to take; the market part at P is 0 if P is
  better than the best, else unknown. No book: nothing crosses; without volume ltp < P fills the
  rest.
* A dropped row changes neither the levels nor `taken`; growth and ltp count.
* A row with older volume shows its book and ltp, and moves `taken`.
* A MARKET that takes its quantity asks the other exits in the order in which they were first sent;
  of one exit what arrived last gives first. What arrives to lie there (LIMIT, SL, SL-M) has what is
  open less what its own exit, and a MARKET of another, has pending; so has a modification to more.
* The minutes of a TTL count from the arrival, or from that of the modification that set it.
* A modification of the kind loses the queue, of the validity alone it does not; an open LIMIT
  cannot become a stop (`not_open`); an SL-M that was triggered is asked for `lpp` like an SL.
* A level that is missing, or under one step, is `bad_level`, a TTL without minutes `bad_validity`.
* Simple modes: a side that is absent trades at the last price; nothing is taken from the book and
  the growth is nobody's, so every order finds all of it; a rest is whole or nothing.
* `ahead_after` is counted at the fill, before others of its group are reduced; a credit is 0.
* `market_range` takes the wider of 20 % and Rs 10, and asks of the best level that has anything
  left, whatever the protection.
* price_step, price_band, far_limit are asked of a modification when it is sent.
* The slices of an order are counted after its shape, before the table; `order_rate` counts the
  request, not its slices, by the second, minute and day of the clock. A slice is not asked again
  what its whole was asked; the protection is from the ltp at its sending.
* An order modified to MARKET lives `reject_after_s` from the sending of that modification (F12).
* The exits of one request (slices, replacements) are one exit: others shrink by what they have
  pending.
"""

from __future__ import annotations

from tests.oracle.exchange_gates import STOPS, Gates
from tests.oracle.exchange_market import Market
from tests.oracle.exchange_orders import Group, Order, Slice, Waiting
from tests.oracle.exchange_scenario import (
    MS,
    SECOND,
    Cancel,
    Event,
    Gap,
    Input,
    Modify,
    New,
    Scenario,
    Setup,
    Tick,
)

FOREVER = 1 << 62


class Naive(Gates):
    """One run: inputs, what is due, requests."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.waiting: list[Waiting] = []
        self.slices: list[Slice] = []
        self.groups: dict[str, Group] = {}
        self.children: dict[str, int] = {}
        self.feed_last: int | None = None
        self.ticking: Market | None = None
        """The contract of the tick whose step 1 it is: its requests wait for F5(c)."""
        latency = self.keys["latency"]
        self.enter = latency["enter_ms"] * MS
        self.modify = latency["modify_ms"] * MS
        self.cancel = latency["cancel_ms"] * MS
        self.stale = self.keys["stale_after_s"] * SECOND
        self.reject_after = self.keys["reject_after_s"] * SECOND

    # ------------------------------------------------------------------ inputs

    def deliver(self, item: Input) -> None:
        """One input: what is due, the tick, then what is sent after it."""
        assert item.ts >= self.now, "expected inputs by time"
        self.now, self.input_no = item.ts, item.input_no
        what = item.what
        self.ticking = self.markets[what.symbol] if isinstance(what, Tick) else None
        self.what_is_due(what)
        self.ticking = None
        if isinstance(what, Gap):
            self.silence()
        if isinstance(what, Tick):
            self.tick(what)
        for request in item.requests:
            self.send(request)

    def silence(self) -> None:
        """F2: after a gap or a silence nothing from before is believed."""
        for market in self.markets.values():
            market.forget()

    def tick(self, tick: Tick) -> None:
        """F5: (a), (b), (c); then the escalations that this tick makes."""
        if self.feed_last is not None and self.now - self.feed_last > self.stale:
            self.hits["F2 silence"] += 1
            self.silence()
        self.feed_last = self.now
        market = self.markets[tick.symbol]
        market.update(self.now, tick)
        mine = [order for order in self.orders if order.market is market]
        self.queue([order for order in mine if order.working])
        if not market.old_row:
            self.triggers([order for order in mine if order.mode == "pending"])
        self.requests(tick.symbol)
        if market.fresh:
            for order in [order for order in self.orders if order.market is market]:
                if self.due_for_escalation(order):
                    self.escalate(order)

    def queue(self, orders: list[Order]) -> None:
        """F5(a): of the heads of the two sides the earlier arrival is next."""
        left = {
            sign: sorted(
                (order for order in orders if order.sign == sign),
                key=lambda order: (-order.sign * (order.limit or 0), order.arrival),
            )
            for sign in (1, -1)
        }
        while left[1] or left[-1]:
            heads = [queue[0] for queue in left.values() if queue]
            order = min(heads, key=lambda head: head.arrival)
            left[order.sign].pop(0)
            if order.working:
                self.hits["F5(a)"] += 1
                self.work(order)

    def triggers(self, orders: list[Order]) -> None:
        """F5(b), F31: by ltp, by arrival; a LIMIT at L at once, on that tick's book."""
        for order in sorted(orders, key=lambda each: each.arrival):
            if order.mode != "pending" or not self.met(order, order.trigger):
                continue
            market = order.market
            if order.kind == "SL":
                if self.first_of(("lpp", self.beyond_lpp(order, order.price))):
                    self.end(order, "REJECTED", "rejected", "lpp")
                    continue
                order.limit = order.price
            else:
                assert market.ltp is not None
                self.hits["F32"] += 1
                order.limit = self.protection(order, market.ltp)
                order.market_since = self.now
            self.hits["F31"] += 1
            order.triggered = True
            order.status, order.mode = "OPEN", "taking"
            order.arrival = self.next_arrival()
            order.quiet_since = self.now
            self.tell(order, "triggered")
            self.act(order)

    # ------------------------------------------------------------- what is due

    def what_is_due(self, what: object) -> None:
        """Step 1: one moment after the other; a request of the tick's own contract is for (c)."""
        while True:
            due = self.moments(what)
            if not due:
                return
            moment = min(due, key=lambda each: each[:3])
            if moment[1] == 0:
                self.finish(self.orders[moment[2]])
            elif moment[1] == 1:
                self.send_slice(self.slices.pop(moment[2]))
            elif moment[1] == 2:
                self.arrive(self.waiting[moment[2]])
            else:
                self.hits["F12 escalation in step 1"] += 1
                self.escalate(self.orders[moment[2]])

    def moments(self, what: object) -> list[tuple[int, int, int]]:
        """(time, class, place) of all that is due at or before now."""
        found = [(self.end_of(order), 0, order.number) for order in self.orders if not order.done]
        found += [(each.due, 1, place) for place, each in enumerate(self.slices)]
        symbol = what.symbol if isinstance(what, Tick) else None
        for place, each in enumerate(self.waiting):
            if each.order.market.contract.symbol != symbol and self.can_act(each):
                found.append((each.due, 2, place))
        after = self.keys["escalate_after_ms"] * MS
        for order in self.orders:
            here = order.market.contract.symbol == symbol
            if not here and self.due_for_escalation(order) and self.believed(order):
                found.append((order.quiet_since + after, 3, order.number))
        return [each for each in found if each[0] <= self.now]

    def end_of(self, order: Order) -> int:
        """When time ends an order."""
        return min(time for time, _ in self.ends(order))

    def ends(self, order: Order) -> list[tuple[int, str]]:
        """DAY and TTL (F6), no_price (F4), the rest of a market entry (F12); the first counts."""
        found = [(order.market.contract.closes, "day_over")]
        if order.mode == "flight":
            if not order.is_exit:
                found.append((order.sent + self.reject_after, "no_price"))
            return found
        if order.validity == "TTL":
            found.append((order.ends, "ttl_over"))
        market = order.working and self.is_market_entry(order) and not order.is_api
        if market and order.market_since is not None:
            found.append((order.market_since + self.reject_after, "unfilled_rest"))
        return found

    def finish(self, order: Order) -> None:
        """An order that time ends, for the reason that came first."""
        _, reason = min(self.ends(order), key=lambda end: end[0])
        self.hits[f"ends {reason}"] += 1
        # one that ends in flight is not ahead of what is asked of it later
        self.waiting = [
            each
            for each in self.waiting
            if each.order is not order or not isinstance(each.what, New)
        ]
        if reason == "no_price":
            self.end(order, "REJECTED", "rejected", reason)
        else:
            self.cancelled(order, reason)

    # ----------------------------------------------------------------- sending

    def send(self, request: New | Modify | Cancel) -> None:
        """What a strategy, a trade or a user asks for at `now`."""
        if isinstance(request, New):
            self.send_new(request)
            return
        for order in self.named(request.label):
            if isinstance(request, Modify):
                reason = self.refuse_change(order, request)
                if reason:
                    self.hits[f"reason {reason} of a modification"] += 1
                    self.tell(order, "modify_refused", reason)
                    continue
                self.wait(order, request, self.now + self.modify)
            else:
                self.wait(order, request, self.now + self.cancel)

    def named(self, label: str) -> list[Order]:
        """The order of this label; nothing if there never was one."""
        return [order for order in self.orders if order.label == label]

    def send_new(self, new: New) -> None:
        """Section 8 at sending; F60 cuts it."""
        market = self.markets[new.symbol]
        reason = (
            self.refuse_shape(new)
            or self.refuse_slices(market, new.quantity)
            or self.refuse_new(new)
        )
        if not reason and new.is_api and self.asked("order_rate") and self.over_the_rate():
            reason = "order_rate"
        if new.group is not None and new.group not in self.groups:
            self.groups[new.group] = Group(new.open_units or new.quantity)
        if reason:
            order = self.create(new, new.label, new.label, new.quantity)
            self.end(order, "REJECTED", "rejected", reason)
            return
        size = self.slice_size(market)
        if size == 0 or new.quantity <= (market.contract.freeze or 0):
            self.put(self.create(new, new.label, new.label, new.quantity), new)
            return
        self.hits["F60"] += 1
        parts = [size] * (new.quantity // size)
        if new.quantity % size:
            parts.append(new.quantity % size)
        for number, part in enumerate(parts):
            child = Slice(self.now + number * 100 * MS, new, new.label, part)
            if number == 0:
                self.send_slice(child)
            else:
                self.slices.append(child)

    def send_slice(self, child: Slice) -> None:
        """F60: one child, as an order of its own, if its contract and its trade are open."""
        new = child.new
        if child.due >= self.markets[new.symbol].contract.closes:
            self.hits["F60 closed"] += 1
            return
        group = None if new.group is None else self.groups[new.group]
        later = child.root in self.children  # the first one answers for the request
        if later and group is not None and not self.room(group, child.root, new.order_type):
            self.hits["F34 slice not sent"] += 1
            return
        self.put(self.create(new, self.next_label(child.root), child.root, child.quantity), new)

    def next_label(self, root: str) -> str:
        """Children and replacements are numbered as they are sent."""
        self.children[root] = self.children.get(root, 0) + 1
        return f"{root}/{self.children[root]}"

    def create(self, new: New, label: str, root: str, quantity: int) -> Order:
        order = Order(
            number=len(self.orders),
            label=label,
            root=root,
            market=self.markets[new.symbol],
            sign=1 if new.side == "BUY" else -1,
            kind=new.order_type,
            quantity=quantity,
            price=new.price,
            trigger=new.trigger,
            validity=new.validity,
            ttl_minutes=new.ttl_minutes,
            protection=new.market_protection,
            is_exit=new.is_exit,
            is_api=new.is_api,
            group=None if new.group is None else self.groups[new.group],
            sent=self.now,
        )
        self.orders.append(order)
        return order

    def put(self, order: Order, new: New) -> None:
        """Accepted, and on its way."""
        market = order.market
        if order.kind == "MARKET":
            order.market_since = self.now
            if order.limit is None and market.ltp is not None:
                self.hits["F10"] += 1
                order.limit = self.protection(order, market.ltp)
        elif order.kind == "LIMIT":
            order.limit = order.price
        if order.group is not None:
            order.group.orders.append(order)
        self.tell(order, "accepted")
        self.wait(order, new, self.now + self.enter)

    # ------------------------------------------------------- requests that wait

    def wait(self, order: Order, what: New | Modify | Cancel, due: int) -> None:
        """F4: never before the request ahead of it on the same order."""
        ahead = [each.due for each in self.waiting if each.order is order]
        each = Waiting(max([due, *ahead]), self.now, order, what)
        if each.due > due:
            self.hits["F4 behind another"] += 1
        self.waiting.append(each)
        if order.market is self.ticking:
            return
        if self.can_act(each, at_sending=each.due == self.now):
            self.arrive(each)

    def requests(self, symbol: str) -> None:
        """F5(c): what is due of this contract, in the order sent."""
        for each in list(self.waiting):
            if each.order.market.contract.symbol == symbol and self.can_act(each, at_tick=True):
                self.hits["F5(c)"] += 1
                self.arrive(each)

    def can_act(self, each: Waiting, *, at_tick: bool = False, at_sending: bool = False) -> bool:
        """F4: due, nothing ahead of it, and a believed quote if it takes liquidity."""
        if each.due > self.now:
            return False
        if next(one for one in self.waiting if one.order is each.order) is not each:
            return False
        takes = not each.order.done and (
            isinstance(each.what, New)
            or (isinstance(each.what, Modify) and self.crosses(each.order, each.what))
        )
        if not takes:
            return True
        return (at_tick or at_sending) and self.believed(each.order)

    def believed(self, order: Order) -> bool:
        """Whether the current quote may be believed."""
        if self.feed_last is None or self.now - self.feed_last > self.stale:
            return False
        return order.market.fresh

    def crosses(self, order: Order, change: Modify) -> bool:
        """Whether a modification would take: it loses the queue and reaches the other side."""
        if self.refuse_modification_early(order, change):
            return False
        kind, price, _ = self.merged(order, change)
        if order.mode == "pending" and kind in STOPS:
            return False
        if kind == "MARKET" and order.kind != "MARKET":
            return True
        if not self.loses_queue(order, change):
            return False
        best = self.simple_price(order) if self.simple else order.market.best(order.sign)
        return best is not None and price is not None and order.sign * best <= order.sign * price

    def refuse_modification_early(self, order: Order, change: Modify) -> str:
        """What refuses it whatever the quote."""
        if order.mode == "flight":
            return ""
        return self.refuse_modification(order, change)

    def loses_queue(self, order: Order, change: Modify) -> bool:
        """F42: a changed price or kind, or a larger quantity."""
        kind, price, _ = self.merged(order, change)
        was = "LIMIT" if order.triggered else order.kind
        became = ("LIMIT" if order.triggered and kind in STOPS else kind) != was
        larger = change.quantity is not None and change.quantity > order.quantity
        return became or larger or price != order.limit

    def arrive(self, each: Waiting) -> None:
        """One request at the exchange."""
        self.waiting.remove(each)
        order, what = each.order, each.what
        if isinstance(what, New):
            if not order.done:
                self.arrive_new(order)
        elif isinstance(what, Modify):
            self.arrive_modify(order, what, each.sent)
        elif order.done:
            reason = "already_filled" if order.status == "COMPLETE" else "not_open"
            self.hits[f"reason {reason}"] += 1
            self.tell(order, "cancel_refused", reason)
        else:
            self.hits["F4 cancel"] += 1
            self.cancelled(order, what.reason)

    def arrive_new(self, order: Order) -> None:
        """A new order is there: quantity (F34), refusals, then it acts."""
        market = order.market
        assert market.ltp is not None
        if order.replaces is not None:
            order.quantity = max(0, order.replaces.rest) if not order.replaces.done else 0
        if order.group is not None:
            room = self.room(order.group, order.root, order.kind, order.replaces)
            order.quantity = min(order.quantity, room)
        if order.quantity == 0:
            self.end(order, "REJECTED", "rejected", "not_open")
            return
        if order.kind == "MARKET" and order.limit is None:
            order.limit = self.protection(order, market.ltp)
        reason = self.refuse_arrival(order)
        if reason:
            self.end(order, "REJECTED", "rejected", reason)
            return
        order.arrival = self.next_arrival()
        order.quiet_since = self.now
        order.ends = self.now + (order.ttl_minutes or 0) * 60 * SECOND
        if order.kind in STOPS:
            self.hits["F30"] += 1
            order.status, order.mode = "TRIGGER PENDING", "pending"
            self.tell(order, "trigger_pending")
            return
        order.status, order.mode = "OPEN", "taking"
        if order.replaces is not None:
            self.cancelled(order.replaces, "replaced")
        self.tell(order, "open")
        if order.group is not None and order.kind == "MARKET":
            self.take_from_others(order)
        self.act(order)

    def room(self, group: Group, root: str, kind: str, without: Order | None = None) -> int:
        """F34: what is open less what its exit, and a MARKET of another, has pending."""
        pending = [one for one in self.at_exchange(group, root) if one is not without]
        if kind != "MARKET":
            for other in dict.fromkeys(one.root for one in group.orders):
                if other != root:
                    pending += [o for o in self.at_exchange(group, other) if o.kind == "MARKET"]
        return max(0, group.open - sum(one.rest for one in pending))

    def take_from_others(self, order: Order) -> None:
        """F34: a new exit takes its quantity from the others of its group when it arrives."""
        assert order.group is not None
        self.hits["F34 new exit"] += 1
        wanted = sum(one.rest for one in self.at_exchange(order.group, order.root))
        left = max(0, order.group.open - wanted)
        for root in dict.fromkeys(one.root for one in order.group.orders):
            if root != order.root:
                self.shrink_exit(order.group, root, left, "replaced")

    def arrive_modify(self, order: Order, change: Modify, sent: int) -> None:
        """F42: refused and nothing changes; or changed, and the queue kept or lost."""
        reason = self.refuse_modification(order, change)
        if reason:
            self.hits[f"reason {reason}"] += 1
            self.tell(order, "modify_refused", reason)
            return
        order.modifications += 1
        loses = self.loses_queue(order, change)
        kind, price, trigger = self.merged(order, change)
        if change.quantity is not None:
            rest = change.quantity - order.filled
            if order.group is not None and rest > order.rest:
                self.hits["F34 larger"] += 1
                room = self.room(order.group, order.root, kind, order)
                rest = min(rest, max(order.rest, room))
            order.quantity = order.filled + rest
        if order.rest == 0:
            self.cancelled(order, "modified_to_filled")
            return
        order.validity = change.validity or order.validity
        order.ttl_minutes = change.ttl_minutes or order.ttl_minutes
        if change.validity == "TTL" or (change.ttl_minutes and order.validity == "TTL"):
            self.hits["F6 TTL of a modification"] += 1
            order.ends = self.now + (order.ttl_minutes or 0) * 60 * SECOND
        if order.mode == "pending" and kind in STOPS:
            order.kind, order.trigger = kind, trigger
            order.price = None if kind == "SL-M" else price
            self.hits["F42 of a stop"] += 1
            self.tell(order, "modified")
            return
        self.change_working(order, kind, price, sent)
        self.tell(order, "modified")
        self.hits["F42 loses" if loses else "F42 keeps"] += 1
        if loses:
            order.arrival = self.next_arrival()
            order.quiet_since = self.now
            self.act(order)
        elif order.validity == "IOC":
            self.after_taking(order)

    def change_working(self, order: Order, kind: str, price: int | None, sent: int) -> None:
        """The kind and the limit of an order that is in the book, or will be now."""
        market = order.market
        if kind == "MARKET" and order.kind != "MARKET":
            assert market.ltp is not None
            self.hits["F42 to MARKET"] += 1
            order.limit = self.protection(order, market.ltp)
            order.market_since = sent
        else:
            order.limit = price
        order.kind, order.status = kind, "OPEN"
        order.mode = "taking" if order.mode == "pending" else order.mode

    # -------------------------------------------------------------- escalation

    def escalate(self, old: Order) -> None:
        """F12: a protected MARKET from the worse of ltp and best for what is left."""
        market = old.market
        best = market.best(old.sign)
        assert market.ltp is not None
        base = (
            market.ltp if best is None else old.sign * max(old.sign * best, old.sign * market.ltp)
        )
        self.hits["F12 escalation"] += 1
        new = New(
            label=self.next_label(old.root),
            symbol=market.contract.symbol,
            side="BUY" if old.sign > 0 else "SELL",
            order_type="MARKET",
            quantity=old.rest,
            market_protection=old.protection,
            is_exit=True,
            is_api=old.is_api,
        )
        order = self.create(new, new.label, old.root, old.rest)
        order.group = old.group
        order.limit = self.protection(order, base)
        order.replaces, old.replaced_by = old, order
        order.escalated_at = old.escalated_at = market.changes
        self.put(order, new)


def run(scenario: Scenario) -> list[Event]:
    """Return the events that the exchange should give for this scenario."""
    return watch(scenario).events


def watch(scenario: Scenario) -> Naive:
    """Return the whole run, for tests that look inside."""
    naive = Naive(scenario.setup)
    for item in scenario.inputs:
        naive.deliver(item)
    return naive
