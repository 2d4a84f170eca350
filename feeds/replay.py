"""Replay recordings as a feed: open, merge, cut and pace them."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from daemon.domain.dates import DAY_NS, ist_ns, parse_ts
from daemon.domain.errors import BadNumber
from daemon.domain.inputs import Input, Settlement
from daemon.domain.instrument import Instrument
from daemon.domain.money import paise_exact
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError
from daemon.settings.config import ReplayConfig, SettlementConfig, UniverseConfig
from feeds.contracts.facts import ContractLookup
from feeds.contracts.universe import build_universe, is_written_out
from feeds.files.candle_files import CandleFile, SessionSpan
from feeds.files.edges import Edges, read_edges
from feeds.files.parquet_ticks import NativeFile
from feeds.files.recorded_files import find_data
from feeds.lake.reader import LakeTicks
from feeds.lake.remote import lake_root
from feeds.recording.source import LogTicks
from feeds.sources import each_file, preset_name
from feeds.sources import open_source as open_source
from feeds.stream.blocks import RunningTime, at_most
from feeds.stream.feed import OfflineFeed, Source
from feeds.stream.memory import keep_freed_memory
from feeds.stream.merge import merge
from feeds.stream.overlap import overlapping
from feeds.stream.pacing import Pace, Pacer, parse_speed
from feeds.stream.quality import DataQuality
from feeds.stream.timeline import Moment, closes_of, closing_time, timeline

SETTLEMENT_TIME: Final = dt.time(15, 45)
_MIN_TS: Final = int(np.iinfo(np.int64).min)
_MAX_TS: Final = int(np.iinfo(np.int64).max)
_MIN_BATCH_ROWS: Final = 4096
_WITH_GROUPS: Final = (NativeFile, LogTicks, LakeTicks)


class Recording:
    """The files of a replay as one unpaced stream of blocks; reads each file once.

    `depth` keeps the order book of our own recordings that have it, `day` the day's figures. Raises
    ConfigError or FeedError on creation if a file is missing or unusable.
    """

    def __init__(
        self,
        config: ReplayConfig,
        universe_config: UniverseConfig | None = None,
        *,
        contracts: ContractLookup | None = None,
        session: SessionSpan | None = None,
        data_dir: Path | None = None,
        depth: bool = False,
        day: bool = False,
    ) -> None:
        if not (config.files or config.lake):
            raise ConfigError("feed.replay.files: expected at least one file")
        keep_freed_memory()
        self._files = [found for file in config.files for found in each_file(file, data_dir)]
        self._block_rows = config.block_rows
        self._start, self._end = _range(config)
        files = max(1, len(self._files))
        share = max(min(config.block_rows, _MIN_BATCH_ROWS), config.block_rows // files)
        self._sources: list[Source] = [
            open_source(
                file,
                batch_rows=share,
                session=session,
                data_dir=data_dir,
                depth=depth,
                day=day,
                contracts=contracts,
            )
            for file in self._files
        ]
        self._data_dir = data_dir
        self._lake = lake_root(config, data_dir) if config.lake else None
        if self._lake is not None:
            self._sources = [LakeTicks(config, self._lake, session=session, depth=depth, day=day)]
        self.has_candles = any(
            isinstance(source, CandleFile)
            or (isinstance(source, NativeFile | LakeTicks) and source.has_candles)
            for source in self._sources
        )
        native = [source for source in self._sources if isinstance(source, NativeFile | LakeTicks)]
        self.has_depth = any("depth" in source.groups for source in native)
        """Whether a native file has the order book, kept or not."""
        described = universe_config or UniverseConfig()
        self.universe = build_universe(
            described, self._named(described), contracts, data_dir=data_dir
        )

    def blocks(self) -> Generator[Ticks, None, None]:
        """Yield the rows of the configured span in order of time, in blocks of at most
        `block_rows`.

        Raises FeedError if a file is damaged.
        """
        with closing(self._merged()) as merged:
            yield from at_most(self._cut(merged), self._block_rows)

    def paths(self) -> list[Path]:
        """Return the files that are read, or the lake."""
        lake = [self._lake] if self._lake is not None else []
        return [*(find_data(file.path, self._data_dir) for file in self._files), *lake]

    def presets(self) -> list[str]:
        """Return a line about each file whose preset was found by its header."""
        found = ((file, preset_name(file, self._data_dir)) for file in self._files)
        return [f"{file.path} is read as {name}" for file, name in found if name]

    def skipped(self) -> list[str]:
        """Return a line about each day of a lake that was left out so far."""
        lakes = (source for source in self._sources if isinstance(source, LakeTicks))
        return [line for lake in lakes for line in lake.skipped]

    def first_ts(self) -> int | None:
        """Return the time of the first row (UTC ns), None without rows. Raises FeedError."""
        with closing(self.blocks()) as blocks:
            return next((int(block.ts[0]) for block in blocks if len(block)), None)

    def counts(self) -> dict[str, int]:
        """Return how much the readers dropped or mended, summed over the files."""
        total: dict[str, int] = {}
        for source in self._sources:
            for name, value in source.counts.items():
                total[name] = total.get(name, 0) + value
        return total

    def groups(self) -> frozenset[str]:
        """Return which of `depth` and `day` any of the files has, whether they are kept or not."""
        own = [source for source in self._sources if isinstance(source, _WITH_GROUPS)]
        return frozenset().union(*(source.groups for source in own))

    def edges(self, rows: int) -> list[Edges]:
        """Return the first and last rows of each file, without those in between.

        A text file is read through, in bounded memory; of Parquet only the ends are read. A lake
        was judged by what its days say of themselves and has none.
        """
        if not self._files:
            return []
        return [
            read_edges(file, source, self.universe, rows)
            for file, source in zip(self._files, self._sources, strict=True)
        ]

    def seen(self, wanted: Collection[int]) -> set[int]:
        """Return which of these instruments have any row; reads until all are found."""
        found: set[int] = set()
        for source in self._sources:
            with closing(source.blocks(self.universe)) as blocks:  # type: ignore[type-var]
                for block in blocks:
                    present = np.bincount(block.instrument[block.instrument >= 0])
                    found |= {at for at in wanted if at < len(present) and present[at]}
                    if len(found) == len(wanted):
                        return found
        return found

    def _named(self, config: UniverseConfig) -> Sequence[Instrument]:
        """Return the instruments that the files name.

        A foreign file is read through for that only if it is needed.
        """
        described = bool(config.instruments) and all(map(is_written_out, config.instruments))
        named: dict[str, Instrument] = {}
        for source in self._sources:
            if described and not isinstance(source, NativeFile):
                continue
            for instrument in source.named():
                known = named.get(instrument.tradingsymbol)
                if known is None or not known.has_contract_row:
                    named[instrument.tradingsymbol] = instrument
        return list(named.values())

    def _merged(self) -> Generator[Ticks, None, None]:
        """Yield all rows: files that do not overlap follow each other, the others are merged."""
        for group in self._groups_in_order():
            share = max(min(self._block_rows, _MIN_BATCH_ROWS), self._block_rows // len(group))
            streams = []
            for source in group:
                if isinstance(source, NativeFile):
                    source.set_batch_rows(share)
                streams.append(source.blocks(self.universe))
            try:
                yield from merge(streams)
            finally:
                for stream in streams:
                    stream.close()  # type: ignore[attr-defined]

    def _groups_in_order(self) -> list[list[Source]]:
        """Return which sources are merged. What a text file covers shows only when it is read."""
        sources = self._in_order()
        native = [source for source in sources if isinstance(source, NativeFile)]
        ranges = [source.time_range() for source in native] if len(native) > 1 else []
        known = [found for found in ranges if found is not None]
        if not known or len(known) < len(sources):
            return [sources]
        return [[sources[at] for at in group] for group in overlapping(known)]

    def _in_order(self) -> list[Source]:
        """Return the files in order; one-symbol candle files among themselves by declaration."""
        sources = list(self._sources)
        ranked = [
            (at, rank, source)
            for at, source in enumerate(sources)
            if isinstance(source, CandleFile) and (rank := source.rank(self.universe)) is not None
        ]
        by_rank = sorted(ranked, key=lambda entry: entry[1])
        for (at, _, _), (_, _, source) in zip(ranked, by_rank, strict=True):
            sources[at] = source
        return sources

    def _cut(self, blocks: Iterable[Ticks]) -> Iterator[Ticks]:
        """Yield the rows in the configured span, which is everything by default."""
        time = RunningTime()
        is_whole = (self._start, self._end) == (_MIN_TS, _MAX_TS)
        for block in blocks:
            if not len(block):
                continue
            if is_whole:
                yield block
                continue
            keys = time.keys(block.ts)
            stop = int(np.searchsorted(keys, self._end, side="left"))
            kept = block if stop == len(block) else block.rows(0, stop)
            early = kept.ts < self._start
            if early.any():
                kept = kept.take(~early)
            if len(kept):
                yield kept
            if stop < len(block):
                return


class ReplayFeed(OfflineFeed):
    """Feeds recordings to the engine. Raises ConfigError or FeedError."""

    name: Final = "replay"

    def __init__(
        self,
        config: ReplayConfig,
        universe_config: UniverseConfig | None = None,
        *,
        contracts: ContractLookup | None = None,
        session: SessionSpan | None = None,
        data_dir: Path | None = None,
        grace_ns: int = 0,
        depth: bool = False,
        day: bool = False,
    ) -> None:
        self._grace_ns = grace_ns
        self.pace: Pace = Pace(parse_speed(config.speed))
        self.recording = Recording(
            config, universe_config, contracts=contracts, session=session,
            data_dir=data_dir, depth=depth, day=day,
        )  # fmt: skip
        self._close = None if session is None else closing_time(session)
        self._settlements = _settlements(config)
        self._quality = DataQuality()
        self.universe = self.recording.universe
        self.has_candles = self.recording.has_candles
        self.has_depth = self.recording.has_depth

    async def inputs(self) -> AsyncIterator[Input]:
        """Yield blocks and settlements in order. Raises FeedError where a file is damaged."""
        pacer = Pacer(self.pace)
        with closing(self.recording.blocks()) as blocks:
            for item in self._timeline(blocks):
                if not isinstance(item, Ticks):
                    await pacer.wait(item.ts, item.ts)
                    yield item
                    continue
                for since, due, piece in pacer.pieces(item):
                    await pacer.wait(since, due)
                    self._quality.observe(piece)
                    yield piece

    def unpaced(self) -> Generator[Input, None, None]:
        """Yield the same without waiting. Raises FeedError where a file is damaged."""
        with closing(self.recording.blocks()) as blocks:
            for item in self._timeline(blocks):
                if isinstance(item, Ticks):
                    self._quality.observe(item)
                yield item

    def _timeline(self, blocks: Iterable[Ticks]) -> Iterator[Ticks | Moment]:
        closes = closes_of(self.universe, self._close, self._grace_ns)
        return timeline(blocks, self._settlements, closes)

    def quality(self) -> dict[str, int]:
        """Return counts of anomalies in the rows given so far."""
        return self._quality.counters() | self.recording.counts()


def _range(config: ReplayConfig) -> tuple[int, int]:
    """Return the first time and the time after the last; an end without a time includes its day."""
    try:
        start = parse_ts(config.start) if config.start else _MIN_TS
        end = parse_ts(config.end) if config.end else _MAX_TS
    except ValueError as error:
        raise ConfigError(f"feed.replay: start and end: expected ISO times, {error}") from error
    if config.end and len(config.end) == len("2026-01-01"):
        end += DAY_NS
    if start >= end:
        raise ConfigError(f"feed.replay: expected start ({config.start}) before end ({config.end})")
    return start, end


def _settlements(config: ReplayConfig) -> list[Settlement]:
    start, end = _range(config)
    found = [_settlement(settlement) for settlement in config.settlements]
    return sorted(
        (settlement for settlement in found if start <= settlement.ts < end),
        key=lambda settlement: settlement.ts,
    )


def _settlement(config: SettlementConfig) -> Settlement:
    try:
        day = dt.date.fromisoformat(config.date)
        close = paise_exact(config.close)
    except (ValueError, BadNumber) as error:
        raise ConfigError(f"feed.replay.settlements: {config.underlying}: {error}") from error
    return Settlement(
        ts=ist_ns(day, SETTLEMENT_TIME), underlying=config.underlying, date=day.isoformat(),
        close_paise=close,
    )  # fmt: skip
