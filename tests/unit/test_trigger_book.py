"""The trigger book drops replaced levels for good, and never one that somebody waits for."""

from __future__ import annotations

import random

import pytest

from daemon.market.triggers import NO_LEVEL_ABOVE, NO_LEVEL_BELOW, TriggerBook


@pytest.mark.parametrize("seed", range(8))
def test_levels_that_are_moved_hundreds_of_times_are_where_they_were_last_put(seed: int) -> None:
    """A trailing stop replaces its level with each step: old ones are swept out in between."""
    rng = random.Random(seed)
    book = TriggerBook()
    waiting: dict[int, tuple[int | None, int | None]] = {}
    pushed = 0
    for step in range(2_000):
        number = rng.randint(1, 24)
        below = rng.choice([None, rng.randint(1, 99)])
        above = rng.choice([None, rng.randint(101, 199)])
        book.set(number, below=below, above=above)
        waiting[number] = (below, above)
        pushed += (below is not None) + (above is not None)
        if step % 50 == 0:  # not each time: looking drops what is stale at the top
            lows = [low for low, _ in waiting.values() if low is not None]
            highs = [high for _, high in waiting.values() if high is not None]
            assert book.nearest_below() == max(lows, default=NO_LEVEL_BELOW)
            assert book.nearest_above() == min(highs, default=NO_LEVEL_ABOVE)
        assert len(book._below) + len(book._above) <= 4 * len(waiting) + 64
    assert pushed > 1_800
    for price in range(100, 0, -1):
        fired = sorted(n for n, (low, _) in waiting.items() if low is not None and low >= price)
        assert book.fire(price) == fired
        for number in fired:
            del waiting[number]
    for price in range(100, 200):
        fired = sorted(n for n, (_, high) in waiting.items() if high is not None and high <= price)
        assert book.fire(price) == fired
        for number in fired:
            del waiting[number]
    assert len(book) == len(waiting)


@pytest.mark.parametrize("side", ["below", "above"])
def test_a_stop_far_away_outlives_the_sweeping_of_others(side: str) -> None:
    book = TriggerBook()
    book.set(1, below=10, above=None) if side == "below" else book.set(1, below=None, above=190)
    for level in range(1_000):
        book.set(2, below=20 + level % 50, above=120 + level % 50)
    book.clear(2)
    assert len(book) == 1
    assert book.fire(11 if side == "below" else 189) == []
    assert book.fire(10 if side == "below" else 190) == [1]


@pytest.mark.parametrize("positions", [1, 20, 1_000])
def test_moving_a_level_sweeps_seldom_however_many_wait(
    positions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep looks at every level: one in a dozen moves at most may pay for one."""
    sweeps = 0

    def counted(book: TriggerBook) -> None:
        nonlocal sweeps
        sweeps += 1
        sweep(book)

    sweep = TriggerBook._compact
    monkeypatch.setattr(TriggerBook, "_compact", counted)
    book = TriggerBook()
    for move in range(12_000):
        book.set(move % positions, below=50 - move % 40, above=150 + move % 40)
    assert 3 < sweeps < 1_000
