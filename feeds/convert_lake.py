"""Write any recording that can be replayed into a lake, or compact a lake's days."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from daemon.errors import ConfigError
from daemon.settings.config import ReplayConfig, UniverseConfig
from feeds.contracts.facts import ContractLookup
from feeds.files.candle_files import SessionSpan
from feeds.files.native_writer import Kept
from feeds.lake.days import Span
from feeds.lake.layout import day_directory, read_day
from feeds.lake.writer import Source, WrittenDay, write_lake
from feeds.replay import Recording


class LakeReport(msgspec.Struct, frozen=True, kw_only=True):
    """The days that were written; `quality` counts what the readers dropped or mended."""

    lake: str
    days: list[WrittenDay]
    quality: dict[str, int]

    @property
    def rows(self) -> int:
        """Return how many rows were written."""
        return sum(day.rows for day in self.days)


def convert_to_lake(
    config: ReplayConfig,
    lake: Path,
    *,
    universe: UniverseConfig | None = None,
    contracts: ContractLookup | None = None,
    session: SessionSpan | None = None,
    data_dir: Path | None = None,
) -> LakeReport:
    """Write the replay's rows into the lake, day by day; a lake that is read itself is compacted.

    Raises FeedError or ConfigError as a replay would, and FeedError where the lake has the rows
    already or cannot be written; days before that one are in the lake.
    """
    recording = Recording(
        config, universe, contracts=contracts, session=session, data_dir=data_dir, depth=True,
        day=True,
    )  # fmt: skip
    if config.lake and recording.paths()[0].resolve() == lake.resolve():
        days = list(_compacted(config, lake, universe, contracts))
    else:
        names = tuple(path.name for path in recording.paths())
        days = list(_written(recording, lake, Source(names)))
    return LakeReport(lake=str(lake), days=days, quality=recording.counts())


def _written(
    recording: Recording, lake: Path, source: Source, *, replace: bool = False
) -> Iterator[WrittenDay]:
    groups = recording.groups()
    kept = Kept(walk=recording.has_candles, depth="depth" in groups, day="day" in groups)
    blocks = recording.blocks()
    yield from write_lake(lake, recording.universe, blocks, kept, source, replace=replace)


def _compacted(
    config: ReplayConfig, lake: Path, universe: UniverseConfig | None,
    contracts: ContractLookup | None,
) -> Iterator[WrittenDay]:  # fmt: skip
    """Write each day that has an underlying in several parts again, in one part each."""
    if config.underlyings or config.start or config.end:
        raise ConfigError(
            "convert --lake: a lake is compacted by whole days; take out underlyings, start and end"
        )
    for date in Span.of(config).dates(lake):
        if _is_in_pieces(lake, date):
            text = date.isoformat()
            one = replace(config, from_=text, to=text)
            recording = Recording(one, universe, contracts=contracts, depth=True, day=True)
            yield from _written(recording, lake, Source(()), replace=True)


def _is_in_pieces(lake: Path, date: dt.date) -> bool:
    parts = read_day(day_directory(lake, date)).parts
    return max(Counter(part.underlying for part in parts).values(), default=0) > 1
