"""A run without a journal, an event loop or a clock: from a configuration to its events.

Private: what `lab` offers is built on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

from msgspec.structs import replace

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import Clock
from daemon.domain.ticks import Ticks
from daemon.report.fold import RunFold
from daemon.report.model import RunFacts
from daemon.report.summary import RunSummary
from daemon.rules import Rulebook
from daemon.runtime.build import build
from daemon.runtime.machine import StrategyClasses
from daemon.runtime.outcome import facts_of, summarize_run
from daemon.runtime.run_status import statistics_of
from daemon.runtime.series import Series
from daemon.settings.config import Config
from feeds.stream.feed import Playback

RUN_ID = "simulated"


class Simulated(NamedTuple):
    """The decisions and the outcome of a simulated run."""

    config: Config
    """As it ran: with the contracts that its words mean."""
    rules: Rulebook
    facts: RunFacts
    series: Series
    closes: Mapping[dt.date, int]
    """Net P&L (paise, open positions at market) at the end of each date that has data."""

    events: list[TradingEvent]
    faults: list[tuple[str, str]]
    """(strategy, error) of each call of a strategy that raised, the first thousand."""
    summary: RunSummary
    """The summary of the `run` command, but for the run's id and files, and without notes."""


def run(
    config: Config, *, data_dir: Path | None = None, classes: StrategyClasses | None = None
) -> Simulated:
    """Run a configuration with a recorded or synthetic feed as fast as it goes.

    The events are those that the `run` command would journal. Nothing is written and nothing
    awaited, so it works inside a running event loop and in threads. `classes` are strategies that
    are in no module, by id. Raises ConfigError (also for a live feed) or FeedError, at the first
    fault of the data.
    """
    parts = build(without_idle_margin(config), data_dir=data_dir, classes=classes)
    feed = cast("Playback", parts.feed)  # `build` makes no other
    engine, sampler = parts.engine, parts.machine.sampler
    events: list[TradingEvent] = []
    first_tick_ts = 0
    with closing(feed.unpaced()) as inputs:
        for item in chain(inputs, last_clock(engine)):
            if not first_tick_ts and isinstance(item, Ticks):
                first_tick_ts = int(item.ts[0])
            decided = engine.handle(item)
            sampler.take(decided)
            events += decided
    facts = facts_of(parts, statistics_of(parts, {}), run_id=RUN_ID, first_tick_ts=first_tick_ts)
    series = sampler.series()
    return Simulated(
        config=parts.config, rules=parts.rules, facts=facts, series=series,
        closes=sampler.day_closes(), events=events,
        faults=[(fault.strategy_id, fault.error) for fault in parts.strategies.faults],
        summary=summarize_run(RunFold(events), facts, series),
    )  # fmt: skip


def last_clock(engine: PaperEngine) -> Iterator[Clock]:
    """Yield the clock that ends the feed's last timestamp, if something waits for it by then."""
    clock = engine.final_clock()
    if clock is not None:
        yield clock


def without_idle_margin(config: Config) -> Config:
    """Return a configuration that computes margins only if its capital is checked with them."""
    if config.capital_rupees is not None:
        return config
    return replace(config, margin=replace(config.margin, model="off"))
