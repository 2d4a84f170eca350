from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.intent import OrderIntent, Signal
from strategies.conflict import Proposal, Rule, resolve, signed_quantity

SYMBOLS = st.sampled_from(["A", "B"])
RULES: st.SearchStrategy[Rule] = st.sampled_from(["highest_confidence", "priority", "net_out"])


@st.composite
def proposals(draw: st.DrawFn) -> list[Proposal]:
    signals = st.sampled_from([Signal.BUY, Signal.SELL, Signal.EXIT])
    return [
        Proposal(
            intent=OrderIntent(
                symbol=draw(SYMBOLS), signal=draw(signals), qty=draw(st.integers(1, 5)) * 65,
                confidence=draw(st.sampled_from([0.1, 0.5, 1.0])), strategy_id=f"s{rank}",
            ),
            rank=rank,
            priority=draw(st.integers(-1, 1)),
        )
        for rank in draw(st.lists(st.integers(0, 4), max_size=8))
    ]  # fmt: skip


def entries(intents: list[OrderIntent], symbol: str) -> list[OrderIntent]:
    return [e for e in intents if e.symbol == symbol and e.signal != Signal.EXIT]


@given(proposals())
def test_net_out_leaves_the_sum_and_never_both_sides(given_: list[Proposal]) -> None:
    asked = [each.intent for each in given_]
    done = resolve(given_, "net_out").intents
    for symbol in ("A", "B"):
        net = sum(map(signed_quantity, entries(asked, symbol)))
        left = entries(done, symbol)
        assert [signed_quantity(each) for each in left] == ([net] if net else [])
        if left:
            first = next(e for e in entries(asked, symbol) if e.signal == left[0].signal)
            assert left[0].strategy_id == first.strategy_id


@given(proposals(), RULES)
def test_one_entry_per_symbol_every_exit_and_nothing_uncounted(
    given_: list[Proposal], rule: Rule
) -> None:
    result = resolve(given_, rule)
    for symbol in ("A", "B"):
        assert len(entries(result.intents, symbol)) <= 1
    exits = [each.intent for each in given_ if each.intent.signal == Signal.EXIT]
    assert [each for each in result.intents if each.signal == Signal.EXIT] == exits
    assert len(result.intents) + len(result.lost) == len(given_)


@given(proposals(), st.sampled_from(["highest_confidence", "priority"]))
def test_no_loser_ranks_above_the_winner(given_: list[Proposal], rule: Rule) -> None:
    def key(each: Proposal) -> tuple[float, int]:
        if rule == "priority":
            return -each.priority, each.rank
        return -each.intent.confidence, each.rank

    done = resolve(given_, rule).intents
    for symbol in ("A", "B"):
        rivals = [e for e in given_ if e.intent in entries([e.intent], symbol)]
        if rivals:
            assert entries(done, symbol) == [min(rivals, key=key).intent]
