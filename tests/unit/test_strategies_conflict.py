from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.intent import OrderIntent, Signal
from strategies.conflict import Proposal, Rule, is_entry, resolve, signed_quantity

SYMBOLS = st.sampled_from(["A", "B"])
RULES: st.SearchStrategy[Rule] = st.sampled_from(["highest_confidence", "priority", "net_out"])
EVERY_RULE: tuple[Rule, ...] = ("highest_confidence", "priority", "net_out")


@st.composite
def proposals(draw: st.DrawFn) -> list[Proposal]:
    signals = st.sampled_from([Signal.BUY, Signal.SELL, Signal.EXIT])
    priorities = draw(st.lists(st.integers(-1, 1), min_size=5, max_size=5))
    return [
        Proposal(
            intent=OrderIntent(
                symbol=draw(SYMBOLS), signal=draw(signals), qty=draw(st.integers(1, 5)) * 65,
                confidence=draw(st.sampled_from([0.1, 0.5, 1.0])), strategy_id=f"s{rank}",
                tag=str(number),
            ),
            rank=rank,
            priority=priorities[rank],
        )
        for number, rank in enumerate(draw(st.lists(st.integers(0, 4), max_size=8)))
    ]  # fmt: skip


def entries(intents: list[OrderIntent], symbol: str) -> list[OrderIntent]:
    return [e for e in intents if e.symbol == symbol and e.signal != Signal.EXIT]


@given(proposals())
def test_net_out_leaves_the_sum_with_one_strategy(given_: list[Proposal]) -> None:
    asked = [each.intent for each in given_]
    done = resolve(given_, "net_out").intents
    for symbol in ("A", "B"):
        mine = entries(asked, symbol)
        left = entries(done, symbol)
        assert sum(map(signed_quantity, left)) == sum(map(signed_quantity, mine))
        if len({each.strategy_id for each in mine}) > 1:
            assert len({each.strategy_id for each in left}) <= 1
        sides = {each.signal for each in left}
        if len(sides) == 1:
            first = next(each for each in mine if each.signal in sides)
            assert {each.strategy_id for each in left} == {first.strategy_id}


@given(proposals())
def test_net_out_sets_no_strategy_off_against_itself(given_: list[Proposal]) -> None:
    """What stands on both sides is what others have not offset, by the largest matching."""
    for symbol in ("A", "B"):
        mine = entries([each.intent for each in given_], symbol)
        left = entries(resolve(given_, "net_out").intents, symbol)
        for side, other in ((Signal.BUY, Signal.SELL), (Signal.SELL, Signal.BUY)):
            for strategy in {each.strategy_id for each in mine}:
                own = sum(e.qty for e in mine if e.strategy_id == strategy and e.signal == side)
                against = sum(
                    e.qty for e in mine if e.strategy_id != strategy and e.signal == other
                )
                stands = sum(e.qty for e in left if e.signal == side)
                assert stands >= own - against


@given(proposals())
def test_net_out_gives_a_strategys_entries_what_they_asked_for_in_order(
    given_: list[Proposal],
) -> None:
    """Only the last of a side that goes through may have more or less."""
    asked = {each.intent.tag: each.intent.qty for each in given_}
    done = resolve(given_, "net_out").intents
    for symbol in ("A", "B"):
        for side in (Signal.BUY, Signal.SELL):
            first = [each for each in entries(done, symbol) if each.signal == side][:-1]
            assert [each.qty for each in first] == [asked[each.tag] for each in first]


@given(proposals(), RULES)
def test_every_exit_passes_the_order_stays_and_what_is_lost_is_named(
    given_: list[Proposal], rule: Rule
) -> None:
    result = resolve(given_, rule)
    exits = [each.intent for each in given_ if each.intent.signal == Signal.EXIT]
    assert [each for each in result.intents if each.signal == Signal.EXIT] == exits
    passed = [int(each.tag) for each in result.intents]
    assert passed == sorted(passed)
    lost = {int(each.intent.tag): each.kept for each in result.lost}
    kept = {int(each.tag): each.qty for each in result.intents}
    for number, each in enumerate(given_):
        assert min(kept.get(number, 0), each.intent.qty) == lost.get(number, each.intent.qty)


@given(proposals(), st.sampled_from(["highest_confidence", "priority"]))
def test_the_best_strategy_takes_a_symbol_with_all_that_it_asked_for(
    given_: list[Proposal], rule: Rule
) -> None:
    def key(each: Proposal) -> tuple[float, int]:
        if rule == "priority":
            return -each.priority, each.rank
        return -each.intent.confidence, each.rank

    result = resolve(given_, rule)
    for symbol in ("A", "B"):
        rivals = [e for e in given_ if is_entry(e.intent) and e.intent.symbol == symbol]
        if rivals:
            best = min(rivals, key=key).intent.strategy_id
            own = [e.intent for e in rivals if e.intent.strategy_id == best]
            assert entries(result.intents, symbol) == own
            assert {e.to for e in result.lost if e.intent.symbol == symbol} <= {best}


def said(*wishes: str, strategy: str = "s", rank: int = 0) -> list[Proposal]:
    """Proposals written as `BUY 25`."""
    parts = (each.split() for each in wishes)
    return [
        Proposal(
            intent=OrderIntent(
                symbol="A", signal=Signal(signal), qty=int(qty), strategy_id=strategy
            ),
            rank=rank,
            priority=0,
        )
        for signal, qty in parts
    ]


def through(given_: list[Proposal], rule: Rule) -> list[str]:
    return [f"{e.strategy_id} {e.signal} {e.qty}" for e in resolve(given_, rule).intents]


@pytest.mark.parametrize("rule", EVERY_RULE)
@pytest.mark.parametrize(
    "wishes",
    [
        ("BUY 25", "BUY 50"),
        ("BUY 25", "BUY 25"),
        ("SELL 50", "SELL 25", "SELL 75"),
        ("EXIT 0", "SELL 25"),
        ("BUY 25", "EXIT 0"),
        ("BUY 25", "EXIT 0", "BUY 50"),
        ("BUY 0", "BUY 25"),
    ],
)
def test_what_one_strategy_asks_for_stands_in_its_order(
    wishes: tuple[str, ...], rule: Rule
) -> None:
    given_ = said(*wishes)
    assert through(given_, rule) == [f"s {each}" for each in wishes]
    assert resolve(given_, rule).lost == []


@pytest.mark.parametrize("rule", EVERY_RULE)
def test_rule_4_a_buy_and_a_sell_of_one_strategy_both_stand(rule: Rule) -> None:
    assert through(said("BUY 75", "SELL 25"), rule) == ["s BUY 75", "s SELL 25"]


@pytest.mark.parametrize(
    ("rule", "stands", "lost"),
    [
        ("highest_confidence", ["s BUY 25", "s BUY 50"], ["r SELL 25 keeps 0, to s"]),
        ("priority", ["s BUY 25", "s BUY 50"], ["r SELL 25 keeps 0, to s"]),
        (
            "net_out",
            ["s BUY 25", "s BUY 25"],
            ["s BUY 50 keeps 25, to s", "r SELL 25 keeps 0, to s"],
        ),
    ],
)
def test_a_rival_meets_both_entries_of_a_strategy(
    rule: Rule, stands: list[str], lost: list[str]
) -> None:
    given_ = said("BUY 25", "BUY 50") + said("SELL 25", strategy="r", rank=1)
    assert through(given_, rule) == stands
    assert [
        f"{e.intent.strategy_id} {e.intent.signal} {e.intent.qty} keeps {e.kept}, to {e.to}"
        for e in resolve(given_, rule).lost
    ] == lost


def test_net_out_gives_the_last_entry_of_the_taker_what_others_of_its_side_asked_for() -> None:
    given_ = said("BUY 25", "BUY 50") + said("BUY 75", strategy="r", rank=1)
    assert through(given_, "net_out") == ["s BUY 25", "s BUY 125"]


def test_net_out_of_equal_sides_goes_to_nobody() -> None:
    lost = resolve(said("BUY 25", "BUY 50") + said("SELL 75", strategy="r"), "net_out").lost
    assert [(each.intent.strategy_id, each.to) for each in lost] == [
        ("s", ""),
        ("s", ""),
        ("r", ""),
    ]
