"""What a position wants to lie at the exchange, by itself."""

from __future__ import annotations

import pytest

from daemon.domain.intent import SlLimitBuffer
from daemon.domain.order import ExitRules
from daemon.domain.position import Position
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.execution.exits.at_exchange import wanted_stops


def position(sign: int, stop: int) -> Position:
    return Position(
        order_id="V3-20261118-000001", number=1, tradingsymbol="NIFTY26NOV25000CE",
        strategy_id="s", timeframe="1m", product="MIS", sign=sign, lot_size=65, tick_paise=5,
        exits=ExitRules(sl_limit_buffer=SlLimitBuffer()), opened_quantity=65, quantity=65,
        entry_paise=10_000, entry_ts=1, entry_input_no=1, cost_paise=650_000,
        entry_bid_ask_paise=10_000, initial_stop_paise=stop, stop_paise=stop,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "stop", "trigger"), [(1, 9_500, 9_500), (1, 9_502, 9_500), (-1, 10_502, 10_505)]
)
def test_a_stop_between_two_steps_is_triggered_at_the_first_price_that_meets_it(
    sign: int, stop: int, trigger: int
) -> None:
    (wanted,) = wanted_stops(position(sign, stop))
    assert (wanted.trigger, wanted.quantity) == (trigger, 65)


def test_an_exchange_without_settings_adds_no_slippage() -> None:
    assert ExchangeSettings().slippage_bps == 0
