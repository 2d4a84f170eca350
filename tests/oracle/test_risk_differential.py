"""The gates and states of risk on random days are those of their oracle."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.kit.tiers import seeds
from tests.oracle.risk import Account, Line
from tests.oracle.risk_driver import run, told
from tests.oracle.risk_random import Generator

pytestmark = pytest.mark.random


def both(
    seed: int,
) -> tuple[tuple[list[list[Line]], list[Line]], tuple[list[list[Line]], list[Line]]]:
    """Return what the program says and what the oracle says."""
    made = Generator(seed)
    market = made.market()
    account = Account(market)
    account.run(made.steps)
    lines = [each.lines for each in account.trades]
    return told(run(market, made.steps)), (lines, account.states)


@pytest.mark.parametrize("seed", seeds(60))
def test_an_account_is_refused_halted_and_flattened_as_its_oracle_says(seed: int) -> None:
    found, true = both(seed)
    assert found[1] == true[1]
    assert found[0] == true[0]


def test_the_days_reach_every_gate_and_state() -> None:
    seen: Counter[object] = Counter()
    for seed in range(60):
        made = Generator(seed)
        account = Account(made.market())
        account.run(made.steps)
        seen.update(line[2] for trade in account.trades for line in trade.lines)
        seen.update(f"{state} {reason}" for _, state, reason, _ in account.states)
    assert set(seen) >= {
        "kill_switch", "reducing", "halted", "lot_size", "max_order_quantity",
        "max_open_positions", "daily_loss", "max_lots", "max_notional", "cooldown",
        "max_orders_per_minute", "day_over", "signal_exit", "HALTED daily_loss", "ACTIVE day_over",
        "REDUCING command", "HALTED command", "ACTIVE command",
    }  # fmt: skip
