"""Read a lake as one recording: date after date, and of a date only what overlaps merged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.errors import FeedError
from daemon.settings.feeds import ReplayConfig
from feeds.files.candle_files import SessionSpan
from feeds.files.parquet_ticks import NativeFile
from feeds.files.recorded_files import file_error
from feeds.lake.days import LakeDay, Span, check_hashes, lake_day
from feeds.stream.merge import merge, merge_keyed
from feeds.stream.overlap import overlapping

_MIN_BATCH_ROWS: Final = 4096


class LakeTicks:
    """The wanted days of a lake. Raises ConfigError, or FeedError naming each day without data.

    `depth` keeps the order book, `day` the day's figures. With `unusable_days: skip` a day that is
    missing, cut or damaged is left out whole and listed in `skipped`.
    """

    def __init__(
        self, config: ReplayConfig, root: Path, *, session: SessionSpan | None = None,
        depth: bool = False, day: bool = False,
    ) -> None:  # fmt: skip
        self.skipped: list[str] = []
        """A line about each day that was left out."""
        self._skips = config.unusable_days == "skip"
        self._batch_rows = config.block_rows
        self._kept = {"depth": depth, "day": day}
        span = Span.of(config)
        self._days: list[LakeDay] = []
        self._files: dict[Path, NativeFile] = {}
        problems: list[str] = []
        for date in span.dates(root):
            try:
                self._open(lake_day(root, date, config.underlyings))
            except FeedError as error:
                problems.append(str(error))
        problems += _missing(self._days, span, session, self.named())
        if problems and not self._skips:
            raise FeedError(
                f"{'; '.join(problems)}; mend these days, or write `unusable_days: skip`"
            )
        self.skipped += problems
        if not self._days:
            raise file_error(root, "no day of the span can be used", "; ".join(problems))

    @property
    def days(self) -> Sequence[LakeDay]:
        """Return the days that are read, but for what is found damaged on the way."""
        return self._days

    @property
    def counts(self) -> dict[str, int]:
        """Return how many days were left out."""
        return {"skipped_days": len(self.skipped)} if self._skips else {}

    @property
    def has_candles(self) -> bool:
        """Return whether rows were made from candles."""
        return any(file.has_candles for file in self._files.values())

    @property
    def groups(self) -> frozenset[str]:
        """Return which of `depth` and `day` any part has."""
        return frozenset().union(*(file.groups for file in self._files.values()))

    def named(self) -> Sequence[Instrument]:
        """Return the instruments of all parts, each as it was first described."""
        known: dict[str, Instrument] = {}
        for file in self._files.values():
            for instrument in file.named():
                known.setdefault(instrument.tradingsymbol, instrument)
        return list(known.values())

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """Yield the rows of each day in the order received. Raises FeedError where damaged."""
        for day in self._days:
            if self._skips:
                try:
                    check_hashes(day)
                except FeedError as error:
                    self.skipped.append(str(error))
                    continue
            yield from self._day(day, universe)

    def _open(self, day: LakeDay) -> None:
        """Open a day's parts. Raises FeedError for one that is not what `_day.json` says."""
        opened: dict[Path, NativeFile] = {}
        share = max(min(self._batch_rows, _MIN_BATCH_ROWS), self._batch_rows // len(day.parts))
        for part in day.parts:
            path = day.path(part)
            file = opened[path] = NativeFile(path, share, **self._kept)
            if file.rows != part.rows:
                raise file_error(path, f"expected {part.rows} rows, was {file.rows}", "restore it")
            if file.has_seq != (part.first_seq is not None):
                raise file_error(path, "its column seq is not as _day.json says", "restore it")
        self._files |= opened
        self._days.append(day)

    def _day(self, day: LakeDay, universe: Universe) -> Generator[Ticks, None, None]:
        """Yield one day: by `seq` where all its parts have it, else by time and place."""
        by_seq = all(part.first_seq is not None for part in day.parts)
        ranges = [
            (part.first_seq or 0, part.last_seq or 0) if by_seq else (part.first_ts, part.last_ts)
            for part in day.parts
        ]
        for group in overlapping(ranges):
            files = [self._files[day.path(day.parts[at])] for at in group]
            if by_seq and len(files) > 1:
                keyed = [file.numbered_blocks(universe) for file in files]
                yield from _closing_all(merge_keyed(keyed), keyed)
            else:
                plain = [file.blocks(universe) for file in files]
                yield from _closing_all(merge(plain), plain)


def _closing_all(
    merged: Iterator[Ticks], streams: Sequence[Iterator[object]]
) -> Generator[Ticks, None, None]:
    """Yield the rows and close the files, also where the reader stops early."""
    try:
        yield from merged
    finally:
        for stream in streams:
            with closing(stream):  # type: ignore[type-var]
                pass


def _missing(
    days: Sequence[LakeDay], span: Span, session: SessionSpan | None, named: Sequence[Instrument]
) -> list[str]:
    """Return a line for each session of the calendar that the lake has no directory for."""
    if session is None or not days or not named:
        return []
    first = days[0].date if span.first == dt.date.min else span.first
    last = days[-1].date if span.last == dt.date.max else span.last
    known = {day.date for day in days}
    root = days[0].directory.parent
    lacking = []
    for at in range((last - first).days + 1):
        date = first + dt.timedelta(days=at)
        is_there = date in known or (root / f"date={date.isoformat()}").exists()
        if not is_there and session(named[0], date) is not None:
            lacking.append(f"{root}: has no {date}, which had a session")
    return lacking
