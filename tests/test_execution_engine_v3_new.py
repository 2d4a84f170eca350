"""The 24 tests of the original list, by name."""

from __future__ import annotations

import msgspec
import pytest

from daemon.domain.dates import SECOND_NS
from daemon.domain.errors import InvalidTransition
from daemon.domain.events import ExitDemand, OrderCreated, OrderMoved
from daemon.domain.instrument import Instrument
from daemon.domain.ledger import Ledger
from daemon.domain.order import ExitRules, OrderState
from daemon.exchange.fills import FillEngine
from daemon.execution.builder import OrderBuilder
from daemon.execution.engine import ExecutionEngineV3
from daemon.execution.exits.stop_loss import StopLossManager
from daemon.execution.exits.take_profit import TakeProfitManager
from daemon.execution.exits.time_stop import TimeStopManager
from daemon.execution.exits.trailing_stop import StopMove, TrailingStopManager
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.settings.config import ExecutionConfig
from tests.kit.market import CALL, OPEN, Market, a_position, an_order, quote

S = OrderState
INSTRUMENT = Instrument(instrument_token=1, tradingsymbol=CALL, lot_size=25, tick_paise=5)


class TestOrderBuilder:
    def builder(self) -> OrderBuilder:
        return OrderBuilder(ExecutionConfig(), Ledger())

    def test_build_basic_order(self) -> None:
        order = self.builder().build_order(
            CALL, 50, "BUY", tag="t", strategy_id="orb", ts=OPEN, instrument=INSTRUMENT
        )
        assert order.order_id == "V3-20261118-000001"
        assert (order.tradingsymbol, order.quantity, order.transaction_type) == (CALL, 50, "BUY")
        assert (order.lot_size, order.tick_paise, order.number) == (25, 5, 1)
        assert (order.sl_paise, order.tp_paise) == (None, None)
        assert (order.strategy_id, order.tag, order.timeframe) == ("orb", "t", "1m")
        assert (order.state, order.created_ts, order.history) == (S.CREATED, OPEN, [])

    def test_build_order_with_sl_tp(self) -> None:
        long = self.builder().build_order(
            CALL, 50, "BUY", 95.025, 112.025, ts=OPEN, instrument=INSTRUMENT
        )
        assert (long.sl_paise, long.tp_paise) == (9500, 11205)  # ties go away from the position
        short = self.builder().build_order(
            CALL, 50, "SELL", 105.025, 88.025, ts=OPEN, instrument=INSTRUMENT
        )
        assert (short.sl_paise, short.tp_paise) == (10505, 8800)

    def test_build_order_with_time_stop(self) -> None:
        def bars(asked: int | None) -> int:
            order = self.builder().build_order(CALL, 50, "BUY", time_stop_bars=asked, ts=OPEN)
            return order.exits.time_stop_bars

        assert [bars(7), bars(None), bars(0)] == [7, 20, 0]


class TestFillEngine:
    def test_determine_fill_price_ltp_mode(self) -> None:
        fills = FillEngine(ExecutionConfig(fill_mode="ltp", slippage_bps=5))
        at = quote(100, 99.5, 100.5)
        assert fills.determine_fill_price(at, "BUY", 5) == 10005
        assert fills.determine_fill_price(at, "SELL", 5) == 9995

    def test_determine_fill_price_mid_mode(self) -> None:
        fills = FillEngine(ExecutionConfig(fill_mode="mid", slippage_bps=5))
        assert fills.determine_fill_price(quote(101, 99.5, 100.5), "BUY", 5) == 10005
        assert fills.determine_fill_price(quote(2, 2, 2.05), "BUY", 5) == 205
        assert fills.determine_fill_price(quote(2, 2, 2.05), "SELL", 5) == 200
        assert fills.determine_fill_price(quote(101, 0, 100.5), "SELL", 5) == 10095  # ltp

    def test_fill_order(self) -> None:
        fills = FillEngine(ExecutionConfig(fill_mode="bid_ask", slippage_bps=5))
        fill = fills.fill_order(
            an_order(), quote(100, 99.5, 100.5), ts=OPEN + SECOND_NS, side="BUY", quantity=50
        )
        assert (fill.price_paise, fill.quantity, fill.rule) == (10055, 50, "ask")
        assert (fill.base_half_paise, fill.slippage_half_paise) == (20100, 10)
        assert (fill.ltp_paise, fill.bid_paise, fill.ask_paise) == (10000, 9950, 10050)
        assert (fill.quote_age_ns, fill.bid_ask_paise, fill.stale) == (SECOND_NS, 10055, False)


class TestStopLossManager:
    manager = StopLossManager()

    def test_check_stop_loss_not_breached(self) -> None:
        assert not self.manager.check_stop_loss(a_position(), 9501)
        assert not self.manager.check_stop_loss(a_position("SELL", stop=105, target=88), 10499)
        assert not self.manager.check_stop_loss(a_position(stop=None), 1)

    def test_check_stop_loss_breached_long(self) -> None:
        assert self.manager.check_stop_loss(a_position(), 9500)
        assert self.manager.check_stop_loss(a_position(), 9400)

    def test_check_stop_loss_breached_short(self) -> None:
        short = a_position("SELL", stop=105, target=88)
        assert self.manager.check_stop_loss(short, 10500)
        assert self.manager.check_stop_loss(short, 10600)

    def test_execute_partial_stop_loss(self) -> None:
        demand = self.manager.execute_stop_loss(a_position(qty=75), 9490)
        assert demand == ExitDemand(quantity=25, partial=True, level_paise=9500, ltp_paise=9490)

    def test_execute_full_stop_loss(self) -> None:
        full = ExitDemand(quantity=25, level_paise=9500, ltp_paise=9490)
        assert self.manager.execute_stop_loss(a_position(qty=25), 9490) == full
        rest = a_position(qty=50, on_rest=True)
        assert self.manager.execute_stop_loss(rest, 9490).quantity == 50
        assert not self.manager.execute_stop_loss(rest, 9490).partial


class TestTakeProfitManager:
    manager = TakeProfitManager()

    def test_check_take_profit_not_hit(self) -> None:
        assert not self.manager.check_take_profit(a_position(), 11199)
        assert not self.manager.check_take_profit(a_position("SELL", stop=105, target=88), 8801)
        assert not self.manager.check_take_profit(a_position(target=None), 99999)

    def test_check_take_profit_hit_long(self) -> None:
        assert self.manager.check_take_profit(a_position(), 11200)
        assert self.manager.check_take_profit(a_position(), 11300)

    def test_execute_take_profit(self) -> None:
        demand = self.manager.execute_take_profit(a_position(), 11300)
        assert demand == ExitDemand(quantity=50, level_paise=11200, ltp_paise=11300)


class TestTrailingStopManager:
    def test_update_trailing_stop_long(self) -> None:
        manager, position = TrailingStopManager(), a_position()
        assert manager.update_trailing_stop(position, 10249) is None
        assert manager.update_trailing_stop(position, 10250) == StopMove(9750, 1, 10250)
        assert manager.update_trailing_stop(position, 10520) == StopMove(10000, 2, 10520)
        assert manager.next_level(position) == 10250
        position.stop_paise, position.ladder_steps = 9750, 1
        assert manager.update_trailing_stop(position, 10200) is None  # never down
        assert manager.next_level(position) == 10500


class TestTimeStopManager:
    manager = TimeStopManager()

    def test_check_time_stop_not_reached(self) -> None:
        assert not self.manager.check_time_stop(a_position(), 19)
        assert not self.manager.check_time_stop(a_position(exits=ExitRules()), 10_000)

    def test_check_time_stop_reached(self) -> None:
        assert self.manager.check_time_stop(a_position(), 20)
        assert self.manager.check_time_stop(a_position(), 21)

    def test_execute_time_stop(self) -> None:
        demand = self.manager.execute_time_stop(a_position(), 20)
        assert demand == ExitDemand(quantity=50, bars_held=20)


class TestTradeLifecycleManager:
    def created(self) -> tuple[TradeLifecycleManager, OrderMoved]:
        manager = TradeLifecycleManager(Ledger())
        manager.record(
            OrderCreated(
                seq=1, ts=OPEN, input_no=1, order_id="V3-20261118-000001", tradingsymbol=CALL,
                transaction_type="BUY", quantity=50, product="MIS", lot_size=25, tick_paise=5,
                sl_paise=None, tp_paise=None, exits=ExitRules(), strategy_id="orb", timeframe="1m",
            )
        )  # fmt: skip
        move = OrderMoved(
            seq=2, ts=OPEN, input_no=1, order_id="V3-20261118-000001", from_state=S.CREATED,
            to_state=S.SUBMITTED, reason="submitted",
        )  # fmt: skip
        return manager, move

    def test_transition_state(self) -> None:
        manager, move = self.created()
        manager.transition_state(move)
        order = manager.ledger.orders["V3-20261118-000001"]
        assert (order.state, order.status_message) == (S.SUBMITTED, "submitted")
        assert [(each.seq, each.state) for each in order.history] == [(2, S.SUBMITTED)]
        assert [each.seq for each in manager.take_events()] == [1, 2]
        assert manager.take_events() == []

    def test_can_transition_valid(self) -> None:
        manager = TradeLifecycleManager(Ledger())
        for before, after in (
            (S.CREATED, S.SUBMITTED), (S.SUBMITTED, S.FILLED), (S.FILLED, S.ACTIVE),
            (S.ACTIVE, S.SL_PENDING), (S.SL_PENDING, S.ACTIVE), (S.SL_PENDING, S.CLOSED),
            (S.SUBMITTED, S.CANCELLED), (S.CLOSED, S.ARCHIVED),
        ):  # fmt: skip
            assert manager.can_transition(an_order(state=before), after), (before, after)

    def test_can_transition_invalid(self) -> None:
        manager, move = self.created()
        order = manager.ledger.orders["V3-20261118-000001"]
        assert not manager.can_transition(order, S.ACTIVE)
        assert not manager.can_transition(an_order(state=S.ARCHIVED), S.ACTIVE)
        before = msgspec.json.encode(manager.ledger)
        for wrong in (
            msgspec.structs.replace(move, to_state=S.ACTIVE),
            msgspec.structs.replace(move, from_state=S.SUBMITTED, to_state=S.FILLED),
        ):
            with pytest.raises(InvalidTransition):
                manager.transition_state(wrong)
        assert msgspec.json.encode(manager.ledger) == before


class TestExecutionEngineV3:
    def engine(self, market: Market) -> ExecutionEngineV3:
        assert isinstance(market.engine.engine, ExecutionEngineV3)
        return market.engine.engine

    def test_initialization(self) -> None:
        engine = self.engine(Market())
        assert engine.name == "v3"
        assert engine.ledger == Ledger()
        assert engine.get_positions() == []
        assert len(engine.books) == 3  # two instruments and the idle book

    def test_get_metrics(self) -> None:
        market = Market()
        market.tick(100)
        market.signal("BUY", 50, 95, 112)
        market.signal("BUY", 60)
        market.tick(94.95)
        market.tick(96)
        metrics = self.engine(market).get_metrics()
        assert metrics["total_orders"] == 2
        assert metrics["active_positions"] == 1
        assert metrics["realized_pnl"] == -126.25  # the part counts before the close
        assert metrics["unrealized_pnl"] == -100.0
        assert metrics["total_pnl"] == -226.25
        assert metrics["orders_by_state"] == {"ACTIVE": 1, "REJECTED": 1}
        assert metrics["refusals"] == {"lot_size": 1}

    def test_get_positions(self) -> None:
        market = Market()
        market.tick(100)
        market.signal("SELL", 50, 105, 88)
        market.tick(101)
        market.tick(99)
        market.minutes(3)
        (position,) = self.engine(market).get_positions()
        assert position["order_id"] == "V3-20261118-000001"
        assert (position["quantity"], position["average_price"]) == (-50, 100.0)
        assert (position["stop_price"], position["target_price"]) == (105.0, 88.0)
        assert (position["last_price"], position["unrealized_pnl"]) == (99.0, 50.0)
        assert (position["best_price"], position["worst_price"]) == (99.0, 101.0)
        assert (position["bars_held"], position["state"]) == (3, "ACTIVE")
