"""Examples 12 to 16 of the contract of plans, and the rules P41 to P45 they rest on."""

from __future__ import annotations

import pytest

from daemon.levels.floors import FloorSteps, floor_of, judge
from daemon.levels.stake import Stake
from daemon.levels.terms import CombinedTerms
from tests.levels.board import Board, rupees, terms

CE, PE, LOT = 0, 1, 65


class Held:
    """One combined level over a result that is moved by one contract of quantity 1."""

    def __init__(self, levels: CombinedTerms) -> None:
        self.board = Board(1)
        self.board.tick(0, rupees(100_000), 0)
        self.levels = self.board.add(levels)
        self.levels.hold(Stake({0: 1}, -rupees(100_000)))
        self.ts = 0
        self.result(0)

    def result(self, amount: float) -> str:
        """Let the result be some rupees at the end of a timestamp; return the level it reached."""
        self.ts += 1
        self.board.tick(0, rupees(100_000 + amount), self.ts)
        for _, decision in self.board.end():
            if decision.verdict.reached is not None:
                return decision.verdict.reached.level
        return ""

    @property
    def floor(self) -> float:
        """The lowest result allowed, in rupees."""
        found = floor_of(self.levels.terms, self.levels.steps)
        assert found is not None
        return float(found.paise) / 100


def test_example_12_a_straddle_leaves_at_the_combined_stop_before_its_legs_stops() -> None:
    board = Board(2)
    board.tick(CE, rupees(200), 0)
    board.tick(PE, rupees(180), 0)
    levels = board.add(terms(stop=3_000))
    levels.hold(Stake({CE: -LOT, PE: -LOT}, LOT * rupees(380)))
    assert list(board.end()) == []
    board.tick(CE, rupees(230), 1)
    board.tick(PE, rupees(168), 1)
    assert list(board.end()) == []
    assert levels.result() == (-rupees(1_170), 1)
    board.tick(CE, rupees(236.20), 2)
    board.tick(PE, rupees(190.10), 2)
    [(_, decision)] = board.end()
    assert decision.verdict.reached is not None
    assert decision.verdict.reached.level == "stop"
    assert decision.result == -rupees(3_009.50)


def test_example_12_is_decided_by_both_legs_of_the_timestamp_whatever_their_order() -> None:
    for order in ((CE, PE), (PE, CE)):
        board = Board(2)
        board.tick(CE, rupees(200), 0)
        board.tick(PE, rupees(180), 0)
        board.add(terms(stop=3_000)).hold(Stake({CE: -LOT, PE: -LOT}, LOT * rupees(380)))
        assert list(board.end()) == []
        prices = {CE: rupees(260), PE: rupees(140)}  # alone the CE's would be -3,900
        for leg in order:
            board.tick(leg, prices[leg], 1)
        assert list(board.end()) == []
        assert board.valued == 2


def test_example_13_a_stop_may_be_a_percentage_of_the_premium() -> None:
    held = Held(terms(target=10_000))
    premium = (200 + 180) * LOT
    held.levels.move(stop=rupees(premium) * 15 // 100, target=None)
    assert held.result(-3_704.95) == ""
    assert held.result(-3_705) == "stop"


def test_example_14_a_lock_keeps_a_part_once_it_was_gained() -> None:
    held = Held(terms(lock=(5_000, 3_000)))
    assert held.result(4_990) == ""
    assert held.levels.steps == FloorSteps()
    assert held.result(5_010) == ""
    assert held.floor == 3_000
    assert held.result(7_200) == ""
    assert held.floor == 3_000
    assert held.result(3_100) == ""
    assert held.result(2_980) == "lock"


def test_example_15_a_lock_with_steps_rises() -> None:
    held = Held(terms(lock=(5_000, 3_000, 1_000, 700)))
    for result, floor in ((5_010, 3_000), (6_990, 3_700), (7_050, 4_400), (8_200, 5_100)):
        assert held.result(result) == ""
        assert held.floor == floor
    assert held.result(5_200) == ""
    assert held.result(5_090) == "lock"


def test_example_16_a_trail_moves_the_stop_by_whole_steps() -> None:
    held = Held(terms(stop=4_000, trail=(1_000, 1_000)))
    for result, floor in ((990, -4_000), (1_000, -3_000), (2_600, -2_000), (3_400, -1_000)):
        assert held.result(result) == ""
        assert held.floor == floor
    assert held.result(-900) == ""
    assert held.result(-1_050) == "trail"


def test_p43_a_trail_is_not_capped_at_no_loss() -> None:
    held = Held(terms(stop=1_000, trail=(500, 500)))
    assert held.result(3_000) == ""
    assert held.floor == 2_000


def test_p44_the_result_that_gains_a_floor_is_not_compared_with_it() -> None:
    held = Held(terms(lock=(100, 50, 10, 30)))  # its floor overtakes the result
    assert held.result(200) == ""
    assert held.floor == 350
    assert held.result(200) == "lock"


def test_p45_equal_levels_of_trail_and_lock_are_the_locks() -> None:
    levels = terms(stop=1_000, trail=(1_000, 1_000), lock=(2_000, 1_000))
    steps = FloorSteps(trail=2, lock=0)
    verdict = judge(levels, steps, rupees(1_000))
    assert verdict.reached is not None
    assert verdict.reached.level == "lock"


@pytest.mark.parametrize(
    ("levels", "fault"),
    [
        (terms(stop=0), "stop"),
        (terms(target=-1), "target"),
        (terms(stop=1, trail=(10, 11)), "trail"),
        (terms(lock=(10, 10)), "lock"),
        (terms(lock=(10, 5, 1)), "lock"),
    ],
)
def test_levels_that_mean_nothing_are_refused(levels: CombinedTerms, fault: str) -> None:
    assert levels.fault().startswith(fault)
    with pytest.raises(ValueError, match=fault):
        Board(1).add(levels)


def test_nothing_is_decided_before_every_contract_has_a_price_of_whatever_age() -> None:
    board = Board(2)
    levels = board.add(terms(stop=10))
    levels.expect_prices(Stake({CE: 1, PE: 1}, 0))
    board.tick(CE, 1, 1)
    assert list(board.end()) == []
    assert levels.result() is None
    board.tick(CE, 2, 2)
    assert list(board.end()) == []
    assert board.valued == 1
    board.tick(PE, 1, 3)
    assert list(board.end()) == []
    assert levels.result() == (3, 2)
