"""GTTs: exactly one leg ever fires, kept over days, cheap in any number."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec import structs

from daemon.broker.account_books import AccountBooks
from daemon.broker.kite_rows import gtt_fields
from daemon.domain.events import (
    ExchangeOrderMoved,
    GttMoved,
    TradingEvent,
    decode_event,
    encode_event,
)
from daemon.domain.gtt import GttLeg, GttTerms
from daemon.domain.ledger import Ledger
from daemon.domain.money import paise_exact
from daemon.domain.order import Side
from tests.exchange.depth_market import DepthMarket
from tests.kit.market import CALL, CLOSE, Market
from tests.kit.tiers import seeds

FAR = ((200.00, 65),)
NEAR = ((1.00, 65),)


def leg(price: float, side: Side = "SELL", quantity: int = 65, **more: Any) -> GttLeg:
    fields: dict[str, Any] = {"product": "NRML"} | more
    return GttLeg(side=side, quantity=quantity, price_paise=paise_exact(price), **fields)


def terms(*legs: tuple[float, float], last: float = 100, **more: Any) -> GttTerms:
    """Each leg as (trigger, limit) in rupees."""
    return GttTerms(
        tradingsymbol=CALL,
        triggers=tuple(paise_exact(trigger) for trigger, _ in legs),
        legs=tuple(leg(price, **more) for _, price in legs),
        last_paise=paise_exact(last),
    )


OCO = terms((95, 94.50), (110, 109.50))


class GttMarket(DepthMarket):
    """A depth market whose trigger prices reach no book, unless a test shows one."""

    def place(self, wanted: GttTerms) -> int:
        """Place a GTT at the present time; return its id."""
        return self._asked(self.engine.engine.account.gtts.place(wanted))

    def modify(self, gtt_id: int, wanted: GttTerms) -> bool:
        """Modify one."""
        return bool(self._asked(self.engine.engine.account.gtts.modify(gtt_id, wanted)))

    def delete(self, gtt_id: int) -> bool:
        """Delete one."""
        return bool(self._asked(self.engine.engine.account.gtts.delete(gtt_id)))

    def _asked(self, found: int) -> int:
        self._keep(self.engine.engine.lifecycle.take_events())
        return found

    def print_(self, ltp: float, **more: Any) -> list[TradingEvent]:
        """A tick at a price, with nothing to trade against near it."""
        return self.depth_tick(ltp, **({"bids": NEAR, "asks": FAR} | more))

    def told(self) -> list[tuple[str, str, int]]:
        """Return (kind, reason, leg) of every event of a GTT."""
        return [(e.kind, e.reason, e.leg) for e in self.events if isinstance(e, GttMoved)]

    def sent(self) -> list[tuple[str, str, int]]:
        """Return (kind, state, limit) of every event of an exchange order."""
        return [
            (e.kind, e.state, e.limit_paise)
            for e in self.events
            if isinstance(e, ExchangeOrderMoved)
        ]


@pytest.fixture
def market() -> GttMarket:
    market = GttMarket()
    market.print_(100)
    return market


def test_a_single_trigger_below_fires_at_or_below_and_sends_its_limit(market: GttMarket) -> None:
    assert market.place(terms((95, 94.50))) == 1
    market.print_(95.05)
    assert market.told() == [("created", "", 0)]
    market.print_(94.90)
    assert market.told()[1:] == [("triggered", "", 1)]
    assert market.sent() == [("accepted", "NEW", 9450), ("open", "OPEN", 9450)]
    market.print_(90)
    assert len(market.told()) == 2


def test_a_single_trigger_above_the_last_price_fires_at_or_above(market: GttMarket) -> None:
    market.place(terms((105, 106), side="BUY"))
    market.print_(104.95)
    market.print_(105)
    assert market.told()[1:] == [("triggered", "", 1)]


def test_the_event_comes_before_the_order_and_names_it(market: GttMarket) -> None:
    market.place(terms((95, 94.50)))
    market.print_(95)
    _, fired, accepted, _ = market.events
    assert isinstance(fired, GttMoved)
    assert isinstance(accepted, ExchangeOrderMoved)
    assert fired.exchange_id == accepted.exchange_id == "X-20261118-000001"
    assert (accepted.order_id, accepted.tradingsymbol, accepted.product) == ("", CALL, "NRML")


def test_an_order_of_a_gtt_fills_and_is_in_the_books(market: GttMarket) -> None:
    market.place(terms((95, 94.50)))
    market.depth_tick(95, bids=((94.90, 65),), asks=((95.10, 65),))
    books = AccountBooks(market.engine.universe)
    for event in market.events:
        books.apply(event)
    (order,) = books.orders.all()
    assert (order.state, order.tag, order.value_paise) == ("COMPLETE", "gtt", 65 * 9490)
    assert books.positions.quantity(CALL, "NRML") == -65
    assert market.engine.ledger.positions == {}


@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(30))
def test_exactly_one_leg_of_an_oco_ever_fires(seed: int) -> None:
    rng = random.Random(seed)
    market = GttMarket(latency_ms=rng.choice((0, 500)))
    market.print_(100)
    ids = [market.place(OCO) for _ in range(3)]
    ltp = 10_000
    for _ in range(80):
        ltp = max(5_000, ltp + 5 * rng.randint(-60, 60))
        market.print_(ltp / 100, after_s=rng.choice((0.2, 1)))
    market.print_(94)  # a walk may have stayed between the triggers
    fired = [e for e in market.events if isinstance(e, GttMoved) and e.kind == "triggered"]
    assert [event.gtt_id for event in fired] == ids
    orders = [
        e for e in market.events if isinstance(e, ExchangeOrderMoved) and e.kind == "accepted"
    ]
    assert [e.exchange_id for e in orders] == [e.exchange_id for e in fired]
    for event in fired:
        assert event.leg == (1 if event.ltp_paise <= 9500 else 2)
    assert market.engine.ledger.gtts == {}


def test_a_modified_gtt_waits_for_its_new_level_only(market: GttMarket) -> None:
    gtt_id = market.place(terms((95, 94.50)))
    assert market.modify(gtt_id, terms((90, 89.50)))
    market.print_(94)
    assert market.sent() == []
    market.print_(90)
    assert market.sent()[0] == ("accepted", "NEW", 8950)


def test_a_deleted_gtt_fires_nothing_and_cannot_be_deleted_twice(market: GttMarket) -> None:
    gtt_id = market.place(OCO)
    assert market.delete(gtt_id)
    assert not market.delete(gtt_id)
    market.print_(90)
    assert market.told() == [
        ("created", "", 0),
        ("deleted", "user", 0),
        ("refused", "not_active", 0),
    ]
    assert market.sent() == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (terms((100, 99)), "trigger_already_met"),
        (terms((101, 99), (110, 109)), "bad_level"),
        (terms((95, 94), (99, 98)), "bad_level"),
        (terms((95.02, 94)), "price_step"),
        (terms((95, 94.51)), "price_step"),
        (terms((95, 94), quantity=66), "lot_size"),
        (terms((95, 94), product="MIS"), "bad_product"),
        (
            GttTerms(tradingsymbol="Y", triggers=(1,), legs=(leg(1),), last_paise=2),
            "unknown_symbol",
        ),
        (GttTerms(tradingsymbol=CALL, triggers=(1, 2), legs=(leg(1),), last_paise=1), "bad_gtt"),
        (GttTerms(tradingsymbol=CALL, triggers=(), legs=(), last_paise=1), "bad_gtt"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_numbers(
    market: GttMarket, wrong: GttTerms, reason: str
) -> None:
    assert market.place(wrong) == 0
    assert market.told() == [("refused", reason, 0)]
    assert market.engine.ledger.gtts == {}


def test_without_a_quote_the_price_of_the_request_decides_the_direction() -> None:
    market = GttMarket()
    market.clock(1)
    market.place(terms((95, 94.50), last=100))
    market.print_(96)
    market.print_(94)
    assert [kind for kind, _, _ in market.told()] == ["created", "triggered"]


def test_without_an_exchange_a_gtt_is_refused() -> None:
    market = Market()
    market.tick(100)
    assert market.engine.engine.account.gtts.place(OCO) == 0
    (event,) = market.engine.engine.lifecycle.take_events()
    assert isinstance(event, GttMoved)
    assert event.reason == "no_exchange"


def test_the_kill_switch_disables_gtts_and_takes_no_new_ones(market: GttMarket) -> None:
    gtt_id = market.place(OCO)
    market.command("kill_switch")
    market.print_(90)
    assert market.sent() == []
    assert not market.modify(gtt_id, OCO)
    assert market.told()[1:] == [("disabled", "kill_switch", 0), ("refused", "kill_switch", 0)]


def folded(events: list[TradingEvent]) -> Ledger:
    ledger = Ledger()
    for event in events:
        ledger.apply(decode_event(encode_event(event)))
    return ledger


def test_a_start_from_the_events_alone_waits_for_what_is_still_active(market: GttMarket) -> None:
    market.place(terms((95, 94.50)))
    market.place(terms((90, 89.50)))
    market.print_(95)
    again = GttMarket(ledger=folded(market.events))
    again.print_(94)
    assert again.told() == []
    again.print_(80)
    assert again.told() == [("triggered", "", 1)]
    assert [e.gtt_id for e in again.events if isinstance(e, GttMoved)] == [2]
    (accepted, *_) = [e for e in again.events if isinstance(e, ExchangeOrderMoved)]
    assert accepted.exchange_id == "X-20261118-000002"


def test_a_start_at_any_event_fires_a_leg_at_most_once(market: GttMarket) -> None:
    market.place(OCO)
    for ltp in (99, 94, 120, 90):
        market.print_(ltp)
    for kept in range(1, len(market.events) + 1):
        before = market.events[:kept]
        again = GttMarket(ledger=folded(before))
        for ltp in (99, 94, 120, 90):
            again.print_(ltp)
        kinds = [e.kind for e in (*before, *again.events) if isinstance(e, GttMoved)]
        assert kinds.count("triggered") == 1


def test_ten_thousand_gtts_are_one_interval_of_their_contract(market: GttMarket) -> None:
    for n in range(5_000):
        market.place(terms((90 - 0.05 * (n % 100), 80), (110 + 0.05 * (n % 100), 120)))
    (book,) = [each for each in market.engine.books if each.tradingsymbol == CALL]
    market.print_(100)
    assert (book.below, book.above) == (9000, 11_000)


def test_gtts_wake_after_positions_and_in_the_order_of_their_ids() -> None:
    market = GttMarket(enable_partial_exit=False)
    market.depth_tick(100)
    market.signal("BUY", 65, sl=95.0)
    ids = [market.place(terms((95, 94.50))) for _ in range(12)]
    before = len(market.events)
    market.print_(94)
    after = market.events[before:]
    first = next(at for at, event in enumerate(after) if isinstance(event, GttMoved))
    assert {type(event).__name__ for event in after[:first]} >= {"OrderMoved"}
    assert [event.gtt_id for event in after if isinstance(event, GttMoved)] == ids
    assert market.now < CLOSE


@pytest.mark.parametrize("reason", ["", "far_limit"])
def test_a_gtt_has_kites_fields_and_says_what_became_of_its_order(
    market: GttMarket, reason: str
) -> None:
    market.place(OCO)
    market.print_(110)
    books = AccountBooks(market.engine.universe)
    for event in market.events:
        if reason and isinstance(event, ExchangeOrderMoved):
            event = structs.replace(event, kind="rejected", state="REJECTED", reason=reason)
        books.apply(event)
    (gtt,) = books.gtts.values()
    refused = books.refused.get(gtt.exchange_id, "")
    row: Any = gtt_fields(gtt, books.instrument(CALL), refused)
    assert (row["type"], row["status"]) == ("two-leg", "triggered")
    assert row["condition"]["trigger_values"] == [95.0, 110.0]
    first, second = row["orders"]
    assert first["result"] is None
    assert second["result"]["triggered_at"] == 110.0
    assert second["result"]["order_result"] == {
        "status": "failed" if reason else "success",
        "order_id": "" if reason else "X-20261118-000001",
        "rejection_reason": reason,
    }


def test_of_gtts_that_are_over_the_books_keep_the_newest(
    market: GttMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.broker.account_books.GTTS_OVER_MAX", 2)
    waits, *over = (market.place(OCO) for _ in range(5))
    for number in over:
        market.delete(number)
    books = AccountBooks(market.engine.universe)
    for event in market.events:
        books.apply(event)
    assert list(books.gtts) == [waits, *over[-2:]]
