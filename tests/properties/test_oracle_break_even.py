"""Break-even and the late trail of the naive reference, judged from its events alone.

The judge knows nothing but what a restart would find: the events so far and the settings. It finds
cost by halving where the reference counts steps, and expects every move at its price and no other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.domain.dates import ist_date
from daemon.domain.events import OrderCreated, OrderMoved, StopMoved, TradingEvent
from daemon.domain.order import OrderState
from tests.kit.scenario import Scenario
from tests.kit.tariff import in_force
from tests.kit.tiers import examples
from tests.oracle.book import Trade
from tests.oracle.engine import Naive
from tests.oracle.scenarios import Generator

pytestmark = pytest.mark.random

RANDOM = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
FIXED: Final = 120


@dataclass
class Held:
    """A position as its events tell it; prices in paise, charges in rupees."""

    order: OrderCreated
    sign: int
    entry: int = 0
    quantity: int = 0
    charged: Fraction = Fraction(0)
    risk: int = 0
    stop: int = 0
    anchor: int = 0
    steps: int = 0
    mover: str = ""
    on_rest: bool = False

    def apply(self, event: TradingEvent) -> None:
        if isinstance(event, StopMoved):
            self.stop, self.steps = event.stop_to_paise, event.steps
            self.mover = event.reason
        elif isinstance(event, OrderMoved):
            self._move(event)

    def _move(self, event: OrderMoved) -> None:
        if event.to_state is OrderState.FILLED:
            assert event.fill is not None
            self.entry, self.quantity = event.fill.price_paise, event.fill.quantity
            self.charged = Fraction(event.fill.charges.total)
        elif event.to_state is OrderState.ACTIVE and event.levels is not None:
            self.stop, self.risk = event.levels.stop_paise or 0, event.levels.r_paise
            self.anchor = event.levels.anchor_paise
            self.on_rest = event.from_state is not OrderState.FILLED
            self.steps, self.mover = 0, ""


class Judge(Naive):
    """The reference, with each price that its stops are asked about."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.held: dict[str, Held] = {}
        self.read = 0
        self.seen: Counter[str] = Counter()

    def fold(self) -> None:
        """Read the events that are new."""
        for event in self.events[self.read :]:
            if isinstance(event, OrderCreated):
                sign = 1 if event.transaction_type == "BUY" else -1
                self.held[event.order_id] = Held(event, sign)
            else:
                self.held[event.order_id].apply(event)
            if isinstance(event, OrderMoved) and event.demand is not None:
                self.check_reason(event)
        self.read = len(self.events)

    def check_reason(self, event: OrderMoved) -> None:
        if event.to_state is OrderState.SL_PENDING:
            held = self.held[event.order_id]
            first = "stop_loss_rest" if held.on_rest else "stop_loss"
            assert event.reason == (held.mover or first)
            self.seen["left at cost"] += event.reason == "break_even"
            assert event.demand is not None
            self.seen["a part left at cost"] += (
                event.reason == "break_even" and event.demand.partial
            )

    def move_stop(self, trade: Trade, ltp: int) -> None:
        self.fold()
        held = self.held[trade.order_id]
        expected = self.expected(held, trade.instrument or 0, ltp)
        before, stop = len(self.events), held.stop
        super().move_stop(trade, ltp)
        moved = self.events[before:]
        if expected is None:
            assert moved == []
            return
        (event,) = moved
        assert isinstance(event, StopMoved)
        reason = event.reason
        assert (reason, event.stop_to_paise, event.steps) == expected
        assert (event.stop_from_paise, event.ltp_paise) == (stop, ltp)
        assert held.sign * stop < held.sign * event.stop_to_paise < held.sign * ltp
        self.seen[reason] += 1
        self.seen[f"{reason} of a short"] += held.sign < 0

    def expected(self, held: Held, at: int, ltp: int) -> tuple[str, int, int] | None:
        """The move that this price should make: reason, stop, steps."""
        ladder, cost = self.expected_ladder(held, ltp), self.expected_cost(held, at, ltp)
        sign, stop = held.sign, held.stop
        levels = []
        if ladder is not None and sign * ladder[0] > sign * stop:
            levels.append((sign * ladder[0], "trailing_stop", ladder[1]))
        if cost is not None and sign * cost > sign * stop:
            self.seen["a tie"] += bool(levels) and levels[0][0] == sign * cost
            levels.insert(0, (sign * cost, "break_even", held.steps))
        if not levels:
            return None
        best = max(levels, key=lambda each: each[0])  # the first of equals
        return best[1], sign * best[0], best[2]

    def expected_ladder(self, held: Held, ltp: int) -> tuple[int, int] | None:
        """(stop, steps) of this price alone: a price that gains nothing changes nothing."""
        if not held.order.exits.enable_trailing:
            return None
        gain, sign, tick = held.sign * (ltp - held.entry), held.sign, held.order.tick_paise
        after_r = held.order.exits.trail_after_r or 0.0
        if not held.on_rest and gain < Fraction(repr(after_r)) * held.risk:
            self.seen["a ladder waits"] += 1
            return None
        step = Fraction(repr(held.order.exits.trail_step_r)) * held.risk
        steps = held.sign * (ltp - held.anchor) // step
        behind = step if held.on_rest else held.risk
        return sign * int((sign * held.anchor + steps * step - behind) // tick * tick), int(steps)

    def expected_cost(self, held: Held, at: int, ltp: int) -> int | None:
        """C if break-even may move the stop there at this price."""
        at_r = held.order.exits.break_even_at_r
        if at_r is None or held.on_rest:
            return None
        gain, tick = held.sign * (ltp - held.entry), held.order.tick_paise
        if gain < Fraction(repr(at_r)) * held.risk:
            return None
        room = (gain - tick) // tick + 1  # of E and the steps after it, a whole step before ltp
        far = 0
        if held.order.exits.break_even_with_charges:
            far = bisect_left(range(room), True, key=lambda n: self.owes(held, at, n) <= 0)
            self.seen["with charges"] += far > 0
        if far >= room:
            self.seen["waits for a price beyond cost"] += 1
            return None
        assert far == 0 or self.owes(held, at, far - 1) > 0
        return held.entry + held.sign * far * tick

    def owes(self, held: Held, at: int, steps: int) -> Fraction:
        """What is missing for the charges if all of it is closed this number of steps beyond E."""
        gain = steps * held.order.tick_paise
        if not self.config.charges:
            return Fraction(-gain)
        closing = in_force(self.scenario.tariffs, ist_date(self.now)).order(
            self.instruments[at],
            "SELL" if held.sign > 0 else "BUY",
            held.quantity,
            held.entry + held.sign * gain,
        )
        return held.charged + Fraction(closing.total) - Fraction(gain * held.quantity, 100)


def judged(seed: int) -> Counter[str]:
    """What was seen of a scenario that was judged."""
    judge = Judge(Generator(seed, moving_stops=True).scenario())
    judge.run()
    judge.fold()
    return judge.seen


@settings(RANDOM, max_examples=examples(60))
@given(st.integers(0, 10**9))
def test_every_stop_moves_when_and_where_its_events_say_and_only_then(seed: int) -> None:
    judged(seed)


@pytest.mark.ci
def test_the_scenarios_have_what_is_to_be_judged() -> None:
    total: Counter[str] = Counter()
    for seed in range(FIXED):
        total += judged(seed)
    for what in (
        "break_even", "break_even of a short", "trailing_stop", "with charges", "a tie",
        "a ladder waits", "waits for a price beyond cost", "left at cost", "a part left at cost",
    ):  # fmt: skip
        assert total[what] >= 3, (what, total)


def test_a_seed_is_the_same_market_with_and_without_the_settings() -> None:
    for seed in range(20):
        plain = Generator(seed, moving_stops=False).scenario()
        moving = Generator(seed, moving_stops=True).scenario()
        assert moving.inputs == plain.inputs
        own = [each.ts for each in moving.timed if each.intent.strategy_id != "sound"]
        assert own == [each.ts for each in plain.timed]
        assert plain.tariffs == ()


def test_the_settings_are_drawn_about_as_often_as_meant() -> None:
    drawn = [Generator(seed, moving_stops=True).stop_moves() for seed in range(400)]
    with_break_even = [each for each in drawn if "enable_break_even" in each]
    assert 80 <= len(with_break_even) <= 160
    assert 80 <= sum("trail_after_r" in each for each in drawn) <= 160
    charged = sum(bool(each["break_even_with_charges"]) for each in with_break_even)
    assert len(with_break_even) / 3 <= charged <= 2 * len(with_break_even) / 3
