"""The recordings that a sweep runs on: judged before anything starts, and known by their bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.errors import ConfigError, FeedError
from daemon.runtime.build import sessions_of
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.feed_kinds import kind_of
from daemon.settings.config import Config
from feeds.files.recorded_files import find_data
from feeds.lake.days import LakeDay, check_hashes, lake_day
from feeds.lake.layout import dates_in
from feeds.lake.reader import LakeTicks
from feeds.lake.remote import lake_root
from feeds.lake.writer import sha256_of
from feeds.sources import each_file

_BYTES_A_ROW: Final = 16
"""About, of a file that does not say its rows; only the estimate goes by it."""


class Part(msgspec.Struct, frozen=True):
    """A recorded file: its bytes' hash and how many rows it has."""

    sha256: str
    rows: int


class SweepData:
    """The recordings of a configuration: their hash, and its dates where they are a lake."""

    def __init__(self, config: Config, data_dir: Path | None = None) -> None:
        """Read what there is. Raises FeedError for what is missing, cut or of another version."""
        self._replay = config.feed.replay
        self._data_dir = data_dir
        self.days: tuple[LakeDay, ...] = ()
        """The days of the span, of a lake."""
        if kind_of(config.feed).is_live:
            kind = config.feed.kind
            raise ConfigError(f"feed.kind: {kind} is a live feed; a sweep runs on recordings")
        if config.feed.kind == "synthetic":
            made_up = config.feed.synthetic
            self.parts = [Part(_digest(msgspec.to_builtins(made_up)), 100_000 * made_up.sessions)]
            self.text = f"a made-up market from {made_up.date}, seed {made_up.seed}"
        elif self._replay.lake:
            self.days = tuple(self._lake_days(config))
            self.parts = [part for day in self.days for part in _parts(day)]
            if not self.days:
                raise FeedError(f"{self.lake}: no day of the span can be used")
            first, last = self.days[0].date, self.days[-1].date
            self.text = f"{first} to {last} ({len(self.days)} days)"
        else:
            self.parts = [part for _, part in self._files(self._replay.files)]
            names = [Path(file.path).name for file in self._replay.files]
            self.text = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        self._warmup = [part for _, part in self._files(self._replay.warmup)]

    @property
    def rows(self) -> int:
        """Return about how many rows a run reads."""
        return sum(part.rows for part in self.parts)

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the recordings, those of the warm-up too."""
        return _digest([part.sha256 for part in (*self.parts, *self._warmup)])

    def before(self, date: dt.date, sessions: int) -> list[LakeDay]:
        """Return the lake's last days before a date, at most `sessions`, oldest first."""
        root = self.lake
        dates = [each for each in dates_in(root) if each < date][-sessions:] if sessions else []
        return [lake_day(root, each, self._replay.underlyings) for each in dates]

    @property
    def lake(self) -> Path:
        """Return where the lake is."""
        return lake_root(self._replay, self._data_dir)

    def _lake_days(self, config: Config) -> Iterator[LakeDay]:
        """Yield the days that a run reads; their bytes are those that were written."""
        session = sessions_of(load_rules(config))
        for day in LakeTicks(self._replay, self.lake, session=session).days:
            try:
                check_hashes(day)
            except FeedError:
                if self._replay.unusable_days == "refuse":
                    raise
                continue
            yield day

    def _files(self, files: Sequence[Any]) -> Iterator[tuple[Path, Part]]:
        for named in files:
            for file in each_file(named, self._data_dir):
                path = find_data(file.path, self._data_dir)
                try:
                    yield path, Part(sha256_of(path), _rows(path))
                except OSError as error:
                    raise FeedError(f"{path}: cannot be read ({error})") from error


def day_sha256(day: LakeDay, before: Sequence[LakeDay]) -> str:
    """Return the hash of a day's recordings and of those that are shown before it."""
    return _digest([part.sha256 for shown in (*before, day) for part in _parts(shown)])


def _parts(day: LakeDay) -> Iterator[Part]:
    yield from (Part(part.sha256, part.rows) for part in day.parts)


def _rows(path: Path) -> int:
    if path.suffix in (".parquet", ".pq"):
        import pyarrow.parquet as pq

        try:
            return int(pq.read_metadata(path).num_rows)
        except ValueError:  # no Parquet: told by the run, with what is wrong
            return 0
    return path.stat().st_size // _BYTES_A_ROW


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
