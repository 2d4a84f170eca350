"""W6, orders: how near a resting order came, its place in the queue, and why that is not known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.domain.dates import SECOND_NS
from daemon.domain.events import ExchangeOrderMoved, QueuePlace
from daemon.domain.instrument import Instrument
from daemon.domain.order_requests import CancelOrder, ModifyOrder
from daemon.quotes.reader import SharedQuote
from daemon.report.fold import RunFold
from daemon.web.fold.approaches import Approaches
from daemon.web.fold.book import Book
from daemon.web.fold.exchange_orders import WorkingOrders
from daemon.web.panels.orders import BEYOND, WHOLE, orders_over_panel, orders_panel
from daemon.web.sources.pending_changes import PendingChanges
from tests.oracle.plan_scenario import moment
from tests.web.plan_view import Quotes, quote, view_of

DAY = dt.date(2026, 11, 30)
START = moment(DAY, "10:00")
SYMBOL = "24000CE"
DEPTH = {"execution": {"fill_mode": "depth"}}
OPTION = Instrument(
    instrument_token=1, tradingsymbol=SYMBOL, exchange="NFO", segment="NFO-OPT", name="NIFTY",
    instrument_type="CE", tick_paise=5, lot_size=65, expiry="2026-12-01", strike_paise=2_400_000,
)  # fmt: skip
BIDS = ((10_000, 650), (9_995, 1_300), (9_990, 130), (9_985, 65), (9_980, 65))
ASKS = ((10_010, 65), (10_015, 65), (10_020, 65), (10_025, 65), (10_030, 65))


def event(kind: str, state: str, second: int, **more: Any) -> ExchangeOrderMoved:
    given: dict[str, Any] = {
        "seq": second + 1, "ts": START + second * SECOND_NS, "input_no": second + 1,
        "order_id": "V3-20261130-000001", "exchange_id": "V3-20261130-000001-1", "kind": kind,
        "state": state, "side": "BUY", "order_type": "LIMIT", "quantity": 65, "limit_paise": 9_990,
    }  # fmt: skip
    return ExchangeOrderMoved(**(given | more))


def market_at(second: int, **more: Any) -> SharedQuote:
    given: dict[str, Any] = {"bids": BIDS, "asks": ASKS} | more
    return quote(given.pop("ltp", 10_005), START + second * SECOND_NS, **given)


class Desk:
    """Orders and quotes that are given, and what the page sees of them."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.book = Book(RunFold())
        self.market = Quotes([OPTION], START)
        self.approaches = Approaches()
        self.config = config or DEPTH
        self.changes = PendingChanges()

    def tell(self, *events: ExchangeOrderMoved) -> Desk:
        for each in events:
            self.book.working.take(each, SYMBOL)
        return self

    def see(self, *quotes: SharedQuote) -> Desk:
        for each in quotes:
            self.market.known[SYMBOL] = each
            self.market.clock_ns = each.ts
            working: WorkingOrders = self.book.working
            self.approaches.look(working.all(), working.over, self.market.quote)
        return self

    def rows(self, panel: Any = orders_panel) -> list[dict[str, Any]]:
        view = view_of(self.book, self.market, self.config)
        view.approaches, view.changes = self.approaches, self.changes
        found: list[dict[str, Any]] = panel(view)
        return found

    def row(self) -> dict[str, Any]:
        [found] = self.rows()
        return found


RESTS = (
    event("accepted", "NEW", 0),
    event("open", "OPEN", 1, queue=QueuePlace(market_after=400)),
)


def test_a_resting_buy_counts_from_the_lowest_ask_that_was_seen() -> None:
    desk = Desk().tell(*RESTS).see(market_at(2))
    desk.see(market_at(3, asks=((9_995, 65), *ASKS)), market_at(4))
    row = desk.row()
    assert (row["nearest_paise"], row["away_paise"]) == (5, 20)
    assert row["nearest_ms"] == (START + 3 * SECOND_NS) // 1_000_000
    assert row["seen_ms"] == (START + 2 * SECOND_NS) // 1_000_000


def test_a_change_is_shown_from_its_request_until_the_exchange_has_answered_it() -> None:
    desk = Desk().tell(*RESTS).see(market_at(2))
    order_id = desk.row()["order"]
    for input_no, order in ((4, ModifyOrder(order_id=order_id, price_paise=9_980)),
                            (6, CancelOrder(order_id=order_id))):  # fmt: skip
        desk.changes.took(order, input_no, is_sent=True)
        row = desk.row()
        is_cancel = isinstance(order, CancelOrder)
        assert row["state"] == ("CANCEL PENDING" if is_cancel else "MODIFY PENDING")
        assert row["words"].startswith("works as before until")
    desk.tell(event("modified", "OPEN", 7, limit_paise=9_980))
    assert desk.row()["state"] == "CANCEL PENDING"  # that was the answer to the first
    desk.tell(event("cancelled", "CANCELLED", 8))
    assert not desk.rows()


def test_what_was_asked_of_many_orders_is_forgotten_oldest_first() -> None:
    changes = PendingChanges()
    for number in range(1_001):
        changes.took(CancelOrder(order_id=f"X-{number}"), number + 1, is_sent=True)
    assert changes.status_of("X-0", ()) is None
    assert changes.status_of("X-1", ()) == changes.status_of("X-1000", ()) == "CANCEL PENDING"


def test_a_resting_sell_counts_from_the_highest_bid_that_was_seen() -> None:
    sell = [event("open", "OPEN", 1, side="SELL", limit_paise=10_020)]
    desk = Desk().tell(*sell).see(market_at(2), market_at(3, bids=((10_015, 65), *BIDS)))
    assert (desk.row()["nearest_paise"], desk.row()["away_paise"]) == (5, 5)


@pytest.mark.parametrize(("side", "trigger", "nearest"), [("BUY", 10_050, 10), ("SELL", 9_950, 50)])
def test_a_trigger_counts_from_the_last_prices_that_were_seen(
    side: str, trigger: int, nearest: int
) -> None:
    stop = event("trigger_pending", "TRIGGER PENDING", 1, side=side, order_type="SL",
                 trigger_paise=trigger)  # fmt: skip
    row = Desk().tell(stop).see(*(market_at(n, ltp=p) for n, p in ((2, 10_040), (3, 10_000)))).row()
    assert (row["nearest_paise"], row["words"]) == (nearest, "waits for its trigger")
    assert (row["ahead"], row["ahead_at_first"]) == (None, None)


def test_a_quote_from_before_it_rested_does_not_count() -> None:
    desk = Desk().tell(*RESTS).see(market_at(0, asks=((9_990, 65),)))
    assert (desk.row()["nearest_paise"], desk.row()["seen_ms"]) == (None, None)


def test_a_new_price_is_another_wait() -> None:
    desk = Desk().tell(*RESTS).see(market_at(2))
    desk.tell(event("modified", "OPEN", 3, limit_paise=9_980)).see(market_at(4))
    assert desk.row()["nearest_paise"] == 30
    assert desk.row()["seen_ms"] == (START + 4 * SECOND_NS) // 1_000_000


def test_what_is_ahead_falls_with_what_is_displayed_and_never_rises() -> None:
    desk = Desk().tell(*RESTS).see(market_at(2))
    assert (desk.row()["ahead"], desk.row()["ahead_at_first"]) == (130, 400)
    fewer = ((10_000, 650), (9_995, 1_300), (9_990, 65))
    desk.see(market_at(3, bids=fewer), market_at(4))
    assert desk.row()["ahead"] == 65


def test_a_part_fill_tells_the_queue_again() -> None:
    told = QueuePlace(market_before=400, market_after=0)
    desk = Desk().tell(*RESTS, event("filled", "OPEN", 2, filled=65, quantity=130, queue=told))
    row = desk.see(market_at(3)).row()
    assert (row["ahead"], row["ahead_at_first"], row["pending"]) == (0, 400, 65)


def test_a_limit_behind_the_fifth_level_says_so() -> None:
    desk = Desk().tell(event("open", "OPEN", 1, limit_paise=9_900)).see(market_at(2))
    row = desk.row()
    assert (row["words"], row["ahead"], row["away_paise"]) == (BEYOND, None, 110)


def test_a_side_that_is_shown_whole_has_nothing_behind_it() -> None:
    desk = Desk().tell(event("open", "OPEN", 1, limit_paise=9_900))
    row = desk.see(market_at(2, bids=BIDS[:3])).row()
    assert (row["words"], row["ahead"]) == (WHOLE, 0)


@pytest.mark.parametrize("resting", ["cross", "touch"])
def test_a_profile_without_a_queue_shows_no_place_in_one(resting: str) -> None:
    config = {"execution": {"fill_mode": "depth", "resting": resting}}
    row = Desk(config).tell(*RESTS).see(market_at(2)).row()
    assert (row["ahead"], row["words"], row["nearest_paise"]) == (None, None, 20)


def test_an_order_that_is_over_keeps_how_near_it_came_until_the_day_ends() -> None:
    desk = Desk().tell(*RESTS).see(market_at(2))
    desk.tell(event("cancelled", "CANCELLED", 3, reason="day_over", near_misses=4))
    desk.see(market_at(4))
    assert desk.rows() == []
    [row] = desk.rows(orders_over_panel)
    assert (row["state"], row["pending"], row["near_misses"]) == ("CANCELLED", 0, 4)
    assert (row["nearest_paise"], row["over_ms"]) == (20, (START + 3 * SECOND_NS) // 1_000_000)
    assert row["reason"].startswith("day_over")
    tomorrow = event("open", "OPEN", 24 * 3600)
    assert desk.tell(tomorrow).rows(orders_over_panel) == []


def test_a_complete_order_has_no_reason() -> None:
    done = event("filled", "COMPLETE", 2, filled=65, reason="filled")
    [row] = Desk().tell(*RESTS, done).rows(orders_over_panel)
    assert (row["state"], row["reason"], row["filled"]) == ("COMPLETE", None, 65)
