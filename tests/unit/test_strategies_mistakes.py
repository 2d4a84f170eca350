"""A strategy's own mistakes: intents that no journal could hold, and constructors that raise."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.candle import Candle
from daemon.domain.intent import OrderIntent, Signal
from daemon.errors import ConfigError
from strategies.strategy import Intents, View
from tests.unit.test_strategies_kit import FUT, FakeDesk, Returns, at, candle, config, engine, feed

HERE = "tests.unit.test_strategies_mistakes"


class Raising:
    """Cannot be made: `kind` says how."""

    def __init__(self, *, kind: str) -> None:
        if kind == "type":
            len(3)  # type: ignore[arg-type]
        if kind == "key":
            dict[str, int]()["window"]
        if kind == "attribute":
            kind.nothing  # type: ignore[attr-defined]  # noqa: B018
        1 / 0  # noqa: B018

    def on_candle(self, candle: Candle, view: View) -> Intents:
        return None


BAD: dict[str, dict[str, Any]] = {
    "qty": {"qty": 10**30},
    "minus_qty": {"qty": -(10**30)},
    "time_stop_bars": {"time_stop_bars": 10**40},
    "tag": {"tag": "\ud800"},
    "long_tag": {"tag": "a tag of 21 character"},
    "reason": {"reason": "up \udfff"},
    "symbol": {"symbol": "\ud800"},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_an_intent_that_no_event_could_carry_is_a_fault_of_its_strategy(
    fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    good: dict[str, Any] = {"symbol": FUT, "signal": Signal.BUY, "qty": 65}
    bad = OrderIntent(**(good | fields))
    monkeypatch.setattr(Returns, "values", {1.0: bad, 2.0: OrderIntent(**good)})
    runs, desk = engine(config("a", "Returns"), config("b", "Says")), FakeDesk()
    assert [each.strategy_id for each in feed(runs, desk, candle("09:15", 1.0))] == ["b"]
    (fault,) = runs.take_faults()
    assert (fault.strategy_id, fault.ts) == ("a", at("09:16"))
    fault.error.encode()
    fault.traceback_text.encode()
    assert runs.reports()["a"]["errors"] == 1
    assert {each.strategy_id for each in feed(runs, desk, candle("09:16", 2.0))} & {"a", "b"}
    assert runs.take_faults() == []
    assert runs.reports()["a"] | {"conflicts_lost": 0} == {
        "intents": 1, "errors": 1, "disabled": 0, "off": 0, "withheld": 0, "conflicts_lost": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("type", "its __init__ raised TypeError: object of type 'int' has no len()"),
        ("key", "its __init__ raised KeyError: 'window'"),
        (
            "attribute",
            "its __init__ raised AttributeError: 'str' object has no attribute 'nothing'",
        ),
        ("other", "its __init__ raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_constructor_that_raises_is_told_with_the_name_of_its_strategy(
    kind: str, said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        engine(config("mine", "Raising", HERE, params={"kind": kind}))
    assert str(raised.value) == f"strategy 'mine': {said}"
