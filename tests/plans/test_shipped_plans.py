"""The plans that ship: each says what it is and when it loses, and check likes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from daemon.lab import simulate
from daemon.main import app
from daemon.plans.terms.words import plan_text
from daemon.settings.file import load_config
from tests.kit.source import ROOT

FILES: Final = sorted((ROOT / "configs/plans").glob("*.yaml"))
NAMES: Final = {
    "calendar", "condor-by-delta", "expiry-day-selling", "iron-fly", "momentum-buying",
    "opening-range-buying", "positional-roll", "ratio", "short-straddle", "straddle-to-cost",
    "strangle-combined-stop",
}  # fmt: skip


def test_ten_plans_and_the_short_straddle_ship() -> None:
    assert {file.stem for file in FILES} == NAMES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_plan_is_named_like_its_file_and_says_when_it_loses(file: Path) -> None:
    [plan] = load_config(file).plans.items
    assert plan.id == file.stem
    comment = " ".join(
        line.removeprefix("#").strip()
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    )
    assert "What it is: " in comment
    assert "loses" in comment
    assert plan.entry.at in plan_text(plan)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_check_finds_nothing_to_say_against_a_shipped_plan(file: Path) -> None:
    checked = CliRunner().invoke(app, ["check", str(file)])
    assert checked.exit_code == 0, checked.output
    assert f"plan {file.stem}: " in checked.output
    assert "warning" not in checked.output


def test_the_plan_for_expiry_days_is_tried_on_one() -> None:
    file = ROOT / "configs/plans/expiry-day-selling.yaml"
    found = simulate(file, feed={"synthetic": {"ticks_per_second": 0.05, "depth": False}})
    [row] = found.rounds.to_pylist()
    assert row["plan"] == "expiry-day-selling"


def test_a_run_names_the_plan_of_which_no_round_began(tmp_path: Path) -> None:
    file = ROOT / "configs/plans/expiry-day-selling.yaml"
    day = ("--set", "feed.synthetic.date=2026-11-18", "--set", "feed.synthetic.depth=false")
    slow = ("--set", "feed.synthetic.ticks_per_second=0.05")
    ran = CliRunner().invoke(app, ["--config", str(file), "--out", str(tmp_path), *day, *slow])
    assert ran.exit_code == 0
    assert "No round of expiry-day-selling began: on no session of this run" in ran.output


GOLDEN: Final = {
    "straddle-to-cost": "DONE flat 2 2 2 -3237.00 155.58 -3392.58",
    "opening-range-buying": "DONE flat 1 1 1 -2574.00 67.33 -2641.33",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_shipped_plan_trades_a_made_up_day_as_before(name: str, tmp_path: Path) -> None:
    """A golden run: a change of these numbers is a change of simulated results."""
    text = (ROOT / f"configs/plans/{name}.yaml").read_text(encoding="utf-8")
    file = tmp_path / "golden.yaml"
    file.write_text(text.replace(": 12}", ": 5, ticks_per_second: 0.2}"))
    assert CliRunner().invoke(app, ["--config", str(file), "--out", str(tmp_path)]).exit_code == 0
    [run] = (tmp_path / "runs").iterdir()
    table = tmp_path / "rounds.csv"
    arguments = [run.name, "--to", str(table), "--table", "rounds", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, ["export", *arguments]).exit_code == 0
    [row] = [line.split(",") for line in table.read_text().splitlines()[1:]]
    assert (row[0], " ".join(row[4:])) == (f"{name}-20261118-1", GOLDEN[name])
