"""A sweep file is read strictly: every variant is meant, and what cannot be meant is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.errors import ConfigError, UsageError
from daemon.lab.numbers.ratios import Ratios
from daemon.lab.numbers.trades import TradeFigures
from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.numbers import ALSO_CALLED, NUMBERS
from daemon.lab.sweep.progress import Batch, estimate, seconds_text
from daemon.lab.sweep.tables import runs_table
from daemon.lab.sweep.terms import Sweep
from daemon.lab.sweep.variants import Params, axes_of, params_text, variant_key, variants_of
from daemon.lab.sweep.where import condition_problem, holds
from daemon.settings.file import is_sweep_file
from tests.kit.cli import ROOT, invoke
from tests.lab.sweep_kit import Desk

PLANS = """
plans:
  list:
    - id: straddle
      underlying: NIFTY
      entry: {at: "09:20"}
      exit: {at: "15:15"}
      legs:
        - {id: call, side: sell, type: CE, expiry: weekly, strike: {atm: 0}, lots: 1}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"), minutes=1)


def params(desk: Desk, varied: str) -> list[Params]:
    desk.vary(varied)
    return [variant.params for variant in variants_of(load_sweep(desk.file))]


def refused(desk: Desk, varied: str) -> str:
    with pytest.raises(ConfigError) as caught:
        params(desk, varied)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{desk.file}:")
    return text


def test_s1_a_grid_is_all_combinations_in_the_order_written(desk: Desk) -> None:
    found = params(
        desk, "  grid: {strategies.a.b.params.every: [3, 2], execution.latency_ms: [0, 9]}"
    )
    assert [tuple(each.values()) for each in found] == [(3, 0), (3, 9), (2, 0), (2, 9)]


def test_s1_single_variants_come_after_the_grid_and_each_variant_once(desk: Desk) -> None:
    found = params(
        desk,
        "  grid: {execution.latency_ms: [0, 9]}\n"
        "  list: [{execution.fill_mode: mid}, {execution.latency_ms: 9.0}, {}]",
    )
    late = "execution.latency_ms"
    assert found == [{late: 0}, {late: 9}, {"execution.fill_mode": "mid"}, {}]


def test_s1_an_item_of_a_list_is_named_by_its_id_also_one_with_dots(desk: Desk) -> None:
    desk.vary("  grid: {strategies.a.b.params.every: [7], strategies.second.enabled: [true]}")
    [variant] = variants_of(load_sweep(desk.file))
    first, second = variant.config.strategies.items
    assert (first.params, second.enabled) == ({"every": 7}, True)


def test_s1_a_leg_of_a_plan_is_named_by_its_id(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "  grid: {plans.straddle.legs.call.lots: [1, 3]}", minutes=1)
    with (tmp_path / "paper.yaml").open("a", encoding="utf-8") as file:
        file.write(PLANS)
    lots = [
        variant.config.plans.items[0].legs[0].lots for variant in variants_of(load_sweep(desk.file))
    ]
    assert lots == [1, 3]


def test_s1_draws_are_those_of_their_seed(desk: Desk) -> None:
    space = (
        "space: {strategies.a.b.params.every: {low: 2, high: 9}, execution.slippage_bps: [0, 5],"
        " execution.reject_after_s: {low: 10, high: 20, step: 2.5},"
        " risk.daily_loss_rupees: {low: 100, high: 100000, log: true}}"
    )
    found = params(desk, f"  random: {{draws: 200, seed: 7, {space}}}")
    assert found == params(desk, f"  random: {{draws: 200, seed: 7, {space}}}")
    assert found[:100] == params(desk, f"  random: {{draws: 100, seed: 7, {space}}}")
    assert found != params(desk, f"  random: {{draws: 200, seed: 8, {space}}}")
    every, slippage, reject, loss = zip(*(each.values() for each in found), strict=True)
    assert set(every) == set(range(2, 10))
    assert set(slippage) == {0, 5}
    assert set(reject) == {10.0, 12.5, 15.0, 17.5, 20.0}
    assert all(type(each) is int and 100 <= each <= 100_000 for each in loss)
    assert 40 < sum(each < 3_163 for each in loss) < 160


def test_axes_are_the_keys_that_vary_with_their_values_in_order(desk: Desk) -> None:
    desk.vary(
        "  grid: {execution.latency_ms: [9, 0]}\n"
        "  list: [{strategies.a.b.params.every: 5}, {strategies.a.b.params.every: 3}]"
    )
    loaded = load_sweep(desk.file)
    axes = axes_of(loaded, variants_of(loaded))
    assert [(axis.key, axis.values) for axis in axes] == [
        ("execution.latency_ms", [9, 0]), ("strategies.a.b.params.every", [3, 5]),
    ]  # fmt: skip


def test_a_key_of_parameters_goes_by_their_values_alone() -> None:
    key = variant_key({"a": 5, "b": [1, 2.0]})
    assert key == variant_key({"b": [1, 2.0], "a": 5.0})
    assert key != variant_key({"a": 5, "b": [2, 1]})
    assert len(key) == 12
    assert params_text({"a": 5, "b": "x"}) == 'a=5, b="x"'
    assert params_text({}) == "as configured"


@pytest.mark.parametrize(
    ("varied", "said"),
    [
        ("  grids: {}", "sweep.grids: unknown key; did you mean 'grid'?"),
        ("  where: net > 1", "expected grid, list, random or optuna: nothing varies"),
        (
            "  grid: {execution.latency_ms: []}",
            "sweep.grid.execution.latency_ms: expected at least",
        ),
        ("  grid: {execution.latency_ms: [1, 1]}", "has a value twice"),
        ("  grid: {execution.latency: [1]}", "execution.latency: expected a mapping, was 1"),
        ("  grid: {execution.latencyms: [1]}", "unknown key; did you mean 'latency_ms'?"),
        (
            "  grid: {strategies.a.c.params.every: [1]}",
            "no item has the id 'a'; known are a.b, second",
        ),
        ("  grid: {feed.replay.start: ['2026']}", "cannot be varied: it says the data"),
        ("  list: [{out: x}]", "sweep.list[0].out: cannot be varied"),
        ("  grid: {execution.fill_mode: [best]}", "expected one of bid_ask, depth, ltp, mid"),
        ("  grid: {execution.fill_mode: [mid]}\n  split: day", "expected warmup_sessions: N"),
        ("  grid: {execution.fill_mode: [mid]}\n  warmup_sessions: 1", "is for split: day"),
        ("  random: {draws: 1, seed: 1, space: {}}", "random.space: expected at least one key"),
        ("  random: {draws: 1, seed: 1, space: {a: {low: 2, high: 1}}}", "expected low (2) below"),
        ("  grid: {a: [1]}\n  where: trade > 3", "sweep.where: 'trade' is no number of a variant"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(desk: Desk, varied: str, said: str) -> None:
    assert said in refused(desk, varied)


def test_another_version_of_the_file_is_refused(desk: Desk) -> None:
    desk.vary("  list: [{}]")
    desk.edit("sweep.yaml", "version: 1", "version: 2")
    with pytest.raises(ConfigError, match=r"sweep\.yaml:1: version: expected one of 1, was 2"):
        load_sweep(desk.file)


def test_a_configuration_is_no_sweep(desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"`sweep` of a sweep.*; is this a configuration"):
        load_sweep(desk.place / "paper.yaml")


def test_n8_capital_is_not_varied_where_net_is_selected(desk: Desk) -> None:
    capital = "  grid: {capital_rupees: [100000, 200000]}\n  walk_forward: {select: %s}"
    assert "as more capital earns more" in refused(desk, capital % "net")
    assert len(params(desk, capital % "sharpe")) == 2


def test_s2_a_day_is_cut_out_of_a_lake_only(desk: Desk) -> None:
    desk.vary("  list: [{}]\n  split: day\n  warmup_sessions: 1")
    with pytest.raises(ConfigError, match=r"sweep\.split: expected range, as feed\.replay\.lake"):
        JobMaker(load_sweep(desk.file))


ROW: dict[str, Any] = {"trades": 40, "net_rupees": 12.5, "sharpe": None, "max_drawdown_rupees": 9.0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("trades >= 30", True),
        ("trades >= 30 and max_drawdown < 5", False),
        ("trades > 90 or net > -1", True),
        ("10 < trades < 50", True),
        ("sharpe > -100", False),
        ("sharpe < 100", False),
    ],
)
def test_a_condition_is_over_numbers_and_one_that_is_null_does_not_hold(
    text: str, expected: bool
) -> None:
    assert condition_problem(text or "net > 0") == ""
    assert holds(text, ROW) is expected


@pytest.mark.parametrize(
    "text", ["trades", "trades >", "trades + 1 > 2", "__import__('os')", "net.real > 1", "not net"]
)
def test_a_condition_is_nothing_but_comparisons(text: str) -> None:
    assert condition_problem(text)


def test_every_number_of_a_run_has_a_column() -> None:
    assert set(Ratios.__struct_fields__) | set(TradeFigures.__struct_fields__) < set(NUMBERS)
    assert set(ALSO_CALLED.values()) < set(NUMBERS)


def test_nothing_is_estimated_before_three_batches() -> None:
    batches = [Batch(seconds, 2_000_000, 10) for seconds in (10.0, 20.0, 40.0)]
    assert estimate(batches[:2], 10**9, 2) is None
    found = estimate(batches, 100_000_000, 2)
    assert found is not None
    assert tuple(found) == (50.0, 37.5, 75.0)  # 1 s a million rows and variant, two at once
    assert [seconds_text(each) for each in (0.2, 50, 300, 12_000)] == [
        "1 s", "50 s", "5 min", "3 h 20 min",
    ]  # fmt: skip


def test_check_takes_a_sweep_and_a_configuration(desk: Desk) -> None:
    shown = ROOT / "configs/sweep.yaml"
    assert is_sweep_file(shown)
    assert not is_sweep_file(ROOT / "configs/sample.yaml")
    checked, same = invoke("check", shown), invoke("sweep", "--check", shown)
    assert checked.code == same.code == 0
    assert checked.out == same.out
    assert "valid. 5 variants over sample_session.parquet" in checked.out
    desk.vary("  list: [{strategies.a.b.params.ever: 3}]")
    refused = invoke("check", desk.file)
    assert refused.code == 78
    assert "params.ever: unknown" in refused.complaint


def test_set_lays_a_key_over_a_configuration(tmp_path: Path) -> None:
    sample = ROOT / "configs/sample.yaml"
    done = invoke("--config", sample, "--set", "nothing", "--out", tmp_path)
    assert done.code == UsageError.exit_code
    assert "expected KEY=VALUE" in done.complaint
    done = invoke("--config", sample, "--set", "execution.slipage_bps=1", "--out", tmp_path)
    assert "did you mean 'slippage_bps'" in done.complaint


def section(document: str, mark: str) -> str:
    return (ROOT / "docs" / document).read_text(encoding="utf-8").split(mark)[1].split("\n## ")[0]


def test_the_keys_of_a_sweep_and_the_columns_of_its_runs_are_documented() -> None:
    keys = section("LAB.md", "<!-- sweep keys -->").split("\n\n")[0]
    fields = [field.encode_name for field in msgspec.structs.fields(Sweep)]
    assert re.findall(r"^\| `(\w+)`", keys, re.MULTILINE) == fields
    columns = section("DATA_FORMATS.md", "<!-- sweep columns -->").split("\n\n")[0]
    said = [
        name
        for line in columns.splitlines()[3:]
        for name in re.findall(r"`(\w+)`", line.split(" | ")[0])
    ]
    said[said.index("p_KEY")] = "p_a"
    assert said == runs_table([], ["a"]).column_names
