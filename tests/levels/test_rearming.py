"""Armed levels decide what valuing at the end of every timestamp would (contract, "Cost")."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.levels.stake import Stake
from daemon.levels.terms import CombinedTerms, Lock, Money, Steps
from tests.kit.tiers import examples
from tests.levels.board import Board, Naive

pytestmark = pytest.mark.random

SIZE = 3
START = 5_000


class Walk:
    """Prices that walk, and a few groups over them, armed and naive; a pure function of a seed.

    Levels lie a few moves away, so that most are met exactly, or just not.
    """

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.scale = random.choice((1, 1, 7, 300))
        terms = [self.terms() for _ in range(3)]
        self.board = Board(SIZE)
        self.armed = [self.board.add(each) for each in terms]
        self.naive = [Naive(each) for each in terms]
        self.ends: Counter[str] = Counter()
        self.ts = 0
        for group in range(3):
            self.fill(group)

    def far(self, steps: int = 40) -> int:
        return self.random.randint(1, steps * self.scale)

    def stop(self) -> Money | None:
        draw = self.random.random()
        if draw < 0.2:
            return None
        return self.far() + (Fraction(self.random.randint(1, 6), 7) if draw > 0.7 else 0)

    def terms(self) -> CombinedTerms:
        """Terms that `fault` lets pass, locks whose floor overtakes the result included."""
        random, trail, lock = self.random, None, None
        if random.random() < 0.6:
            every = self.far(12)
            trail = Steps(every=every, by=random.randint(1, every))
        if random.random() < 0.6:
            at = self.far(20)
            every = self.far(12) if random.random() < 0.6 else 0
            by = self.far(12) if every else 0
            lock = Lock(at=at, keep=at - self.far(20), every=every, by=by)
        target = self.far(60) if random.random() < 0.5 else None
        terms = CombinedTerms(self.stop(), target, trail, lock)
        assert terms.fault() == ""
        return terms

    # what happens

    def tick(self) -> None:
        index = self.random.randrange(SIZE)
        last = self.board.prices.get(index)
        move = self.random.choice((-2, -1, -1, 0, 1, 1, 2)) * self.random.randint(1, self.scale)
        paise = START if last is None else last.paise + move
        self.board.tick(index, max(1, paise), self.ts)

    def fill(self, group: int) -> None:
        """Hold other quantities, with a result near zero."""
        random, naive = self.random, self.naive[group]
        if naive.is_over:
            return
        held = {index: random.randint(-3, 3) for index in range(SIZE) if random.random() < 0.7}
        held = {index: units for index, units in held.items() if units}
        prices = self.board.prices
        worth = sum(
            units * (prices[index].paise if index in prices else START)
            for index, units in held.items()
        )
        naive.stake = Stake(held, random.randint(-3, 3) * self.scale - worth)
        self.armed[group].hold(naive.stake)

    def change(self, group: int) -> None:
        naive = self.naive[group]
        if not naive.is_over:
            stop, target = self.stop(), self.far(60) if self.random.random() < 0.5 else None
            naive.terms = naive.terms._replace(stop=stop, target=target)
            self.armed[group].move(stop=stop, target=target)

    def step(self) -> None:
        """Let one timestamp happen, and compare what both decide at its end."""
        self.ts += 1
        for _ in range(self.random.choice((1, 1, 2, 4))):
            self.tick()
        draw = self.random.random()
        if draw < 0.03:
            self.fill(self.random.randrange(3))
        elif draw < 0.06:
            self.change(self.random.randrange(3))
        self.compare()

    def compare(self) -> None:
        decided = dict(self.board.end())
        for levels, naive in zip(self.armed, self.naive, strict=True):
            expected = naive.end(self.board.prices)
            decision = decided.get(levels.key)
            found = None
            if decision is not None:
                reached = decision.verdict.reached
                found = (reached.level if reached else "", decision.result)
            assert found == expected, (self.ts, naive.terms)
            if expected is not None:
                self.ends[expected[0]] += 1


@settings(max_examples=examples(150), deadline=None)
@given(seed=st.integers(0, 10**9))
def test_rearming_decides_what_valuing_at_every_timestamp_does(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(150):
        walk.step()


def test_the_checked_in_seeds_reach_every_level_and_value_few_timestamps() -> None:
    ends: Counter[str] = Counter()
    for seed in range(60):
        walk = Walk(seed)
        for _ in range(150):
            walk.step()
        ends += walk.ends
    assert set(ends) == {"stop", "target", "trail", "lock", ""}
    assert min(ends.values()) > 10


def test_far_levels_are_valued_at_few_timestamps() -> None:
    random = Random(5)
    board = Board(SIZE)
    levels, naive = board.add(CombinedTerms(stop=450_000)), Naive(CombinedTerms(stop=450_000))
    naive.stake = Stake({0: -65, 1: -65, 2: 130}, 0)
    for index in range(SIZE):
        board.tick(index, 20_000, 0)
    levels.hold(naive.stake)
    ends = 0
    while not naive.is_over:
        ends += 1
        decided = [decision for _, decision in board.end()]
        assert bool(decided) == (naive.end(board.prices) is not None)
        index = random.randrange(SIZE)
        board.tick(index, board.prices[index].paise + random.choice((-25, 25)), ends)
    assert ends > 5_000
    assert board.valued < ends / 100
