"""N7: each training of a walk-forward has a study of its own, which knows none of its tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from daemon.cli.check_sweep import check_sweep
from daemon.cli.sweep_words import windows_text
from daemon.errors import ConfigError
from daemon.lab.numbers.walk_forward import Select, Variant, WalkForward, walk_forward
from daemon.lab.page.judged import judge
from daemon.lab.page.read import read_sweep
from daemon.lab.page.walk import walk_card
from daemon.lab.sweep.all_rounds import rounds_of
from daemon.lab.sweep.processes import Processes
from daemon.lab.sweep.rounds import Rounds
from daemon.lab.sweep.store import read_about
from daemon.lab.sweep.tasks import DayResult, Job, JobDone
from daemon.lab.sweep.window_choice import WindowChoice
from daemon.lab.sweep.window_rounds import score_in
from tests.kit.cli import tick_rows
from tests.kit.sweeps import run_file
from tests.lab.made_sweep import made_sweep
from tests.lab.sweep_kit import Desk, Inline
from tests.lab.test_optuna_rounds import FAST, SLIPPAGE, loaded_sweep

DAYS = [dt.date(2026, 11, day) for day in (16, 17, 18, 19, 20, 23, 24)]
SPACE = f"{{{SLIPPAGE}: {{low: 0.0, high: 20.0}}, {FAST}: {{low: 5, high: 40}}}}"
WALK = "  walk_forward: {train: 2, test: 2, min_trades: %d, select: sharpe}\n"
PnL = Callable[[int, Mapping[str, Any]], int]


class Ran(NamedTuple):
    """The sizes of the rounds, what each window chose, and the parameters of all variants."""

    sizes: list[int]
    windows: list[WindowChoice]
    params: dict[str, Mapping[str, Any]]

    def chosen(self) -> list[Mapping[str, Any]]:
        return [self.params[window.chosen or ""] for window in self.windows]


def moving(day: int, params: Mapping[str, Any]) -> int:
    """The best slippage is 4 in the first training, 16 in the second one."""
    best = 4 if day < 2 else 16
    away = abs(float(params[SLIPPAGE]) - best)
    return 10_000 - round(1_000 * away) + 100 * (day % 2)


def turned(day: int, params: Mapping[str, Any]) -> int:
    """As `moving` in the first training, the opposite after it."""
    return moving(day, params) if day < 2 else -moving(day, params)


def begun(place: Path, *, trials: int = 32, min_trades: int = 2, more: str = "") -> Rounds:
    more += WALK % min_trades
    return rounds_of(loaded_sweep(place, trials=trials, space=SPACE, more=more))


def ran(rounds: Rounds, pnl: PnL = moving, days: int = 7) -> Ran:
    """Run all rounds; no variant is asked for twice."""
    outcomes: list[tuple[Job, JobDone]] = []
    sizes: list[int] = []
    while variants := rounds.next_round(outcomes):
        sizes.append(len(variants))
        for variant in variants:
            results = tuple(
                DayResult(date=date, pnl_paise=pnl(day, variant.params), trades=1)
                for day, date in enumerate(DAYS[:days])
            )
            job = Job(
                run_key=variant.key, variant=variant.key, number=len(outcomes),
                params=variant.params, config=variant.config,
            )  # fmt: skip
            outcomes.append((job, JobDone(run_key=variant.key, status="done", days=results)))
    keys = [job.variant for job, _ in outcomes]
    assert len(keys) == len(set(keys))
    params = {job.variant: job.params for job, _ in outcomes}
    return Ran(sizes, rounds.windows(outcomes), params)


def test_n7_each_training_has_a_study_of_its_own(tmp_path: Path) -> None:
    found = ran(begun(tmp_path))
    sizes, [first, second] = found.sizes, found.windows
    assert (first.train, first.test) == ((DAYS[0], DAYS[1]), (DAYS[2], DAYS[3]))
    assert (second.train, second.test) == ((DAYS[2], DAYS[3]), (DAYS[4], DAYS[5]))
    assert sizes[0] == 16  # the first sixteen are those of both
    assert max(sizes[1:]) <= 32
    assert sum(sizes) <= 16 + 2 * 16
    assert len(first.candidates) <= 32 >= len(second.candidates)
    assert set(first.candidates) != set(second.candidates)
    chosen = [params[SLIPPAGE] for params in found.chosen()]
    assert abs(chosen[0] - 4) < 2
    assert abs(chosen[1] - 16) < 2


def test_n7_what_comes_after_a_training_changes_none_of_its_trials(tmp_path: Path) -> None:
    before = ran(begun(tmp_path)).windows
    after = ran(begun(tmp_path), turned).windows
    assert before[0].candidates == after[0].candidates
    assert before[0].chosen == after[0].chosen
    assert before[0].score_in_training == after[0].score_in_training
    assert before[0].net_in_test_paise == -after[0].net_in_test_paise
    assert before[1].candidates != after[1].candidates


def test_n7_a_study_is_that_of_its_training_alone(tmp_path: Path) -> None:
    """The same trials as one study over the sessions of the first window and no more."""
    first = ran(begun(tmp_path)).windows[0]
    [alone] = ran(begun(tmp_path), days=4).windows
    assert first == alone


@pytest.mark.parametrize("select", ["sharpe", "net", "calmar"])
def test_n7_a_study_and_the_walk_forward_score_alike(select: Select) -> None:
    changes = [500, -300, 250, -100, 900, 100]
    days = tuple(
        DayResult(date=date, pnl_paise=change, trades=1)
        for date, change in zip(DAYS, changes, strict=False)
    )
    done = JobDone(run_key="0", status="done", days=days)
    cut = Variant(changes_paise=changes, trades=[1] * len(changes))
    how = WalkForward(train=4, test=2, min_trades=4, select=select)
    score = score_in(frozenset(DAYS[:4]), select, 4, done)
    assert score is not None
    assert score == walk_forward([cut], how).windows[0].train_score
    assert score_in(frozenset(DAYS[:4]), select, 5, done) is None


def test_n7_written_variants_are_candidates_of_every_window(tmp_path: Path) -> None:
    grid = f"  grid: {{{SLIPPAGE}: [4, 16], {FAST}: [50]}}\n"
    found = ran(begun(tmp_path, trials=16, more=grid))
    assert found.sizes[0] == 2
    assert found.chosen() == [{SLIPPAGE: 4, FAST: 50}, {SLIPPAGE: 16, FAST: 50}]


def test_n7_where_none_traded_enough_nothing_is_chosen(tmp_path: Path) -> None:
    windows = ran(begun(tmp_path, trials=16, min_trades=3)).windows
    assert [(window.chosen, window.net_in_test_paise) for window in windows] == [(None, 0)] * 2


def test_n7_too_few_sessions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="3 sessions are too few for one window, which takes 4"):
        ran(begun(tmp_path), days=3)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("select: net", r"walk_forward.*select.*expected sharpe"),
        ("test: 5, step: 4", r"walk_forward.*step.*at least test \(5\)"),
    ],
)
def test_n7_what_does_not_fit_is_refused(tmp_path: Path, how: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        loaded_sweep(tmp_path, more=f"  walk_forward: {{{how}}}\n")


def test_a_check_says_that_the_trials_are_those_of_a_window(tmp_path: Path) -> None:
    begun(tmp_path)
    [said, *_] = check_sweep(tmp_path / "sweep.yaml")
    assert "32 trials of optuna for each window" in said


STUDIED = """
  optuna:
    trials: 18
    seed: 3
    select: net
    space:
      strategies.a.b.params.every: {low: 2, high: 9}
      execution.slippage_bps: {low: 0, high: 20}
  walk_forward: {train: 2, test: 1, min_trades: 1, select: net}
  batch: 3
"""


def studied_desk(place: Path) -> Desk:
    """Four sessions of six minutes, and a study for each of two trainings."""
    desk = Desk(place, STUDIED, minutes=1)
    rows = [
        row.replace("2026-11-18", day.isoformat()) for day in DAYS[:4] for row in tick_rows(360)
    ]
    text = "\n".join(["ts,symbol,ltp,bid,ask", *rows])
    (place / "ticks.csv").write_text(text, encoding="utf-8")
    return desk


def shown_on_the_page(directory: Path) -> list[tuple[str | None, int, int | None, int]]:
    judged = judge(read_sweep(directory))
    walked = judged.out_of_sample
    assert walked is not None
    assert "Walk forward" in walk_card(judged)
    return [
        (
            None if window.chosen is None else judged.variants[window.chosen].key,
            window.candidates, window.rank_in_test, net,
        )
        for window, net in zip(walked.windows, walked.changes_paise, strict=True)
    ]  # fmt: skip


def test_a_page_chooses_nothing_before_the_studies_are_done() -> None:
    judged = judge(made_sweep(candidates=()))
    assert judged.out_of_sample is None
    assert "studies of the windows are not done" in walk_card(judged)


@pytest.mark.ci
def test_n7_one_worker_and_two_come_to_the_same_choices(tmp_path: Path) -> None:
    desk = studied_desk(tmp_path)
    found = []
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        with closing(Processes(workers)) as executor:
            swept = run_file(desk.file, out, executor)
        files = sorted(swept.directory.glob("*.parquet"))
        about = read_about(swept.directory)
        assert [*about.windows] == [*swept.windows]
        assert "test 2026-11-19 to 2026-11-19: net" in windows_text(swept)
        found.append((about, [file.read_bytes() for file in files]))
    assert found[0] == found[1]
    assert len(found[0][0].windows) == 2
    assert all(window.chosen for window in found[0][0].windows)
    assert shown_on_the_page(swept.directory) == [
        (window.chosen, len(window.candidates), window.rank_in_test, window.net_in_test_paise)
        for window in swept.windows
    ]
    again = Inline()  # started again, it asks the same and runs nothing
    swept = run_file(desk.file, tmp_path / "out2", again)
    assert again.jobs == 0
    assert msgspec.json.encode(swept.windows) == msgspec.json.encode(found[0][0].windows)


def test_a_sweep_of_whole_runs_has_no_windows(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "  grid: {execution.slippage_bps: [0]}\n", minutes=3)
    swept = run_file(desk.file, tmp_path / "out", Inline())
    assert windows_text(swept) == ""
    assert read_about(swept.directory).windows == ()
