"""Open recorded files, each with the reader of its format."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from daemon.errors import ConfigError
from daemon.settings.config import ReplayFile
from feeds.contracts.facts import ContractLookup
from feeds.files.candle_files import CandleFile, SessionSpan
from feeds.files.csv_ticks import CsvTable
from feeds.files.jsonl_ticks import JsonlTable
from feeds.files.parquet_ticks import NativeFile, ParquetTable, is_native
from feeds.files.recorded_files import file_error, find_data, format_of, has_known_ending, placed
from feeds.files.table import Table
from feeds.files.tick_files import TickFile
from feeds.recording.source import LogTicks
from feeds.stream.feed import Source


def each_file(config: ReplayFile, data_dir: Path | None = None) -> Iterator[ReplayFile]:
    """Yield the files that a path names: itself, those of a directory, or those of a pattern.

    Names that begin with a dot or an underscore are left out. Raises FeedError if there are none.
    """
    path = placed(config.path, data_dir)
    if path.is_dir():
        if (path / "ticks").is_dir():
            raise file_error(path, "is a lake", "name it as `lake:` instead of in `files`")
        found = [child for child in path.iterdir() if has_known_ending(child)]
    elif not path.exists() and glob.has_magic(path.name or str(path)):
        found = [Path(text) for text in glob.glob(str(path), recursive=True)]
    else:
        yield config
        return
    named = sorted(file for file in found if file.is_file() and file.name[0] not in "._")
    if not named:
        raise file_error(path, "names no file that can be read", "check `path`")
    yield from (replace(config, path=str(file)) for file in named)


def open_source(
    config: ReplayFile,
    *,
    batch_rows: int = 65_536,
    session: SessionSpan | None = None,
    data_dir: Path | None = None,
    depth: bool = False,
    day: bool = False,
    contracts: ContractLookup | None = None,
) -> Source:
    """Return the reader for one file. Raises FeedError or ConfigError if it cannot be used.

    `contracts` tell monthly contracts from weekly ones, where a preset must.
    """
    path = find_data(config.path, data_dir)
    if config.preset:
        return _of_preset(path, config, session, contracts)
    kind = format_of(path, config)
    if kind == "inputs":
        _refuse_times(path, config)
        _check_order(path, config)
        return LogTicks(path, depth=depth, day=day)
    table: Table
    if kind == "csv":
        table = CsvTable(path)
    elif kind == "jsonl":
        table = JsonlTable(path)
    else:
        parquet = ParquetTable(path, batch_rows)
        if is_native(parquet):
            _refuse_times(path, config)
            _check_order(path, config)
            return NativeFile(path, batch_rows, depth=depth, day=day)
        table = parquet
    if config.kind == "candles":
        return CandleFile(table, config, session)
    return TickFile(table, config)


def preset_name(config: ReplayFile, data_dir: Path | None = None) -> str:
    """Return which preset `auto` is for a file, empty where the preset is named or none is."""
    if config.preset != "auto":
        return ""
    from feeds.presets.detect import preset_of

    return preset_of(config.preset, find_data(config.path, data_dir)).name


def _of_preset(
    path: Path, config: ReplayFile, session: SessionSpan | None, contracts: ContractLookup | None
) -> Source:
    from feeds.presets.detect import preset_of
    from feeds.presets.reader import PresetTable

    preset = preset_of(config.preset, path)
    table = PresetTable(path, preset, config, session=session, contracts=contracts)
    usual = table.usual_settings()
    source = TickFile(table, usual) if preset.kind == "ticks" else CandleFile(table, usual, session)
    table.count_into(source.counts)
    return source


def _refuse_times(path: Path, config: ReplayFile) -> None:
    """Refuse time settings for our own recordings, which state their times. Raises ConfigError."""
    default = ReplayFile(path="")
    for name in ("zone", "epoch_zone", "ts_format"):
        if getattr(config, name) != getattr(default, name):
            raise ConfigError(f"{path}: {name}: our own recordings have UTC times; take it out")


def _check_order(path: Path, config: ReplayFile) -> None:
    """Refuse `order: received` for a file that has times of receipt. Raises ConfigError."""
    if config.order == "received":
        raise ConfigError(
            f"{path}: order: expected time, was received: a recording of this program has the "
            "time of receipt; remove `order`"
        )
