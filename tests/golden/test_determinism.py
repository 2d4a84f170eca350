"""The same recording and configuration give the same bytes, however they are run.

See ARCHITECTURE R4.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from daemon.runtime.build import convert_recording
from daemon.settings.file import load_config
from tests.kit import golden
from tests.kit.cli import ROOT, exported, finished, only_run, spawn
from tests.kit.golden import Replayed, replay

KITE = "kite-nifty-2025-10-08"
CUT = {"feed.replay.start": "2026-11-18T09:55:00", "feed.replay.end": "2026-11-18T11:50:00"}
"""A part of the sample with entries, a partial exit, stops and a target."""
FILES = [{"path": str(ROOT / "configs/sample_session.parquet")}]
_numbers = count()


def events(done: Replayed) -> bytes:
    """The export; there must be something in it to compare."""
    found = exported(done.directory)
    assert found.count(b"\n") > 10
    return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return events(replay(golden.SAMPLE, tmp_path_factory.mktemp("sample")))


@pytest.fixture(scope="module")
def kite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if reason := golden.missing(KITE):
        pytest.skip(reason)
    return events(replay(golden.example(KITE), tmp_path_factory.mktemp("kite")))


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return events(replay(golden.SAMPLE, tmp_path_factory.mktemp("cut"), CUT))


@pytest.mark.parametrize("rows", [pytest.param(7, marks=pytest.mark.ci), 1_000, 1_000_000])
def test_the_size_of_blocks_changes_nothing(rows: int, sample: bytes, tmp_path: Path) -> None:
    done = replay(golden.SAMPLE, tmp_path, {"feed.replay.block_rows": rows})
    assert events(done) == sample


@pytest.mark.parametrize("rows", [pytest.param(7, marks=pytest.mark.ci), 1_000, 1_000_000])
def test_the_size_of_blocks_changes_nothing_of_a_real_recording(
    rows: int, kite: bytes, tmp_path: Path
) -> None:
    done = replay(golden.example(KITE), tmp_path, {"feed.replay.block_rows": rows})
    assert events(done) == kite


@pytest.mark.parametrize("rows", [pytest.param(1, marks=pytest.mark.ci), 64])
def test_ticks_that_come_one_by_one_change_nothing(rows: int, tmp_path: Path) -> None:
    part = tmp_path / "part.parquet"  # of its own: what is before it is read for warming
    convert_recording(load_config(ROOT / golden.SAMPLE, CUT | {"feed.replay.files": FILES}), part)
    files = {"feed.replay.files": [{"path": str(part)}]}
    whole = replay(golden.SAMPLE, tmp_path / "whole", files)
    done = replay(golden.SAMPLE, tmp_path / "rows", files | {"feed.replay.block_rows": rows})
    assert events(done) == events(whole)


@pytest.mark.parametrize("use_uvloop", [True, False])
@pytest.mark.parametrize("speed", ["max", "100000"])
def test_neither_the_event_loop_nor_the_speed_changes_anything(
    speed: str, use_uvloop: bool, sample: bytes, tmp_path: Path
) -> None:
    done = replay(golden.SAMPLE, tmp_path, {"feed.replay.speed": speed}, use_uvloop=use_uvloop)
    assert events(done) == sample


@pytest.mark.parametrize("speed", ["max", "100000"])
def test_neither_the_event_loop_nor_the_speed_changes_a_real_recording(
    speed: str, kite: bytes, tmp_path: Path
) -> None:
    overrides = {"feed.replay.speed": speed}
    done = replay(golden.example(KITE), tmp_path, overrides, use_uvloop=False)
    assert events(done) == kite


@pytest.mark.parametrize(("seed", "zone"), [
    pytest.param("0", "UTC", marks=pytest.mark.ci), ("1", "Asia/Tokyo"),
    ("random", "America/New_York"), pytest.param("random", "Asia/Kolkata", marks=pytest.mark.ci),
])  # fmt: skip
def test_neither_hash_order_nor_the_hosts_time_zone_changes_anything(
    seed: str, zone: str, sample: bytes, tmp_path: Path
) -> None:
    env = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
    done = finished(spawn("--config", golden.SAMPLE, "--out", tmp_path, env=env))
    assert done.code == 0, done.err
    assert exported(only_run(tmp_path)) == sample


@pytest.mark.parametrize(("seed", "zone"), [("1", "Asia/Tokyo"), ("random", "America/New_York")])
def test_neither_hash_order_nor_the_hosts_time_zone_changes_a_real_recording(
    seed: str, zone: str, kite: bytes, tmp_path: Path
) -> None:
    env = {"PYTHONHASHSEED": seed, "TZ": zone}
    arguments = ("--config", golden.example(KITE), "--data", golden.data_directory())
    done = finished(spawn(*arguments, "--out", tmp_path, env=env))
    assert done.code == 0, done.err
    assert exported(only_run(tmp_path)) == kite


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_naive_time_is_indian_whatever_the_host(zone: str, cut: bytes, tmp_path: Path) -> None:
    span = ("--from", CUT["feed.replay.start"], "--to", CUT["feed.replay.end"])
    arguments = ("--config", golden.SAMPLE, "--out", tmp_path, *span)
    assert finished(spawn(*arguments, env={"TZ": zone})).code == 0
    assert exported(only_run(tmp_path)) == cut


def test_the_synthetic_market_is_its_seed(tmp_path: Path) -> None:
    small = {
        "feed.synthetic.strikes_each_side": 1, "feed.synthetic.ticks_per_second": 0.3,
        "execution.square_off_before_close_min": 20,
    }  # fmt: skip
    first, again, other = (
        replay(
            "configs/dev.yaml", tmp_path / f"{next(_numbers)}", small | {"feed.synthetic.seed": s}
        )
        for s in (3, 3, 4)
    )
    assert events(first) == events(again)
    assert events(first) != events(other)
