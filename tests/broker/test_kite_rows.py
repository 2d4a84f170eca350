"""Positions and funds in Kite's fields, against the numbers of Kite's own sample."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.broker.executions import Execution
from daemon.broker.funds import FundsBook, Margin
from daemon.broker.kite_rows import equity_fields, order_fields, position_fields, trade_fields
from daemon.broker.positions import Mark, NetPosition, PositionBook, day_row, net_row
from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument
from daemon.domain.order import Side
from tests.broker.audited import Audit
from tests.exchange.depth_market import DepthMarket

FUTURE = Instrument(instrument_token=53505799, tradingsymbol="GOLDGUINEA17DECFUT", exchange="MCX")
CARRIED = NetPosition(
    tradingsymbol=FUTURE.tradingsymbol, product="NRML",
    overnight_quantity=3, overnight_paise=69_171_00,
    day_buy_quantity=1, day_buy_paise=23_388_00,
    day_sell_quantity=4, day_sell_paise=93_360_00,
)  # fmt: skip
MARK = Mark(last_paise=23_355_00, close_paise=23_232_00)
NET = {
    "tradingsymbol": "GOLDGUINEA17DECFUT", "exchange": "MCX", "instrument_token": 53505799,
    "product": "NRML", "quantity": 0, "overnight_quantity": 3, "multiplier": 1,
    "average_price": 0, "close_price": 23232, "last_price": 23355, "value": 801, "pnl": 801,
    "m2m": 276, "unrealised": 801, "realised": 0, "buy_quantity": 4, "buy_price": 23139.75,
    "buy_value": 92559, "buy_m2m": 93084, "sell_quantity": 4, "sell_price": 23340,
    "sell_value": 93360, "sell_m2m": 93360, "day_buy_quantity": 1, "day_buy_price": 23388,
    "day_buy_value": 23388, "day_sell_quantity": 4, "day_sell_price": 23340,
    "day_sell_value": 93360,
}  # fmt: skip
DAY = NET | {
    "quantity": -3, "overnight_quantity": 0, "average_price": 23340, "value": 69972, "pnl": -93,
    "m2m": -93, "unrealised": -93, "buy_quantity": 1, "buy_price": 23388, "buy_value": 23388,
    "buy_m2m": 23388,
}  # fmt: skip


def test_a_carried_position_that_was_sold_has_the_numbers_of_kites_sample() -> None:
    assert position_fields(net_row(CARRIED, MARK), FUTURE) == NET
    assert position_fields(day_row(CARRIED, MARK), FUTURE) == DAY


def executed(
    side: Side,
    quantity: int,
    paise: int,
    *,
    symbol: str = "X",
    order_id: str = "",
    charge: str = "0",
) -> Execution:
    return Execution(
        trade_id="1", ts=0, day=1, order_id=order_id, exchange_id="X-1", tradingsymbol=symbol,
        product="NRML", side=side, quantity=quantity, price_paise=paise,
        charges=Charges(total=charge),
    )  # fmt: skip


def test_a_short_is_carried_at_what_it_brought_and_the_rest_is_banked() -> None:
    book = PositionBook()
    for execution in (executed("SELL", 3, 101), executed("SELL", 4, 100), executed("BUY", 2, 90)):
        book.take(execution)
    before = book.net({"X": Mark(last_paise=95)})[0].pnl_paise
    book.roll()
    (row,) = book.net({"X": Mark(last_paise=95)})
    assert (row.quantity, row.overnight_quantity, row.sell_paise) == (-5, -5, 502)  # 703 x 5/7
    assert book.banked_paise == 703 - 180 - 502
    assert book.banked_paise + row.pnl_paise == before
    assert book.day({}) == []


def test_a_flat_position_is_gone_the_next_day() -> None:
    book = PositionBook()
    book.take(executed("BUY", 5, 100))
    book.take(executed("SELL", 5, 110))
    book.roll()
    assert book.net({}) == []
    assert book.banked_paise == 50


def test_a_position_without_a_price_is_worth_what_it_cost() -> None:
    book = PositionBook()
    book.take(executed("BUY", 5, 100))
    book.take(executed("SELL", 2, 110))
    (row,) = book.net({})
    assert row.pnl_paise == 20
    assert row.m2m_paise == 20


def test_premium_moves_cash_and_a_future_moves_it_when_it_realizes() -> None:
    cash = FundsBook(1_000_00, lambda symbol: symbol == "CE")
    cash.take(executed("BUY", 10, 50_00, symbol="CE", charge="1.5"))
    cash.take(executed("BUY", 2, 1_000_00, symbol="FUT"))
    assert cash.cash == Decimal("498.5")
    cash.take(executed("SELL", 1, 1_100_00, symbol="FUT"))
    cash.take(executed("SELL", 4, 60_00, symbol="CE"))
    assert cash.cash == Decimal("838.5")  # 1000 - 500 - 1.5 + 100 + 240
    funds = cash.funds({"FUT": 990_00}, Margin(span_rupees=100, exposure_rupees=20))
    assert [funds.option_premium, funds.m2m_realised, funds.m2m_unrealised] == [260, 100, -10]
    assert funds.net == Decimal("718.5")
    assert funds.debits == funds.opening_balance - funds.net


def test_what_was_reversed_without_a_trade_begins_a_new_cost() -> None:
    cash = FundsBook(0, lambda symbol: False)
    cash.take(executed("BUY", 3, 100_00))
    cash.take(executed("SELL", 5, 110_00))
    assert cash.cash == 30
    cash.take(executed("BUY", 2, 100_00))
    assert cash.cash == 50


def test_a_mark_moves_cash_and_is_not_paid_again_when_the_future_is_closed() -> None:
    cash = FundsBook(0, lambda symbol: False)
    cash.take(executed("BUY", 4, 100_00, order_id="V3-1"))
    cash.mark("V3-1", 105_00)
    assert [cash.cash, cash.carried_paise] == [20, 20_00]
    cash.roll()
    assert cash.funds({"X": 107_00}).m2m_unrealised == 8
    cash.take(executed("SELL", 1, 103_00, order_id="V3-1"))
    assert [cash.cash, cash.carried_paise] == [18, 15_00]  # 20 + (3 - 5)
    cash.mark("V3-1", 90_00)
    assert cash.cash == 3 - 30
    cash.take(executed("SELL", 3, 120_00, order_id="V3-1"))
    assert [cash.cash, cash.carried_paise] == [63, 0]


def test_the_equity_segment_has_kites_fields() -> None:
    row = equity_fields(FundsBook(500_000_00, bool).funds({}, Margin(span_rupees=1)))
    assert row["net"] == 499_999.0
    assert set(row) == {"enabled", "net", "available", "utilised"}


@pytest.fixture
def bought() -> Audit:
    """65 bought in depth mode at 100, protected by a stop."""
    market = DepthMarket(charges=True)
    market.depth_tick()
    market.signal("BUY", 195, sl=95.0, tag="mine")
    audit = Audit(market.engine.universe)
    for event in market.events:
        audit.take(event)
    return audit


def test_an_order_and_its_trades_have_kites_fields(bought: Audit) -> None:
    (order,) = bought.books.orders.all()
    instrument = bought.books.instrument(order.tradingsymbol)
    row = order_fields(order, instrument)
    assert row["order_id"] == "X-20261118-000001-1"
    assert (row["status"], row["filled_quantity"], row["pending_quantity"]) == ("COMPLETE", 195, 0)
    assert (row["order_type"], row["price"], row["tag"]) == ("LIMIT", 101.0, "mine")
    assert row["average_price"] == pytest.approx((130 * 100 + 65 * 100.05) / 195)
    assert row["order_timestamp"] == "2026-11-18 09:15:01"
    trades = [trade_fields(each, instrument) for each in bought.books.trades]
    assert [(each["quantity"], each["average_price"]) for each in trades] == [
        (130, 100.0), (65, 100.05),
    ]  # fmt: skip
    assert {each["order_id"] for each in trades} == {row["order_id"]}
    assert [move.kind for move in order.history] == ["accepted", "open", "filled", "filled"]
