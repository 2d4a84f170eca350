"""A sweep's directory is read as it is written, and anything else is refused in one line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from daemon.cli.sweep_report import PAGE, write_sweep_page
from daemon.errors import ExitCode, JournalIOError, UsageError
from daemon.lab import simulate
from daemon.lab.numbers import by_period, closed_trades
from daemon.lab.numbers.neighbours import Axis
from daemon.lab.page.html import render_page
from daemon.lab.page.read import read_sweep
from daemon.lab.sweep import variants
from daemon.lab.sweep.store import ABOUT, DAILY, RUNS, About, SweepStore, Try
from daemon.lab.sweep.tables import runs_table
from daemon.lab.sweep.tasks import DayResult, Job, JobDone
from daemon.settings.config import Config
from tests.kit import golden
from tests.kit.cli import ROOT, invoke
from tests.lab.made_sweep import FAST, made_sweep, sessions

MODE = "execution.fill_mode"
ABOUT_IT: dict[str, Any] = {
    "name": "ema", "program_version": "0.3.0", "file": "/s/ema.yaml", "config": "/s/sample.yaml",
    "capital_rupees": 500_000.0, "split": "range", "select": "sharpe", "where": "trades >= 2",
    "seed": 3, "sweep": {"walk_forward": msgspec.Raw(b'{"train": 2, "test": 1, "min_trades": 0}')},
    "axes": [variants.Axis(key=FAST.key, values=[5, 10]),
             variants.Axis(key=MODE, values=["mid", None])],
    "variants": 2, "data": "d1", "data_text": "2026-06-01 to 2026-06-03", "over_nights": False,
}  # fmt: skip


def job(fast: int, *, profile: str = "", day: dt.date | None = None) -> Job:
    return Job(
        run_key=f"{fast:02d}{profile}{day}", variant=f"v{fast}", number=fast,
        params={FAST.key: fast, MODE: "mid"}, config=Config(), profile=profile, day=day,
        reproduce=f"run_fno_paper sweep show v{fast}",
    )  # fmt: skip


def done(of: Job, changes: list[int], dates: list[dt.date], **more: Any) -> JobDone:
    days = tuple(
        DayResult(date=date, pnl_paise=change, trades=1)
        for date, change in zip(dates, changes, strict=True)
    )
    numbers = {
        "net_rupees": sum(changes) / 100, "sharpe": 1.0, "trades": len(changes), "wins": 1,
        "too_few_days": True,
    }  # fmt: skip
    keys: dict[str, Any] = {
        "run_key": of.run_key, "status": "done", "numbers": numbers, "days": days,
    }  # fmt: skip
    return JobDone(**(keys | more))


def written(tmp_path: Path, outcomes: list[tuple[Job, JobDone]], **about: Any) -> Path:
    """Write a sweep's directory as the `sweep` command does."""
    store = SweepStore(tmp_path, "ema")
    store.add_tries(
        [
            Try(identity=identity, variant="v", data=data, data_text="", params=msgspec.Raw(b"{}"))
            for identity, data in (("a", "d1"), ("b", "d1"), ("c", "d1"), ("z", "other"))
        ]
    )
    store.write_tables(About(**(ABOUT_IT | about)), outcomes, [FAST.key, MODE])
    store.close()
    return store.directory


def of_range() -> list[tuple[Job, JobDone]]:
    dates = sessions(3)
    first, second, kind, lost = job(5), job(10), job(5, profile="depth"), job(15)
    return [
        (first, done(first, [100, -50, 25], dates)),
        (second, done(second, [10, 20, 30], dates)),
        (kind, done(kind, [1, 2, 3], dates)),
        (lost, JobDone(run_key=lost.run_key, status="failed", cause="it ends here")),
    ]


def test_a_directory_is_read_as_it_was_written(tmp_path: Path) -> None:
    sweep = read_sweep(written(tmp_path, of_range()))
    first, second, kind, lost = sweep.runs
    assert first.params == {FAST.key: 5, MODE: "mid"}
    assert list(first.days.values()) == [100, -50, 25]
    assert list(first.trades.values()) == [1, 1, 1]
    assert (second.numbers["net_rupees"], second.numbers["payoff"]) == (0.6, None)
    assert (kind.key, kind.profile, list(kind.days.values())) == ("v5", "depth", [1, 2, 3])
    assert (lost.status, lost.cause) == ("failed", "it ends here")
    assert sweep.axes == [Axis(FAST.key, (5, 10)), Axis(MODE, ("mid", None))]
    assert sweep.walk_forward is not None
    assert sweep.walk_forward.train == 2
    assert (sweep.tries, sweep.variants, sweep.seed) == (3, 2, 3)
    assert not sweep.sweeps_capital


def test_the_page_is_written_next_to_the_tables_or_where_it_is_asked_for(tmp_path: Path) -> None:
    directory = written(tmp_path, of_range())
    assert write_sweep_page(directory) == directory / PAGE
    page = (directory / PAGE).read_text(encoding="utf-8")
    assert "it ends here" in page
    assert write_sweep_page(directory, tmp_path / "p.html").read_text(encoding="utf-8") == page
    with pytest.raises(UsageError, match="cannot be written"):
        write_sweep_page(directory, tmp_path / "p.html" / "below a file")


def test_the_days_of_split_day_are_one_run(tmp_path: Path) -> None:
    dates = sessions(3)
    jobs = [job(fast, day=date) for fast in (5, 10) for date in dates]
    outcomes = [
        (
            each,
            done(each, [1_000 if each.day == dates[0] else -400], [each.day] if each.day else []),
        )
        for each in jobs
    ]
    lost = job(15, day=dates[0])
    outcomes.append((lost, JobDone(run_key=lost.run_key, status="failed", cause="that day")))
    first, second, failed = read_sweep(written(tmp_path, outcomes, split="day")).runs
    assert (first.key, second.key) == ("v5", "v10")
    assert list(first.days.values()) == [1_000, -400, -400]
    assert first.numbers["net_rupees"] == pytest.approx(2.0)
    assert (first.numbers["trades"], first.numbers["win_rate"]) == (3, 1.0)
    assert first.numbers["max_drawdown_rupees"] == 8.0
    assert first.numbers["sharpe"] == pytest.approx(2 / 3 / 8.0829037 * 252**0.5)
    assert first.numbers.get("payoff") is None
    assert failed.cause == "that day"


def test_what_is_no_sweep_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no sweep's directory, it has no sweep\.json"):
        read_sweep(tmp_path)
    directory = written(tmp_path, of_range())
    (directory / DAILY).write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="cannot be read"):
        read_sweep(directory)


def test_tables_of_another_version_are_refused(tmp_path: Path) -> None:
    directory = written(tmp_path, of_range())
    pq.write_table(runs_table([], []).replace_schema_metadata({}), directory / RUNS)
    with pytest.raises(UsageError, match="is of version none, expected 1"):
        read_sweep(directory)
    (directory / ABOUT).write_bytes(b'{"version": 2}')
    with pytest.raises(JournalIOError, match="version"):
        read_sweep(directory)


def test_what_is_made_for_tests_has_the_numbers_of_a_sweep() -> None:
    from daemon.lab.sweep.numbers import NUMBERS

    assert {name for run in made_sweep().runs for name in run.numbers} <= set(NUMBERS)


def test_the_trades_of_a_variant_are_those_of_its_own_run(tmp_path: Path) -> None:
    until: dict[str, Any] = {"feed.replay.end": "2026-11-18T11:30:00"}
    result = simulate(ROOT / golden.SAMPLE, **until)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, result.trades.schema) as writer:
        writer.write_table(result.trades)
    stream, dates = sink.getvalue().to_pybytes(), sessions(3)
    first, other = job(5), job(5, profile="depth")
    own = done(first, [1, 2, 3], dates, trades=stream)
    outcomes = [(first, own), (other, done(other, [1, 2, 3], dates, trades=stream))]
    store = SweepStore(tmp_path, "ema")
    for _, outcome in outcomes:
        store.put(outcome)
    store.close()
    sweep = read_sweep(written(tmp_path, outcomes))
    found, expected = sweep.closed_of("v5"), closed_trades(result.events)
    assert [trade.order_id for trade in found] == [trade.order_id for trade in expected]
    assert by_period(found, "hour") == by_period(expected, "hour")
    assert by_period(found, "days_to_expiry") == by_period(expected, "days_to_expiry")
    assert sweep.closed_of("v10") == []
    page = render_page(replace(sweep, where=""))
    assert "By days to expiry at the entry" in page
    assert "Wednesday" in page


def test_the_command_writes_the_page_and_says_where(tmp_path: Path) -> None:
    directory = written(tmp_path, of_range())
    said = invoke("sweep", "report", directory)
    assert (said.code, said.out) == (0, f"{directory / PAGE}\n")
    refused = invoke("sweep", "report", tmp_path)
    assert refused.code == ExitCode.USAGE
    assert "is no sweep's directory" in refused.complaint
