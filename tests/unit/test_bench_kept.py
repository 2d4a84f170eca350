"""What a later run of the benchmarks is compared with, and what counts as a loss."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bench.cases import run
from tests.bench.kept import Part, compared, keep, load, render_compared
from tests.bench.parts import NAMES, part
from tests.bench.table import Row
from tests.kit.source import ROOT

BENCH = ROOT / "tests" / "bench"


def part_of(*rows: Row, yardstick_s: float = 0.01) -> Part:
    about = {"at": "2026-01-01T00:00:00+00:00", "version": "0", "yardstick_s": yardstick_s}
    return Part(about, list(rows))


def rate(value: float, floor: float = 0.0, unit: str = "ticks/s", goal: str = "") -> Row:
    return Row("W1", "engine", value, unit, goal, floor=floor)


def test_a_row_is_read_again_as_it_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    keep(path, {"w1": part_of(rate(5, floor=10))})
    assert load(path) == {"w1": part_of(rate(5, floor=10))}


def test_a_part_that_was_not_measured_stays_kept(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    keep(path, {"w1": part_of(rate(5)), "web": part_of(rate(6))})
    keep(path, {"web": part_of(rate(7))})
    assert load(path) == {"w1": part_of(rate(5)), "web": part_of(rate(7))}


def test_a_file_of_an_earlier_format_is_nothing_kept(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"version": "0.2.0", "rows": []}')
    assert load(path) == {}
    assert load(tmp_path / "missing.json") == {}


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (rate(100), rate(50), 0.5),
        (rate(100, unit="ms"), rate(50, unit="ms"), 2.0),
        (rate(100, unit="ratio", goal=">= 90"), rate(50, unit="ratio", goal=">= 90"), 0.5),
        (rate(100, unit="ratio", goal="<= 90"), rate(50, unit="ratio", goal="<= 90"), 2.0),
        (rate(100, floor=200), rate(50, floor=100), 1.0),
        (rate(3, floor=1, unit="s"), rate(6, floor=2, unit="s"), 1.0),
    ],
    ids=["rate", "time", "goal up", "goal down", "share of a floor", "times a floor"],
)
def test_a_change_says_how_much_better_a_row_is(before: Row, now: Row, change: float) -> None:
    (found,) = compared(part_of(before), part_of(now))
    assert found.change == pytest.approx(change)
    assert found.is_loss == (change < 0.9)


@pytest.mark.parametrize(("unit", "change"), [("ticks/s", 1.0), ("us", 4.0), ("MB", 2.0)])
def test_what_has_no_floor_is_corrected_by_the_speed_of_the_machine(
    unit: str, change: float
) -> None:
    before, slower = part_of(rate(100, unit=unit)), part_of(rate(50, unit=unit), yardstick_s=0.02)
    (found,) = compared(before, slower)
    assert found.change == pytest.approx(change)


def test_a_loss_is_marked_and_floors_and_rows_of_one_run_only_are_left_out() -> None:
    floor = Row("W1", "floor: numpy", 5.0, "ticks/s")
    before = part_of(rate(100), floor, Row("W1", "rows", 5.0, "ticks/s"))
    now = part_of(rate(50), floor._replace(value=1.0), Row("W1", "new", 1.0, "s"))
    text = render_compared(compared(before, now))
    assert text.splitlines()[0].endswith("LOSS")
    assert len(text.splitlines()) == 1


def test_every_part_can_be_asked_for_by_name() -> None:
    assert {"w1", "start", "lengths", "live"} <= set(NAMES)
    assert all(callable(part(name)) for name in NAMES)


def test_every_case_that_a_part_runs_is_there() -> None:
    named = {
        name
        for path in (BENCH / "parts").glob("*.py")
        for name in re.findall(r'"(\w+_cases\.\w+|floors\.\w+|w1_whole\.\w+)"', path.read_text())
    }
    assert "w1_cases.w1_app" in named
    for name in named:
        module, function = name.split(".")
        assert f"\ndef {function}(" in (BENCH / f"{module}.py").read_text(), name


def test_a_case_gets_its_arguments_as_they_are_annotated() -> None:
    with pytest.raises(TypeError, match="too many"):
        run("floors.parquet_read", ["a", "b"])
    with pytest.raises(FileNotFoundError):
        run("floors.parquet_read", ["missing.parquet"])
