"""What `explain` says of orders at the exchange: hand-made events, whole sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from daemon.domain.events import ExchangeOrderMoved, QueuePlace, StopMoved
from daemon.domain.order import OrderState
from daemon.exchange.refusals import SENTENCES
from daemon.exchange.reports import FillRule, ReportKind
from daemon.journal.exchange_reasons import ENDED, REFUSED, kite_sentence
from daemon.journal.exchange_words import exchange_lines
from daemon.journal.explain import explain
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.words import RULES, why
from tests.kit.sample_events import START, EventWriter, S

ID = "X-20261118-000001-1"
CONTRACT = [
    "price_step", "price_band", "far_limit", "untraded_contract", "market_range",
    "slm_on_options", "no_protection", "order_rate", "insufficient_margin", "lpp",
    "trigger_already_met", "ttl_over", "day_over", "ioc_rest", "unfilled_rest", "replaced",
    "exit_group", "exit_began", "entry_dropped", "square_off", "not_open", "bad_validity",
    "modified_to_filled", "already_filled", "bad_quantity", "too_many_modifications",
    "too_many_slices", "wide_spread", "reducing", "kill_switch", "lot_size", "freeze_quantity",
    "market_closed", "bad_level", "stop_unfilled", "stop_not_at_exchange", "exit_refused",
    "no_price", "stop_not_protective",
]  # fmt: skip


def event(kind: str, **fields: Any) -> ExchangeOrderMoved:
    usual: dict[str, Any] = {
        "seq": 1, "ts": START, "input_no": 1, "order_id": "V3-20261118-000001",
        "exchange_id": ID, "kind": kind, "state": "OPEN", "side": "BUY", "order_type": "LIMIT",
        "quantity": 130, "limit_paise": 9_990,
    }  # fmt: skip
    return ExchangeOrderMoved(**(usual | fields))


def told(kind: str, ahead: int | None = None, **fields: Any) -> list[str]:
    first, *rest = exchange_lines(event(kind, **fields), ahead)
    assert first.startswith(f"EXCHANGE {fields.get('exchange_id', ID)}: ")
    return [first.partition(": ")[2], *rest]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "sent BUY 130 LIMIT at Rs 99.90."),
        ({"validity": "IOC"}, "sent BUY 130 LIMIT at Rs 99.90, at once or not at all (IOC)."),
        (
            {"validity": "TTL", "ttl_minutes": 5},
            "sent BUY 130 LIMIT at Rs 99.90, for 5 minutes (TTL).",
        ),
        (
            {"order_type": "MARKET", "limit_paise": 10_200},
            "sent BUY 130 MARKET, protected at Rs 102.00.",
        ),
        (
            {"order_type": "SL", "trigger_paise": 10_050, "limit_paise": 10_100},
            "sent BUY 130 SL, trigger Rs 100.50, limit Rs 101.00.",
        ),
        (
            {"order_type": "SL-M", "trigger_paise": 10_050, "limit_paise": 0},
            "sent BUY 130 SL-M, trigger Rs 100.50.",
        ),
    ],
)
def test_an_order_that_is_sent_is_told_with_its_terms(
    fields: dict[str, Any], expected: str
) -> None:
    assert told("accepted", state="NEW", **fields) == [expected]


def test_a_slice_and_an_escalation_say_what_they_are() -> None:
    assert told("accepted", exchange_id=f"{ID}/2")[1] == (
        "It is a slice of an order above the exchange's freeze quantity."
    )
    assert told("accepted", exchange_id=f"{ID}/2", replaces=ID)[1] == (
        f"It takes the place of {ID}, which stood unfilled for too long."
    )


def test_an_order_that_arrives_says_what_is_ahead_of_it() -> None:
    assert told("open") == ["arrived at the exchange."]
    assert told("open", queue=QueuePlace(market_after=195)) == [
        "arrived at the exchange; what is left rests at Rs 99.90, 195 of others ahead of it."
    ]
    assert told("open", queue=QueuePlace(market_after=0)) == [
        "arrived at the exchange; what is left rests at Rs 99.90, nothing of others ahead of it."
    ]
    assert told("open", taking=True) == [
        "arrived at the exchange; what is left takes on, as the book continues beyond the five "
        "levels shown."
    ]


@pytest.mark.parametrize(
    ("rule", "queue", "expected"),
    [
        ("take", QueuePlace(displayed=195), "taken from the offers, which showed 195 there"),
        ("take", QueuePlace(), "taken from the offers, of which no size is shown"),
        (
            "cross", QueuePlace(market_before=65, ahead_before=65, ahead_after=0),
            "the offers came to its price; ahead of it 65 before, 0 after",
        ),
        (
            "through", QueuePlace(growth=650, ahead_before=130, market_before=65, ahead_after=65),
            "the market traded 650 beyond its price; ahead of it 130 before (65 of others), "
            "65 after",
        ),
        (
            "at", QueuePlace(growth=195, ltq=130, market_before=65, ahead_before=65, ahead_after=0),
            "195 traded at its price, the last trade 130; ahead of it 65 before, 0 after",
        ),
        (
            "touch", QueuePlace(growth=65),
            "the market traded at its price, and `resting: touch` knows no queue",
        ),
    ],
)  # fmt: skip
def test_f23_every_rule_is_told_with_its_evidence(
    rule: str, queue: QueuePlace, expected: str
) -> None:
    done: dict[str, Any] = {"filled": 65, "last_quantity": 65, "last_paise": 9_990}
    assert told("filled", rule=rule, queue=queue, **done) == [
        f"filled 65 at Rs 99.90, 65 of 130: {expected}."
    ]


def test_every_kind_and_rule_of_the_exchange_has_words() -> None:
    for kind in get_args(ReportKind):
        assert told(kind, reason="not_open")[0] != f"{kind} (not_open)."
    for rule in get_args(FillRule):
        assert not rule or rule == "take" or rule in RULES


def test_a_kind_of_tomorrow_is_told_by_its_reason_or_its_name() -> None:
    assert told("alert", reason="stop_unfilled") == [
        "stop_unfilled: a second after its trigger some of the stop was still not filled."
    ]
    assert told("stop_unfilled")[0].startswith("stop_unfilled: a second after its trigger")
    assert told("alert") == ["alert"]


def test_f24_near_misses_say_why_an_order_did_not_fill() -> None:
    ended: dict[str, Any] = {"state": "CANCELLED", "reason": "ttl_over", "filled": 65}
    assert told("cancelled", 195, near_misses=3, **ended) == [
        "65 of 130 cancelled, ttl_over: its minutes (TTL) were over.",
        "Near misses: 3 ticks came to its price or within one step of it without a fill, with "
        "195 ahead at first.",
    ]
    assert told("cancelled", 195, **ended)[1] == (
        "The market never came within a step of its price after it rested, with 195 ahead at first."
    )


@pytest.mark.parametrize("reason", ["ttl_over", "day_over", "ioc_rest"])
def test_the_ends_by_time_are_told(reason: str) -> None:
    first, *_ = told("cancelled", state="CANCELLED", reason=reason)
    assert first == f"130 of 130 cancelled, {reason}: {ENDED[reason]}."


@pytest.mark.parametrize("reason", CONTRACT)
def test_every_reason_of_the_contract_has_a_sentence(reason: str) -> None:
    assert why(reason)


def test_a_refusal_has_its_numbers_and_what_kite_says() -> None:
    numbers = {"price_paise": 30_000, "low_paise": 5_000, "high_paise": 20_000}
    assert told("rejected", state="REJECTED", reason="price_band", numbers=numbers) == [
        "refused, price_band: the price is outside the day's limits (price Rs 300.00, low "
        "Rs 50.00, high Rs 200.00).",
        "Kite says: Price exceeds circuit limits. Place an order within 50.00 to 200.00.",
    ]
    assert told("modify_refused", reason="too_many_modifications", numbers={"modifications": 25})[
        0
    ] == (
        "modification refused, too_many_modifications: an order can be modified 25 times "
        "(modifications 25)."
    )
    assert told("cancel_refused", reason="already_filled")[0] == (
        "cancel refused, already_filled: it had filled completely by then."
    )


def test_kites_sentences_are_whole_or_absent() -> None:
    for reason, sentence in SENTENCES.items():
        assert reason in REFUSED
        numbers = {"tick_paise": 5, "price_paise": 10, "ltp_paise": 15, "low_paise": 1,
                   "high_paise": 9}  # fmt: skip
        said = kite_sentence(reason, numbers)
        assert said
        assert "{" not in said
        assert kite_sentence(reason, None) == ("" if "{" in sentence else sentence)
    assert kite_sentence("lpp", {}) == ""


def test_a_stop_at_the_exchange_is_told_from_trigger_to_fill() -> None:
    stop: dict[str, Any] = {
        "order_type": "SL",
        "side": "SELL",
        "trigger_paise": 9_000,
        "limit_paise": 8_900,
    }
    assert told("trigger_pending", **stop) == ["waits for a last price at Rs 90.00 or below."]
    assert told("triggered", numbers={"ltp_paise": 8_800}, queue=QueuePlace(market_after=0), **stop)
    assert told("triggered", numbers={"ltp_paise": 8_800}, **stop) == [
        "triggered at a last price of Rs 88.00: a limit order at Rs 89.00 from here on."
    ]
    assert told("modified", reason="exit_group", quantity=65, **stop) == [
        "reduced to 65: other exits of the trade left nothing open for it."
    ]
    assert told("modified", **stop) == ["modified to 130 SL, trigger Rs 90.00, limit Rs 89.00."]


def test_an_entry_in_parts_is_told_with_its_sums_and_the_stop_that_followed(tmp_path: Path) -> None:
    w = EventWriter()
    order = w.create("NIFTY26NOV25000CE", "BUY", 130, lot_size=65, sl_paise=9_500)
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    say(w, order, "accepted", state="NEW", order_type="MARKET", limit_paise=10_200)
    say(w, order, "open", order_type="MARKET", limit_paise=10_200, taking=True)
    taken: dict[str, Any] = {"rule": "take", "order_type": "MARKET", "limit_paise": 10_200}
    done: dict[str, Any] = {
        "last_quantity": 65,
        "last_paise": 10_000,
        "queue": QueuePlace(displayed=65),
    }
    say(w, order, "filled", filled=65, **taken, **done)
    first = w.fill("BUY", 65, 10_000, rule="depth")
    w.move(order, S.SUBMITTED, S.FILLED, "filled", fill=first)
    w.move(order, S.FILLED, S.ACTIVE, "active")
    w.next_input()
    more = w.fill("BUY", 65, 10_100, rule="cross", charges=first.charges)
    done = {"last_quantity": 65, "last_paise": 10_100, "queue": QueuePlace(ahead_before=0)}
    say(w, order, "filled", filled=130, state="COMPLETE", fill=more, **(taken | {"rule": "cross"}),
        **done)  # fmt: skip
    w.events.append(
        StopMoved(
            seq=len(w.events) + 1, ts=w.ts, input_no=w.input_no, order_id=order,
            stop_from_paise=9_500, stop_to_paise=9_595, steps=0, ltp_paise=10_100,
            reason="entry_fill",
        )
    )  # fmt: skip
    story = told_by_journal(w, order, tmp_path)
    for sentence in (
        f"EXCHANGE {ID}: sent BUY 130 MARKET, protected at Rs 102.00.",
        "FILLED: bought 65 at Rs 100.00, priced from the level that it took.",
        f"EXCHANGE {ID}: filled 65 at Rs 101.00, 130 of 130: the offers came to its price",
        "Charges Rs 23.60; the entry so far is 130 at Rs 100.50 on average.",
        "LEVELS: stop Rs 95.95, no target, as more of the entry filled, and its average price is "
        "another.",
        "So far (130 still open, ACTIVE)",
        "charges Rs 47.20",
    ):
        assert sentence in story


def test_an_entry_that_was_never_filled_says_why(tmp_path: Path) -> None:
    w = EventWriter()
    order = w.create("NIFTY26NOV25000CE", "BUY", 130, lot_size=65)
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    say(w, order, "accepted", state="NEW", validity="TTL", ttl_minutes=5)
    say(w, order, "open", queue=QueuePlace(market_after=650), validity="TTL", ttl_minutes=5)
    w.next_input()
    say(w, order, "cancelled", state="CANCELLED", reason="ttl_over", near_misses=2)
    w.move(order, S.SUBMITTED, OrderState.CANCELLED, "ttl_over")
    story = told_by_journal(w, order, tmp_path)
    for sentence in (
        "sent BUY 130 LIMIT at Rs 99.90, for 5 minutes (TTL).",
        "what is left rests at Rs 99.90, 650 of others ahead of it.",
        "130 of 130 cancelled, ttl_over: its minutes (TTL) were over.",
        "Near misses: 2 ticks came to its price or within one step of it without a fill, with "
        "650 ahead at first.",
        "CANCELLED: ttl_over: its minutes (TTL) were over.",
        "Result: CANCELLED, nothing was traded and nothing was charged.",
    ):
        assert sentence in story


def test_what_still_works_is_told_at_the_end(tmp_path: Path) -> None:
    w = EventWriter()
    order = w.create("NIFTY26NOV25000CE", "BUY", 130, lot_size=65)
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    say(w, order, "accepted", state="NEW")
    say(w, order, "open", queue=QueuePlace(market_after=650))
    story = told_by_journal(w, order, tmp_path)
    assert f"Not over: {ID}, BUY LIMIT at Rs 99.90, 130 of 130 left (OPEN)." in story


def say(w: EventWriter, order: str, kind: str, **fields: Any) -> None:
    number = len(w.events) + 1
    w.events.append(event(kind, seq=number, ts=w.ts, input_no=w.input_no, order_id=order, **fields))


def told_by_journal(w: EventWriter, order: str, place: Path) -> str:
    with JournalStore.create(place, JournalMeta(run_id="r", account="a")) as store:
        store.append(w.events, input_no=w.input_no)
        return explain(store, order)
