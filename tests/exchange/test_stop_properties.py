"""Whatever the market does, exits at the exchange close a trade once and never reverse it (F34)."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from daemon.domain.events import (
    ExchangeOrderMoved,
    OrderMoved,
    TradingEvent,
    decode_event,
    encode_event,
)
from daemon.domain.intent import ExitOverrides, SlLimitBuffer
from daemon.domain.ledger import Ledger
from daemon.domain.money import paise_exact
from daemon.settings.config import LatencyConfig
from tests.exchange.depth_market import DepthMarket, Side
from tests.kit.tiers import seeds

pytestmark = pytest.mark.random
LOT = 65
MODES = ("depth", "depth", "depth", "bid_ask", "mid", "ltp")


class Story:
    """A random market with trades whose exits lie at the exchange."""

    def __init__(self, seed: int, *, mode: str = "", is_delayed: bool = True) -> None:
        self.rng = rng = random.Random(seed)
        latency = LatencyConfig(
            enter_ms=rng.choice((0, 0, 300, 2_500)) * is_delayed,
            modify_ms=rng.choice((0, 0, 700, 2_500)) * is_delayed,
            cancel_ms=rng.choice((0, 0, 1_500)) * is_delayed,
        )
        self.config: dict[str, Any] = {
            "fill_mode": mode or rng.choice(MODES),
            "slippage_bps": rng.choice((0, 0, 5)),
            "latency": latency,
            "stop_style": rng.choice(("sl_limit", "sl_limit", "engine_market")),
            "target_style": rng.choice(("limit", "limit", "engine_market")),
            "enable_partial_exit": rng.random() < 0.5,
            "partial_exit_when": rng.choice(("losing", "always")),
            "enable_trailing": rng.random() < 0.6,
            "trail_step_r": rng.choice((0.2, 0.5, 1.0)),
            "enable_break_even": rng.random() < 0.4,
            "enable_time_stop": rng.random() < 0.3,
            "time_stop_bars": 1,
            "escalate": rng.choice(("market", "market", "never")),
            "escalate_after_ms": rng.choice((0, 500, 3_000)),
            "resting": rng.choice(("queue", "cross", "touch")),
        }
        self.made = DepthMarket(**self.config)
        self.price = 100.0

    def run(self, steps: int = 250) -> DepthMarket:
        """Let time pass, and trade now and then."""
        self.tick()
        for _ in range(steps):
            chance = self.rng.random()
            if chance < 0.06:
                self.enter()
            elif chance < 0.08:
                self.made.signal("EXIT")
            elif chance < 0.10:
                self.made.clock(self.rng.choice((0.1, 1, 3)))
            elif chance < 0.11:
                self.leave_one()
            else:
                self.tick()
            self.check()
        return self.made

    def tick(self) -> None:
        """Show a tick: the price walks, and jumps now and then."""
        rng = self.rng
        jump = rng.random() < 0.04
        self.price += rng.choice((-1, 1)) * (rng.uniform(1, 4) if jump else rng.uniform(0, 0.4))
        self.price = min(max(self.price, 60.0), 160.0)
        bid = round(round(self.price * 20) / 20, 2)
        gap = 0.05 * rng.choice((1, 1, 2, 6))
        bids = self.levels(bid, -0.05)
        asks = self.levels(round(bid + gap, 2), 0.05)
        ltp = rng.choice((bid, round(bid + gap, 2), round(bid + 0.05 * rng.randint(-8, 8), 2)))
        growth = LOT * rng.choice((0, 0, 1, 2, 10))
        after = rng.choice((0.2, 1, 1, 2, 7))
        self.made.depth_tick(ltp, bids=bids, asks=asks, growth=growth, after_s=after)

    def levels(self, best: float, step: float) -> Side:
        """Return a side of the book, which now and then is empty or thin."""
        count = self.rng.choice((0, 1, 2, 5, 5, 5, 5))
        return tuple(
            (round(best + step * at, 2), LOT * self.rng.choice((1, 1, 2, 5, 40)))
            for at in range(count)
        )

    def enter(self) -> None:
        """Open a trade, sometimes with its own styles."""
        rng = self.rng
        sign = rng.choice((1, -1))
        ltp = round(self.price * 20) / 20
        stop = round(ltp - sign * rng.choice((0.5, 1.0, 2.0, 5.0)), 2)
        target = round(ltp + sign * rng.choice((0.5, 1.5, 4.0)), 2)
        exits = None
        if rng.random() < 0.3:
            exits = ExitOverrides(
                stop_style=rng.choice(("sl_limit", "engine_market")),
                target_style=rng.choice(("limit", "engine_market")),
                enable_partial_exit=rng.random() < 0.5,
            )
        self.made.signal(
            "BUY" if sign > 0 else "SELL",
            LOT * rng.choice((1, 2, 4, 9)),
            stop if rng.random() < 0.9 else None,
            target if rng.random() < 0.8 else None,
            exits=exits,
        )

    def leave_one(self) -> None:
        """Let a person close a trade."""
        found = self.made.engine.ledger.open_positions()
        if found:
            self.made.command("manual_exit", self.rng.choice(found).order_id)

    def check(self) -> None:
        """No trade has more working to close it than is open; unmoved stops cover it whole."""
        desk = self.made.engine.engine.exchange
        assert desk is not None
        for position in self.made.engine.ledger.open_positions():
            group = desk.exchange.floor.group(position.order_id)
            working = [order for order in group.members.values() if not order.is_over]
            if working:
                assert group.open == position.quantity
            by_root: Counter[str] = Counter()
            for order in working:
                if order.state != "NEW":
                    by_root[order.root] += order.pending
            assert max(by_root.values(), default=0) <= position.quantity


def tell(events: list[TradingEvent]) -> None:
    """Fold the events: every trade closes at most once, with as much as it opened."""
    bought: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    realized: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    ledger = Ledger()
    for event in events:
        ledger.apply(decode_event(encode_event(event)))
        if isinstance(event, OrderMoved | ExchangeOrderMoved) and event.fill is not None:
            fill = event.fill
            is_exit = event.is_exit if isinstance(event, ExchangeOrderMoved) else (
                event.from_state != "SUBMITTED"
            )  # fmt: skip
            (sold if is_exit else bought)[event.order_id] += fill.quantity
            realized[event.order_id] += fill.realized_paise
            assert sold[event.order_id] <= bought[event.order_id]
        if isinstance(event, OrderMoved) and event.to_state == "CLOSED":
            closed[event.order_id] += 1
            assert sold[event.order_id] == bought[event.order_id]
            assert realized[event.order_id] == ledger.closed[event.order_id].realized_paise
    assert max(closed.values(), default=1) == 1
    assert sum(realized.values()) == ledger.realized_paise


@pytest.mark.parametrize("seed", seeds(12))
def test_f34_exits_never_reverse_a_trade_and_close_it_once(seed: int) -> None:
    made = Story(seed).run()
    tell(made.events)


@pytest.mark.parametrize("seed", seeds(8))
def test_f33_without_latency_stop_and_target_always_cover_what_is_open(seed: int) -> None:
    story = Story(seed, mode=("depth", "bid_ask")[seed % 2], is_delayed=False)
    made = story.made
    story.tick()
    for _ in range(200):
        if story.rng.random() < 0.08:
            story.enter()
        else:
            story.tick()
        covers(made)


def covers(made: DepthMarket) -> None:
    desk = made.engine.engine.exchange
    assert desk is not None
    for position in made.engine.ledger.open_positions():
        if position.pending is not None:
            continue
        lying = desk.exchange.working_of(position.order_id)
        stops = [order for order in lying if order.kind == "SL"]
        targets = [order for order in lying if order.kind == "LIMIT"]
        if position.exits.stop_at_exchange and position.stop_paise is not None:
            assert sum(order.pending for order in stops) == position.quantity
            triggers = [position.sign * order.trigger_paise for order in stops]
            stop = position.sign * position.stop_paise
            assert stop - 5 < max(triggers) <= stop
        if position.exits.target_at_exchange and position.target_paise is not None:
            assert [(order.pending, order.limit_paise) for order in targets] == [
                (position.quantity, position.target_paise)
            ]


@pytest.mark.parametrize("seed", seeds(8))
def test_with_size_enough_a_stop_at_the_exchange_gives_what_the_engine_gives(seed: int) -> None:
    """The rules of today are the yardstick: same moves, reasons, times and prices."""
    results = []
    for style in ("engine_market", "sl_limit"):
        rng = random.Random(seed)
        made = DepthMarket(
            fill_mode=("depth", "bid_ask")[seed % 2],
            slippage_bps=0,
            stop_style=style,
            sl_limit_buffer=SlLimitBuffer(percent=20, min_ticks=0),
            enable_partial_exit=rng.random() < 0.6,
            partial_exit_when=rng.choice(("losing", "always")),
            trail_step_r=rng.choice((0.25, 0.5, 1.0)),
            enable_break_even=rng.random() < 0.5,
            time_stop_bars=rng.choice((1, 5)),
        )
        price = 2_000
        for _ in range(300):
            jump = rng.random() < 0.05
            price += rng.randint(-30, 30) if jump else rng.randint(-4, 4)
            price = min(max(price, 1_500), 2_500)
            bid = price / 20
            sides = {"bids": ((bid, 65_000),), "asks": ((round(bid + 0.05, 2), 65_000),)}
            made.depth_tick(rng.choice((bid, round(bid + 0.05, 2))), **sides)  # type: ignore[arg-type]
            if rng.random() < 0.06:
                sign = rng.choice((1, -1))
                stop = round(bid - sign * 0.05 * rng.choice((8, 20, 50)), 2)
                made.signal("BUY" if sign > 0 else "SELL", LOT * rng.choice((1, 2, 3)), stop)
        tell(made.events)
        # trade by trade: at one tick stops fire by arrival, not by the number of their trades
        moves: dict[str, list[Any]] = {}
        for event in made.events:
            if isinstance(event, OrderMoved):
                move = (event.ts, event.to_state, event.reason, event.levels)
                moves.setdefault(event.order_id, []).append(move)
        filled: Counter[tuple[str, int, str, int]] = Counter()
        for event in made.events:
            if isinstance(event, OrderMoved | ExchangeOrderMoved) and (fill := event.fill):
                key = (event.order_id, event.ts, fill.transaction_type, fill.price_paise)
                filled[key] += fill.quantity
        results.append((moves, filled))
    assert results[0] == results[1]
    assert {move[2] for own in results[0][0].values() for move in own} & {
        "stop_loss",
        "trailing_stop",
    }


def test_the_stories_meet_what_they_are_about() -> None:
    met: Counter[str] = Counter()
    for seed in range(25):
        for event in Story(seed, mode="depth").run().events:
            if isinstance(event, ExchangeOrderMoved) and event.is_exit:
                met[f"{event.order_type} {event.kind} {event.reason}".strip()] += 1
                met["part of a target"] += event.order_type == "LIMIT" and event.fill is not None
    for wanted in (
        "SL triggered", "SL modified", "SL cancelled exit_group", "SL cancelled replaced",
        "LIMIT cancelled exit_group", "LIMIT cancelled replaced", "SL alert stop_unfilled",
        "SL rejected trigger_already_met",
        "MARKET filled", "part of a target",
    ):  # fmt: skip
        assert met[wanted], (wanted, met)


def test_prices_of_a_story_are_on_the_step() -> None:
    made = Story(1).run(50)
    prices = [price for _, _, price in made.fills()]
    assert prices
    assert all(paise_exact(price) % 5 == 0 for price in prices)
