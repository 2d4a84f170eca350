"""GTTs, risk states and orders without a trade in words: log, tape, `show` and `explain`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from loguru import logger

from daemon.domain.dates import MINUTE_NS
from daemon.domain.events import ExchangeOrderMoved, GttMoved, RiskMoved, TradingEvent
from daemon.domain.exchange_order import ExchangeOrderState
from daemon.domain.gtt import GttStatus
from daemon.domain.ledger import Ledger
from daemon.domain.risk_state import RiskState
from daemon.journal.account_story import explain_account
from daemon.journal.account_words import GTT_REASONS, AccountWords
from daemon.journal.words import why
from daemon.process.facts import FactLog
from daemon.process.log_lines import FACTS
from daemon.report.fold import RunFold
from daemon.web.fold.book import Book
from tests.broker.test_gtt import OCO, terms
from tests.broker.test_untraded_risk import opened
from tests.kit.market import CALL


@pytest.fixture
def events() -> Sequence[TradingEvent]:
    """An OCO that fires and fills, a single that is refused as it fires, and a kill switch."""
    market = opened()
    market.place(OCO)
    market.place(terms((94, 94.50), side="BUY"))
    market.depth_tick(95, bids=((94.90, 650),), asks=((95.10, 650),))
    market.command("risk_reducing")
    market.send("SELL", 65)
    market.command("risk_active")
    market.place(terms((10, 9)))
    market.command("kill_switch")
    return market.events


def lines_of(events: Sequence[TradingEvent]) -> list[tuple[str, str]]:
    words = AccountWords()
    return [(line.kind, line.words) for event in events if (line := words.take(event))]


TOLD = [
    ("gtt", f"GTT 1 of {CALL} placed: SELL 65 at Rs 94.50 once the price is at Rs 95.00 or below "
            "or SELL 65 at Rs 109.50 once the price is at Rs 110.00 or above, until 2027-11-18"),
    ("gtt", f"GTT 2 of {CALL} placed: BUY 65 at Rs 94.50 once the price is at Rs 94.00 or below, "
            "until 2027-11-18"),
    ("gtt", f"GTT 1 of {CALL} fired leg 1 at Rs 95.00: order X-20261118-000001"),
    ("fill", f"SELL 65 {CALL} filled at Rs 94.90, 65 of 65, gtt, X-20261118-000001"),
    ("risk", "risk state REDUCING: a person said so; new entries are refused, exits are not, "
             "until the command risk_active"),
    ("refused", f"refused: SELL 65 {CALL}, reducing: the account takes no new entries (risk state "
                "REDUCING) (because command), X-20261118-000002"),
    ("risk", "risk state ACTIVE: a person said so; new entries are taken"),
    ("gtt", f"GTT 3 of {CALL} placed: SELL 65 at Rs 9.00 once the price is at Rs 10.00 or below, "
            "until 2027-11-18"),
    ("exit", f"kill_switch: the kill switch was pulled: BUY 65 {CALL} filled at Rs 95.10, 65 of "
             "65, api, X-20261118-000003"),
    ("gtt", f"GTT 2 of {CALL} disabled, kill_switch: the kill switch was pulled; it fires no more "
            "until it is modified"),
    ("gtt", f"GTT 3 of {CALL} disabled, kill_switch: the kill switch was pulled; it fires no more "
            "until it is modified"),
]  # fmt: skip


def test_each_thing_that_happens_is_a_sentence(events: Sequence[TradingEvent]) -> None:
    assert lines_of(events) == TOLD


def test_the_tape_and_the_log_say_the_same(events: Sequence[TradingEvent]) -> None:
    book, logged = Book(RunFold()), list[str]()
    sink = logger.add(
        lambda message: logged.extend(fact.sentence for fact in message.record["extra"][FACTS]),
        filter=lambda record: FACTS in record["extra"],
    )
    try:
        FactLog(Ledger()).log(events)
    finally:
        logger.remove(sink)
    for event in events:
        book.take(event)
    words = [said for _, said in TOLD]
    assert logged == words
    rows = book.tape.newest()[::-1]
    assert [(row["kind"], row["words"]) for row in rows] == TOLD
    assert {row["trade"] for row in rows} == {None}
    assert {row["symbol"] for row in rows} == {CALL, None}


def test_explain_tells_a_gtt_with_what_became_of_its_order(events: Sequence[TradingEvent]) -> None:
    told = explain_account(events, "gtt-1")
    assert [line for line in told if "EXCHANGE" in line or "GTT" in line][1].endswith(
        f"GTT 1 of {CALL} fired leg 1 at Rs 95.00: order X-20261118-000001."
    )
    assert any("filled 65 at Rs 94.90" in line for line in told)
    order, close = (explain_account(events, f"X-20261118-00000{n}") for n in (1, 3))
    assert [line.strip() for line in order if "Strategy" in line] == ["Strategy gtt."]
    assert [line.strip() for line in close if "Strategy" in line] == [
        "Strategy api, which closes what is open: kill_switch."
    ]
    assert len(explain_account(events, "risk")) == 1 + 2
    assert explain_account(events, "GTT-9") == explain_account(events, "V3-1") == []


def test_a_lockout_says_when_it_ends() -> None:
    event = RiskMoved(
        seq=1, ts=0, input_no=1, state=RiskState.HALTED.value, reason="daily_loss",
        until_ts=24 * 60 * MINUTE_NS, numbers={"result_paise": -100, "limit_paise": 100},
    )  # fmt: skip
    [(kind, said)] = lines_of([event])
    assert kind == "risk"
    assert said.endswith("exits work, until 1970-01-02 05:30 IST")
    assert "the day's loss limit was reached (result -Rs 1.00, limit Rs 1.00)" in said


def test_a_halt_by_a_person_says_what_ends_it() -> None:
    event = RiskMoved(
        seq=1, ts=0, input_no=1, state=RiskState.HALTED.value, reason="day_over", until_ts=0
    )
    [(_, said)] = lines_of([event])
    assert said.endswith("exits work, until the command risk_active")


def test_a_gtt_that_a_lockout_refuses_says_which_and_until_when() -> None:
    market = opened()
    market.place(terms((94, 94.50), side="BUY"))
    market.command("risk_halted")
    market.modify(1, terms((93, 94.50), side="BUY"))
    assert lines_of(market.events)[-1][1] == (
        f"GTT 1 of {CALL} not modified, halted: the account is halted (because command)"
    )


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("lot_size", "the quantity is not in whole lots of the contract"),
        ("bad_level", "the last price is not between the two triggers, the lower one first"),
    ],
)
def test_a_gtt_is_refused_in_words_of_its_request(reason: str, said: str) -> None:
    event = GttMoved(
        seq=1, ts=0, input_no=1, gtt_id=0, kind="refused", status=GttStatus.REJECTED.value,
        tradingsymbol=CALL, reason=reason,
    )  # fmt: skip
    assert lines_of([event]) == [("gtt", f"GTT of {CALL} refused, {reason}: {said}")]


@pytest.mark.parametrize("reason", [*GTT_REASONS, "unknown_symbol", "price_step", "bad_level"])
def test_every_reason_of_a_gtt_has_words(reason: str) -> None:
    assert GTT_REASONS.get(reason) or why(reason)
    event = GttMoved(
        seq=1, ts=0, input_no=1, gtt_id=0, kind="refused", status=GttStatus.REJECTED.value,
        tradingsymbol=CALL, reason=reason, numbers={"last_paise": 100},
    )  # fmt: skip
    [(_, said)] = lines_of([event])
    assert said.startswith(f"GTT of {CALL} refused, {reason}: ")
    assert said.endswith("(last Rs 1.00)")


def test_details_of_an_order_make_no_line() -> None:
    event = ExchangeOrderMoved(
        seq=1, ts=0, input_no=1, order_id="", exchange_id="X-1", kind="accepted",
        state=ExchangeOrderState.NEW.value, side="BUY", order_type="LIMIT", quantity=1,
        tradingsymbol=CALL, product="NRML",
    )  # fmt: skip
    assert lines_of([event]) == []
