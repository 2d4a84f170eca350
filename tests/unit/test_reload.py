"""What of a changed configuration a running daemon takes, and what it refuses."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.settings.check import fingerprint
from daemon.settings.config import (
    Config,
    ExecutionConfig,
    LiveChange,
    LogConfig,
    RiskConfig,
    StrategiesConfig,
    StrategyConfig,
    WebConfig,
)
from daemon.settings.reload import back_to, change_text, changes, encode_change


def strategy(name: str, **more: Any) -> StrategyConfig:
    return StrategyConfig(id=name, module="m", class_="C", **more)


def with_strategies(*items: StrategyConfig) -> Config:
    return Config(strategies=StrategiesConfig(items=list(items)))


BASE: Final = replace(
    with_strategies(strategy("a"), strategy("b", params={"bars": 3}), strategy("c", enabled=False)),
    risk=RiskConfig(max_open_positions=10),
)
LOADED: Final = ("a", "b")


def items(*changed: StrategyConfig) -> StrategiesConfig:
    by_id = {each.id: each for each in changed}
    return StrategiesConfig(items=[by_id.get(each.id, each) for each in BASE.strategies.items])


def test_an_equal_file_changes_nothing() -> None:
    found = changes(BASE, msgspec.json.decode(msgspec.json.encode(BASE), type=Config), loaded=())
    assert found.is_empty
    assert change_text(found.change) == "nothing"


def test_risk_switches_and_log_level_are_taken_together() -> None:
    new = replace(
        BASE,
        risk=RiskConfig(daily_loss_rupees=5000.5),
        strategies=items(strategy("a", enabled=False)),
        log=LogConfig(level="DEBUG"),
    )
    found = changes(BASE, new, loaded=LOADED)
    assert found.refused == []
    assert found.change == LiveChange(
        risk=RiskConfig(daily_loss_rupees=5000.5), strategies={"a": False}, log_level="DEBUG"
    )
    assert change_text(found.change) == (
        'strategy a off, risk.daily_loss_rupees 5000.5, risk.daily_loss_counts "realized", '
        'risk.on_daily_loss "halt", risk.max_open_positions null, risk.max_order_quantity null, '
        'risk.max_lots {"strategy":null,"underlying":null}, risk.max_notional_rupees null, '
        "risk.cooldown_after_loss_s null, risk.max_orders_per_minute null, "
        "risk.min_minutes_between_rounds null, risk.max_rounds_at_once null, log.level DEBUG"
    )


@pytest.mark.parametrize(
    ("new", "refused"),
    [
        (
            replace(BASE, execution=ExecutionConfig(fill_mode="ltp")),
            ['execution.fill_mode: was "mid", is now "ltp"; that takes a restart'],
        ),
        (replace(BASE, account="other"), ['account: was "dev", is now "other"; that takes a']),
        (replace(BASE, log=LogConfig(file="x")), ['log.file: was "", is now "x"; that takes a']),
        (
            replace(BASE, strategies=items(strategy("b", params={"bars": 4}))),
            ["strategies.list[1].params.bars: was 3, is now 4; that takes a restart"],
        ),
        (
            replace(BASE, strategies=items(strategy("b", params={}))),
            ["strategies.list[1].params.bars: was 3, is now absent; that takes a restart"],
        ),
        (replace(BASE, strategies=StrategiesConfig()), ["strategies.list: was [{"]),
        (
            replace(BASE, strategies=items(strategy("c"))),
            ["strategy 'c' was not loaded at the start, as it was not enabled then; a restart"],
        ),
    ],
)
def test_what_takes_a_restart_is_refused_and_named(new: Config, refused: list[str]) -> None:
    found = changes(BASE, new, loaded=LOADED)
    assert len(found.refused) == len(refused)
    assert all(map(str.startswith, found.refused, refused)), found.refused
    assert not found.is_empty


def test_one_refusal_is_told_beside_what_could_have_changed() -> None:
    new = replace(BASE, risk=RiskConfig(), out="elsewhere", account="other")
    assert [each.split(":")[0] for each in changes(BASE, new, loaded=LOADED).refused] == [
        "account", "out",
    ]  # fmt: skip


def test_strategies_in_another_order_are_refused() -> None:
    a, b, c = BASE.strategies.items
    new = replace(BASE, strategies=StrategiesConfig(items=[b, a, c]))
    assert changes(BASE, new, loaded=LOADED).refused


def test_an_engine_is_brought_back_to_the_file_only_where_it_differs() -> None:
    assert back_to(BASE, risk=BASE.risk, off=()) is None
    assert back_to(BASE, risk=BASE.risk, off={"c", "gone"}) is None
    assert back_to(BASE, risk=RiskConfig(), off={"a"}) == LiveChange(
        risk=BASE.risk, strategies={"a": True}
    )


limits = st.none() | st.integers(1, 10**9)
RISKS = st.builds(
    RiskConfig,
    daily_loss_rupees=st.none() | st.floats(0.01, 1e12),
    max_open_positions=limits,
    max_order_quantity=limits,
)
CHANGES = st.builds(
    LiveChange,
    risk=st.none() | RISKS,
    strategies=st.dictionaries(st.sampled_from("abc"), st.booleans()),
    log_level=st.sampled_from([None, "DEBUG", "ERROR"]),
)


@given(CHANGES)
def test_a_change_is_read_as_it_was_written(change: LiveChange) -> None:
    text = encode_change(change)
    assert msgspec.json.decode(text, type=LiveChange) == change
    assert encode_change(msgspec.json.decode(text, type=LiveChange)) == text


@given(RISKS, RISKS, st.booleans(), st.booleans())
def test_an_applied_change_leaves_nothing_to_change(
    old: RiskConfig, new: RiskConfig, was_on: bool, is_on: bool
) -> None:
    before = replace(with_strategies(strategy("a", enabled=was_on)), risk=old)
    after = replace(with_strategies(strategy("a", enabled=is_on)), risk=new)
    found = changes(before, after, loaded="a")
    assert found.refused == []
    assert (found.change.risk or old) == new
    assert found.change.strategies.get("a", was_on) == is_on


def test_the_page_is_no_part_of_what_is_decided_and_takes_a_restart() -> None:
    shown = Config(web=WebConfig(enabled=True, port=8600, hosts=["desk.example"]))
    assert fingerprint(Config()) == fingerprint(shown)
    found = changes(Config(), shown, loaded=())
    assert [line.partition(":")[0] for line in found.refused] == [
        "web.enabled", "web.hosts", "web.port",
    ]  # fmt: skip
