"""`split: day`: a row a session, only where nothing is carried over a night."""

from __future__ import annotations

import datetime as dt
import shlex
import shutil
from pathlib import Path

import pytest

from daemon.cli.arguments import settings_of
from daemon.cli.check_sweep import check_sweep
from daemon.errors import ConfigError, FeedError
from daemon.lab import simulate
from daemon.lab.sweep.batches import batches
from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.rounds import Written
from daemon.runtime.build import add_to_lake
from daemon.settings.file import load_config
from tests.kit.cli import tick_rows
from tests.lab.sweep_kit import Desk, Inline

DAYS = (dt.date(2026, 11, 16), dt.date(2026, 11, 17), dt.date(2026, 11, 18))
SPLIT = "  list: [{}, {execution.slippage_bps: 0}]\n  split: day\n  warmup_sessions: 1\n"
WHOLE = "  list: [{}, {execution.slippage_bps: 0}]\n"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    desk = Desk(tmp_path_factory.mktemp("lake"), minutes=1)
    rows = [row.replace("2026-11-18", day.isoformat()) for day in DAYS for row in tick_rows(60 * 6)]
    text = "\n".join(["ts,symbol,ltp,bid,ask", *rows])
    (desk.place / "ticks.csv").write_text(text, encoding="utf-8")
    add_to_lake(load_config(desk.place / "paper.yaml"), desk.place / "lake")
    return desk.place / "lake"


@pytest.fixture
def desk(tmp_path: Path, filled: Path) -> Desk:
    desk = Desk(tmp_path, SPLIT, minutes=1)
    shutil.copytree(filled, tmp_path / "lake")
    desk.edit("paper.yaml", "files: [{path: ticks.csv}]", "lake: lake, from: 2026-11-17")
    return desk


def day_of(desk: Desk, date: dt.date) -> Path:
    return desk.place / "lake" / "ticks" / f"date={date}"


def test_s2_a_day_is_a_row_with_the_sessions_before_it_shown_first(desk: Desk) -> None:
    swept = desk.sweep()
    rows = desk.rows()
    assert [(row["number"], row["first"]) for row in rows] == [
        (number, day) for number in (0, 1) for day in DAYS[1:]
    ]
    assert {row["split"] for row in rows} == {"day"}
    for row in rows[:2]:
        words = shlex.split(row["reproduce"])
        settings, config = settings_of(words[4::2]), Path(words[2])
        assert len(settings["feed.replay.warmup"]) == 1
        assert simulate(config, None, **settings).events_hash == row["events_hash"]
    sums = [row["net_rupees"] for row in rows]
    assert swept.best[0].numbers["net_rupees"] == pytest.approx(max(sum(sums[:2]), sum(sums[2:])))


def test_s2_days_and_ranges_never_share_a_table(desk: Desk) -> None:
    desk.sweep()
    desk.vary(WHOLE)
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 2
    assert [(row["split"], row["first"], row["last"]) for row in desk.rows()] == [
        ("range", DAYS[1], DAYS[2])
    ] * 2


WALKED = "  walk_forward: {train: 2, test: 1, min_trades: 1, select: sharpe}\n"
STUDIED = "  optuna: {trials: 4, seed: 1, space: {execution.slippage_bps: {low: 0.0, high: 9.0}}}\n"
FEW = "2 sessions are too few for one window, which takes 3"


def test_n7_a_check_warns_of_a_lake_with_too_few_days_for_a_window(desk: Desk) -> None:
    desk.vary(WHOLE + WALKED)
    assert list(check_sweep(desk.file))[-1] == (
        f"warning: walk_forward: {FEW}; the page will show none"
    )
    desk.edit("paper.yaml", "from: 2026-11-17", "from: 2026-11-16")
    assert "walk_forward" not in "\n".join(check_sweep(desk.file))


def test_n7_a_check_refuses_it_where_each_window_has_its_own_study(desk: Desk) -> None:
    desk.vary(STUDIED + WALKED)
    with pytest.raises(ConfigError, match=FEW):
        list(check_sweep(desk.file))


def test_s2_variants_of_a_day_share_its_pass_and_workers_are_not_idle(desk: Desk) -> None:
    loaded = load_sweep(desk.file)
    jobs = JobMaker(loaded).jobs(enumerate(Written(loaded).next_round([])))

    def cut(most: int, workers: int) -> list[list[tuple[dt.date | None, int]]]:
        found = batches(jobs, most=most, workers=workers)
        return [[(job.day, job.number) for job in batch] for batch in found]

    _, first, second = DAYS
    both_days = [[(first, 0), (first, 1)], [(second, 0), (second, 1)]]
    assert cut(100, 1) == cut(100, 2) == both_days
    alone = [[job] for day in both_days for job in day]
    assert cut(100, 3) == cut(1, 1) == alone


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("params: {every: 2}", "params: {every: 2}, product: NRML", "strategies.a.b.product"),
        ("version: 1\n", "version: 1\ncapital_rupees: 500000\n", "capital_rupees"),
    ],
)
def test_s2_what_is_carried_over_a_night_is_named(desk: Desk, old: str, new: str, key: str) -> None:
    desk.edit("paper.yaml", old, new)
    loaded = load_sweep(desk.file)
    with pytest.raises(ConfigError, match=rf"split: day cuts off what {key} carries \("):
        JobMaker(loaded).jobs(enumerate(Written(loaded).next_round([])))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (shutil.rmtree, "has no 2026-11-17, which had a session"),
        (lambda day: flip(next(day.rglob("part-0.parquet"))), "bytes are not those"),
        (lambda day: (day / "_day.json").unlink(), "has no _day.json"),
        (lambda day: cut(next(day.rglob("part-0.parquet"))), "is cut"),
        (lambda day: other_version(day / "_day.json"), "cannot be used"),
    ],
)
def test_a_day_that_is_missing_cut_or_of_another_version_is_named_before_anything_starts(
    desk: Desk, harm: object, words: str
) -> None:
    assert callable(harm)
    desk.vary(WHOLE)
    desk.edit("paper.yaml", "from: 2026-11-17", "from: 2026-11-16")
    harm(day_of(desk, DAYS[1]))
    executor = Inline()
    with pytest.raises(FeedError, match=words):
        desk.sweep(executor)
    assert executor.given == []


def cut(part: Path) -> None:
    part.write_bytes(part.read_bytes()[:-9])


def flip(part: Path) -> None:
    data = bytearray(part.read_bytes())
    data[20] ^= 1
    part.write_bytes(data)


def other_version(day: Path) -> None:
    day.write_bytes(day.read_bytes().replace(b'"version": 1', b'"version": 9'))


def test_an_unusable_day_that_is_left_out_on_request_is_not_in_the_key(desk: Desk) -> None:
    desk.vary(WHOLE)
    desk.edit("paper.yaml", "from: 2026-11-17", "from: 2026-11-17, unusable_days: skip")
    cut(next(day_of(desk, DAYS[1]).rglob("part-0.parquet")))
    desk.sweep()
    assert [row["first"] for row in desk.rows()] == [DAYS[2]] * 2
    desk.edit("paper.yaml", "from: 2026-11-17", "from: 2026-11-18")
    again = Inline()
    desk.sweep(again)
    assert again.jobs == 0
