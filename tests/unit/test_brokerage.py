"""Another broker's plan: `charges.brokerage` in the configuration."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, InstrumentType, Universe
from daemon.errors import ConfigError
from daemon.execution.context import Rules
from daemon.rules import load_rulebook
from daemon.runtime.configured_rules import engine_rules
from daemon.runtime.machine import machine_of
from daemon.settings.check import check_config, fingerprint, render_config
from daemon.settings.config import BrokerageConfig, ChargesConfig, Config
from daemon.settings.file import load_config
from feeds.recording.format import LogHeader

RULES = load_rulebook()
DATE = dt.date(2026, 11, 18)


def contract(kind: InstrumentType) -> Instrument:
    return Instrument(instrument_token=1, tradingsymbol="X", name="NIFTY", instrument_type=kind)


def plan(per_order_rupees: float, percent: float | None = None) -> Config:
    brokerage = BrokerageConfig(per_order_rupees=per_order_rupees, percent=percent)
    return Config(charges=ChargesConfig(brokerage=brokerage))


def bought(rules: Rules, kind: InstrumentType, value_rupees: int) -> Charges:
    return rules.charges(
        DATE, contract(kind), transaction_type="BUY", quantity=1, price_paise=value_rupees * 100
    )


def brokerage(config: Config, kind: InstrumentType, value_rupees: int) -> str:
    rules = engine_rules(config, RULES, Universe([contract(kind)]))
    return bought(rules, kind, value_rupees).brokerage


@pytest.mark.parametrize("kind", ["FUT", "CE", "PE", "EQ"])
def test_a_flat_plan_costs_the_same_for_every_order(kind: InstrumentType) -> None:
    assert {brokerage(plan(15.5), kind, value) for value in (1, 1_000, 10**7)} == {"15.5"}
    assert brokerage(plan(0), kind, 10**7) == "0"


@pytest.mark.parametrize("kind", ["FUT", "CE", "PE"])
def test_a_percentage_counts_up_to_the_amount_per_order(kind: InstrumentType) -> None:
    assert brokerage(plan(20, 0.05), kind, 10_000) == "5"
    assert brokerage(plan(20, 0.05), kind, 40_000) == "20"
    assert brokerage(plan(20, 0.05), kind, 10**7) == "20"


def test_gst_follows_the_brokerage_and_nothing_else_changes() -> None:
    usual = bought(RULES, "CE", 10_000)
    other = bought(engine_rules(plan(10), RULES, Universe([contract("CE")])), "CE", 10_000)
    same = ("transaction_tax", "exchange_turnover_charge", "sebi_turnover_charge", "stamp_duty")
    assert [getattr(usual, each) for each in same] == [getattr(other, each) for each in same]
    assert Decimal(usual.gst) - Decimal(other.gst) == Decimal("1.8")
    assert Decimal(usual.total) - Decimal(other.total) == Decimal("11.8")


def test_without_a_plan_the_dated_rules_count() -> None:
    assert engine_rules(Config(), RULES, Universe([contract("CE")])) is RULES
    assert brokerage(Config(), "CE", 10) == "20"


def test_the_plan_is_part_of_the_fingerprint_and_of_the_recorded_configuration() -> None:
    prints = {fingerprint(each) for each in (Config(), plan(20), plan(15), plan(20, 0.03))}
    assert len(prints) == 4
    assert msgspec.json.decode(render_config(plan(15)), type=Config) == plan(15)


def header(config: str) -> LogHeader:
    return LogHeader(
        account="a", date="2026-11-18", segment=1, program_version="0", config=config,
        config_fingerprint="f", instruments=[contract("CE")],
    )  # fmt: skip


def test_a_recording_is_replayed_with_the_plan_it_was_made_with() -> None:
    machine = machine_of(header(render_config(plan(15))), RULES)
    assert bought(machine.engine.engine.rules, "CE", 10_000).brokerage == "15"


def test_a_recording_of_0_2_0_is_replayed_with_the_dated_brokerage() -> None:
    old = json.loads(render_config(Config()))
    del old["charges"], old["rules"]["local"]
    machine = machine_of(header(json.dumps(old)), RULES)
    assert bought(machine.engine.engine.rules, "CE", 10_000).brokerage == "20"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{percent: 0.03}", "brokerage: expected the key 'per_order_rupees', which is missing"),
        ("{per_order_rupees: -1}", "per_order_rupees: expected a number >= 0"),
        ("{per_order_rupees: 0.005}", "per_order_rupees: expected whole paise, was 0.005"),
        ("{per_order_rupees: 20, percent: 0}", "percent: expected a number > 0"),
        ("{per_order_rupees: 20, percent: 1.0e-11}", "percent: expected at most 10 decimals"),
        ("{per_order_rupees: 20, per_lot: 1}", "brokerage.per_lot: unknown key"),
    ],
)
def test_a_wrong_plan_is_told_with_its_path(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"version: 1\ncharges: {{brokerage: {text}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{file}:2: charges.brokerage")


def test_a_usual_plan_is_accepted() -> None:
    for config in (plan(20, 0.03), plan(0), plan(15.25, 0.0125)):
        check_config(config)
