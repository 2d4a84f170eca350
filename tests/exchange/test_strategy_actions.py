"""What a strategy asks of a trade whose orders are at the paper exchange."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from daemon.domain.candle import Candle
from daemon.domain.ticks import Ticks
from daemon.settings.config import StrategyConfig
from strategies.strategy import Actions, BaseStrategy, Due, Timer, Trade, View
from tests.kit.strategy_run import CE_25000, FUT, OPEN, SPOT, Life, Row, block

STYLES: tuple[dict[str, Any], ...] = (
    {},
    {"stop_style": "sl_limit"},
    {"stop_style": "sl_limit", "target_style": "limit"},
    {"fill_mode": "depth"},
    {"fill_mode": "depth", "stop_style": "sl_limit", "target_style": "limit"},
)


class Answers(BaseStrategy):
    """Buys two lots at 09:16 and answers when they are open."""

    answer: ClassVar[Any] = None

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", self.enter)

    def enter(self, due: Due, view: View) -> Actions:
        return self.buy(CE_25000, 130, stop=190.0, target=240.0)

    def on_open(self, trade: Trade, view: View) -> Actions:
        found: Actions = Answers.answer(self, trade)
        return found

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None


def deep(row: Row) -> Ticks:
    """A tick with five levels of ten lots around its price."""
    paise, depth = round(row.ltp * 100), np.zeros((1, 10, 3), dtype=np.int64)
    for level in range(5):
        depth[0, level] = (650, paise - 5 - 5 * level, 3)
        depth[0, 5 + level] = (650, paise + 5 + 5 * level, 3)
    plain = block([row])
    return Ticks(
        ts=plain.ts, instrument=plain.instrument, ltp=plain.ltp, depth=depth,
        bid=depth[:, 0, 1].copy(), ask=depth[:, 5, 1].copy(), ltq=np.array([65]),
        volume=(plain.ts - OPEN) // 10**6 + 1,
    )  # fmt: skip


def lived(style: dict[str, Any], answer: Any, *prices: float) -> Life:
    """The call at 200 until it is open, then at these prices, one a second."""
    Answers.answer = answer
    life = Life(StrategyConfig(id="a", module=__name__, class_="Answers", symbols=[FUT]), **style)
    rows = [
        Row("09:15:00", SPOT, 25e3),
        Row("09:15:59", CE_25000, 200.0),
        Row("09:16:00", SPOT, 25e3),
    ]
    rows += [Row(f"09:16:{5 + n:02d}", CE_25000, price) for n, price in enumerate(prices)]
    for row in rows:
        life.take(deep(row))
    assert life.runs.take_faults() == []
    return life


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_a_part_that_is_closed_leaves_the_levels_of_the_rest(style: dict[str, Any]) -> None:
    life = lived(style, lambda s, t: s.close(t.id, quantity=65, reason="half off"), 200.0, 200.0)
    [position] = life.engine.ledger.open_positions()
    assert (position.quantity, position.stop_paise, position.target_paise) == (65, 19_000, 24_000)
    assert life.moves()[-2:] == [("EXIT_PENDING", "half off"), ("ACTIVE", "half off")]
    life.take(deep(Row("09:17:00", CE_25000, 241.0)))
    life.take(deep(Row("09:17:01", CE_25000, 242.0)))
    assert life.moves()[-1] == ("CLOSED", "take_profit")


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_a_stop_that_is_moved_is_the_one_that_acts(style: dict[str, Any]) -> None:
    life = lived(style, lambda s, t: s.modify(t.id, stop=195.0, target=None), 250.0, 251.0)
    assert len(life.engine.ledger.positions) == 1
    for second, price in enumerate((195.0, 194.0, 194.0)):
        life.take(deep(Row(f"09:17:{second:02d}", CE_25000, price)))
    assert life.moves()[-1] == ("CLOSED", "stop_loss")


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_levels_that_are_removed_act_no_more(style: dict[str, Any]) -> None:
    life = lived(style, lambda s, t: s.modify(t.id, stop=None, target=None), 250.0, 100.0, 99.0)
    assert len(life.engine.ledger.positions) == 1


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_all_of_a_trade_is_closed_with_its_orders(style: dict[str, Any]) -> None:
    life = lived(style, lambda s, t: s.close(t.id), 200.0, 200.0)
    assert life.engine.ledger.positions == {}
    assert life.moves()[-1] == ("CLOSED", "strategy_close")
    working = life.engine.engine.exchange.exchange.orders.values()
    assert all(order.is_over for order in working)
