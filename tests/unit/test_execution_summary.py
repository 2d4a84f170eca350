"""What a run says of how it was filled: by rule, how deep, what else it would have paid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from daemon.domain.booked_fills import BookedFills
from daemon.domain.events import TradingEvent
from daemon.domain.exchange_tally import ExchangeTally
from daemon.domain.ledger import Ledger
from daemon.journal.store import JournalMeta, JournalStore
from daemon.metrics.fill_quality import FillProfile
from daemon.report.execution import Execution, execution_dict
from daemon.report.execution_block import execution_block, rules_block
from daemon.report.execution_card import execution_card
from daemon.report.fold import RunFold
from daemon.report.model import RunFacts
from daemon.report.summary import summarize, summary_dict
from daemon.report.terminal import summary_text
from daemon.settings.config import ExecutionConfig
from daemon.web.day_charts.bars import DayBars
from daemon.web.day_charts.candles import candles_data
from daemon.web.day_charts.day_facts import DayFacts
from daemon.web.fold.book import Book
from daemon.web.fold.tape import Tape
from daemon.web.past.trades import trade_story
from tests.exchange.depth_market import DepthMarket
from tests.kit.depth_runs import depth_run
from tests.kit.market import CALL, DATE

THIN = ((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65))


def market(**config: object) -> DepthMarket:
    made = DepthMarket(enable_trailing=False, enable_time_stop=False, **config)
    made.depth_tick()
    return made


def execution_of(events: Sequence[TradingEvent]) -> Execution:
    return RunFold(events).execution.sums


def rows_of(execution: Execution) -> dict[str, str]:
    return {row[0]: row[1] for row in execution_block(execution).rows}


def test_a_sweep_says_how_deep_it_went_and_what_that_cost() -> None:
    made = market()
    made.signal("BUY", 585, 90.0)
    sums = execution_of(made.events)
    # C2: 130 @ 100.00, 195 @ 100.05, 260 @ 100.10 with 100.00 as the best
    assert (sums.sweeps, sums.levels, sums.most_levels) == (1, 3, 3)
    assert sums.over_best_paise == 195 * 5 + 260 * 10
    assert sums.best_value_paise == 585 * 100_00
    assert sums.over_best_bps == pytest.approx(6.11, abs=0.01)
    taken = sums.by_rule["take"]
    assert (taken.fills, taken.units, taken.beyond_units, taken.unsized_units) == (3, 585, 455, 0)
    assert rows_of(sums)["paid beyond the best price shown"] == "35.75 (6.1 bps)"
    assert rows_of(sums)["levels taken at once, on average and at most"] == "3.0, 3"


def test_fills_at_once_are_compared_with_the_other_modes() -> None:
    made = market()
    made.depth_tick(100.00, bids=((99.85, 65),))
    made.signal("BUY", 585, 90.0)
    at_once = execution_of(made.events).at_once
    # ltp 100.00, mid 99.925 and so 99.95, ask 100.00; paid 58,535.75
    assert at_once.mode == "depth"
    assert at_once.kinder_paise("ltp") == at_once.kinder_paise("bid_ask") == 35_75
    assert at_once.kinder_paise("mid") == 35_75 + 5 * 585
    assert at_once.kinder_paise("depth") == 0
    assert execution_dict(execution_of(made.events))["at_once"] == {
        "fills": 3, "units": 585, "value": 58_535.75, "ltp_kinder_by": 35.75,
        "mid_kinder_by": 65.0, "bid_ask_kinder_by": 35.75, "depth_kinder_by": 0.0,
    }  # fmt: skip


def test_a_kinder_mode_does_not_know_what_depth_would_have_given() -> None:
    made = market(fill_mode="mid", slippage_bps=0)
    made.depth_tick(100.00, bids=((99.85, 65),))
    made.signal("BUY", 585, 90.0)
    sums = execution_of(made.events)
    assert sums.by_rule["mid"].unsized_units == 585
    assert sums.at_once.mode == "mid"
    assert sums.at_once.kinder_paise("depth") is None
    assert sums.at_once.kinder_paise("bid_ask") == -5 * 585
    assert rows_of(sums) == {
        "fills at once, at ltp instead": "-29.25",
        "fills at once, at bid_ask instead": "-29.25",
        "fills at once, at depth instead (this run did not look at the levels)": "–",
    }


def test_entries_that_never_filled_are_missed_and_refusals_are_not() -> None:
    made = market(reject_after_s=30)
    made.depth_tick(asks=())
    made.signal("BUY", 130, 90.0)
    made.clock(31)
    made.depth_tick()
    made.signal("BUY", 65, 101.0)  # no stop at all: a decision
    sums = execution_of(made.events)
    assert (sums.missed, sums.missed_units) == ({"no_price": 1}, 130)
    assert sums.refused == {"stop_not_protective": 1}
    assert rows_of(sums)["entries that never filled"] == "no price 1; 130 units"


def test_the_rest_of_an_entry_and_an_exit_that_was_sent_again_are_counted() -> None:
    made = DepthMarket(market_rest="cancel", enable_time_stop=False, enable_partial_exit=False)
    made.depth_tick(asks=THIN)
    made.signal("BUY", 195, 90.0)
    made.depth_tick(89.00, bids=(), asks=((89.50, 65),))
    made.depth_tick(70.00, bids=((69.00, 650),), asks=((70.50, 65),), after_s=3)
    sums = execution_of(made.events)
    assert (sums.rests, sums.rest_units, sums.sent_again) == (1, 130, 1)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert rows_of(sums)["exits sent again, as they stood unfilled"] == "1"


def test_terminal_summary_and_page_tell_it() -> None:
    made = market()
    made.signal("BUY", 585, 90.0)
    facts = RunFacts(run_id="r", profile=FillProfile.of(ExecutionConfig(fill_mode="depth")))
    summary = summarize(made.events, facts, marks={})
    text, card = summary_text(summary), execution_card(summary.execution)
    for sentence in ("HOW IT WAS FILLED", "taken from the levels shown", "EXECUTION", "35.75 (6.1"):
        assert sentence in text
    assert "taken from the levels shown" in card
    assert summary_dict(summary)["execution"]["most_levels"] == 3
    nothing = summarize((), facts, marks={})
    assert execution_card(nothing.execution) == ""
    assert "HOW IT WAS FILLED" not in summary_text(nothing)
    assert not rules_block(nothing.execution).rows


@pytest.mark.parametrize("seed", range(20))
def test_the_tally_is_that_of_the_events(seed: int) -> None:
    events, ledger = depth_run(seed)
    sums, tally = execution_of(events), ledger.exchange
    assert tally.fills == {
        rule: each.fills for rule, each in sums.by_rule.items() if rule in tally.fills
    }
    assert tally.units == {rule: sums.by_rule[rule].units for rule in tally.units}
    assert tally.refused == sums.refused
    decoded = msgspec.json.decode(msgspec.json.encode(tally), type=ExchangeTally)
    assert decoded == tally


def test_what_works_is_forgotten_when_it_is_over_and_with_its_day() -> None:
    made = DepthMarket(enable_time_stop=False)
    made.depth_tick(asks=THIN)
    made.signal("BUY", 130, 90.0)
    ledger = made.engine.ledger
    assert list(ledger.exchange.working) == ["X-20261118-000001-1"]
    made.signal("EXIT")
    assert not ledger.exchange.working
    stale = ExchangeTally(day=1, working={"X-1": None})
    for event in made.events:
        if type(event).__name__ == "ExchangeOrderMoved":
            stale.take(event)  # type: ignore[arg-type]
    assert "X-1" not in stale.working


def test_the_tape_tells_every_part_with_why_it_left() -> None:
    made = market(enable_partial_exit=False)
    made.signal("BUY", 325, 90.0)
    made.depth_tick(89.00, bids=((89.00, 130), (80.00, 65)), asks=((89.50, 65),))
    made.depth_tick(88.90, bids=((88.00, 650), (80.00, 65)), asks=((89.50, 65),))
    book = Book(RunFold())
    for event in made.events:
        book.take(event)
    rows = [row for row in reversed(book.tape.newest()) if row["kind"] in ("fill", "exit")]
    assert [row["words"].partition(" NIFTY")[0] for row in rows] == [
        "bought 130", "bought 195", "sold 130", "sold 195",
    ]  # fmt: skip
    assert all("the price reached the stop" in row["words"] for row in rows[2:])
    assert len(book.closed) == 2
    assert book.day_of(made.now).trades == 1


def test_a_follower_that_begins_in_the_middle_knows_why_a_position_leaves() -> None:
    made = market(enable_partial_exit=False)
    made.signal("BUY", 325, 90.0)
    made.depth_tick(89.00, bids=(), asks=((89.50, 65),))
    seen = len(made.events)
    before = Ledger()
    for event in made.events:
        before.apply(event)
    made.depth_tick(89.00, bids=((89.00, 130), (80.00, 65)), asks=((89.50, 65),), after_s=5)
    fills, tape = BookedFills.after(before), Tape(before.positions.values())
    later = made.events[seen:]
    reasons = [found.reason for event in later if (found := fills.take(event)) is not None]
    assert reasons
    assert set(reasons) == {"stop_loss"}
    for event in later:
        tape.take(event, "X")
    assert "the price reached the stop" in tape.newest()[0]["words"]


def test_chart_and_story_of_a_trade_show_every_part(tmp_path: Path) -> None:
    made = market(enable_partial_exit=False)
    made.signal("BUY", 325, 90.0)
    made.depth_tick(89.00, bids=((89.00, 130), (80.00, 65)), asks=((89.50, 65),))
    made.depth_tick(88.90, bids=((88.00, 650), (80.00, 65)), asks=((89.50, 65),))
    facts = DayFacts("2026-11-18", Ledger(), made.events)
    chart = candles_data(CALL, DayBars(DATE), facts, None, "")
    assert [(fill["kind"], fill["price"]) for fill in chart["fills"]] == [
        ("entry", 100.00), ("entry", 100.05), ("exit", 89.00), ("exit", 87.25),
    ]  # fmt: skip
    with JournalStore.create(tmp_path / "j", JournalMeta(run_id="r", account="a")) as store:
        store.append(made.events, input_no=made.events[-1].input_no)
    trade = trade_story(tmp_path / "j", "V3-20261118-000001")["trade"]
    assert [fill["quantity"] for fill in trade["fills"]] == [130, 195, 130, 195]
    assert {fill["reason"] for fill in trade["fills"][2:]} == {"stop_loss"}
    orders = [(each["id"], each["state"], each["filled"]) for each in trade["exchange_orders"]]
    assert orders == [
        ("X-20261118-000001-1", "COMPLETE", 325), ("X-20261118-000001-2", "COMPLETE", 325),
    ]  # fmt: skip
