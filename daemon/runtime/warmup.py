"""History before the first tick, so that no strategy trades on cold indicators.

The candles are made by the same engine from the same kinds of files, without trading: first
the files named as `feed.replay.warmup`, then the replayed files' own rows before `start`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.dates import parse_ts
from daemon.domain.inputs import Clock
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies, Rules, Strategies
from daemon.market.schedule import midnight_after
from daemon.runtime.machine import paper_engine
from daemon.settings.config import Config, ReplayConfig, UniverseConfig
from feeds.contracts.facts import ContractLookup
from feeds.contracts.universe import as_config
from feeds.files.candle_files import SessionSpan
from feeds.recording.compact import CompactedLog
from feeds.recording.gather import gather
from feeds.recording.reader import InputLog
from feeds.replay import Recording


class Reading(TypedDict, total=False):
    """How recordings are read (see `feeds.replay.Recording`)."""

    contracts: ContractLookup | None
    session: SessionSpan | None
    data_dir: Path | None


class CandleKeeper(NoStrategies):
    """Keeps the closed candles that another set of strategies would have been shown."""

    def __init__(self, like: Strategies) -> None:
        super().__init__()
        self.subscriptions = like.subscriptions
        self.candles: list[Candle] = []

    def on_candles(self, candles: Sequence[Candle], desk: Any, /) -> list[OrderIntent]:
        """Keep them, want nothing."""
        self.candles.extend(candles)
        return []


def history(
    config: Config,
    universe: Universe,
    rules: Rules,
    strategies: Strategies,
    **reading: Unpack[Reading],
) -> list[Candle]:
    """Return all closed candles before the replay begins.

    Raises FeedError for a file that cannot be read.
    """
    candles: list[Candle] = []
    # the same instruments, whatever the other recording says of them
    written = UniverseConfig(instruments=as_config(universe))
    for replay in _sources(config.feed.replay):
        keeper = CandleKeeper(strategies)
        recording = Recording(replay, written, **reading)
        engine = paper_engine(config, rules, recording.universe, keeper)
        for block in recording.blocks():
            engine.handle(block)
        if engine.at.now >= 0:
            engine.handle(Clock(ts=_end(replay, engine.at.now)))
        candles.extend(keeper.candles)
    return candles


def recorded_candles(
    recordings: Sequence[InputLog | CompactedLog],
    universe: Universe,
    config: Config,
    rules: Rules,
    strategies: Strategies,
) -> list[Candle]:
    """Return the candles of live recordings, oldest first, as the strategies would see them.

    Raises FeedError for one that is damaged.
    """
    candles: list[Candle] = []
    for recording in recordings:
        own = Universe(recording.header.instruments)
        keeper = CandleKeeper(strategies)
        keeper.subscriptions = _in(own, universe, strategies.subscriptions)
        engine = paper_engine(config, rules, own, keeper)
        for item in gather(recording.inputs()):
            if isinstance(item, Ticks | Clock):
                engine.handle(item)
        candles.extend(keeper.candles)
    return candles


def _in(
    own: Universe, other: Universe, subscriptions: Mapping[str, frozenset[int]]
) -> dict[str, frozenset[int]]:
    """Return subscriptions of one universe in the indices of another, as far as it has them."""
    return {
        timeframe: frozenset(
            at for each in wanted if (at := own.index_of(other[each].tradingsymbol)) is not None
        )
        for timeframe, wanted in subscriptions.items()
    }


def _sources(replay: ReplayConfig) -> list[ReplayConfig]:
    """Return what to read: older files whole, the replayed files up to `start`."""
    plain = ReplayConfig(block_rows=replay.block_rows)
    sources = []
    if replay.warmup:
        sources.append(msgspec.structs.replace(plain, files=replay.warmup))
    if replay.start and (replay.files or replay.lake):
        cut = msgspec.structs.replace(replay, warmup=[], settlements=[], start="", end=replay.start)
        sources.append(cut)
    return sources


def _end(replay: ReplayConfig, last_ts: int) -> int:
    """Return when the last bar of the history is over."""
    return parse_ts(replay.end) if replay.end else midnight_after(last_ts)
