"""Risk gates and risk states from the text: every answer counts its history again.

Written from SEMANTICS ("Gates", "Risk states") and the table of `risk` in the engine's guide; it
imports nothing of the program. It trades in the plainest market there is: an order fills whole at
the last price once `latency` is over, a LIMIT that rests fills at its limit once a price is better.
Prices in paise, money in paise, times in ns. Where the text is silent this reading decides:

- a lockout of a day goes over what a person said before it, and what he said holds again when the
  day is over; what he says meanwhile ends the lockout;
- whoever halted the account already, `flatten` closes everything at the limit;
- a full minute is judged by the prices before the input that passes it;
- an open result counts from the entry, not from the day's beginning;
- a person who sets the account free after a lockout is overruled at the next minute that is as bad.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
INDIA = 330 * MINUTE


@dataclass(frozen=True)
class Contract:
    """One contract; `strike` is 0 for a future."""

    symbol: str
    underlying: str
    lot: int
    strike: int = 0


@dataclass(frozen=True)
class Limits:
    """The settings of `risk`; money in paise, None is no limit."""

    daily_loss: int | None = None
    counts: str = "realized"
    on_loss: str = "halt"
    max_open: int | None = None
    max_quantity: int | None = None
    lots_strategy: int | None = None
    lots_underlying: int | None = None
    notional: int | None = None
    cooldown: int = 0
    per_minute: int | None = None


@dataclass(frozen=True)
class Tick:
    ts: int
    symbol: str
    ltp: int


@dataclass(frozen=True)
class Wait:
    """Time passes without a tick."""

    ts: int


@dataclass(frozen=True)
class Say:
    """A command of a person."""

    ts: int
    word: str


@dataclass(frozen=True)
class Enter:
    """An entry, asked for after the input before it; without a limit it is a MARKET."""

    strategy: str
    symbol: str
    side: int
    quantity: int
    limit: int | None = None


@dataclass(frozen=True)
class Leave:
    """An EXIT of a strategy on a symbol."""

    strategy: str
    symbol: str


Step = Tick | Wait | Say | Enter | Leave
Line = tuple[object, ...]


@dataclass
class Trade:
    """One entry and what became of it; its lines are what is compared."""

    asked: Enter
    lines: list[Line] = field(default_factory=list)
    state: str = "waiting"
    since: int = 0
    rests: bool = False
    sent: int = 0
    price: int = 0
    leaves: str = ""
    leaves_since: int = 0
    closed: int = 0
    result: int = 0
    paid: list[tuple[int, int]] = field(default_factory=list)
    """(time, charges) of every order that was executed."""


@dataclass(frozen=True)
class Market:
    """What both sides are given besides the steps."""

    contracts: Sequence[Contract]
    limits: Limits
    latency: int
    opens: Sequence[int]
    closes: Sequence[int]
    charge: Callable[[int], int]
    """Charges of an order of a value."""


class Account:
    """One run."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.limits = market.limits
        self.contracts = {each.symbol: each for each in market.contracts}
        self.now = 0
        self.last: dict[str, tuple[int, int]] = {}
        self.trades: list[Trade] = []
        self.states: list[Line] = []
        self.state = ("ACTIVE", "", 0)
        self.said = "ACTIVE"
        """A person's last word."""
        self.killed = False

    # ------------------------------------------------------------------ inputs

    def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Enter):
                self.enter(step)
            elif isinstance(step, Leave):
                self.leave(step)
            else:
                self.pass_time(step.ts)
                if isinstance(step, Say):
                    self.say(step.word)
                elif isinstance(step, Tick):
                    self.tick(step)

    def pass_time(self, ts: int) -> None:
        """What fell due between the last input and this one, in order."""
        before, self.now = self.now, ts
        minute = (before // MINUTE + 1) * MINUTE
        self.close_day(before, minute - 1)
        if before and minute <= ts and self.watches() and self.is_bad(minute):
            self.lock(minute)
        self.close_day(before, ts)
        if before and day_of(before) != day_of(ts):
            self.end_day()

    def end_day(self) -> None:
        """A lockout of a day ends with it."""
        if self.state[2]:
            self.turn(self.said, "day_over", 0)

    def close_day(self, before: int, until: int) -> None:
        """The close cancels what still rests; what else is due at the same time comes first."""
        for close in self.market.closes:
            if before < close <= min(until, self.now):
                for trade in self.waiting():
                    self.end(trade, "cancelled", "day_over")

    def tick(self, tick: Tick) -> None:
        self.last[tick.symbol] = (tick.ts, tick.ltp)
        for trade in self.trades:
            if trade.asked.symbol != tick.symbol:
                continue
            if trade.state == "waiting":
                self.try_entry(trade)
            elif trade.leaves and trade.state == "open" and self.is_through(trade.leaves_since):
                self.close(trade)

    def say(self, word: str) -> None:
        """A person's command; saying the same again is nothing."""
        if word == "kill_switch":
            self.killed = True
            self.flatten("kill_switch")
            return
        state = {"risk_active": "ACTIVE", "risk_reducing": "REDUCING", "risk_halted": "HALTED"}
        self.said = state[word]
        if (self.state[0], self.state[2]) == (state[word], 0):
            return
        self.turn(state[word], "command", 0)
        if word == "risk_halted":
            self.cancel_waiting("halted")

    def turn(self, state: str, reason: str, until: int) -> None:
        self.state = (state, reason, until)
        self.states.append((self.now, state, reason, until))

    # --------------------------------------------------------------- the day's loss

    def watches(self) -> bool:
        more = self.limits.counts == "net_open" or self.limits.on_loss == "flatten"
        return more and self.limits.daily_loss is not None

    def is_bad(self, when: int) -> bool:
        limit = self.limits.daily_loss
        return limit is not None and -self.result(day_of(when)) >= limit

    def result(self, today: int) -> int:
        """A day's result as `daily_loss_counts` says."""
        total = sum(each.result for each in self.trades if day_of(each.closed) == today)
        if self.limits.counts == "net_open":
            for trade in self.trades:
                total -= sum(paid for ts, paid in trade.paid if day_of(ts) == today)
                if trade.state == "open":
                    asked = trade.asked
                    price = self.last[asked.symbol][1]
                    total += asked.side * (price - trade.price) * asked.quantity
        return total

    def lock(self, when: int) -> None:
        """HALTED until the day is over; `flatten` closes everything."""
        midnight = (day_of(when) + 1) * DAY - INDIA
        if self.state[0] != "HALTED":
            self.turn("HALTED", "daily_loss", midnight)
            self.cancel_waiting("halted")
        if self.limits.on_loss == "flatten":
            self.flatten("daily_loss")

    def flatten(self, reason: str) -> None:
        self.cancel_waiting(reason)
        for trade in self.trades:
            if trade.state == "open":
                self.ask_to_leave(trade, reason)

    def cancel_waiting(self, reason: str) -> None:
        for trade in self.waiting():
            self.end(trade, "cancelled", reason)

    # ------------------------------------------------------------------- entries

    def enter(self, asked: Enter) -> None:
        trade = Trade(asked, since=self.now)
        why = self.refusal(asked)
        self.trades.append(trade)
        if why is not None:
            trade.state = "over"
            trade.lines.append((self.now, "refused", *why))
            return
        trade.sent = self.now
        if not self.market.latency and self.is_believed(asked.symbol):
            self.try_entry(trade)

    def refusal(self, asked: Enter) -> tuple[object, ...] | None:
        """The first gate that refuses, with the numbers that a person is shown."""
        contract, limits = self.contracts[asked.symbol], self.limits
        waiting, open_ = self.waiting(), self.open()
        if self.killed:
            return ("kill_switch",)
        if self.state[0] == "REDUCING":
            return ("reducing",)
        if self.state[0] == "HALTED":
            return ("halted", self.state[1], self.state[2])
        if asked.quantity % contract.lot:
            return ("lot_size",)
        if limits.max_quantity is not None and asked.quantity > limits.max_quantity:
            return ("max_order_quantity",)
        if limits.max_open is not None and len(waiting) + len(open_) >= limits.max_open:
            return ("max_open_positions",)
        if self.is_bad(self.now):
            return ("daily_loss",)
        return self.too_much(asked, [*waiting, *open_]) or self.too_soon(asked)

    def too_much(self, asked: Enter, busy: Sequence[Trade]) -> tuple[object, ...] | None:
        contract, limits = self.contracts[asked.symbol], self.limits
        lots = asked.quantity // contract.lot
        of_strategy = [each for each in busy if each.asked.strategy == asked.strategy]
        of_underlying = [
            each
            for each in busy
            if self.contracts[each.asked.symbol].underlying == contract.underlying
        ]
        for of, held_by, limit in (
            ("strategy", of_strategy, limits.lots_strategy),
            ("underlying", of_underlying, limits.lots_underlying),
        ):
            held = sum(each.asked.quantity // self.lot(each) for each in held_by)
            if limit is not None and held + lots > limit:
                return ("max_lots", of, held, lots, limit)
        if limits.notional is not None:
            held = sum(self.value(each.asked) for each in busy)
            if held + self.value(asked) > limits.notional:
                return ("max_notional", held, self.value(asked), limits.notional)
        return None

    def too_soon(self, asked: Enter) -> tuple[object, ...] | None:
        own = [
            each.closed
            for each in self.trades
            if each.asked.strategy == asked.strategy and each.closed and each.result < 0
        ]
        if self.limits.cooldown and own and self.now < max(own) + self.limits.cooldown:
            return ("cooldown", max(own), max(own) + self.limits.cooldown)
        minute = self.now // MINUTE
        sent = sum(1 for each in self.trades if each.sent and each.sent // MINUTE == minute)
        if self.limits.per_minute is not None and sent >= self.limits.per_minute:
            return ("max_orders_per_minute", sent, self.limits.per_minute, (minute + 1) * MINUTE)
        return None

    def lot(self, trade: Trade) -> int:
        return self.contracts[trade.asked.symbol].lot

    def value(self, asked: Enter) -> int:
        """Contract value: an option's strike, else the last price, by quantity."""
        contract = self.contracts[asked.symbol]
        return (contract.strike or self.last[asked.symbol][1]) * asked.quantity

    def try_entry(self, trade: Trade) -> None:
        """Take at the last price, or rest at the limit."""
        asked, ltp = trade.asked, self.last[trade.asked.symbol][1]
        if trade.rests:
            assert asked.limit is not None
            if asked.side * (asked.limit - ltp) > 0:
                self.open_at(trade, asked.limit)
        elif self.is_through(trade.since):
            if asked.limit is None or asked.side * (asked.limit - ltp) >= 0:
                self.open_at(trade, ltp)
            else:
                trade.rests = True

    def open_at(self, trade: Trade, price: int) -> None:
        trade.state, trade.price = "open", price
        self.pay(trade, price)
        trade.lines.append((self.now, "filled", price))

    def end(self, trade: Trade, word: str, reason: str) -> None:
        trade.state = "over"
        trade.lines.append((self.now, word, reason))

    # --------------------------------------------------------------------- exits

    def leave(self, asked: Leave) -> None:
        for trade in self.trades:
            if (trade.asked.strategy, trade.asked.symbol) != (asked.strategy, asked.symbol):
                continue
            if trade.state == "waiting":
                self.end(trade, "cancelled", "signal_exit")
            elif trade.state == "open":
                self.ask_to_leave(trade, "signal_exit")

    def ask_to_leave(self, trade: Trade, reason: str) -> None:
        """The first demand counts."""
        if trade.leaves:
            return
        trade.leaves, trade.leaves_since = reason, self.now
        if not self.market.latency and self.is_believed(trade.asked.symbol):
            self.close(trade)

    def close(self, trade: Trade) -> None:
        price = self.last[trade.asked.symbol][1]
        trade.state, trade.closed = "closed", self.now
        trade.result = trade.asked.side * (price - trade.price) * trade.asked.quantity
        self.pay(trade, price)
        trade.lines.append((self.now, "closed", trade.leaves, price))

    def pay(self, trade: Trade, price: int) -> None:
        trade.paid.append((self.now, self.market.charge(price * trade.asked.quantity)))

    # ------------------------------------------------------------------- lookups

    def waiting(self) -> list[Trade]:
        return [each for each in self.trades if each.state == "waiting"]

    def open(self) -> list[Trade]:
        return [each for each in self.trades if each.state == "open"]

    def is_through(self, since: int) -> bool:
        """What was sent then has arrived."""
        return self.now >= since + self.market.latency

    def is_believed(self, symbol: str) -> bool:
        """A price of today, while the market is open."""
        if symbol not in self.last or day_of(self.last[symbol][0]) != day_of(self.now):
            return False
        return any(
            start <= self.now < end
            for start, end in zip(self.market.opens, self.market.closes, strict=True)
        )


def day_of(ts: int) -> int:
    """The Indian day of a time."""
    return (ts + INDIA) // DAY
