"""A sweep equals its single runs, and what is done of it stays done."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.arguments import settings_of
from daemon.errors import AlreadyRunning, ConfigError, FeedError, JournalIOError
from daemon.files.replace import replacing
from daemon.lab import simulate
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.store import SweepStore, read_about, read_tries
from daemon.lab.sweep.tasks import Task
from tests.kit.tiers import with_more_in_ci
from tests.lab.sweep_kit import Desk, Inline


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def stop_after(calls: int) -> Callable[[], bool]:
    left = iter(range(calls))
    return lambda: next(left, None) is None


def test_a_row_is_what_its_own_command_line_runs(desk: Desk) -> None:
    desk.sweep()
    rows = desk.rows()
    assert [row["status"] for row in rows] == ["done"] * 4
    assert len({row["events_hash"] for row in rows}) == 4
    trades, daily = desk.rows("trades.parquet"), desk.rows("daily.parquet")
    for row in rows:
        words = shlex.split(row["reproduce"])
        assert words[:2] == ["run_fno_paper", "--config"]
        alone = simulate(Path(words[2]), None, **settings_of(words[4::2]))
        assert row["events_hash"] == alone.events_hash
        assert row["net_rupees"] == sum(alone.days.changes_paise) / 100
        assert row["trades"] == alone.trade_figures.trades > 0
        assert row["exposure"] == alone.exposure
        assert 0 < row["exposure"] < 1
        own = [each for each in trades if each["variant"] == row["variant"]]
        assert [each["net_paise"] for each in own] == alone.trades["net_paise"].to_pylist()
        [day] = [each for each in daily if each["variant"] == row["variant"]]
        assert (day["pnl_paise"], day["trades"]) == (alone.days.changes_paise[0], row["trades"])


def test_rows_have_their_parameters_in_the_order_of_the_grid(desk: Desk) -> None:
    desk.sweep()
    found = [
        (row["p_strategies.a.b.params.every"], row["p_execution.slippage_bps"])
        for row in desk.rows()
    ]
    assert found == [(2, 0), (2, 5), (3, 0), (3, 5)]
    about = read_about(desk.directory)
    assert [axis.key for axis in about.axes] == [
        "strategies.a.b.params.every", "execution.slippage_bps",
    ]  # fmt: skip


def test_s5_a_second_start_runs_nothing_and_gives_the_same_bytes(desk: Desk) -> None:
    desk.sweep()
    before, again = desk.bytes(), Inline()
    desk.sweep(again)
    assert again.given == []
    assert desk.bytes() == before
    assert desk.said == ["4 of 4 are done already"]


@pytest.mark.parametrize("calls", with_more_in_ci(3, more=(2, 6)))
def test_s5_a_sweep_that_was_stopped_continues_to_the_same_tables(
    tmp_path: Path, calls: int
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "stopped").mkdir()
    whole, desk = Desk(tmp_path / "whole"), Desk(tmp_path / "stopped")
    whole.sweep()
    first = desk.sweep(stopping=stop_after(calls), batch=1)
    states = [row["status"] for row in desk.rows()]
    assert first.was_stopped
    assert "not_run" in states
    assert read_about(desk.directory).interrupted
    rest = Inline(workers=3)
    assert not desk.sweep(rest).was_stopped
    assert rest.jobs == states.count("not_run")
    assert without_places(desk.rows()) == without_places(whole.rows())
    for table in (1, 2):
        assert desk.bytes()[table] == whole.bytes()[table]


def without_places(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "reproduce": ""} for row in rows]


def test_batches_and_workers_change_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sweep(batch=1)
    before = desk.bytes()
    for file in (desk.directory / "done").rglob("*"):
        if file.is_file():
            file.unlink()
    desk.sweep(Inline(workers=1))
    assert desk.bytes() == before


BOTH = """
  list:
    - {strategies.a.b.params.every: 3}
    - {strategies.second.enabled: true, strategies.a.b.enabled: false}
    - {strategies.second.enabled: true}
"""


@pytest.mark.parametrize(
    ("file", "rerun"),
    [("second.py", [1, 2]), ("second_help.py", [1, 2]), ("first_help.py", [0, 2])],
)
def test_s5_an_edited_strategy_reruns_its_rows_and_only_those(
    tmp_path: Path, file: str, rerun: list[int]
) -> None:
    desk = Desk(tmp_path, BOTH)
    desk.sweep()
    with (desk.place / file).open("a", encoding="utf-8") as source:
        source.write("# changed\n")
    again = Inline()
    desk.sweep(again)
    assert sorted(job.number for task in again.given for job in task.jobs) == rerun


def test_s5_what_a_run_writes_and_where_it_lies_are_not_in_the_key(desk: Desk) -> None:
    desk.sweep()
    desk.edit("paper.yaml", "version: 1\n", "version: 1\naccount: other\nout: else\n# a comment\n")
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 0
    desk.place.rename(desk.place.with_name("moved"))
    desk.place = desk.place.with_name("moved")
    desk.sweep(again)
    assert again.jobs == 0


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("ticks.csv", ",25003,", ",25003.05,"),
        ("paper.yaml", "time_stop_bars: 2", "time_stop_bars: 3"),
    ],
)
def test_s5_other_recordings_or_settings_run_all_of_it_again(
    desk: Desk, file: str, old: str, new: str
) -> None:
    desk.sweep()
    desk.edit(file, old, new)
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 4
    assert all(row["status"] == "done" for row in desk.rows())


def test_s5_another_version_of_the_program_runs_all_of_it_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sweep()
    monkeypatch.setattr("daemon.lab.sweep.run_key.VERSION", "9.9.9")
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 4


FAILING = """
  list:
    - {strategies.a.b.params.every: 3}
    - {strategies.a.b.params.every: many}
    - {strategies.a.b.params.every: 0}
"""


def test_s5_a_variant_that_fails_is_a_row_with_its_line_and_is_tried_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FAILING)
    desk.sweep()
    good, bad, zero = desk.rows()
    assert (good["status"], good["cause"]) == ("done", "")
    assert bad["status"] == "failed"
    assert "strategy 'a.b': params.every" in bad["cause"]
    assert "\n" not in bad["cause"]
    assert bad["events_hash"] == ""
    assert bad["net_rupees"] is None
    assert zero["status"] == "done"  # a strategy that fails is switched off, as in any run
    again = Inline()
    desk.sweep(again)
    assert [job.number for task in again.given for job in task.jobs] == [1]
    assert [each.variant for each in read_tries(desk.directory)] == [
        good["variant"], zero["variant"],
    ]  # fmt: skip


def test_a_lost_batch_is_run_one_by_one_and_only_its_culprit_fails(desk: Desk) -> None:
    def has_third(task: Task) -> bool:
        return any(job.number == 2 for job in task.jobs)

    desk.sweep(Inline(workers=1, lose=has_third))
    states = [row["status"] for row in desk.rows()]
    assert states == ["done", "done", "failed", "done"]
    assert "SIGKILL" in desk.rows()[2]["cause"]
    assert any("one by one" in line for line in desk.said)
    desk.sweep()
    assert [row["status"] for row in desk.rows()] == ["done"] * 4


def test_a_strategy_that_is_edited_meanwhile_leaves_no_row(desk: Desk) -> None:
    class Edits(Inline):
        def as_completed(self) -> Any:
            for outcome in super().as_completed():
                with (desk.place / "first.py").open("a", encoding="utf-8") as source:
                    source.write("# changed\n")
                yield outcome

    with pytest.raises(ConfigError, match=r"strategy a\.b was edited while the sweep ran"):
        desk.sweep(Edits())
    assert [row["status"] for row in desk.rows()] == ["not_run"] * 4
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 4


def test_a_sweep_that_fails_shows_no_row_of_before_its_change(desk: Desk) -> None:
    desk.sweep()
    assert [row["status"] for row in desk.rows()] == ["done"] * 4
    desk.vary("  grid: {strategies.a.b.params.every: [2, 3], execution.slippage_bps: [5, 8]}")
    with pytest.raises(RuntimeError, match="gone"):
        desk.sweep(Gone())
    assert [row["status"] for row in desk.rows()] == ["done", "not_run", "done", "not_run"]
    assert read_about(desk.directory).interrupted
    assert len(read_tries(desk.directory)) == 4


class Gone(Inline):
    def as_completed(self) -> Any:
        raise RuntimeError("gone")


def test_a_damaged_file_of_a_done_job_is_run_again(desk: Desk) -> None:
    desk.sweep()
    before = desk.bytes()
    one, two, *_ = [path for path in (desk.directory / "done").rglob("*") if path.is_file()]
    one.write_bytes(one.read_bytes()[:-3])
    two.write_bytes(two.read_bytes().replace(b'"version":1', b'"version":2'))
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 2
    assert desk.bytes() == before


def test_a_full_disk_is_told_in_a_line_and_costs_nothing_that_is_done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    @contextmanager
    def full(path: Path) -> Any:
        nonlocal written
        written += path.parent.parent.name == "done"
        if written > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        with kept(path) as file:
            yield file

    kept = replacing
    monkeypatch.setattr("daemon.lab.sweep.store.replacing", full)
    with pytest.raises(JournalIOError, match="No space left on device; what is done is kept: make"):
        desk.sweep()
    monkeypatch.setattr("daemon.lab.sweep.store.replacing", kept)
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 2
    assert [row["status"] for row in desk.rows()] == ["done"] * 4


def test_two_sweeps_of_one_name_do_not_share_a_directory(desk: Desk) -> None:
    store = SweepStore(desk.place / "out", "s")
    with pytest.raises(AlreadyRunning, match="in use by another process"):
        desk.sweep()
    store.close()
    desk.sweep()


def test_tries_are_counted_by_data_and_never_shortened(desk: Desk) -> None:
    desk.sweep()
    desk.vary("  list: [{execution.slippage_bps: 6}, {execution.slippage_bps: 7}]")
    desk.sweep()
    desk.sweep()
    tries = read_tries(desk.directory)
    assert len(tries) == 6
    assert len({each.data for each in tries}) == 1
    desk.edit("ticks.csv", ",25003,", ",25003.05,")
    desk.sweep()
    tries = read_tries(desk.directory)
    assert len(tries) == 8
    assert len({each.data for each in tries}) == 2
    assert len({each.identity for each in tries}) == 6


def test_a_line_that_a_kill_cut_is_no_try(desk: Desk) -> None:
    desk.sweep()
    path = desk.directory / "tries.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    desk.sweep()
    assert path.read_bytes() == whole
    path.write_bytes(whole.replace(b'"version":1', b'"version":2'))
    with pytest.raises(JournalIOError, match="restore it"):
        desk.sweep()


def test_the_best_are_run_under_each_profile_and_those_are_no_tries(desk: Desk) -> None:
    desk.vary("  grid: {strategies.a.b.params.every: [2, 3]}\n  profiles: [mid, ltp]\n")
    desk.sweep()
    rows = [(row["profile"], row["number"]) for row in desk.rows()]
    assert rows == [("", 0), ("", 1), ("mid", 0), ("mid", 1), ("ltp", 0), ("ltp", 1)]
    assert len(read_tries(desk.directory)) == 2
    by_profile = {(row["profile"], row["number"]): row for row in desk.rows()}
    alone = simulate(desk.place / "paper.yaml", execution={"fill_mode": "mid"})
    assert by_profile["mid", 0]["events_hash"] == alone.events_hash


def test_a_condition_leaves_variants_out_of_the_best_and_in_the_tables(desk: Desk) -> None:
    desk.vary('  grid: {strategies.a.b.params.every: [2, 30]}\n  where: "trades >= 1"\n')
    swept = desk.sweep()
    assert [each.number for each in swept.best] == [0]
    assert [row["trades"] > 0 for row in desk.rows()] == [True, False]


def test_a_recording_that_is_missing_or_cut_is_named_before_anything_starts(desk: Desk) -> None:
    (desk.place / "ticks.csv").rename(desk.place / "away.csv")
    executor = Inline()
    with pytest.raises(FeedError, match=r"ticks\.csv: no such file"):
        desk.sweep(executor)
    assert executor.given == []


def test_a_class_of_a_notebook_is_refused_by_name_before_anything_starts(desk: Desk) -> None:
    desk.edit("paper.yaml", "module: first", "module: __main__")
    executor = Inline()
    with pytest.raises(ConfigError, match=r"strategy 'a\.b': First lives in a notebook"):
        desk.sweep(executor)
    assert executor.given == []


def test_rows_of_a_job_are_known_for_the_estimate(desk: Desk) -> None:
    from daemon.lab.sweep.file import load_sweep
    from daemon.lab.sweep.variants import variants_of

    loaded = load_sweep(desk.file)
    maker = JobMaker(loaded)
    [job, *_] = maker.jobs(enumerate(variants_of(loaded)))
    assert maker.rows(job) > 100
