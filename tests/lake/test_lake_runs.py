"""A lake runs as the recording that it was made from does, through commands and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.cli.convert import converted
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError, FeedError, UsageError
from daemon.main import convert
from daemon.runtime.account import Account
from daemon.runtime.build import add_to_lake, convert_recording
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.live_lake import add_to_lake as add_recording
from daemon.runtime.machine import machine
from daemon.runtime.simulate import run as simulate
from daemon.settings.config import Config, FeedConfig, RecordingConfig, ReplayConfig, ReplayFile
from daemon.settings.file import load_config
from feeds.files.native_writer import write_ticks
from feeds.recording.format import LogHeader
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder
from feeds.replay import Recording
from feeds.stream.blocks import join
from tests.kit import golden
from tests.kit.cli import ROOT
from tests.lake.kit import DAYS, UNIVERSE, opening, read, rows
from tests.unit.test_feeds_kit import rows_of

SAMPLE = ROOT / golden.SAMPLE
FROM_LAKE: dict[str, Any] = {"feed.replay.files": []}
SHORT = {"feed.replay.end": "2026-11-18T10:45:00"}


@pytest.fixture(scope="module")
def sample_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    add_to_lake(load_config(SAMPLE, SHORT), root)
    return root


def test_l2_a_lake_decides_what_its_recording_decides(sample_lake: Path) -> None:
    of_file = simulate(load_config(SAMPLE, SHORT))
    of_lake = simulate(load_config(SAMPLE, {**FROM_LAKE, "feed.replay.lake": str(sample_lake)}))
    assert len(of_file.events) > 10
    assert of_lake.events == of_file.events


def test_convert_lake_to_itself_changes_no_day_that_is_in_one_piece(sample_lake: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sample_lake.rglob("*")}
    config = load_config(SAMPLE, {**FROM_LAKE, "feed.replay.lake": str(sample_lake)})
    assert add_to_lake(config, sample_lake).days == []
    assert {path: path.stat().st_mtime_ns for path in sample_lake.rglob("*")} == before


def test_a_lake_converts_back_to_one_native_file(sample_lake: Path, tmp_path: Path) -> None:
    config = load_config(SAMPLE, {**FROM_LAKE, "feed.replay.lake": str(sample_lake)})
    back = convert_recording(config, tmp_path / "back.parquet")
    straight = convert_recording(load_config(SAMPLE, SHORT), tmp_path / "straight.parquet")
    assert back.rows == straight.rows > 1_000


def header(lake: Path | str, day: str) -> LogHeader:
    config = Config(recording=RecordingConfig(lake=str(lake)))
    return LogHeader(
        account="a", date=day, segment=1, program_version="0",
        config=msgspec.json.encode(config).decode(), config_fingerprint="f",
        instruments=list(UNIVERSE),
    )  # fmt: skip


def recorded(path: Path, lake: Path | str, day: str) -> InputLog:
    recorder = InputRecorder.begin(path, header(lake, day))
    recorder.record(rows(day))
    recorder.close()
    return InputLog(path)


def test_l1_a_finished_recording_goes_into_the_lake_once(tmp_path: Path) -> None:
    log = recorded(tmp_path / "2026-11-17-1.inputs", tmp_path / "lake", DAYS[1])
    add_recording(log)
    add_recording(log)  # a start that was killed in between
    assert rows_of(read(tmp_path / "lake")) == rows_of(rows(DAYS[1]))
    assert log.path.exists()


def test_l1_a_finished_day_of_an_account_goes_into_its_lake(tmp_path: Path) -> None:
    config = Config(recording=RecordingConfig(lake=str(tmp_path / "lake")))
    now = opening(DAYS[1])
    account = Account.open(tmp_path / "out", "live", created_ts=now)
    built = machine(config, load_rules(config), UNIVERSE)
    recorder = account.begin_log(built, config, config, built.engine.carry(), now)
    recorder.record(rows(DAYS[1]))
    recorder.close()
    kept = account.finish_log(recorder.path, built)
    account.close()
    assert kept.suffix == ".parquet"
    assert rows_of(read(tmp_path / "lake")) == rows_of(rows(DAYS[1]))


def test_l1_a_lake_is_compacted_by_convert(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    for name, since_s in (("a", 0), ("b", 100)):
        path = tmp_path / f"{name}.parquet"
        write_ticks(path, UNIVERSE, [rows(DAYS[1], since_s=since_s)])
        files = ReplayConfig(files=[ReplayFile(path=str(path))])
        add_to_lake(Config(feed=FeedConfig(kind="replay", replay=files)), root)
    before = read(root)
    of_lake = Config(feed=FeedConfig(kind="replay", replay=ReplayConfig(lake=str(root))))
    lines = list(converted(of_lake, None, str(root), data_dir=None))
    assert lines[:2] == ["2026-11-17: 120 rows in 3 parts", f"{root}: 120 rows, 1 day written"]
    assert len(list(root.rglob("*.parquet"))) == 3
    assert rows_of(read(root)) == rows_of(before)


@pytest.mark.parametrize("targets", [{}, {"to": Path("a.parquet"), "lake": "b"}])
def test_convert_writes_a_file_or_a_lake(targets: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="expected a file to write, or --lake DIR"):
        convert(SAMPLE, **{"to": None, "lake": "", **targets})


def test_a_lake_that_cannot_be_written_costs_no_recording(tmp_path: Path) -> None:
    (tmp_path / "lake").write_bytes(b"in the way")
    log = recorded(tmp_path / "2026-11-17-1.inputs", tmp_path / "lake", DAYS[1])
    add_recording(log)
    assert log.path.exists()


def native(path: Path, *days: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_ticks(path, UNIVERSE, [rows(day) for day in days])
    return path


def rows_in(path: str, **rest: Any) -> Ticks:
    recording = Recording(ReplayConfig(files=[ReplayFile(path=path)], **rest))
    assert isinstance(recording.universe, Universe)
    return join(list(recording.blocks()))


@pytest.mark.parametrize("pattern", ["files", "files/*.parquet", "files/d?.parquet"])
def test_l2_directories_and_patterns_name_their_files(tmp_path: Path, pattern: str) -> None:
    for at, day in enumerate(reversed(DAYS)):
        native(tmp_path / "files" / f"d{at}.parquet", day)
    (tmp_path / "files" / "_note.csv").write_text("not a recording")
    (tmp_path / "files" / "README").write_text("not a recording")
    found = rows_in(str(tmp_path / pattern))
    assert found.ts.tolist() == [ts for day in DAYS for ts in rows(day).ts.tolist()]


def test_l2_a_pattern_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="names no file"):
        rows_in(str(tmp_path / "*.parquet"))


def test_a_lake_among_the_files_is_refused_with_the_key_to_use(sample_lake: Path) -> None:
    with pytest.raises(FeedError, match="is a lake; name it as `lake:`"):
        rows_in(str(sample_lake))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"feed.replay.lake": "x"}, "expected files or a lake"),
        ({"feed.replay.from": "2026-11-18"}, "from has no effect without"),
        ({**FROM_LAKE, "feed.replay.lake": "x", "feed.replay.to": "soon"}, "expected a date"),
    ],
)
def test_settings_of_a_lake_that_make_no_sense_are_refused(
    keys: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        load_config(SAMPLE, keys)
