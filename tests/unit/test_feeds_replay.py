from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from daemon.domain.dates import SECOND_NS, parse_ts
from daemon.domain.inputs import Settlement
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import ReplayConfig, ReplayFile, SettlementConfig, UniverseConfig
from feeds.convert import convert
from feeds.recording.format import LogHeader
from feeds.recording.recorder import InputRecorder
from feeds.replay import Recording, ReplayFeed
from feeds.stream.blocks import join
from feeds.stream.feed import Feed
from feeds.stream.pacing import Pace, Pacer, parse_speed
from tests.kit.source import ROOT
from tests.unit.test_feeds_kit import block_of, collect, rows_of, text_file

DAY = "2025-10-08"
CLOSED = parse_ts(f"{DAY}T15:45:00+05:30")


def ticks_csv(path: Path, *times: str, symbol: str = "A") -> ReplayFile:
    text_file(path, ["ts,ltp", *(f"{at},{n}.05" for n, at in enumerate(times, 1))])
    return ReplayFile(path=str(path), symbol=symbol)


def feed_of(*files: ReplayFile, **config: Any) -> ReplayFeed:
    return ReplayFeed(ReplayConfig(files=list(files), **config))


async def ticks_of(feed: Feed) -> list[Ticks]:
    return [each for each in await collect(feed.inputs()) if isinstance(each, Ticks)]


async def test_files_are_merged_into_blocks_of_the_asked_size(tmp_path: Path) -> None:
    one = ticks_csv(tmp_path / "1.csv", *(f"{DAY} 10:00:{n:02d}" for n in range(0, 50, 2)))
    two = ticks_csv(tmp_path / "2.csv", *(f"{DAY} 10:00:{n:02d}" for n in range(50)), symbol="B")
    wanted = None
    for size in (1, 7, 1000):
        feed = feed_of(one, two, block_rows=size)
        blocks = await ticks_of(feed)
        assert max(map(len, blocks)) <= size
        rows = rows_of(join(blocks))
        assert wanted in (None, rows)
        wanted = rows
        assert feed.quality()["rows"] == 75
    assert feed.universe.symbols == ("A", "B")


async def test_start_and_end_cut_the_replay(tmp_path: Path) -> None:
    file = ticks_csv(
        tmp_path / "t.csv", f"{DAY} 09:15:00", f"{DAY} 10:00:00", f"{DAY} 09:00:00",
        f"{DAY} 10:00:01", "2025-10-09 09:15:00",
    )  # fmt: skip
    for cut, expected in (
        ({"start": f"{DAY} 10:00:00"}, [205, 405, 505]),
        ({"end": f"{DAY} 10:00:01"}, [105, 205, 305]),
        ({"end": DAY}, [105, 205, 305, 405]),
        ({"start": f"{DAY}T10:00:00.5", "end": "2025-10-09"}, [405, 505]),
    ):
        blocks = await ticks_of(feed_of(file, **cut))
        assert join(blocks).ltp.tolist() == expected


@pytest.mark.parametrize(
    "config",
    [
        {"start": "soon"}, {"start": DAY, "end": "2025-10-07"}, {"speed": "fast"}, {"speed": "0"},
        {"speed": "nan"}, {"settlements": [SettlementConfig(underlying="N", date="x", close=1)]},
        {"settlements": [SettlementConfig(underlying="N", date=DAY, close=1.001)]},
    ],
)  # fmt: skip
def test_a_wrong_replay_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        feed_of(ticks_csv(tmp_path / "t.csv", f"{DAY} 10:00:00"), **config)


def test_a_replay_without_files_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one file"):
        feed_of()


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_settlements_come_at_their_time(tmp_path: Path, size: int) -> None:
    file = ticks_csv(
        tmp_path / "t.csv", f"{DAY} 15:44:59", f"{DAY} 15:45:00", "2025-10-09 09:15:00"
    )
    made = [
        SettlementConfig(underlying="LATE", date="2025-10-14", close=25000.05),
        SettlementConfig(underlying="N", date=DAY, close=25000.05),
    ]
    inputs = await collect(feed_of(file, settlements=made, block_rows=size).inputs())
    flat: list[object] = []
    for each in inputs:
        if isinstance(each, Settlement):
            flat.append(each.underlying)
        elif isinstance(each, Ticks):
            flat += each.ltp.tolist()
    assert flat == [105, "N", 205, 305, "LATE"]
    (settled,) = [i for i in inputs if isinstance(i, Settlement) and i.underlying == "N"]
    assert settled == Settlement(ts=CLOSED, underlying="N", date=DAY, close_paise=2500005)


async def test_a_settlement_outside_the_cut_is_left_out(tmp_path: Path) -> None:
    file = ticks_csv(tmp_path / "t.csv", f"{DAY} 10:00:00")
    made = [SettlementConfig(underlying="N", date="2025-10-14", close=1)]
    inputs = await collect(feed_of(file, settlements=made, end=DAY).inputs())
    assert [type(each) for each in inputs] == [Ticks]


async def test_rows_before_the_damage_are_played_then_the_fault_is_raised(tmp_path: Path) -> None:
    feed = feed_of(ticks_csv(tmp_path / "t.csv", f"{DAY} 10:00:00", "never", f"{DAY} 10:00:01"))
    seen: list[Any] = []

    async def play() -> None:
        async for each in feed.inputs():
            seen.append(each)  # noqa: PERF401 - those before the fault count

    with pytest.raises(FeedError, match="row 2: expected a time"):
        await play()
    assert [len(each) for each in seen] == [1]


def test_speeds_are_max_or_a_factor() -> None:
    assert [parse_speed(each) for each in ("max", "10", "2.5x")] == [None, 10.0, 2.5]


async def test_a_paced_replay_takes_its_time_and_its_blocks_are_short(tmp_path: Path) -> None:
    times = [f"{DAY} 10:00:{n // 10:02d}.{n % 10}" for n in range(60)]
    file = ticks_csv(tmp_path / "t.csv", *times, "2025-10-09 09:15:00")
    feed = feed_of(file, speed="20")
    began = anyio.current_time()
    blocks = await ticks_of(feed)
    took = anyio.current_time() - began
    assert 0.2 < took < 60, "the night is not waited for"
    assert sum(map(len, blocks)) == 61
    assert max(int(each.ts[-1] - each.ts[0]) for each in blocks) <= 5 * SECOND_NS


async def test_a_paced_replay_can_be_cancelled(tmp_path: Path) -> None:
    file = ticks_csv(tmp_path / "t.csv", f"{DAY} 10:00:00", f"{DAY} 11:00:00")
    with anyio.move_on_after(0.05) as scope:
        await ticks_of(feed_of(file, speed="1"))
    assert scope.cancelled_caught


async def test_pacing_at_max_speed_gives_way_to_others() -> None:
    pacer = Pacer(Pace(None))
    with anyio.move_on_after(0.05) as scope:
        while True:
            await pacer.wait(0, 0)
    assert scope.cancelled_caught


def test_a_foreign_recording_converts_to_the_same_rows(tmp_path: Path) -> None:
    tick = {"ts": CLOSED, "tradingsymbol": "A", "last_price": 1.05, "volume_traded": 7}
    path = text_file(
        tmp_path / "t.jsonl", [json.dumps(tick | {"last_price": 1.05 + n}) for n in range(5)]
    )
    config = ReplayConfig(files=[ReplayFile(path=str(path))])
    out = tmp_path / "native.parquet"
    report = convert(config, out)
    assert (report.rows, report.instruments, report.bytes) == (5, 1, out.stat().st_size)
    assert report.quality["rows"] == 5
    native = Recording(ReplayConfig(files=[ReplayFile(path=str(out))]), UniverseConfig())
    assert rows_of(join(list(native.blocks()))) == rows_of(join(list(Recording(config).blocks())))


@pytest.mark.parametrize("name", ["sample_session.parquet", "sample_depth.parquet"])
def test_a_native_recording_converts_to_the_same_bytes(tmp_path: Path, name: str) -> None:
    shipped, out = ROOT / "configs" / name, tmp_path / "native.parquet"
    convert(ReplayConfig(files=[ReplayFile(path=str(shipped))]), out)
    assert out.read_bytes() == shipped.read_bytes()


def test_a_log_of_inputs_converts_with_depth_and_day(tmp_path: Path) -> None:
    block = block_of([CLOSED, CLOSED + 1])
    full = block_of([CLOSED + 2])
    full.depth = np.arange(30, dtype=np.int64).reshape(1, 10, 3)
    full.day = np.arange(8, dtype=np.int64).reshape(1, 8)
    header = LogHeader(
        account="a", date=DAY, segment=1, program_version="0", config="{}",
        config_fingerprint="f", instruments=[Instrument(instrument_token=1, tradingsymbol="A")],
    )  # fmt: skip
    recorder = InputRecorder.begin(tmp_path / "x.inputs", header)
    for each in (block, full):
        recorder.record(each)
    recorder.close()
    out = tmp_path / "native.parquet"
    convert(ReplayConfig(files=[ReplayFile(path=str(tmp_path / "x.inputs"))]), out)
    files = [ReplayFile(path=str(out))]
    back = join(list(Recording(ReplayConfig(files=files), depth=True, day=True).blocks()))
    assert back.depth is not None
    assert back.day is not None
    assert back.depth.tolist() == [*np.zeros((2, 10, 3)).tolist(), full.depth[0].tolist()]
    assert back.day.tolist() == [[0] * 8, [0] * 8, full.day[0].tolist()]
    bare = join(list(Recording(ReplayConfig(files=files)).blocks()))
    assert (bare.depth, bare.day) == (None, None)


def test_candles_keep_their_walk_when_they_are_converted(tmp_path: Path) -> None:
    path = text_file(tmp_path / "c.csv", ["ts,open,high,low,close", f"{DAY} 10:00:00,2,3,1,2"])
    config = ReplayConfig(files=[ReplayFile(path=str(path), kind="candles", symbol="A")])
    convert(config, tmp_path / "native.parquet")
    native = Recording(ReplayConfig(files=[ReplayFile(path=str(tmp_path / "native.parquet"))]))
    assert rows_of(join(list(native.blocks()))) == rows_of(join(list(Recording(config).blocks())))
    assert native.has_candles


def test_a_failed_conversion_leaves_nothing_behind(tmp_path: Path) -> None:
    file = ticks_csv(tmp_path / "t.csv", f"{DAY} 10:00:00", "never")
    config = ReplayConfig(files=[file])
    with pytest.raises(FeedError, match="row 2"):
        convert(config, tmp_path / "out.parquet")
    with pytest.raises(FeedError, match="is one of the files"):
        convert(config, tmp_path / "t.csv")
    with pytest.raises(FeedError, match="cannot be written"):
        convert(config, tmp_path / "no" / "out.parquet")
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]
