"""The order book of trades in simple fill modes, and of orders at the paper exchange."""

from __future__ import annotations

from decimal import Decimal

from daemon.broker.account_books import AccountBooks
from daemon.broker.kite_rows import charge_fields
from daemon.broker.order_book import BrokerOrder
from daemon.domain.dates import ist_day
from daemon.domain.events import Charges, ExchangeOrderMoved, Fill
from tests.exchange.depth_market import DepthMarket
from tests.kit.drive import FixedRules
from tests.kit.market import CALL, DATE, OPEN, Market
from tests.kit.tariff import Tariff


def books_of(market: Market) -> AccountBooks:
    books = AccountBooks(market.engine.universe)
    for event in market.events:
        books.apply(event)
    return books


def told(order: BrokerOrder) -> tuple[str, str, str, int]:
    return order.exchange_id[-2:], order.side, order.state.value, order.filled


def test_a_simple_mode_derives_one_order_for_the_entry_and_one_for_each_exit() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 50, sl=95.0)
    market.tick(94)
    market.tick(80)
    books = books_of(market)
    assert [told(each) for each in books.orders.all()] == [
        ("-1", "BUY", "COMPLETE", 50),
        ("-2", "SELL", "COMPLETE", 25),
        ("-3", "SELL", "COMPLETE", 25),
    ]
    assert [trade.exchange_id[-2:] for trade in books.trades] == ["-1", "-2", "-3"]
    assert [each.order_type for each in books.orders.all()] == ["MARKET"] * 3


def test_an_entry_that_waits_is_open_and_one_that_finds_no_price_is_rejected() -> None:
    market = Market(latency_ms=500)
    market.tick(100)
    market.signal("BUY", 50)
    (order,) = books_of(market).orders.all()
    assert (order.state, order.pending) == ("OPEN", 50)
    market.clock(40)
    (order,) = books_of(market).orders.all()
    assert (order.state, order.status_message, order.pending) == ("REJECTED", "no_price", 0)


def test_an_entry_that_a_gate_refused_is_no_order() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 51)
    assert books_of(market).orders.all() == []


def test_what_is_over_leaves_the_book_with_its_day() -> None:
    market = Market(latency_ms=500)
    market.tick(100)
    market.signal("BUY", 50)
    market.tick(101)
    market.signal("BUY", 25)
    books = books_of(market)
    books.begin_day(ist_day(market.now) + 1)
    assert [(each.exchange_id[-3:], each.state) for each in books.orders.all()] == [("2-1", "OPEN")]
    assert books.trades == []


def test_slices_are_orders_of_their_own() -> None:
    class Frozen(FixedRules):
        def freeze_quantity(self, *_: object) -> int:
            return 100

    market = DepthMarket()
    market.depth_tick()
    desk = market.engine.engine.exchange
    assert desk is not None
    desk._rules = Frozen({})
    desk._days = [None] * len(desk._days)
    market.depth_tick()
    market.signal("BUY", 195)
    market.clock(0.2)
    market.depth_tick()
    orders = books_of(market).orders.all()
    assert [each.exchange_id.rpartition("-")[2] for each in orders] == ["1/1", "1/2", "1/3"]
    assert [each.quantity for each in orders] == [65, 65, 65]


def test_parts_are_charged_as_one_order() -> None:
    tariff = Tariff(
        since=DATE, brokerage=Decimal(20), brokerage_percent=Decimal("0.03"),
        buyer_percent=Decimal("0.003"), gst_percent=Decimal(18),
    )  # fmt: skip
    market = DepthMarket(charges=True)
    rules = market.engine.engine.rules
    assert isinstance(rules, FixedRules)
    rules._tariffs = (tariff,)
    market.depth_tick()
    market.signal("BUY", 585, sl=95.0)
    books = books_of(market)
    (order,) = books.orders.all()
    whole = tariff.order(books.instrument(CALL), "BUY", 1, order.value_paise)
    assert len(books.trades) == 3
    assert order.charges.total == Decimal(whole.total) == books.cash.charges
    assert charge_fields(order)["brokerage"] == float(whole.brokerage)


def of_nobody(kind: str, state: str, seq: int, **more: object) -> ExchangeOrderMoved:
    fields: dict[str, object] = {
        "seq": seq, "ts": OPEN, "input_no": 1, "order_id": "", "exchange_id": "X-20261118-000007",
        "kind": kind, "state": state, "side": "SELL", "order_type": "LIMIT", "quantity": 65,
        "tradingsymbol": CALL, "product": "NRML", "tag": "gtt",
    }  # fmt: skip
    return ExchangeOrderMoved(**(fields | more))  # type: ignore[arg-type]


def test_an_order_without_a_trade_is_in_all_books() -> None:
    books = AccountBooks(Market().engine.universe)
    books.apply(of_nobody("accepted", "NEW", 1))
    books.apply(of_nobody("open", "OPEN", 2, limit_paise=99_00))
    fill = Fill(
        transaction_type="SELL", quantity=65, price_paise=100_00, rule="depth",
        base_half_paise=0, slippage_half_paise=0, ltp_paise=100_00, bid_paise=0, ask_paise=0,
        quote_ts=OPEN, quote_age_ns=0, bid_ask_paise=100_00, charges=Charges(total="23.6"),
    )  # fmt: skip
    books.apply(of_nobody("filled", "COMPLETE", 3, filled=65, fill=fill))
    (order,) = books.orders.all()
    assert (order.product, order.tag, order.filled, order.pending) == ("NRML", "gtt", 65, 0)
    assert books.positions.quantity(CALL, "NRML") == -65
    assert books.cash.charges == Decimal("23.6")
    assert [trade.order_id for trade in books.trades] == [""]


def test_a_stop_at_the_exchange_is_counted_after_the_entry_of_a_simple_mode() -> None:
    market = DepthMarket(fill_mode="bid_ask", stop_style="sl_limit")
    market.depth_tick(100)
    market.signal("BUY", 65, sl=95.0)
    market.depth_tick(101)
    market.signal("EXIT")
    market.depth_tick(101)
    orders = books_of(market).orders.all()
    assert [(each.exchange_id[-2:], each.order_type, each.filled) for each in orders] == [
        ("-1", "MARKET", 65), ("-2", "SL", 0), ("-3", "MARKET", 65),
    ]  # fmt: skip
