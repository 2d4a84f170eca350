"""W17, the journal's side: each fact is one message, through restarts, archives, other journals."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.alerts.journal import JournalMessages
from daemon.alerts.outbox import Outbox
from daemon.domain.dates import DAY_NS
from daemon.domain.events import (
    ExchangeOrderMoved,
    GttMoved,
    MarginMoved,
    RiskMoved,
    TradingEvent,
)
from daemon.domain.gtt import GttLeg
from daemon.journal.archive import archive_events
from daemon.journal.past import archive_path
from daemon.journal.schema import JournalMeta, Operation
from daemon.journal.store import JournalStore
from daemon.journal.takeover import take_over
from tests.alerts.rig import NOON, outbox_at
from tests.kit.of_0_2_0 import unpack_account
from tests.kit.sample_events import EventWriter, S, by_input, left_open, sample_events

META = JournalMeta(run_id="r", account="a")
Told = list[tuple[str, str]]


def put(
    store: JournalStore, events: list[TradingEvent], operations: list[Operation] | None = None
) -> None:
    for number, group in by_input(events):
        store.append(group, input_no=number)
    if operations:
        number = max(store.last_input_no, 1)
        store.append([], input_no=number, operations=operations)


def step(directory: Path, outbox: Outbox) -> None:
    """Look in a process of its own."""
    journal = JournalMessages(directory, outbox)
    while journal.step(NOON):
        pass
    journal.close()


def told(outbox: Outbox) -> Told:
    return [(each.message.kind, each.message.text) for each in outbox.waiting("phone", 10_000)]


def told_of(events: list[TradingEvent], place: Path) -> Told:
    """What one look after another tells of events from the journal's beginning."""
    with JournalStore.create(place / "j", META) as store, outbox_at(place / "o") as outbox:
        step(store.directory, outbox)
        put(store, events)
        step(store.directory, outbox)
        return told(outbox)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    with JournalStore.create(tmp_path / "j", META) as made:
        yield made


def test_w17_the_first_start_tells_nothing_of_the_past(store: JournalStore, tmp_path: Path) -> None:
    events = sample_events(archive=False)
    put(store, events, [Operation(ts=NOON, kind="start", detail={"version": "1"})])
    with outbox_at(tmp_path / "o") as outbox:
        step(store.directory, outbox)
        assert told(outbox) == []
        put(store, sample_events()[len(events) :])
        store.append(
            [], input_no=10**6, operations=[Operation(ts=NOON, kind="gap", detail={"seconds": 4})]
        )
        step(store.directory, outbox)
        assert told(outbox) == [("restart", "time passed that it did not see: seconds 4")]


def test_w17_a_fill_an_exit_with_its_net_and_a_refusal_are_told(tmp_path: Path) -> None:
    found = told_of(sample_events(), tmp_path)
    assert ("fill", "BUY 50 NIFTY26NOV25000CE filled at 100.00 (mid), strategy orb, "
            "V3-20261118-000001") in found  # fmt: skip
    exits = [text for kind, text in found if kind == "exit"]
    assert exits[1] == (
        "take profit: sold 25 NIFTY26NOV25000CE at 112.00 (mid), net +264.60, strategy orb, "
        "V3-20261118-000001"
    )
    refused = [text for kind, text in found if kind == "refusal"]
    assert refused[0].startswith("refused: BUY 60 NIFTY26NOV25000CE, lot_size: ")
    assert {kind for kind, _ in found} == {"fill", "exit", "refusal"}


OPERATIONS = [
    (Operation(ts=0, kind="start", detail={"version": "1"}), "restart"),
    (Operation(ts=0, kind="stop", detail={"reason": "SIGTERM"}), "restart"),
    (Operation(ts=0, kind="stop", detail={"error": "the access token was refused"}),
     "token_refused"),
    (Operation(ts=0, kind="gap", detail={"seconds": 3.0}), "restart"),
    (Operation(ts=0, kind="not_run_again", detail={}), "restart"),
    (Operation(ts=0, kind="fallback_to_v2", detail={"reason": "x"}), "fallback"),
    (Operation(ts=0, kind="feed_state", detail={"to": "stale"}), "stale_feed"),
    (Operation(ts=0, kind="strategy_disabled", detail={"strategy_id": "orb"}),
     "strategy_disabled"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "kind"), OPERATIONS, ids=lambda each: str(each)[:24])
def test_w17_what_happened_to_the_daemon_is_told(
    store: JournalStore, tmp_path: Path, operation: Operation, kind: str
) -> None:
    put(store, sample_events())  # which leaves a position of orb open
    with outbox_at(tmp_path / "o") as outbox:
        step(store.directory, outbox)
        put(store, [], [operation])
        step(store.directory, outbox)
        assert [each for each, _ in told(outbox)] == [kind]


@pytest.mark.parametrize(
    "operation",
    [
        Operation(ts=0, kind="feed_state", detail={"to": "stale"}),
        Operation(ts=0, kind="strategy_disabled", detail={"strategy_id": "orb"}),
        Operation(ts=0, kind="state", detail={}),
        Operation(ts=0, kind="of a later version", detail={}),
    ],
    ids=lambda each: each.kind,
)
def test_w17_a_stale_feed_and_a_disabled_strategy_without_positions_are_not_told(
    store: JournalStore, tmp_path: Path, operation: Operation
) -> None:
    with outbox_at(tmp_path / "o") as outbox:
        step(store.directory, outbox)
        put(store, [], [operation])
        step(store.directory, outbox)
        assert told(outbox) == []


@pytest.mark.ci
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 12), max_size=4))
def test_w17_whatever_the_restarts_each_fact_is_one_message(
    cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place, events = tmp_path_factory.mktemp("j"), sample_events()
    groups = by_input(events)
    expected = told_of(events, tmp_path_factory.mktemp("k"))
    with JournalStore.create(place / "j", META) as store:
        with outbox_at(place / "o") as outbox:
            step(store.directory, outbox)
        for number, (input_no, group) in enumerate(groups):
            store.append(group, input_no=input_no)
            for _ in range(cuts.count(number)):
                with outbox_at(place / "o") as outbox:
                    step(store.directory, outbox)
        with outbox_at(place / "o") as outbox:
            step(store.directory, outbox)
            assert told(outbox) == expected


def days(count: int) -> list[list[TradingEvent]]:
    """Events of days, each with an order that is refused and archived."""
    writer, found = EventWriter(), []
    for _ in range(count):
        begin = len(writer.events)
        writer.next_input()
        order = writer.create("NIFTY26NOV25000CE", "BUY", 60)
        writer.move(order, S.CREATED, S.REJECTED, "lot_size")
        writer.next_input()
        writer.move(order, S.REJECTED, S.ARCHIVED, "session_end")
        found.append(writer.events[begin:])
        writer.next_input(DAY_NS)
    return found


def orders_told(outbox: Outbox) -> list[str]:
    return [text.rpartition(", ")[2] for kind, text in told(outbox) if kind == "refusal"]


ALL_ORDERS = [f"V3-20261118-{number:06d}" for number in (1, 2, 3)]


def test_w17_what_an_archive_took_before_it_was_told_is_told_from_there(tmp_path: Path) -> None:
    first, second, third = days(3)
    directory = tmp_path / "j"
    with outbox_at(tmp_path / "o") as outbox:
        with JournalStore.create(directory, META) as store:
            step(directory, outbox)
            put(store, first)
            step(directory, outbox)
            put(store, [*second, *third])
        archive_events(directory, before_ts=third[0].ts, now_ts=third[-1].ts)
        step(directory, outbox)
        step(directory, outbox)
        assert orders_told(outbox) == ALL_ORDERS


def test_w17_an_archive_while_it_follows_loses_nothing(tmp_path: Path) -> None:
    first, second, third = days(3)
    directory = tmp_path / "j"
    with outbox_at(tmp_path / "o") as outbox:
        with JournalStore.create(directory, META) as store:
            journal = JournalMessages(directory, outbox)
            journal.step(NOON)
            put(store, [*first, *second])
            journal.step(NOON)
        archive_events(directory, before_ts=second[-1].ts + DAY_NS, now_ts=second[-1].ts + DAY_NS)
        with JournalStore.open(directory, write=True) as store:
            put(store, third)
            while journal.step(NOON):
                pass
        journal.close()
        assert orders_told(outbox) == ALL_ORDERS


def test_w17_an_archive_that_is_not_here_is_told(tmp_path: Path) -> None:
    first, second, third = days(3)
    directory = tmp_path / "j"
    with outbox_at(tmp_path / "o") as outbox:
        with JournalStore.create(directory, META) as store:
            step(directory, outbox)
            put(store, [*first, *second, *third])
        archive_events(directory, before_ts=third[0].ts, now_ts=third[-1].ts)
        with JournalStore.open(directory) as reading:
            archive_path(directory, reading.archives()[0]).unlink()
        step(directory, outbox)
        gone = next(text for kind, text in told(outbox) if kind == "restart")
        assert gone.startswith(f"events 1 to {second[-1].seq} were archived before they were told")
        assert orders_told(outbox) == ALL_ORDERS[2:]


def test_w17_another_journal_is_told_from_its_beginning(tmp_path: Path) -> None:
    first, _, _ = days(3)
    directory = tmp_path / "j"
    with outbox_at(tmp_path / "o") as outbox:
        with JournalStore.create(directory, META) as store:
            put(store, sample_events())
        step(directory, outbox)
        shutil.rmtree(directory)
        with JournalStore.create(directory, JournalMeta(run_id="other", account="a")) as store:
            put(store, first)
        step(directory, outbox)
        assert told(outbox)[0][1].startswith("the account has another journal")
        assert orders_told(outbox) == ALL_ORDERS[:1]


def test_w17_a_backup_that_was_restored_is_told_and_gone_on_from(tmp_path: Path) -> None:
    first, second, _ = days(3)
    directory = tmp_path / "j"
    with outbox_at(tmp_path / "o") as outbox:
        with JournalStore.create(directory, META) as store:
            put(store, first)
        shutil.copytree(directory, tmp_path / "backup")
        with JournalStore.open(directory, write=True) as store:
            put(store, second)
        step(directory, outbox)
        shutil.rmtree(directory)
        shutil.copytree(tmp_path / "backup", directory)
        step(directory, outbox)
        [(kind, text)] = told(outbox)
        assert (kind, text.partition(":")[0]) == (
            "restart", f"the journal goes back to event {first[-1].seq} (was {second[-1].seq})",
        )  # fmt: skip
        with JournalStore.open(directory, write=True) as store:
            put(store, second)
        step(directory, outbox)
        assert orders_told(outbox) == ALL_ORDERS[1:2]


def test_w17_an_account_of_0_2_0_goes_on_in_its_new_journal(tmp_path: Path) -> None:
    directory = unpack_account(tmp_path / "place")
    with outbox_at(tmp_path / "o") as outbox:
        step(directory, outbox)
        before = outbox.place()
        take_over(directory, program_version="t", now_ts=NOON)
        step(directory, outbox)
        after = outbox.place()
        assert before is not None
        assert after is not None
        assert after.seq == before.seq
        assert after.journal != before.journal
        assert not [text for _, text in told(outbox) if "another journal" in text]


def test_w17_two_accounts_do_not_know_of_each_other(tmp_path: Path) -> None:
    first, second, _ = days(3)
    with (
        outbox_at(tmp_path / "a") as one, outbox_at(tmp_path / "b") as two,
        JournalStore.create(tmp_path / "a/j", META) as a,
        JournalStore.create(tmp_path / "b/j", JournalMeta(run_id="s", account="b")) as b,
    ):  # fmt: skip
        for store, outbox in ((a, one), (b, two)):
            step(store.directory, outbox)
        put(a, first)
        put(b, [*first, *second])
        for store, outbox in ((a, one), (b, two)):
            step(store.directory, outbox)
        assert orders_told(one) == ALL_ORDERS[:1]
        assert orders_told(two) == ALL_ORDERS[:2]


def exchange_event(writer: EventWriter, order: str, kind: str, reason: str) -> ExchangeOrderMoved:
    return ExchangeOrderMoved(
        seq=len(writer.events) + 1, ts=writer.ts, input_no=writer.input_no, order_id=order,
        exchange_id=f"{order}-2", kind=kind, state="REJECTED" if kind == "rejected" else "OPEN",
        side="SELL", order_type="SL", quantity=50, is_exit=True, reason=reason,
        numbers={"unfilled": 50},
    )  # fmt: skip


def test_w17_what_the_exchange_does_to_an_exit_is_told(tmp_path: Path) -> None:
    writer = EventWriter()
    left_open(writer)
    writer.next_input()
    order = writer.events[0].order_id
    for kind, reason in (
        ("alert", "stop_unfilled"), ("rejected", "price_band"), ("rejected", "not_open"),
    ):  # fmt: skip
        writer.events.append(exchange_event(writer, order, kind, reason))
    found = told_of(writer.events, tmp_path)[1:]
    assert [kind for kind, _ in found] == ["unfilled", "unprotected"]
    assert found[0][1].startswith(f"{order}: stop_unfilled: a second after its trigger")
    assert found[1][1].startswith(f"the exit's order of {order} was refused: price_band: ")


def test_w17_the_daily_limit_and_levels_of_the_margin_are_told(tmp_path: Path) -> None:
    common: Any = {"ts": NOON, "input_no": 1}
    events: list[TradingEvent] = [
        RiskMoved(seq=1, state="HALTED", reason="daily_loss",
                  numbers={"loss_paise": 100_000}, **common),
        MarginMoved(seq=2, level=90, blocked_rupees=95, cash_paise=10_000, **common),
        RiskMoved(seq=3, state="ACTIVE", reason="command", **common),
    ]  # fmt: skip
    assert told_of(events, tmp_path) == [
        ("daily_limit", "HALTED: daily_loss: the day's loss limit was reached "
                        "(loss Rs 1,000.00)."),
        ("margin", "margin: more than 90 % of the cash is used, Rs 95.00 of Rs 100.00"),
    ]  # fmt: skip


def test_w17_what_a_gtt_does_by_itself_is_told_and_so_is_the_refusal_of_its_order(
    tmp_path: Path,
) -> None:
    common: Any = {"ts": NOON, "input_no": 1}
    gtt: Any = {"gtt_id": 7, "tradingsymbol": "NIFTY26NOV25000CE", **common}
    leg = GttLeg(side="SELL", quantity=65, price_paise=9_450, product="NRML")
    order: Any = {
        "order_id": "", "kind": "rejected", "state": "REJECTED", "side": "SELL",
        "order_type": "LIMIT", "quantity": 65, "reason": "price_band", "product": "NRML",
        "tradingsymbol": "NIFTY26NOV25000CE", **common,
    }  # fmt: skip
    events: list[TradingEvent] = [
        GttMoved(seq=1, kind="created", status="active", triggers=(9_500,), legs=(leg,),
                 last_paise=10_000, expires="2026-11-24", **gtt),
        GttMoved(seq=2, kind="triggered", status="triggered", leg=1, ltp_paise=9_490,
                 exchange_id="X-1", **gtt),
        ExchangeOrderMoved(seq=3, exchange_id="X-1", **order),
        ExchangeOrderMoved(seq=4, exchange_id="X-2", **order),
        GttMoved(seq=5, kind="refused", status="", reason="bad_gtt", **(gtt | {"gtt_id": 0})),
    ]  # fmt: skip
    found = told_of(events, tmp_path)
    assert [kind for kind, _ in found] == ["gtt", "gtt", "refusal", "gtt"]
    assert found[0][1] == "GTT 7 of NIFTY26NOV25000CE fired leg 1 at Rs 94.90: order X-1"
    assert "price_band" in found[1][1]
    assert "bad_gtt" in found[3][1]
