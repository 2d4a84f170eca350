"""What an intent must be before it can become an event."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from daemon.domain.errors import BadIntent
from daemon.domain.events import decode_event, encode_event
from daemon.domain.intent import (
    EntryChange,
    ExitOverrides,
    OrderIntent,
    Rel,
    Signal,
    check_change,
    check_intent,
)
from tests.kit.market import CALL, Market

GOOD = OrderIntent(symbol=CALL, signal=Signal.BUY, qty=25)


@pytest.mark.parametrize(
    "wrong",
    [
        {"qty": 50.0},
        {"qty": "50"},
        {"qty": True},
        {"qty": 10**30},
        {"symbol": None},
        {"symbol": 5},
        {"signal": "LONG"},
        {"product": "CNC"},
        {"timeframe": 5},
        {"reason": None},
        {"tag": b"x"},
        {"time_stop_bars": 2.5},
        {"sl_price": "95"},
        {"tp_price": True},
        {"order_type": "STOP"},
        {"order_type": None},
        {"validity": "GTC"},
        {"price": "95"},
        {"trigger_price": True},
        {"validity_ttl": 2.5},
        {"market_protection": "2"},
        {"confidence": math.nan},
        {"confidence": "high"},
        {"exits": {"enable_trailing": True}},
        {"exits": ExitOverrides(trail_step_r=0)},
        {"exits": ExitOverrides(trail_step_r=-1)},
        {"exits": ExitOverrides(trail_step_r=math.nan)},
        {"exits": ExitOverrides(trail_step_r=math.inf)},
        {"exits": ExitOverrides(partial_exit_pct=math.nan)},
        {"exits": ExitOverrides(partial_exit_pct=1)},
        {"exits": ExitOverrides(partial_exit_when="never")},  # type: ignore[arg-type]
        {"exits": ExitOverrides(enable_trailing="no")},  # type: ignore[arg-type]
        {"exits": ExitOverrides(time_stop_bars=1.5)},  # type: ignore[arg-type]
    ],
)
def test_an_intent_of_wrong_types_is_raised_and_changes_nothing(wrong: dict[str, Any]) -> None:
    market = Market()
    market.tick(100)
    before = msgspec.json.encode(market.engine.ledger)
    with pytest.raises(BadIntent, match="expected"):
        market.engine.process_signal(msgspec.structs.replace(GOOD, **wrong))
    assert msgspec.json.encode(market.engine.ledger) == before


@pytest.mark.parametrize(
    "fine",
    [
        {"sl_price": 95},
        {"sl_price": Decimal("95.05")},
        {"sl_price": np.float64(95.05)},
        {"qty": -25},
        {"qty": 0},
        {"sl_price": math.nan},
        {"sl_price": math.inf},
        {"signal": "BUY"},
        {"time_stop_bars": -3},
        {"exits": ExitOverrides(trail_step_r=100, partial_exit_pct=0.01, time_stop_bars=0)},
    ],
)
def test_what_an_order_can_carry_survives_the_journal(fine: dict[str, Any]) -> None:
    market = Market()
    market.tick(100)
    intent = msgspec.structs.replace(GOOD, **fine)
    check_intent(intent)
    for event in market.engine.process_signal(intent):
        assert decode_event(encode_event(event)) == event


def test_a_numpy_price_is_the_price_that_it_shows() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25, np.float64(95.05))
    assert market.stop == 95.05


@pytest.mark.parametrize(
    "wrong",
    [
        {"tag": 5}, {"qty": 1.5}, {"qty": True}, {"order_type": "STOP"}, {"validity": "GTC"},
        {"price": "95"}, {"trigger_price": False}, {"validity_ttl": "5"},
    ],
)  # fmt: skip
def test_a_change_of_wrong_types_is_raised_and_changes_nothing(wrong: dict[str, Any]) -> None:
    change = EntryChange(**({"tag": "t"} | wrong))
    with pytest.raises(BadIntent, match="expected"):
        check_change(change)
    market = Market()
    market.tick(100)
    engine = market.engine.engine
    with pytest.raises(BadIntent, match="expected"):
        engine.change_entry(change)
    with pytest.raises(BadIntent, match="expected"):
        engine.modify_order("V3-20261118-000001", change)
    assert market.engine.ledger.seq == 0


@pytest.mark.parametrize("x", [30, 30.0])
def test_a_relative_level_is_written_as_the_journal_gives_it_back(x: float) -> None:
    body = msgspec.json.encode(Rel("pct", x))
    assert body == msgspec.json.encode(msgspec.json.decode(body, type=Rel))
