"""From variants to jobs: one for each variant and span, with its key and its command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.errors import ConfigError
from daemon.lab.sweep.carried import carried
from daemon.lab.sweep.data import SweepData, day_sha256
from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.run_key import RunKeys
from daemon.lab.sweep.sources import (
    refuse_classes_in_hand,
    sources_sha256,
    strategy_files,
)
from daemon.lab.sweep.tasks import Job
from daemon.lab.sweep.variants import Params, Variant
from daemon.settings.config import Config
from feeds.lake.days import LakeDay

PROGRAM: Final = "run_fno_paper"
_FILL_MODE: Final = "execution.fill_mode"
Cut = tuple[LakeDay | None, dict[str, Any], str]
"""A day or None, what cuts a configuration to it, and the hash of its recordings."""


class JobMaker:
    """Makes the jobs of a sweep; what all of them share is found out once."""

    def __init__(self, loaded: LoadedSweep, data_dir: Path | None = None) -> None:
        """Judge the recordings and the strategies. Raises ConfigError or FeedError."""
        self._loaded = loaded
        self._data_dir = data_dir
        config = loaded.base.config()
        refuse_classes_in_hand(config)
        self.data = SweepData(config, data_dir)
        self.capital_rupees = config.capital_rupees
        self._keys = RunKeys()
        self._sources: dict[tuple[Any, ...], dict[str, str]] = {}
        self._found: dict[tuple[Any, ...], dict[str, list[Path]]] = {}
        self._rows = {day.date: day.facts.rows for day in self.data.days}
        self._cuts = list(self._cut()) if loaded.sweep.split == "day" else [_whole(self.data)]

    def jobs(self, variants: Iterable[tuple[int, Variant]], profile: str = "") -> list[Job]:
        """Return the jobs of numbered variants, under another fill mode if one is named.

        Raises ConfigError for what is not there, or where a day cannot be cut out.
        """
        return [
            self._job(number, variant, profile, cut)
            for number, variant in variants
            for cut in self._cuts
        ]

    def identity(self, variant: Variant) -> str:
        """Return what makes a variant a try of its own."""
        return self._keys.identity(variant.config, self._sources_of(variant.config))

    def rows(self, job: Job) -> int:
        """Return about how many rows of data a job reads."""
        return self.data.rows if job.day is None else self._rows[job.day]

    def sources_changed(self) -> list[str]:
        """Return the ids of strategies whose source is not what it was. Raises ConfigError."""
        changed: dict[str, None] = {}
        for key, before in self._sources.items():
            now = sources_sha256(self._found[key])
            changed |= {name: None for name in before if now[name] != before[name]}
        return [*changed]

    def _job(self, number: int, variant: Variant, profile: str, cut: Cut) -> Job:
        day, laid_over, data = cut
        config, params = variant.config, {**variant.params, **laid_over}
        if profile:
            params[_FILL_MODE] = profile
        if profile or laid_over:
            config = self._loaded.base.config(params)
        if day is not None:
            _refuse_carrying(variant.config)
        split = self._loaded.sweep.split
        sources = self._sources_of(config)
        return Job(
            run_key=self._keys.run_key(config, data=data, sources=sources, split=split),
            variant=variant.key, number=number, params=variant.params, config=config,
            profile=profile, day=None if day is None else day.date,
            reproduce=self._command(params),
        )  # fmt: skip

    def _sources_of(self, config: Config) -> dict[str, str]:
        items = tuple((item.id, item.module) for item in config.strategies.items if item.enabled)
        key = (items, tuple(config.strategies.path))
        if key not in self._sources:
            refuse_classes_in_hand(config)
            self._found[key] = strategy_files(config)
            self._sources[key] = sources_sha256(self._found[key])
        return self._sources[key]

    def _cut(self) -> Iterator[Cut]:
        """Yield the days of the lake, each with the recordings that are shown before it."""
        if not self.data.days:
            raise self._loaded.error(("split",), "expected range, as feed.replay.lake is not set")
        warmup = self._loaded.sweep.warmup_sessions or 0
        for day in self.data.days:
            before = self.data.before(day.date, warmup)
            shown = [str(earlier.path(part)) for earlier in before for part in earlier.parts]
            date = day.date.isoformat()
            laid_over: dict[str, Any] = {"feed.replay.from": date, "feed.replay.to": date}
            if shown:
                laid_over["feed.replay.warmup"] = [{"path": path} for path in shown]
            yield day, laid_over, day_sha256(day, before)

    def _command(self, params: Params) -> str:
        """Return the command line of one run; `--out` may follow it."""
        words = [PROGRAM, "--config", str(self._loaded.config_path)]
        if self._data_dir is not None:
            words += ["--data", str(self._data_dir.absolute())]
        for key, value in params.items():
            words += ["--set", f"{key}={msgspec.json.encode(value).decode()}"]
        return shlex.join(words)


def _whole(data: SweepData) -> Cut:
    return None, {}, data.sha256


def _refuse_carrying(config: Config) -> None:
    for key, why in carried(config):
        raise ConfigError(
            f"split: day cuts off what {key} carries ({why}); write split: range, or change it"
        )
