"""The input log: what goes in comes out, up to where the writer was interrupted."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

from daemon.domain.candle import Candle
from daemon.domain.carry_over import CarryOver
from daemon.domain.inputs import (
    Clock,
    Command,
    ConfigChange,
    Gap,
    History,
    Input,
    Settlement,
)
from daemon.domain.instrument import Instrument
from daemon.domain.ticks import ABSENT, Ticks
from daemon.errors import FeedError, JournalIOError
from feeds.recording.compact import CompactedLog, Ending, compact
from feeds.recording.format import HEAD_BYTES, MAGIC, LogHeader
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder
from tests.kit.drive import inputs_of
from tests.kit.scenario import random_scenario

HEADER = LogHeader(
    account="a",
    date="2026-11-20",
    segment=1,
    program_version="0",
    config="{}",
    config_fingerprint="f",
    instruments=[Instrument(instrument_token=1, tradingsymbol="A", strike_paise=5)],
    base_seq=3,
    first_input_no=7,
    carry=CarryOver(killed=True, excursions={"x": (2, 1)}, settlements=[("N", "2026-11-24", 1, 2)]),
)
OTHERS: list[Input] = [
    Clock(ts=5),
    Gap(ts=9, since=6, symbols=("A", "B")),
    Command(ts=10, command="manual_exit", target="V3-20261120-000001"),
    Settlement(ts=11, underlying="NIFTY", date="2026-11-24", close_paise=2_345_605),
    ConfigChange(ts=12, config="{}"),
    History(ts=13, candles=(
        Candle(tradingsymbol="A", timeframe="1m", ts=1, end_ts=2, open=0.1, high=0.3000000004,
               low=0.05, close=1e-3, volume=3, bar=1),
    )),
]  # fmt: skip


def with_depth(rows: int, quantity: int = 75) -> Ticks:
    depth = np.arange(rows * 30, dtype=np.int64).reshape(rows, 10, 3)
    depth[:, 0, 0] = quantity
    return Ticks(
        ts=np.arange(20, 20 + rows, dtype=np.int64),
        instrument=np.zeros(rows, dtype=np.int32),
        ltp=np.full(rows, 10_005, dtype=np.int64),
        bid=np.full(rows, ABSENT, dtype=np.int64),
        oi=np.full(rows, (1 << 32) - 1, dtype=np.int64),
        depth=depth,
    )


def with_day(rows: int) -> Ticks:
    block = with_depth(rows)
    block.day = np.arange(rows * 8, dtype=np.int64).reshape(rows, 8) + (1 << 60)
    return block


def plain(item: Input) -> object:
    """An input as something that can be compared."""
    if not isinstance(item, Ticks):
        return item
    columns = {name: getattr(item, name) for name in Ticks.__slots__}
    return {k: (v.dtype.str, v.tolist()) for k, v in columns.items() if v is not None}


def written(path: Path, items: list[Input], header: LogHeader = HEADER) -> InputLog:
    recorder = InputRecorder.begin(path, header)
    for item in items:
        recorder.record(item)
    recorder.close()
    return InputLog(path)


def read(log: InputLog | CompactedLog) -> list[object]:
    return [plain(each) for each in log.inputs()]


def test_every_kind_of_input_comes_back_as_it_was(tmp_path: Path) -> None:
    items = [*OTHERS, with_depth(3), with_depth(0), with_depth(2, quantity=1 << 40), with_day(4)]
    log = written(tmp_path / "x.inputs", items)
    assert log.header == HEADER
    assert read(log) == [plain(each) for each in items]
    assert log.torn_bytes == 0
    assert log.end() == log.path.stat().st_size


@pytest.mark.parametrize("seed", range(12))
def test_a_scenarios_inputs_come_back_and_so_they_do_compacted(seed: int, tmp_path: Path) -> None:
    scenario = random_scenario(seed)
    items = list(inputs_of(scenario, 7))
    header = msgspec.structs.replace(HEADER, instruments=list(scenario.instruments))
    log = written(tmp_path / "x.inputs", items, header)
    assert read(log) == [plain(each) for each in items]
    if any(isinstance(each, Ticks) and each.walk is not None for each in items):
        return  # candles are no live input
    ending = Ending(seq=9, input_no=100, carry=HEADER.carry)
    compacted = CompactedLog(compact(log, ending))
    assert not log.path.exists()
    assert compacted.header == header
    assert compacted.ending == ending
    ours, theirs = flat(compacted), [row for each in items for row in rows_of(each)]
    assert ours == theirs


def flat(log: CompactedLog) -> list[object]:
    return [row for each in log.inputs() for row in rows_of(each)]


def rows_of(item: Input) -> list[object]:
    """Rows one by one, with absent columns written out as a block may be cut anywhere."""
    if not isinstance(item, Ticks):
        return [item]
    from feeds.stream.blocks import full_column

    names = ("ts", "instrument", "ltp", "exchange_ts", "bid", "ask", "ltq", "volume", "oi")
    columns = [full_column(item, name).tolist() for name in names]
    return list(zip(*columns, strict=True))


def test_depth_survives_the_compaction(tmp_path: Path) -> None:
    items: list[Input] = [Clock(ts=1), with_depth(3), Clock(ts=30), with_depth(1)]
    log = written(tmp_path / "x.inputs", items)
    compacted = CompactedLog(compact(log, Ending(seq=0, input_no=0)))
    blocks = [each for each in compacted.inputs() if isinstance(each, Ticks)]
    depth = np.concatenate([each.depth for each in blocks if each.depth is not None])
    expected = [with_depth(3).depth, with_depth(1).depth]
    assert (depth == np.concatenate([each for each in expected if each is not None])).all()


def test_a_log_cut_at_any_byte_gives_the_inputs_that_are_whole(tmp_path: Path) -> None:
    log = written(tmp_path / "x.inputs", [*OTHERS, with_depth(2)])
    data, whole = log.path.read_bytes(), read(log)
    ends = [each.end for each in log.entries()]
    for size in range(log.end_of_header, len(data)):
        cut = tmp_path / "cut.inputs"
        cut.write_bytes(data[:size])
        found = InputLog(cut)
        complete = sum(end <= size for end in ends)
        assert read(found) == whole[:complete]
        assert found.torn_bytes == size - max([log.end_of_header, *ends[:complete]])


def test_a_log_cut_in_its_header_says_so(tmp_path: Path) -> None:
    log = written(tmp_path / "x.inputs", OTHERS)
    data = log.path.read_bytes()
    for size in range(log.end_of_header):
        log.path.write_bytes(data[:size])
        with pytest.raises(FeedError, match=r"x\.inputs"):
            InputLog(log.path)


def test_a_flipped_bit_is_found_wherever_it_is(tmp_path: Path) -> None:
    log = written(tmp_path / "x.inputs", [*OTHERS, with_depth(2)])
    data, whole = bytearray(log.path.read_bytes()), read(log)
    rng = random.Random(7)
    for at in [*range(len(MAGIC) + HEAD_BYTES), *rng.sample(range(len(data)), 400)]:
        flipped = bytearray(data)
        flipped[at] ^= 1 << rng.randrange(8)
        log.path.write_bytes(flipped)
        with pytest.raises(FeedError):
            assert read(InputLog(log.path)) == whole


def test_room_that_nobody_wrote_to_is_no_damage(tmp_path: Path) -> None:
    log = written(tmp_path / "x.inputs", OTHERS)
    with log.path.open("ab") as file:
        file.write(bytes(70_000))
    again = InputLog(log.path)
    assert read(again) == [plain(each) for each in OTHERS]
    assert again.torn_bytes == 70_000


def test_a_recorder_goes_on_behind_the_last_whole_record(tmp_path: Path) -> None:
    log = written(tmp_path / "x.inputs", OTHERS)
    with log.path.open("ab") as file:
        file.write(b"\x01\x02\x03")
    recorder = InputRecorder.resume(log, log.end())
    recorder.record(Clock(ts=99))
    recorder.close()
    assert read(InputLog(log.path)) == [*(plain(each) for each in OTHERS), Clock(ts=99)]


def test_nothing_is_on_disk_before_the_flush_and_all_is_after_it(tmp_path: Path) -> None:
    recorder = InputRecorder.begin(tmp_path / "x.inputs", HEADER)
    recorder.record(Clock(ts=1))
    assert read(InputLog(recorder.path)) == []
    recorder.flush()
    assert read(InputLog(recorder.path)) == [Clock(ts=1)]
    recorder.close()


def test_an_existing_recording_is_never_overwritten(tmp_path: Path) -> None:
    written(tmp_path / "x.inputs", OTHERS)
    with pytest.raises(JournalIOError, match=r"x\.inputs"):
        InputRecorder.begin(tmp_path / "x.inputs", HEADER)


def test_a_write_that_failed_is_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = InputRecorder.begin(tmp_path / "x.inputs", HEADER)
    recorder.record(Clock(ts=1))

    def full(file: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(JournalIOError, match="No space left"):
            recorder.flush()
    recorder.record(Clock(ts=2))
    with pytest.raises(JournalIOError, match="takes no more"):
        recorder.flush()
    recorder.close()
    assert read(InputLog(recorder.path)) == []


def test_a_full_disk_while_compacting_keeps_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = written(tmp_path / "x.inputs", [with_depth(3)])

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(JournalIOError, match="is kept as it is"):
        compact(log, Ending(seq=0, input_no=0))
    assert [each.name for each in tmp_path.iterdir()] == ["x.inputs"]


def test_a_log_of_version_1_is_read(tmp_path: Path) -> None:
    header = msgspec.structs.replace(HEADER, version=1)
    log = written(tmp_path / "x.inputs", [with_depth(3)], header)
    assert log.header == header
    assert read(log) == [plain(with_depth(3))]


def test_the_days_figures_stay_when_a_log_is_compacted(tmp_path: Path) -> None:
    log = written(tmp_path / "x.inputs", [with_day(4), Clock(ts=50), with_day(2)])
    found = CompactedLog(compact(log, Ending(seq=4, input_no=9)))
    days = [each.day.tolist() for each in found.inputs() if isinstance(each, Ticks)]  # type: ignore[union-attr]
    assert days == [with_day(4).day.tolist(), with_day(2).day.tolist()]  # type: ignore[union-attr]


def test_a_log_of_another_version_is_refused(tmp_path: Path) -> None:
    newer = msgspec.structs.replace(HEADER, version=3)
    InputRecorder.begin(tmp_path / "x.inputs", newer).close()
    with pytest.raises(FeedError, match="expected version 1 or 2 of the input log, was 3"):
        InputLog(tmp_path / "x.inputs")


def test_a_plain_parquet_file_is_no_recording_of_a_live_run(tmp_path: Path) -> None:
    from daemon.domain.instrument import Universe
    from feeds.files.native_writer import write_ticks

    write_ticks(tmp_path / "x.parquet", Universe(HEADER.instruments), [with_depth(1)])
    with pytest.raises(FeedError, match="recording of a live run"):
        CompactedLog(tmp_path / "x.parquet")
