from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.domain.inputs import TimedIntent
from daemon.domain.intent import EntryChange, ExitOverrides, OrderIntent, Signal
from daemon.errors import ConfigError
from strategies.engine import StrategyEngineV2
from tests.unit.test_strategies_kit import FUT, FakeDesk, at, candle, config, engine

EXAMPLE = Path(__file__).parents[2] / "configs" / "examples" / "scripted.jsonl"


def scripted(path: Path, id: str = "s", **more: Any) -> StrategyEngineV2:
    return engine(config(id, "Scripted", "strategies.scripted", params={"file": str(path)}, **more))


def script(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "script.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_full_line(tmp_path: Path) -> None:
    line = (
        '{"ts": "2026-11-18T09:30:00", "symbol": "X", "signal": "BUY", "qty": 65, "sl_price": 99,'
        ' "tp_price": 101.5, "time_stop_bars": 0, "tag": "t", "product": "NRML",'
        ' "confidence": 0.5, "exits": {"enable_trailing": false}}'
    )
    runs = scripted(
        script(tmp_path, line), timeframe="5m", exits=ExitOverrides(partial_exit_pct=0.25)
    )
    intent = OrderIntent(
        symbol="X", signal=Signal.BUY, qty=65, sl_price=99.0, tp_price=101.5, time_stop_bars=0,
        tag="t", product="NRML", confidence=0.5, strategy_id="s", timeframe="5m",
        exits=ExitOverrides(enable_trailing=False, partial_exit_pct=0.25),
    )  # fmt: skip
    assert runs.timed_intents == [TimedIntent(ts=at("09:30"), intent=intent)]


def test_a_line_with_the_terms_of_an_entry(tmp_path: Path) -> None:
    line = (
        '{"ts": "2026-11-18T09:30:00", "symbol": "X", "signal": "BUY", "qty": 65,'
        ' "order_type": "SL", "price": 101, "trigger_price": 100.5, "validity": "TTL",'
        ' "validity_ttl": 5, "market_protection": 2}'
    )
    [timed] = scripted(script(tmp_path, line)).timed_intents
    intent = timed.intent
    assert isinstance(intent, OrderIntent)
    assert (intent.order_type, intent.price, intent.trigger_price) == ("SL", 101.0, 100.5)
    assert (intent.validity, intent.validity_ttl, intent.market_protection) == ("TTL", 5, 2.0)


ENTRY = '{"ts": "2026-11-18T09:30:00", "symbol": "X", "signal": "BUY", "qty": 65, "tag": "t"}'


def test_lines_that_change_an_entry(tmp_path: Path) -> None:
    modify = '{"ts": "2026-11-18T09:31:00", "do": "modify", "tag": "t", "price": 99, "qty": 130}'
    cancel = '{"ts": "2026-11-18T09:32:00", "do": "cancel", "tag": "t"}'
    _, first, second = scripted(script(tmp_path, ENTRY, modify, cancel)).timed_intents
    assert first.intent == EntryChange(tag="t", strategy_id="s", price=99.0, qty=130)
    assert second.intent == EntryChange(tag="t", strategy_id="s", cancel=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"ts": "2026-11-18T09:31:00", "do": "gone", "tag": "t"}', r"at `\$.do`"),
        ('{"ts": "2026-11-18T09:31:00", "do": "cancel"}', "missing required field `tag`"),
        ('{"ts": "2026-11-18T09:31:00", "do": "cancel", "tag": "x"}', "a BUY or SELL before it"),
        ('{"ts": "2026-11-18T09:29:00", "do": "cancel", "tag": "t"}', "a BUY or SELL before it"),
        ('{"ts": "2026-11-18T09:31:00", "do": "modify", "tag": "t"}', "expected one of qty,"),
        ('{"ts": "2026-11-18T09:31:00", "do": "cancel", "tag": "t", "qty": 1}', "was also qty"),
        ('{"ts": "2026-11-18T09:31:00", "do": "modify", "tag": "t", "stop": 1}', "field `stop`"),
        ('{"ts": "2026-11-18T09:31:00", "do": "modify", "tag": "t", "qty": 0}', r"at `\$.qty`"),
    ],
)
def test_a_change_that_cannot_be_meant_names_file_and_line(
    tmp_path: Path, line: str, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        scripted(script(tmp_path, ENTRY, line))
    assert "script.jsonl:2: " in str(caught.value)


def test_a_scripts_timeframe_is_known_but_it_gets_no_candles() -> None:
    runs = scripted(EXAMPLE, timeframe="5m")
    assert runs.subscriptions == {"5m": frozenset()}
    assert runs.on_candles([candle("09:15", 1.0, timeframe="5m", minutes=5)], FakeDesk()) == []
    assert runs.reports()["s"]["errors"] == 0


@pytest.mark.parametrize(
    ("written", "product"),
    [("", "NRML"), (', "product": "MIS"', "MIS"), (', "product": null', "NRML")],
)
def test_a_line_without_a_product_has_the_strategys(
    tmp_path: Path, written: str, product: str
) -> None:
    line = '{"ts": "2026-11-18T09:30:00", "symbol": "X", "signal": "EXIT"' + written + "}"
    [timed] = scripted(script(tmp_path, line), product="NRML").timed_intents
    assert isinstance(timed.intent, OrderIntent)
    assert timed.intent.product == product


def test_order_is_by_time_then_configuration_then_line_without_hold(tmp_path: Path) -> None:
    def line(time: str, tag: str, signal: str = "EXIT") -> str:
        return f'{{"ts": "2026-11-18T{time}", "symbol": "X", "signal": "{signal}", "tag": "{tag}"}}'

    path = script(
        tmp_path, line("10:00", "b"), "", line("09:30", "a", "HOLD"), line("09:30", "a"),
        line("10:00", "c"),
    )  # fmt: skip
    params = {"file": str(path)}
    runs = engine(
        *[config(each, "Scripted", "strategies.scripted", params=params) for each in ("s", "t")]
    )
    order = [(each.intent.strategy_id, each.intent.tag) for each in runs.timed_intents]
    assert order == [("s", "a"), ("t", "a"), ("s", "b"), ("s", "c"), ("t", "b"), ("t", "c")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ('{"symbol": "X", "signal": "EXIT"}', "missing required field `ts`"),
        ('{"ts": 1.5, "symbol": "X", "signal": "EXIT"}', r"got `float` - at `\$.ts`"),
        (
            '{"ts": 1790000000, "symbol": "X", "signal": "EXIT"}',
            "expected ts as ISO",
        ),
        ('{"ts": "half past nine", "symbol": "X", "signal": "EXIT"}', "was 'half past nine'"),
        ('{"ts": "2026-11-18", "symbol": "", "signal": "EXIT"}', r"at `\$.symbol`"),
        ('{"ts": "2026-11-18", "symbol": "X", "signal": "LONG"}', r"at `\$.signal`"),
        ('{"ts": "2026-11-18", "symbol": "X", "signal": "BUY"}', "expected a qty above 0 for BUY"),
        ('{"ts": "2026-11-18", "symbol": "X", "signal": "BUY", "qty": -5}', r"at `\$.qty`"),
        (
            '{"ts": "2026-11-18", "symbol": "X", "signal": "BUY", "qty": 1, '
            '"tag": "a tag of 21 character"}',
            "expected a tag of at most 20 characters, was 'a tag of 21 character'",
        ),
        (
            '{"ts": "2026-11-18", "symbol": "X", "signal": "EXIT", "stop": 1}',
            "field `stop`",
        ),
        ('{"ts": "2026-11-18", "symbol": "X", "signal": "EXIT", "exits": {"x": 1}}', "unknown"),
        (
            '{"ts": "2026-11-18", "symbol": "X", "signal": "EXIT", "exits": {"trail_step_r": 0}}',
            "Expected `float` > 0.0",
        ),
    ],
)
def test_a_bad_line_names_file_line_and_what_was_expected(
    tmp_path: Path, line: str, expected: str
) -> None:
    good = '{"ts": "2026-11-18T09:30:00", "symbol": "X", "signal": "EXIT"}'
    path = script(tmp_path, good, "", line)
    with pytest.raises(ConfigError, match=expected) as caught:
        scripted(path)
    assert str(caught.value).startswith(f"strategy 's': {path}:3: ")


def test_bytes_that_are_not_text_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    with pytest.raises(ConfigError, match=r"script\.jsonl: cannot be read: No such file"):
        scripted(path)
    path.write_bytes(b'{"ts": "2026-11-18", "symbol": "\xff", "signal": "EXIT"}')
    with pytest.raises(ConfigError, match=r"script\.jsonl:1: "):
        scripted(path)


def test_the_example_script_is_good() -> None:
    timed = scripted(EXAMPLE).timed_intents
    assert [each.ts for each in timed] == [at("09:30"), at("11:00"), at("13:00"), at("14:45")]
    assert isinstance(timed[0].intent, OrderIntent)
    assert timed[0].intent.symbol == FUT
