"""Find the days of a lake that a replay asks for, and judge each by its `_day.json`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from daemon.errors import ConfigError, FeedError
from daemon.settings.feeds import ReplayConfig
from feeds.files.recorded_files import file_error, no_file
from feeds.lake.layout import (
    OTHER,
    DayFacts,
    PartFacts,
    dates_in,
    day_directory,
    part_path,
    read_day,
)
from feeds.lake.writer import sha256_of


class LakeDay(NamedTuple):
    """One date with the parts that are wanted of it, in the order of the underlyings."""

    date: dt.date
    directory: Path
    facts: DayFacts
    parts: tuple[PartFacts, ...]

    def path(self, part: PartFacts) -> Path:
        """Return where a part is."""
        return part_path(self.directory, part)


class Span(NamedTuple):
    """The dates that a replay asks for, both included."""

    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, config: ReplayConfig) -> Span:
        """Return the span of a configuration. Raises ConfigError for what is no date."""
        texts = (config.from_ or "0001-01-01", config.to or "9999-12-31")
        try:
            first, last = map(dt.date.fromisoformat, texts)
        except ValueError as error:
            raise ConfigError(f"feed.replay: from and to: expected dates, {error}") from error
        if first > last:
            raise ConfigError(f"feed.replay: expected from ({first}) not after to ({last})")
        return cls(first, last)

    def dates(self, root: Path) -> list[dt.date]:
        """Return the lake's dates in the span. Raises FeedError if there are none."""
        known = dates_in(root)
        found = [date for date in known if self.first <= date <= self.last]
        if not found:
            has = f"from {known[0]} to {known[-1]}" if known else "none at all"
            raise file_error(root, f"has no date of the span (it has {has})", "check from and to")
        return found


def lake_day(root: Path, date: dt.date, underlyings: Sequence[str]) -> LakeDay:
    """Return a day with its parts of these underlyings, of all if none are named.

    Raises FeedError where the day lacks an underlying, or a part is missing or cut.
    """
    directory = day_directory(root, date)
    facts = read_day(directory)
    if facts.date != date.isoformat():
        raise file_error(directory, f"its _day.json is of {facts.date}", "restore the right one")
    present = {part.underlying for part in facts.parts}
    missing = [name for name in underlyings if name not in present]
    if missing:
        known = ", ".join(sorted(present)) or "none"
        raise FeedError(f"{directory}: has no {' and no '.join(missing)}, it has {known}")
    order = list(underlyings) or sorted(present, key=lambda name: (name == OTHER, name))
    wanted = [part for part in facts.parts if part.underlying in order]
    wanted.sort(key=lambda part: (order.index(part.underlying), part.part))
    day = LakeDay(date, directory, facts, tuple(wanted))
    for part in wanted:
        _check_size(day.path(part), part)
    return day


def check_hashes(day: LakeDay) -> None:
    """Read all bytes of a day's parts. Raises FeedError where they are not those written."""
    for part in day.parts:
        path = day.path(part)
        try:
            found = sha256_of(path)
        except OSError as error:
            raise file_error(path, f"cannot be read ({error})", "get a whole copy") from error
        if found != part.sha256:
            raise file_error(path, "its bytes are not those that were written", "get a whole copy")


def _check_size(path: Path, part: PartFacts) -> None:
    if problem := no_file(path):
        raise file_error(path, problem, "restore that part, or skip the day")
    size = path.stat().st_size
    if size != part.bytes:
        kind = "is cut" if size < part.bytes else "is longer than it was written"
        raise file_error(path, f"{kind} ({size} of {part.bytes} bytes)", "get a whole copy")
