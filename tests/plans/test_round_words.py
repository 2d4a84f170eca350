"""A round in plain words: its legs, its end, and why nothing happened."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.events import OrderCreated, RoundMoved, TradingEvent
from daemon.domain.plan_round import LegWait
from daemon.journal.explain_round import tell_round
from daemon.journal.round_words import round_lines
from tests.oracle.plan_compare import run_engine
from tests.oracle.plan_kit import Script, leg, plan, straddle


def story(script: Script, number: int = 1) -> str:
    """The story of a round of the plan `p`, from the events of the engine itself."""
    name = f"p-20261130-{number}"
    events: list[TradingEvent] = run_engine(script.scenario)
    orders = {
        event.order_id
        for event in events
        if isinstance(event, OrderCreated) and event.round == name
    }
    mine = [
        event
        for event in events
        if event.order_id in orders or (isinstance(event, RoundMoved) and event.round == name)
    ]
    return "\n".join(tell_round(mine))


def opened(*plans: dict[str, Any], **prices: float) -> Script:
    """A morning on which the index stands at 24,000 and some premiums are known."""
    script = Script(*plans).at("09:19:58").rows({"NIFTY": 24_000, **prices})
    return script.at("09:20:00").rows({"NIFTY": 24_000})


def test_a_straddle_to_cost_is_told_from_its_start_to_its_result() -> None:
    script = opened(straddle(move_to_cost={}), **{"24000CE": 200, "24000PE": 180})
    script.ticks(**{"24000CE": 250.4}).ticks(**{"24000PE": 179.9}).ticks(**{"24000PE": 180.35})
    text = story(script.at("09:30").clock())
    for sentence in (
        "p-20261130-1: a round of plan p, 2026-11-30, times in IST",
        "WAITING: the round begins; ce, pe would enter at once.",
        "ENTERING: the contracts are chosen and the orders are sent: ce 24000CE, pe 24000PE.",
        "ce#0: entry: to sell 65 24000CE (chosen from ",
        "ce#0: sold 65 at Rs 200.00.",
        "OPEN: all first legs are in.",
        "ce#0: leaves: stop_loss: the price reached the stop.",
        "ce#0: bought 65 at Rs 250.40 (stop_loss), which makes -Rs 3,276.00 before charges.",
        "pe#0: the stop moves to Rs 180.00, to cost, as the stop of another leg of the plan was",
        "pe#0: bought 65 at Rs 180.35 (to_cost), which makes -Rs 22.75 before charges.",
        "DONE: flat: nothing was open and nothing could enter any more. It made -Rs 3,298.75.",
        "ce#0: sold 65 24000CE at Rs 200.00, out at Rs 250.40 (stop_loss): -Rs 3,276.00",
        "Result: gross -Rs 3,298.75, charges Rs 0.00, net -Rs 3,298.75.",
    ):
        assert sentence in text


def test_a_round_that_traded_nothing_says_why() -> None:
    text = story(opened(plan(leg("ce", "sell", "CE", strike=24_025))))
    assert "SKIPPED: no_strike: the strike that the plan names is not listed; " in text
    assert "Nothing was traded." in text
    assert text.endswith("Result: nothing was traded and nothing was charged.")


def test_a_leg_that_waits_and_one_that_is_given_up_are_told() -> None:
    legs = [leg("ce", "buy", "CE", momentum={"up": {"points": 15}})]
    script = opened(plan(*legs, entry={"until": "09:21"}), **{"24000CE": 200})
    text = story(script.at("09:21:00").clock().at("09:22").clock())
    assert "ce waits to buy in 24000CE: for its momentum, from Rs 200.00." in text
    assert "ce does not enter: not_triggered, nothing that the legs waited for came" in text
    assert "SKIPPED: not_triggered: nothing that the legs waited for came in time." in text


def test_a_round_that_could_not_choose_says_what_was_seen() -> None:
    wanted = {"premium_closest": 50}
    script = opened(plan(leg("ce", "sell", "CE", strike=wanted)), **{"24000CE": 200})
    text = story(script.at("09:20:31").clock().at("09:21").clock())
    assert "SKIPPED: no_premium: no premium fitted in time, or too few strikes" in text
    assert "; ce: only 1 of the 11 CE within 5 strikes of 24000 have a premium" in text


def test_a_momentum_that_never_came_says_its_level_and_the_last_price() -> None:
    legs = [leg("ce", "buy", "CE", momentum={"up": {"points": 15}})]
    script = opened(plan(*legs, entry={"until": "09:21"}), **{"24000CE": 200})
    text = story(script.ticks(**{"24000CE": 203.1}).at("09:21:00").clock().at("09:22").clock())
    assert "came in time (level Rs 215.00, last Rs 203.10)." in text


def test_a_late_start_says_when_the_entry_was_due_and_when_inputs_began() -> None:
    script = Script(straddle()).at("09:25:00").rows({"NIFTY": 24_000}).at("09:26").clock()
    text = story(script)
    assert "SKIPPED: late_start" in text
    assert "entry 2026-11-30 09:20:00 IST, first input 2026-11-30 09:25:00 IST" in text


def test_an_overall_exit_has_its_numbers() -> None:
    both = {"24000CE": 200, "24000PE": 180}
    script = opened(straddle(overall={"stop": {"rupees": 3000}}), **both)
    text = story(script.ticks(**{"24000CE": 236.2, "24000PE": 190.1}).at("09:30").clock())
    assert "EXITING: overall_stop: the round's loss reached the plan's overall stop " in text
    [line] = [each for each in text.splitlines() if "EXITING: " in each]
    assert "pnl -Rs 3,009.50" in line
    assert "level -Rs 3,000.00" in line
    assert line.endswith("; everything leaves.")


def test_an_open_round_says_what_it_came_to_so_far() -> None:
    text = story(opened(straddle(), **{"24000CE": 200, "24000PE": 180}).at("09:25").clock())
    assert "ce#0: sold 65 24000CE at Rs 200.00, still open" in text
    assert "So far: gross Rs 0.00" in text


def moved(reason: str, **more: Any) -> RoundMoved:
    given = {"seq": 1, "ts": 1, "input_no": 1, "plan": "p", "round": "p-1", "reason": reason}
    return RoundMoved(**{**given, "from_state": "OPEN", "to_state": "OPEN", **more})


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (moved("floor", numbers={"steps": 1, "floor_paise": 370_000}),
         "floor: the profit that is locked has grown (steps 1, floor Rs 3,700.00)."),
        (moved("not_reentered", leg="ce", numbers={"code": "lazy_busy"}),
         "not_reentered: ce is not entered again: lazy_busy, the lazy leg was open or waiting "
         "already."),
        (moved("dropped", leg="ce", numbers={"code": "another"}),
         "dropped: ce does not enter: another, another."),
        (moved("something_new"), "something_new: moves on."),
        (moved("new", to_state="EXITING"), "EXITING: new: as decided; everything leaves."),
        (moved("kept", from_state="ENTERING"),
         "OPEN: not all of the first legs were filled; the plan keeps those that were."),
        (moved("nothing_filled", from_state="WAITING", to_state="SKIPPED",
               numbers={"code": "insufficient_margin", "margin_paise": 100}),
         "SKIPPED: nothing_filled: no order was filled; insufficient_margin: the cash must "
         "cover the margin, the premium and the charges (margin Rs 1.00). Nothing was traded."),
        (moved("reentry", from_state="ARMED", to_state="WAITING", batch={"ce": ""},
               numbers={"is_reversed": 1}),
         "WAITING: the round begins once more, after an overall exit, on the opposite sides; ce "
         "would enter at once."),
    ],
)  # fmt: skip
def test_what_an_event_of_a_round_says(event: RoundMoved, line: str) -> None:
    assert round_lines(event) == [line]


def test_a_wait_for_the_cost_says_at_which_price() -> None:
    wait = LegWait(
        leg="ce", goal="cost", why="cost", side="SELL", symbol="X", reference_paise=10_000
    )
    assert round_lines(moved("armed", leg="ce", waits=(wait,))) == [
        "armed: ce is armed.", "ce waits to sell in X: for the price to be back at cost, from "
        "Rs 100.00.",
    ]  # fmt: skip
