"""The real daemon on a virtual clock, over seeds that draw markets, settings and faults (D)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.run import fast_directory, regressions, simulate

SEEDS = (3, 4, 7, 14, 17, 36, 39, 46, 94)
"""A few that show every kind between them; `make sim` runs hundreds from 0 on, in CI too."""
# What the seeds must have shown between them, or they prove little.
REASONS = {
    "filled", "stop_loss", "take_profit", "trailing_stop", "time_stop", "signal_exit",
    "square_off", "kill_switch", "manual_exit", "lot_size", "no_price",
    "not_tradable", "market_closed", "exit_began", "unfilled_rest", "ioc_rest", "replaced",
    "exit_group", "day_over", "trigger_already_met", "created", "triggered", "disabled", "deleted",
    "HALTED", "REDUCING", "reducing", "halted", "insufficient_margin", "bad_iceberg",
}  # fmt: skip


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    return Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_breaks_no_promise_and_everything_closes(
    seed: int, tmp_path: Path, seen: Counter[str]
) -> None:
    with fast_directory(tmp_path) as place:
        seen.update(simulate(seed, place).reasons)


@pytest.mark.parametrize("seed", regressions())
def test_a_seed_that_once_broke_one_does_not_again(seed: int, tmp_path: Path) -> None:
    with fast_directory(tmp_path) as place:
        simulate(seed, place)


def test_the_seeds_show_every_kind_of_exit(seen: Counter[str]) -> None:
    if sum(seen.values()) == 0:
        pytest.skip("no seed has run before this test")
    assert set(seen) >= REASONS


def test_one_seed_is_one_run(tmp_path: Path) -> None:
    first, second = (simulate(39, tmp_path / name) for name in ("a", "b"))
    assert first.journal == second.journal
    assert first == second
