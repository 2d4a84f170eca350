"""`run_fno_paper check FILE`: what would run, and what a user would regret, without running it.

Each warning is one function; a new one is a new function and one line in `WARNINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np
from msgspec.structs import replace

from daemon.cli.check_data import ROWS, file_warnings, slow_files, span_of
from daemon.cli.check_gtts import gtt_warnings
from daemon.cli.check_plans import (
    market_notes,
    plan_lines,
    plan_notes,
    refuse_missing_weeklies,
)
from daemon.cli.check_strategies import (
    hook_warnings,
    quantity_warnings,
    script_warnings,
    symbols_without_rows,
    underlying_warnings,
)
from daemon.cli.data_notes import assumed_contracts, may_be_cut
from daemon.domain.dates import ist_date
from daemon.domain.intent import ExitOverrides
from daemon.domain.money import paise_exact, rupees_text
from daemon.domain.ticks import Ticks
from daemon.errors import FeedError
from daemon.process.clock import MACHINE_CLOCKS
from daemon.rules.reach import calendar_warnings
from daemon.runtime.build import Parts, build, build_feed
from daemon.runtime.configured_rules import date_warnings, load_rules
from daemon.runtime.depth_note import kinder_than_depth
from daemon.runtime.feed_kinds import kind_of
from daemon.runtime.plan_exits import coming_sessions, late_exits
from daemon.settings.config import Config, UniverseConfig
from daemon.settings.file import load_config
from daemon.settings.inputs import misplaced_inputs
from feeds.contracts.universe import as_config
from feeds.files.edges import Edges
from feeds.files.recorded_files import find_data
from feeds.replay import ReplayFeed
from feeds.sources import each_file
from feeds.stream.feed import Feed, Playback


class Checked(NamedTuple):
    """The verdict on a configuration in one line, and warnings that do not stop a run."""

    verdict: str
    warnings: list[str]
    plans: tuple[str, ...] = ()
    """What each plan would do, one line each."""


def check_file(
    path: Path, *, data_dir: Path | None = None, say: Callable[[str], object] = lambda text: None
) -> Checked:
    """Check keys, values, rules, strategies and files. Raises ConfigError or FeedError.

    `say` gets a line before anything that takes long.
    """
    config = load_config(path)
    if kind_of(config.feed).is_live:
        kind = config.feed.kind
        text = f"{path}: keys and values are right; the {kind} feed itself is not checked"
        live = [f"input {text}" for text in misplaced_inputs(config)]
        live += [*_costs_without_charges(config), *plan_notes(config)]
        today, rules = ist_date(MACHINE_CLOCKS.wall_ns()), load_rules(config)
        refuse_missing_weeklies(str(path), config, rules, today)
        live += late_exits(config, rules, coming_sessions(today))
        warnings = [*_of_today(config), *_lower_case_underlyings(config), *live]
        return Checked(text, warnings, plan_lines(config))
    parts = build(config, data_dir=data_dir)
    names = ", ".join(item.id for item in config.strategies.items if item.enabled) or "none"
    verdict = (
        f"{path}: valid. Feed {parts.feed.name} with {len(parts.feed.universe)} instruments, "
        f"engine {parts.engine.engine.name}, strategies: {names}{_capital(config)}"
    )
    replay = config.feed.replay
    if config.feed.kind == "replay":
        listed = (*replay.files, *replay.warmup)
        files = [file for named in listed for file in each_file(named, data_dir)]
        for text in slow_files([find_data(file.path, data_dir) for file in files]):
            say(text)
        if isinstance(parts.feed, ReplayFeed):
            for text in parts.feed.recording.presets():
                say(text)
    if config.plans.items and (span := _first_block(parts.feed)) is not None:
        refuse_missing_weeklies(str(path), config, parts.rules, ist_date(span[0]))
    warnings = [text for warn in WARNINGS for text in warn(parts)]
    return Checked(verdict, [*warnings, *_warmup_files(parts, data_dir)], plan_lines(config))


def _capital(config: Config) -> str:
    """Return what is said of a capital, nothing without one."""
    if config.capital_rupees is None:
        return ""
    capital = rupees_text(paise_exact(config.capital_rupees))
    return f", capital {capital} (entries are gated by approximate margins)"


def _of_today(config: Config) -> list[str]:
    """Return what a live run of today must know of the tables."""
    today = ist_date(MACHINE_CLOCKS.wall_ns())
    return list(calendar_warnings(load_rules(config), today, today))


def _outside_the_tables(parts: Parts) -> Iterator[str]:
    """Warn by the date of the data, as far as its first block goes; a run covers all of it."""
    span = _first_block(parts.feed)
    if span is not None:
        yield from date_warnings(parts.config, parts.rules, parts.feed.universe, *span)


def _first_block(feed: Feed) -> tuple[int, int] | None:
    """Return the first and the last time of the first rows, UTC ns; None without rows."""
    with closing(cast("Playback", feed).unpaced()) as inputs:
        for item in inputs:
            if isinstance(item, Ticks):
                return int(item.ts[0]), int(item.ts[-1])
    return None


def _misplaced_inputs(parts: Parts) -> Iterator[str]:
    for text in misplaced_inputs(parts.config):
        yield f"input {text}"


def _chosen_contracts(parts: Parts) -> Iterator[str]:
    yield from parts.notes


def _assumed_contracts(parts: Parts) -> Iterator[str]:
    yield from assumed_contracts(parts.feed.universe)


def _lower_case_underlyings(config: Config) -> Iterator[str]:
    for row in config.universe.underlyings:
        if row.name != row.name.upper():
            yield (
                f"universe.underlyings: {row.name!r}: Kite's names are upper case, such as "
                f"{row.name.upper()!r}"
            )


def _costs_without_charges(config: Config) -> Iterator[str]:
    """Warn of a cost that is to pay for charges where none are charged."""
    execution = config.execution
    if execution.charges:
        return
    places = [("execution", ExitOverrides())]
    places += [(f"strategy {row.id}", row.exits) for row in config.strategies.items if row.enabled]
    for place, exits in places:
        to_cost, charged = exits.enable_break_even, exits.break_even_with_charges
        if place != "execution" and not to_cost and not charged:
            continue  # as in `execution`
        to_cost = execution.enable_break_even if to_cost is None else to_cost
        charged = execution.break_even_with_charges if charged is None else charged
        if to_cost and charged:
            yield (
                f"{place}: `break_even_with_charges` has nothing to count, as `execution.charges` "
                "is false: the stop moves to the entry price"
            )


def _kinder_than_depth(parts: Parts) -> Iterator[str]:
    yield from kinder_than_depth(parts.config, parts.feed)


def _break_even(parts: Parts) -> Iterator[str]:
    yield from _costs_without_charges(parts.config)


def _plans(parts: Parts) -> Iterator[str]:
    yield from plan_notes(parts.config)
    if not parts.config.plans.items:
        return
    span = _first_block(parts.feed)
    if span is not None:
        yield from market_notes(parts, ist_date(span[0]))


def _files(parts: Parts) -> Iterator[str]:
    """Warn of rows at the ends of each file that would be read in vain."""
    if not isinstance(parts.feed, ReplayFeed):
        yield from script_warnings(parts, None)
        return
    yield from may_be_cut(parts.feed)
    edges = parts.feed.recording.edges(ROWS)
    for edge in edges:
        yield from file_warnings(parts, edge)
    yield from _without_rows(parts, parts.feed, edges)
    yield from script_warnings(parts, span_of(edges))


def _warmup_files(parts: Parts, data_dir: Path | None) -> Iterator[str]:
    """Yield what is odd in the ends of the files that only warm the strategies."""
    feed = parts.config.feed
    if feed.kind != "replay" or not feed.replay.warmup:
        return
    only = replace(feed.replay, files=feed.replay.warmup, warmup=[], start="", end="")
    config = replace(
        parts.config,
        feed=replace(feed, replay=only),
        universe=UniverseConfig(instruments=as_config(parts.feed.universe)),
    )
    warm = build_feed(config, parts.rules, data_dir=data_dir)
    assert isinstance(warm, ReplayFeed)
    for edge in warm.recording.edges(ROWS):
        yield from file_warnings(parts._replace(config=config, feed=warm), edge)


def _without_rows(parts: Parts, feed: ReplayFeed, edges: list[Edges]) -> Iterator[str]:
    """Warn of symbols that a strategy names and no file has, having read the files through."""
    blocks = [block for edge in edges for block in edge.blocks()]
    seen = {
        at
        for block in blocks
        for at in np.flatnonzero(np.bincount(block.instrument[block.instrument >= 0])).tolist()
    }
    missing = symbols_without_rows(parts, seen)
    if not missing:
        return
    try:
        found = feed.recording.seen({index for _, index in missing})
    except FeedError:
        return  # told already, as the fault of its file
    for strategy_id, index in missing:
        if index not in found:
            symbol = feed.universe[index].tradingsymbol
            yield f"strategy {strategy_id}: no file has a row of {symbol}: it will see no candle"


WARNINGS: Final[tuple[Callable[[Parts], Iterator[str]], ...]] = (
    _misplaced_inputs,
    _chosen_contracts,
    _assumed_contracts,
    _outside_the_tables,
    _files,
    underlying_warnings,
    hook_warnings,
    quantity_warnings,
    gtt_warnings,
    _break_even,
    _plans,
    _kinder_than_depth,
)
