"""`run_fno_paper check FILE`: what would run, and what a user would regret, without running it.

Each warning is one function; a new one is a new function and one line in `WARNINGS`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Final, NamedTuple, cast

import anyio

from daemon.build import Parts, build
from daemon.clock import MACHINE_CLOCKS
from daemon.config import Config
from daemon.config_file import load_config
from daemon.config_inputs import misplaced_inputs
from daemon.configured_rules import date_warnings, load_rules
from daemon.domain.dates import ist_date
from daemon.domain.inputs import Input
from daemon.domain.ticks import Ticks
from daemon.rules.reach import calendar_warnings
from feeds.feed import Feed


class Checked(NamedTuple):
    """The verdict on a configuration in one line, and warnings that do not stop a run."""

    verdict: str
    warnings: list[str]


def check_file(path: Path, *, data_dir: Path | None = None) -> Checked:
    """Check keys, values, rules, strategies and files. Raises ConfigError or FeedError."""
    config = load_config(path)
    if config.feed.kind == "kite":
        text = f"{path}: keys and values are right; the kite feed itself is not checked"
        misplaced = [f"input {each}" for each in misplaced_inputs(config)]
        return Checked(text, [*_of_today(config), *misplaced])
    parts = build(config, data_dir=data_dir)
    names = ", ".join(each.id for each in config.strategies.items if each.enabled) or "none"
    verdict = (
        f"{path}: valid. Feed {parts.feed.name} with {len(parts.feed.universe)} instruments, "
        f"engine {parts.engine.engine.name}, strategies: {names}"
    )
    return Checked(verdict, [text for warn in WARNINGS for text in warn(parts)])


def _of_today(config: Config) -> list[str]:
    """What a live run of today must know of the tables."""
    today = ist_date(MACHINE_CLOCKS.wall_ns())
    return list(calendar_warnings(load_rules(config), today, today))


def _outside_the_tables(parts: Parts) -> Iterator[str]:
    """By the date of the data, as far as its first block goes; a run tells of all of it."""
    span = anyio.run(_first_block, parts.feed)
    if span is not None:
        yield from date_warnings(parts.config, parts.rules, parts.feed.universe, *span)


async def _first_block(feed: Feed) -> tuple[int, int] | None:
    """The first and the last time of the first rows, UTC ns; None without rows."""
    inputs = cast("AsyncGenerator[Input, None]", feed.inputs())
    async with aclosing(inputs):
        async for item in inputs:
            if isinstance(item, Ticks):
                return int(item.ts[0]), int(item.ts[-1])
    return None


def _misplaced_inputs(parts: Parts) -> Iterator[str]:
    for text in misplaced_inputs(parts.config):
        yield f"input {text}"


def _chosen_contracts(parts: Parts) -> Iterator[str]:
    yield from parts.notes


WARNINGS: Final[tuple[Callable[[Parts], Iterator[str]], ...]] = (
    _misplaced_inputs,
    _chosen_contracts,
    _outside_the_tables,
)
