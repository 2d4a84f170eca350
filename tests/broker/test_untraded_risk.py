"""What orders without a trade hold counts for every risk, and is closed by orders of its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.domain.dates import ist_ns
from daemon.domain.events import ExchangeOrderMoved, PositionMarked, RiskMoved, TradingEvent
from daemon.domain.exchange_order import OrderTerms
from daemon.domain.order import Side
from daemon.settings.config import LatencyConfig, MaxLotsConfig, RiskConfig
from tests.broker.test_carry import CALL as WEEKLY
from tests.broker.test_carry import FUTURE, SHARE, UNIVERSE, Week
from tests.broker.test_gtt import OCO, GttMarket, folded, terms
from tests.kit.market import CALL, CLOSE, DATE

BIDS, ASKS = ((99.95, 650),), ((100.05, 650),)


class ApiMarket(GttMarket):
    """A market in which a program sends orders without a trade."""

    def send(self, side: Side, quantity: int = 65, **more: Any) -> list[TradingEvent]:
        """Send one order on the call; a MARKET unless told otherwise."""
        fields: dict[str, Any] = {"product": "NRML", "is_api": True, "tag": "api"} | more
        orders = self.engine.engine.account.orders
        assert orders is not None
        wanted = OrderTerms(instrument=0, side=side, quantity=quantity, **fields)
        orders.send(orders.next_id(), wanted)
        return self._keep(self.engine.engine.lifecycle.take_events())

    def book(self, **more: Any) -> list[TradingEvent]:
        """A tick with enough on both sides."""
        return self.depth_tick(100, **({"bids": BIDS, "asks": ASKS} | more))

    def held(self) -> dict[str, int]:
        """Return the open quantity of each position without a trade."""
        found = self.engine.ledger.untraded.positions
        return {key: each.quantity for key, each in found.items()}

    def untraded(self) -> list[tuple[str, str, str]]:
        """Return (kind, tag, reason) of every event of an order without a trade."""
        return [
            (e.kind, e.tag, e.reason)
            for e in self.events
            if isinstance(e, ExchangeOrderMoved) and not e.order_id
        ]

    def untraded_fills(self) -> list[tuple[str, int, str]]:
        """Return (side, quantity, tag) of every fill without a trade."""
        return [
            (e.side, e.last_quantity, e.tag)
            for e in self.events
            if isinstance(e, ExchangeOrderMoved) and not e.order_id and e.fill
        ]


def opened(**config: Any) -> ApiMarket:
    market = ApiMarket(**config)
    market.book()
    return market


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_kill_switch_closes_a_position_without_a_trade(side: Side) -> None:
    market = opened()
    market.send(side, 195)
    market.command("kill_switch")
    other = "SELL" if side == "BUY" else "BUY"
    assert market.untraded_fills() == [(side, 195, "api"), (other, 195, "kill_switch")]
    assert market.held() == {}
    assert folded(market.events).untraded == market.engine.ledger.untraded


def test_the_kill_switch_cancels_what_rests_and_closes_what_fills_before_the_cancel() -> None:
    market = opened(latency=LatencyConfig(cancel_ms=2_000))
    market.send("BUY", 130, kind="LIMIT", price_paise=99_00)
    market.command("kill_switch")
    market.depth_tick(98, bids=((97.95, 650),), asks=((98.05, 65),))
    market.depth_tick(98, bids=((97.95, 650),), asks=((99.10, 65),), after_s=3)
    market.depth_tick(98, bids=((97.95, 650),), asks=((99.10, 65),))
    bought = [fill for fill in market.untraded_fills() if fill[0] == "BUY"]
    sold = [fill for fill in market.untraded_fills() if fill[0] == "SELL"]
    assert sum(fill[1] for fill in bought) == sum(fill[1] for fill in sold) > 0
    assert market.held() == {}
    assert ("cancelled", "api", "kill_switch") in market.untraded()


def test_a_close_that_fills_in_parts_goes_on_until_nothing_is_open() -> None:
    market = opened()
    market.send("BUY", 650)
    market.book(bids=((99.95, 65),))
    market.command("kill_switch")
    assert market.held() == {f"{CALL}/NRML": 585}
    for step in range(6):
        market.book(bids=((round(99.90 - 0.05 * step, 2), 130),), after_s=4)
    assert market.held() == {}


def test_a_close_above_the_freeze_quantity_goes_in_several_orders() -> None:
    market = opened()
    market.engine.engine.exchange.begin_date(market.engine.books[0])
    depth = market.engine.engine.exchange.exchange.books[0]
    market.send("BUY", 260)
    depth.day = type(depth.day)(
        opens=depth.day.opens, closes=depth.day.closes, freeze_quantity=130, date=depth.day.date
    )
    market.command("kill_switch")
    assert [fill for fill in market.untraded_fills() if fill[2] == "kill_switch"] == [
        ("SELL", 130, "kill_switch"),
        ("SELL", 130, "kill_switch"),
    ]


@pytest.mark.parametrize(("product", "left"), [("MIS", {}), ("NRML", {f"{CALL}/NRML": 65})])
def test_square_off_closes_by_product(product: str, left: dict[str, int]) -> None:
    market = opened()
    market.send("BUY", product=product)
    market.send("BUY", product=product, kind="LIMIT", price_paise=90_00)
    market.now = CLOSE - 5 * 60 * 10**9
    market.book()
    assert market.held() == left
    assert (("cancelled", "api", "square_off") in market.untraded()) is (product == "MIS")


def test_what_square_off_could_not_close_is_forced_at_the_close() -> None:
    market = opened()
    market.send("BUY", product="MIS")
    market.now = CLOSE
    market.clock(1)
    assert market.held() == {}
    assert market.untraded()[-1] == ("settled", "square_off", "square_off")
    books = AccountBooks(market.engine.universe)
    for event in market.events:
        books.apply(event)
    assert books.positions.quantity(CALL, "MIS") == 0
    assert [each.exchange_id for each in books.settlements] == [""]


def test_a_days_loss_counts_what_orders_without_a_trade_lost_and_what_is_open() -> None:
    market = opened(risk=RiskConfig(daily_loss_rupees=1_000, daily_loss_counts="net_open"))
    market.send("BUY", 65)
    market.depth_tick(84, bids=((83.95, 650),), asks=((84.05, 650),))
    market.signal("BUY", 65)
    assert market.moves()[-1] == ("REJECTED", "daily_loss")
    realized = opened(risk=RiskConfig(daily_loss_rupees=1_000))
    realized.send("BUY", 65)
    realized.depth_tick(84, bids=((83.95, 650),), asks=((84.05, 650),))
    realized.signal("BUY", 65)
    assert realized.moves()[-1] == ("ACTIVE", "active")
    realized.send("SELL", 65)
    realized.signal("BUY", 65)
    assert realized.moves()[-1] == ("REJECTED", "daily_loss")


def loss_limit() -> RiskConfig:
    return RiskConfig(
        daily_loss_rupees=1_000, daily_loss_counts="net_open", on_daily_loss="flatten"
    )


def test_a_days_loss_closes_positions_without_a_trade_and_outlives_a_start() -> None:
    market = opened(risk=loss_limit())
    market.send("BUY", 65)
    market.depth_tick(84, bids=((83.95, 650),), asks=((84.05, 650),), after_s=60)
    market.clock(60)
    market.depth_tick(84, bids=((83.95, 650),), asks=((84.05, 650),))
    assert [e.reason for e in market.events if isinstance(e, RiskMoved)] == ["daily_loss"]
    assert market.held() == {}
    inputs = [event.input_no for event in market.events] + [-1]
    ends = [at for at in range(1, len(inputs)) if inputs[at] != inputs[at - 1]]
    assert len(ends) > 1
    for kept in ends:  # a start drops what was decided at an input that is not complete
        again = ApiMarket(risk=loss_limit(), ledger=folded(market.events[:kept]))
        again.now = market.now
        for _ in range(3):
            again.depth_tick(84, bids=((83.95, 650),), asks=((84.05, 650),), after_s=60)
        assert again.held() == {}, kept
        again.send("BUY", 65)
        assert again.untraded()[-1][0] == "rejected", kept


@pytest.mark.parametrize("command", ["risk_reducing", "risk_halted", "kill_switch"])
def test_an_order_that_opens_is_refused_and_one_that_reduces_is_not(command: str) -> None:
    market = opened()
    market.send("BUY", 195)
    if command != "kill_switch":
        market.command(command)
        market.send("SELL", 65)
        assert market.held() == {f"{CALL}/NRML": 130}
    else:
        market.command(command)
    market.send("BUY", 65)
    reasons = {"risk_reducing": "reducing", "risk_halted": "halted", "kill_switch": "kill_switch"}
    assert market.untraded()[-1] == ("rejected", "api", reasons[command])
    market.send("SELL", 195)
    assert market.untraded()[-1][0] == "rejected"


def test_two_resting_reductions_do_not_reduce_the_same_units_twice() -> None:
    market = opened()
    market.send("BUY", 65)
    market.send("SELL", 65, kind="LIMIT", price_paise=110_00)
    market.command("risk_reducing")
    market.send("SELL", 65, kind="LIMIT", price_paise=110_00)
    assert market.untraded()[-1] == ("rejected", "api", "reducing")


def test_a_gtt_asks_the_gates_when_it_fires_and_says_why_not() -> None:
    market = opened(risk=RiskConfig(max_lots=MaxLotsConfig(underlying=1)))
    market.place(terms((95, 94.50), side="BUY", quantity=130))
    market.depth_tick(95, bids=((94.90, 650),), asks=((95.10, 650),))
    *_, fired, refused = market.events
    assert isinstance(refused, ExchangeOrderMoved)
    assert (refused.kind, refused.reason) == ("rejected", "max_lots")
    assert refused.numbers == {"of": "underlying", "held": 0, "lots": 2, "limit": 1}
    assert refused.exchange_id == getattr(fired, "exchange_id", None)
    books = AccountBooks(market.engine.universe)
    for event in market.events:
        books.apply(event)
    assert books.refused == {refused.exchange_id: "max_lots"}


def test_a_gtt_that_closes_a_trade_is_not_asked() -> None:
    market = opened(enable_partial_exit=False)
    market.signal("BUY", 65, product="NRML")
    market.place(OCO)
    market.command("risk_reducing")
    market.depth_tick(95, bids=((94.90, 650),), asks=((95.10, 650),))
    assert market.untraded_fills() == [("SELL", 65, "gtt")]


def test_what_must_leave_leaves_at_the_next_start() -> None:
    market = opened()
    market.send("BUY", 650)
    market.book(bids=((99.95, 65),))
    market.command("kill_switch")
    assert market.held() == {f"{CALL}/NRML": 585}
    again = ApiMarket(ledger=folded(market.events))
    assert again.engine.ledger.untraded.positions[f"{CALL}/NRML"].closing == "kill_switch"
    again.now = ist_ns(DATE, dt.time(11, 0))
    again.book()
    assert again.held() == {}


class ApiWeek(Week):
    """The week of `test_carry`, its positions made by orders without a trade."""

    def _enter(self) -> None:
        orders = self.engine.engine.account.orders
        assert orders is not None
        sides: tuple[tuple[str, Side, int], ...] = (
            (FUTURE, "BUY", 65), (SHARE, "SELL", 500), (WEEKLY, "BUY", 65),
        )  # fmt: skip
        for symbol, side, quantity in sides:
            index = UNIVERSE.index_of(symbol)
            assert index is not None
            terms = OrderTerms(
                instrument=index, side=side, quantity=quantity, product="NRML", is_api=True
            )
            orders.send(orders.next_id(), terms)
        self._keep(self.engine.engine.lifecycle.take_events())


def marked(events: list[TradingEvent]) -> list[tuple[int, int, int]]:
    """Return (when, close, paid) of every daily mark."""
    return [(e.ts, e.close_paise, e.m2m_paise) for e in events if isinstance(e, PositionMarked)]


@pytest.mark.parametrize("restarts", [False, True], ids=["one engine", "a start each morning"])
def test_a_week_over_nights_moves_cash_as_trades_do(restarts: bool) -> None:
    """Marks, delivery, expiries and settlements of positions without a trade."""
    of_trades, week = Week(restarts=restarts).run(), ApiWeek(restarts=restarts).run()
    assert week.cash == of_trades.cash
    assert week.carried == of_trades.carried
    assert marked(week.events) == marked(of_trades.events)
    ledger = week.engine.ledger
    assert not ledger.positions
    assert not ledger.untraded.positions
    assert ledger.untraded.realized_paise == of_trades.engine.ledger.realized_paise
    ends = [
        (e.kind, e.reason or e.tag)
        for e in week.events
        if isinstance(e, ExchangeOrderMoved) and e.is_exit and e.fill
    ]
    assert ends == [
        ("settled", "expiry"), ("filled", "physical_settlement"), ("settled", "expiry"),
    ]  # fmt: skip
