"""The price that a ladder waits for is the nearest that moves its stop, and what stats say."""

from __future__ import annotations

import msgspec
import pytest

from daemon.domain.order import ExitRules
from daemon.execution.exits.trailing_stop import TrailingStopManager
from tests.kit.market import Market, a_position

LADDER = TrailingStopManager()


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("step_r", [0.01, 0.3, 0.5, 1.0, 2.5])
@pytest.mark.parametrize("tick", [5, 20])
@pytest.mark.parametrize("on_rest", [False, True])
def test_the_next_level_is_the_nearest_price_that_moves_the_stop(
    side: str, step_r: float, tick: int, on_rest: bool
) -> None:
    sign = 1 if side == "BUY" else -1
    position = a_position(side, entry=100, stop=100 - sign * 5, tick_paise=tick, on_rest=on_rest)
    rules = ExitRules(enable_trailing=True, trail_step_r=step_r)
    position = msgspec.structs.replace(position, exits=rules)
    for _ in range(6):
        level = LADDER.next_level(position)
        assert level is not None
        assert LADDER.update_trailing_stop(position, level - sign) is None
        move = LADDER.update_trailing_stop(position, level)
        assert move is not None
        assert position.stop_paise is not None
        assert sign * (move.stop_paise - position.stop_paise) >= tick
        position = msgspec.structs.replace(
            position, stop_paise=move.stop_paise, ladder_steps=move.steps
        )


def test_a_position_that_does_not_trail_waits_for_no_price() -> None:
    position = a_position()
    still = msgspec.structs.replace(position, exits=ExitRules(enable_trailing=False))
    assert LADDER.next_level(still) is None
    assert LADDER.update_trailing_stop(still, 99_999) is None
    without = a_position(stop=None, anchor_paise=0)
    assert LADDER.next_level(without) is None


def test_the_longest_silence_is_told_in_seconds() -> None:
    market = Market()
    market.tick(100)
    market.tick(100, after_s=12.5)
    market.tick(100, after_s=9)
    stats = market.engine.stats()
    assert (stats.gaps, stats.longest_gap_s, stats.ticks) == (2, 12, 3)
