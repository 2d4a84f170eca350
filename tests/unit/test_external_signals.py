"""Intents from outside as an input: completed by their strategy, recorded, and run again."""

from __future__ import annotations

import msgspec
import pytest

from daemon.domain.external_signal import SIGNALS_MAX, ExternalIntent, ExternalSignal
from daemon.domain.inputs import Command
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from daemon.settings.config import StrategyConfig
from feeds.recording.format import HEAD_BYTES, decode_other, encode_input
from strategies.external import External, intents_of

CONFIG = StrategyConfig(
    id="ext", module="strategies.external", class_="External", timeframe="5m", product="NRML",
    exits=ExitOverrides(enable_trailing=False),
)  # fmt: skip


def signal(*intents: ExternalIntent, strategy: str = "ext") -> ExternalSignal:
    return ExternalSignal(strategy=strategy, intents=intents)


BUY = ExternalIntent(symbol="F", signal="BUY", qty=65, stop=99.5, target=110.0, reason="cross")


def test_w15_an_intent_from_outside_has_what_its_strategy_is_configured_with() -> None:
    (intent,) = intents_of(signal(BUY), [CONFIG])
    assert intent == OrderIntent(
        symbol="F", signal=Signal.BUY, qty=65, sl_price=99.5, tp_price=110.0, strategy_id="ext",
        timeframe="5m", product="NRML", reason="cross", exits=CONFIG.exits,
    )  # fmt: skip


def test_w15_intents_keep_their_order_and_need_a_quantity() -> None:
    exit_ = ExternalIntent(symbol="F", signal="EXIT")
    found = intents_of(signal(exit_, BUY), [CONFIG])
    assert [each.signal for each in found] == ["EXIT", "BUY"]
    with pytest.raises(ValueError, match="qty"):
        intents_of(signal(ExternalIntent(symbol="F", signal="SELL")), [CONFIG])
    with pytest.raises(ValueError, match="'other'"):
        intents_of(signal(BUY, strategy="other"), [CONFIG])


def test_w15_a_recorded_signal_is_read_as_it_was() -> None:
    item = Command(
        ts=1, command="signal", target="ext", client_id="hk-1",
        intents=intents_of(signal(BUY), [CONFIG]),
    )  # fmt: skip
    assert decode_other(encode_input(item)[HEAD_BYTES:]) == item


def test_w15_a_signal_is_bounded() -> None:
    for count in (0, SIGNALS_MAX + 1):
        text = msgspec.json.encode(signal(*[BUY] * count))
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=ExternalSignal)


def test_w15_the_strategy_for_signals_knows_none_beforehand() -> None:
    assert External().timed_intents("MIS") == []
