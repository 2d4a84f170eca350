"""What a person reads: the story of an order, the tables, the export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from daemon.domain.events import Excursion, OrderCreated, OrderMoved, decode_event
from daemon.domain.order import OrderState
from daemon.errors import UsageError
from daemon.journal.explain import _asked, explain
from daemon.journal.show import export, show, table
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.words import EXITS, REFUSALS, money, money_half, refusal_text
from tests.kit.market import Market
from tests.kit.sample_events import EventWriter, sample_events

META = JournalMeta(run_id="run-1", account="dev")
GATES = [
    "unknown_symbol",
    "not_tradable",
    "strategy_off",
    "kill_switch",
    "market_closed",
    "after_square_off",
    "lot_size",
    "bad_level",
    "max_order_quantity",
    "freeze_quantity",
    "max_open_positions",
    "daily_loss",
    "max_trades_per_day",
    "max_loss_streak",
    "no_price",
    "stop_not_protective",
    "target_not_beyond_entry",
    "exits_not_managed",
    "signal_exit",
    "square_off",
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    events = sample_events()
    with JournalStore.create(tmp_path / "run", META) as made:
        made.append(events, input_no=events[-1].input_no)
        yield made


def test_a_winning_order_is_told_from_wish_to_result(store: JournalStore) -> None:
    story = explain(store, "V3-20261118-000001")
    for sentence in (
        "V3-20261118-000001: BUY 50 NIFTY26NOV25000CE (MIS), strategy orb, 1m candles, 2026-11-18",
        "09:20:01.000  CREATED: asked to buy 50 (2 lots of 25), stop Rs 95.00, target Rs 112.00.",
        "The strategy said: range broken",
        "50% leaves at a losing stop, in whole lots; the stop trails in steps of 0.5 R; "
        "out after 20 bars.",
        "FILLED: bought 50 at Rs 100.00, priced from the middle of bid and ask (Rs 100.00)",
        "Quote: bid Rs 99.95, ask Rs 100.05, last price Rs 100.00, 0.25 s old.",
        "With fill_mode bid_ask the price would have been Rs 100.05.",
        "ACTIVE: the position is open: stop Rs 95.00, target Rs 112.00, risk (R) Rs 5.00 a unit.",
        "STOP MOVED: from Rs 95.00 to Rs 97.50 at a last price of Rs 102.50, 1 whole step gained.",
        "SL_PENDING: trailing_stop: the price reached the trailed stop (level Rs 97.50, last price "
        "Rs 97.40); a partial exit of 25 of 50 begins.",
        "This exit (trailing_stop) makes -Rs 65.00 before charges.",
        "25 stay open: stop Rs 95.00",
        "Result: gross Rs 235.00, charges Rs 70.80, net Rs 164.20.",
        "With fill_mode bid_ask the gross would have been Rs 230.00.",
    ):
        assert sentence in story


def test_a_refused_order_says_why_with_its_numbers(store: JournalStore) -> None:
    story = explain(store, "V3-20261118-000002")
    assert (
        "REJECTED: lot_size: the quantity must be a positive multiple of the lot "
        "(lot size 25, quantity 60)." in story
    )
    assert "Result: REJECTED, nothing was traded and nothing was charged." in story


def test_a_doubtful_fill_is_called_doubtful(store: JournalStore) -> None:
    story = explain(store, "V3-20261118-000003")
    for sentence in (
        "as bid or ask was missing",
        "Quote: bid none, ask none",
        "time_stop: the position had been held for its number of bars (last price Rs 50,001.00, "
        "20 bars held); a full exit of 20 of 20 begins. (was due at 09:41:04.000)",
        "(Rs 50,001.505) with Rs 0.495 (0.1 bps) slippage a unit",
        "The quote was stale",
        "inside a candle",
        "after a silence of the feed",
        "net -Rs 87.20",
    ):
        assert sentence in story


def test_orders_without_a_fill_and_open_ones_have_an_ending_too(store: JournalStore) -> None:
    assert "no usable price came in time" in explain(store, "V3-20261118-000004")
    assert "(waited 30 s)" in explain(store, "V3-20261118-000004")
    assert "CANCELLED: square_off" in explain(store, "V3-20261118-000005")
    still_open = explain(store, "V3-20261118-000006")
    assert "So far (75 still open, ACTIVE): gross Rs 0.00, charges Rs 23.60" in still_open


def test_every_line_has_an_indian_time_or_belongs_to_one(store: JournalStore) -> None:
    _, *lines = explain(store, "V3-20261118-000001").splitlines()
    story = lines[: lines.index("")]
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3}  \S| {14}\S", line) for line in story)


def test_the_best_and_the_worst_price_are_told(tmp_path: Path) -> None:
    events = sample_events()
    closing = next(
        event
        for event in events
        if isinstance(event, OrderMoved) and event.to_state is OrderState.CLOSED
    )
    seen = Excursion(best_paise=11200, worst_paise=9740)
    events[closing.seq - 1] = msgspec.structs.replace(closing, excursion=seen)
    with JournalStore.create(tmp_path, META) as store:
        store.append(events, input_no=events[-1].input_no)
        story = explain(store, closing.order_id)
    assert "the best price was Rs 112.00, the worst Rs 97.40." in story


@pytest.mark.parametrize("reason", [*GATES, "a_code_of_tomorrow"])
def test_every_refusal_prints(tmp_path: Path, reason: str) -> None:
    w = EventWriter()
    order = w.create("X", "BUY", 25)
    numbers: dict[str, int | str] = {"quantity": 25, "limit": 10, "sl_paise": 9500, "name": "x"}
    w.move(order, OrderState.CREATED, OrderState.REJECTED, reason, numbers=numbers)
    with JournalStore.create(tmp_path, META) as store:
        store.append(w.events, input_no=1)
        story = explain(store, order)
    assert f"REJECTED: {reason}" in story
    (line,) = (each for each in story.splitlines() if "REJECTED:" in each)
    said = set(line.rsplit(" (", 1)[1].removesuffix(").").split(", "))
    assert said == {"quantity 25", "limit 10", "sl Rs 95.00", "name x"}
    assert (reason in REFUSALS) == (reason != "a_code_of_tomorrow")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (
            {"required_paise": 18_570_608, "available_paise": -5},
            ["Insufficient funds. Required margin is 1,85,706.08 but available margin is -0.05."],
        ),
        ({"not_known": "NIFTY has no price"}, []),
    ],
)
def test_an_entry_without_the_cash_is_refused_in_kites_words_too(
    tmp_path: Path, numbers: dict[str, int | str], said: list[str]
) -> None:
    writer = EventWriter()
    order = writer.create("X", "SELL", 25)
    writer.move(
        order, OrderState.CREATED, OrderState.REJECTED, "insufficient_margin", numbers=numbers
    )
    with JournalStore.create(tmp_path / "run", META) as store:
        store.append(writer.events, input_no=1)
        told = explain(store, order)
    assert [line.split("Kite says: ")[1] for line in told.splitlines() if "Kite" in line] == said


@pytest.mark.parametrize("name", ["risk", "GTT-9"])
def test_a_gtt_that_never_was_is_not_called_an_order(store: JournalStore, name: str) -> None:
    with pytest.raises(UsageError, match=f"no event of {name}; `show` lists what there is"):
        explain(store, name)


def test_a_stop_that_moved_to_cost_is_told(tmp_path: Path) -> None:
    market = Market(
        enable_break_even=True, break_even_with_charges=True, trail_after_r=1.5, time_stop_bars=0
    )
    market.tick(100)
    market.signal("BUY", 50, sl=95)
    market.tick(105)
    market.tick(100)
    with JournalStore.create(tmp_path, META) as store:
        store.append(market.events, input_no=market.engine.input_no)
        story = explain(store, market.events[0].order_id)
    for sentence in (
        "the stop trails in steps of 0.5 R from 1.5 R on; from 1 R on the stop moves to cost (the "
        "entry with charges).",
        "STOP MOVED: from Rs 95.00 to Rs 100.00 at a last price of Rs 105.00, to cost, as the "
        "price was far enough beyond it.",
        "SL_PENDING: break_even: the price reached the stop, which had been moved to cost (level "
        "Rs 100.00, last price Rs 100.00); a full exit of 50 of 50 begins.",
    ):
        assert sentence in story


def test_every_exit_reason_has_a_sentence() -> None:
    stops = {"stop_loss", "trailing_stop", "break_even", "stop_loss_rest"}
    others = {"take_profit", "time_stop", "signal_exit", "square_off", "kill_switch", "expiry"}
    others |= {"physical_settlement", "daily_loss", "margin_shortfall", "strategy_close"}
    others |= {f"watch_{level}" for level in ("stop", "target", "trail", "lock")}
    of_plans = {"to_cost", "leg_stop_underlying", "leg_target_underlying", "complete"}
    of_plans |= {"overall_stop", "overall_target", "overall_trail", "overall_lock", "plan_exit"}
    of_plans |= {"leg_incomplete", "roll", "roll_lost", "roll_max"}
    assert stops | others | of_plans | {"manual_exit"} == EXITS.keys()


def test_times_and_spans_among_the_numbers_are_readable() -> None:
    numbers: dict[str, int | str] = {"open_ts": 1_795_000_000_000_000_000, "waited_ns": 1_500_000}
    text = refusal_text("market_closed", numbers)
    assert text.endswith("(open 2026-11-18 16:36:40 IST, waited 0.002 s).")
    assert refusal_text("kill_switch", None).endswith("so nothing new is opened.")


def test_an_unknown_order_is_answered_with_its_neighbours(store: JournalStore) -> None:
    with pytest.raises(UsageError, match="did you mean V3-20261118-000002"):
        explain(store, "2")
    with pytest.raises(UsageError, match="did you mean V3-20261118-00000"):
        explain(store, "V3-20261118-00001")
    with pytest.raises(UsageError, match="has 6 orders"):
        explain(store, "nothing like it at all")


def test_money_has_its_sign_in_front() -> None:
    assert (money(-123456), money(5), money_half(-9900001)) == (
        "-Rs 1,234.56",
        "Rs 0.05",
        "-Rs 49,500.005",
    )


def test_show_lists_the_newest_orders_and_trades(store: JournalStore) -> None:
    shown = show(store, 2)
    assert [row["order_id"][-1] for row in shown.orders] == ["5", "6"]
    assert [row["order_id"][-1] for row in shown.trades] == ["1", "3"]
    lines = shown.text().splitlines()
    assert lines[0] == "Orders"
    assert lines[1].split()[:3] == ["order_id", "order_timestamp", "tradingsymbol"]
    assert "take_profit  235.00    70.80  164.20  orb" in shown.text()
    with pytest.raises(UsageError, match="at least 1, was 0"):
        show(store, 0)


def test_an_empty_table_says_so() -> None:
    assert table([]) == "(none)"


def test_the_export_is_one_event_a_line(store: JournalStore, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    assert export(store, out) == len(sample_events())
    assert [decode_event(line) for line in out.read_bytes().splitlines()] == sample_events()
    with pytest.raises(UsageError, match="cannot be written"):
        export(store, tmp_path / "no" / "such" / "directory")


def test_the_export_goes_to_stdout_by_default(
    store: JournalStore, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    export(store)
    assert capsysbinary.readouterr().out.count(b"\n") == len(sample_events())


@pytest.mark.parametrize(
    ("quantity", "said"), [(25, "25 (1 lot of 25)"), (50, "50 (2 lots of 25)"), (30, "30,")]
)
def test_whole_lots_are_counted_for_the_reader(quantity: int, said: str) -> None:
    created = sample_events()[0]
    assert isinstance(created, OrderCreated)
    assert said in _asked(msgspec.structs.replace(created, quantity=quantity))[0]


def test_only_exits_that_an_order_has_are_told() -> None:
    created = sample_events()[0]
    assert isinstance(created, OrderCreated)
    assert created.exits.enable_partial_exit
    assert created.exits.enable_trailing
    told = _asked(created)[-1]
    assert "leaves at a losing stop" in told
    assert "the stop trails" in told
    without_stop = msgspec.structs.replace(created, sl_paise=None)
    assert _asked(without_stop)[-1] == "Exits: out after 20 bars."
    off = msgspec.structs.replace(created.exits, enable_partial_exit=False, enable_trailing=False)
    without_rules = msgspec.structs.replace(created, exits=off)
    assert _asked(without_rules)[-1] == "Exits: out after 20 bars."
