"""optuna proposes by results in the order of the trials, whoever ran them and when."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.check_sweep import check_sweep
from daemon.errors import ConfigError, UsageError
from daemon.lab.sweep.all_rounds import rounds_of
from daemon.lab.sweep.file import LoadedSweep, load_sweep
from daemon.lab.sweep.optuna_space import dimension
from daemon.lab.sweep.rounds import Rounds
from daemon.lab.sweep.tasks import Job, JobDone, Status
from daemon.lab.sweep.terms import Range
from daemon.lab.sweep.variants import Variant
from tests.kit.cli import ROOT

SLIPPAGE, FAST = "execution.slippage_bps", "strategies.ema_trend.params.fast"
SPACE = f"{{{SLIPPAGE}: {{low: 0, high: 20}}, {FAST}: [5, 10, 15, 20, 25, 30]}}"
Score = Callable[[Mapping[str, Any]], JobDone]


def loaded_sweep(
    place: Path, *, trials: int = 40, seed: int = 7, space: str = SPACE, more: str = ""
) -> LoadedSweep:
    """A sweep file with a section `optuna`."""
    path = place / "sweep.yaml"
    path.write_text(
        f"version: 1\nconfig: {ROOT / 'configs/sample.yaml'}\nsweep:\n  name: tpe\n{more}"
        f"  optuna: {{trials: {trials}, seed: {seed}, select: sharpe, space: {space}}}\n",
        encoding="utf-8",
    )
    return load_sweep(path)


def done(sharpe: float | None, status: Status = "done", trades: int = 50) -> JobDone:
    return JobDone(run_key="0", status=status, numbers={"sharpe": sharpe, "trades": trades})


def hill(params: Mapping[str, Any]) -> JobDone:
    """The best is a slippage of 4 and a fast average of 15."""
    return done(-abs(params[SLIPPAGE] - 4) - abs(params[FAST] - 15) / 5)


def ran(rounds: Rounds, score: Score = hill) -> list[list[Variant]]:
    """The variants of each round until there are no more."""
    outcomes: list[tuple[Job, JobDone]] = []
    found: list[list[Variant]] = []
    while variants := rounds.next_round(outcomes):
        found.append(variants)
        for variant in variants:
            job = Job(
                run_key=variant.key, variant=variant.key, number=len(outcomes),
                params=variant.params, config=variant.config,
            )  # fmt: skip
            outcomes.append((job, score(variant.params)))
    return found


def keys(rounds: list[list[Variant]]) -> list[list[str]]:
    return [[variant.key for variant in variants] for variants in rounds]


def test_the_same_seed_and_results_give_the_same_trials(tmp_path: Path) -> None:
    first = ran(rounds_of(loaded_sweep(tmp_path)))
    assert keys(ran(rounds_of(loaded_sweep(tmp_path)))) == keys(first)
    assert keys(ran(rounds_of(loaded_sweep(tmp_path, seed=8)))) != keys(first)


def test_sixteen_are_asked_before_one_is_told(tmp_path: Path) -> None:
    def other(params: Mapping[str, Any]) -> JobDone:
        return done(float(params[SLIPPAGE]))

    first = ran(rounds_of(loaded_sweep(tmp_path)))
    second = ran(rounds_of(loaded_sweep(tmp_path)), other)
    assert len(first[0]) <= 16
    assert keys(first)[0] == keys(second)[0]
    assert keys(first)[1:] != keys(second)[1:]


def test_no_variant_is_proposed_twice_and_no_trial_too_many(tmp_path: Path) -> None:
    space = f"{{{SLIPPAGE}: [0, 5], {FAST}: [5, 10, 15]}}"
    few = [
        key for each in keys(ran(rounds_of(loaded_sweep(tmp_path, space=space)))) for key in each
    ]
    assert 0 < len(few) == len(set(few)) <= 6
    many = [key for each in keys(ran(rounds_of(loaded_sweep(tmp_path)))) for key in each]
    assert 20 < len(many) == len(set(many)) <= 40


def test_later_trials_are_nearer_to_the_best(tmp_path: Path) -> None:
    space = f"{{{SLIPPAGE}: {{low: 0.0, high: 20.0}}, {FAST}: [5, 10, 15, 20, 25, 30]}}"
    found = ran(rounds_of(loaded_sweep(tmp_path, trials=64, space=space)))

    def mean(variants: list[Variant]) -> float:
        scores = [hill(variant.params).numbers["sharpe"] or 0.0 for variant in variants]
        return sum(scores) / len(scores)

    assert mean(found[-1]) > mean(found[0]) + 1


@pytest.mark.parametrize(
    "bad",
    [done(None), done(None, "failed"), done(99.0, trades=5)],
    ids=["no number", "failed", "not where"],
)
def test_what_has_no_score_counts_as_the_worst(tmp_path: Path, bad: JobDone) -> None:
    def half(params: Mapping[str, Any]) -> JobDone:
        return bad if params[SLIPPAGE] >= 10 else done(-float(params[FAST]))

    more = '  where: "trades >= 30"\n'
    found = ran(rounds_of(loaded_sweep(tmp_path, trials=96, more=more)), half)
    late = [variant.params[SLIPPAGE] for variants in found[2:] for variant in variants]
    assert sum(value < 10 for value in late) > 2 * sum(value >= 10 for value in late)


def test_what_is_written_is_run_first_and_known_to_optuna(tmp_path: Path) -> None:
    grid = f"  grid: {{{SLIPPAGE}: [0, 5], {FAST}: [5, 10, 15]}}\n"
    space = f"{{{SLIPPAGE}: [0, 5], {FAST}: [5, 10, 15, 20]}}"
    found = ran(rounds_of(loaded_sweep(tmp_path, space=space, more=grid)))
    assert len(found[0]) == 6
    proposed = [variant for variants in found[1:] for variant in variants]
    assert {variant.params[FAST] for variant in proposed} == {20}


def test_a_trial_has_no_neighbours_to_be_selected_by(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    loaded_sweep(tmp_path)
    text = path.read_text(encoding="utf-8").replace("select: sharpe", "select: median_neighbour")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"sweep.yaml.*select.*sharpe, net, calmar"):
        rounds_of(load_sweep(path))


def test_a_check_builds_the_first_trials(tmp_path: Path) -> None:
    loaded_sweep(tmp_path, space="{strategies.ema_trend.params.fast: [-3, -2]}")
    with pytest.raises(ConfigError, match=r"sweep.yaml.*params\.fast=-[23].*fast"):
        list(check_sweep(tmp_path / "sweep.yaml"))
    loaded_sweep(tmp_path)
    [said, *_] = check_sweep(tmp_path / "sweep.yaml")
    assert "0 variants and 40 trials of optuna" in said


def test_a_missing_optuna_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "daemon.lab.sweep.optuna_rounds", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'run-fno-paper\[optuna\]'"):
        rounds_of(loaded_sweep(tmp_path))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([30, 10, 20], [10, 20, 30]),
        (["mid", "ltp"], ["mid", "ltp"]),
        ([[1], [2]], [[1], [2]]),
        (Range(low=3, high=5, step=1), [3, 4, 5]),
        (Range(low=0.1, high=0.3, step=0.1), [0.1, 0.2, 0.3]),
        (Range(low=0, high=1, step=0.4), [0, 0.4, 0.8]),
    ],
)
def test_places_stand_for_the_values_of_a_space(values: Any, expected: list[Any]) -> None:
    each = dimension(values)
    assert [each.value(place) for place in range(len(expected))] == expected
    assert each.distribution._contains(len(expected) - 1)
    assert not each.distribution._contains(len(expected))


def test_numbers_between_are_chosen_as_written(tmp_path: Path) -> None:
    space = f"{{{SLIPPAGE}: {{low: 0.5, high: 20.0}}, {FAST}: {{low: 2, high: 40, log: true}}}}"
    found = ran(rounds_of(loaded_sweep(tmp_path, space=space)))
    for variants in found:
        for variant in variants:
            assert 0.5 <= variant.params[SLIPPAGE] <= 20.0
            assert isinstance(variant.params[FAST], int)
            assert 2 <= variant.params[FAST] <= 40
