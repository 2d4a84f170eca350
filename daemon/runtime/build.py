"""From a configuration to its parts: rules, feed, strategies, engine. Nothing is started here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.candle import Candle
from daemon.domain.instrument import Instrument, Universe
from daemon.errors import ConfigError
from daemon.rules import Rulebook
from daemon.runtime.configured_arrays import configured_arrays
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.feed_kinds import kind_of
from daemon.runtime.machine import Machine, StrategyClasses, machine
from daemon.runtime.warmup import Reading, history
from daemon.settings.config import Config, StrategiesConfig, UniverseConfig
from feeds.convert import ConvertReport, convert
from feeds.convert_lake import LakeReport, convert_to_lake
from feeds.recorded_selection import ResolvedConfig, resolve_on_recording
from feeds.stream.feed import Feed
from strategies.engine import StrategyEngineV2


class Parts(NamedTuple):
    """Everything that decides a run."""

    config: Config
    rules: Rulebook
    feed: Feed
    machine: Machine
    notes: tuple[str, ...] = ()
    """What a trader should know of the contracts that were chosen."""

    @property
    def strategies(self) -> StrategyEngineV2:
        """The strategies of the machine."""
        return self.machine.strategies

    @property
    def engine(self) -> PaperEngine:
        """The engine of the machine."""
        return self.machine.engine


def build(
    config: Config, *, data_dir: Path | None = None, classes: StrategyClasses | None = None
) -> Parts:
    """Build every part. Raises ConfigError or FeedError; nothing was written when it does.

    `classes` are strategies that are in no module, by id.
    """
    rules = load_rules(config)
    config, notes = resolved(config, rules, data_dir)
    feed = build_feed(config, rules, data_dir=data_dir)
    check_settlements(config, feed.universe)
    arrays = configured_arrays(config, feed.universe)
    built = machine(config, rules, feed.universe, arrays=arrays, classes=classes)
    if config.feed.kind == "replay":
        built.strategies.warm(
            history_before(config, feed.universe, rules, built.strategies, data_dir)
        )
    return Parts(config, rules, feed, built, notes)


def resolved(config: Config, rules: Rulebook, data_dir: Path | None) -> ResolvedConfig:
    """Return the configuration with the contracts that its words mean on its recording.

    Raises ConfigError or FeedError.
    """
    return resolve_on_recording(config, rules, sessions_of(rules), data_dir)


def history_before(
    config: Config,
    universe: Universe,
    rules: Rulebook,
    strategies: StrategyEngineV2,
    data_dir: Path | None,
) -> list[Candle]:
    """Return the candles that these strategies are shown before a replay. Raises FeedError."""
    return history(config, universe, rules, strategies, **_reading(rules, data_dir))


def check_settlements(config: Config, universe: Universe) -> None:
    """Refuse an official close that no contract of the universe could use."""
    expiries = {(each.name, each.expiry) for each in universe if each.expiry}
    for number, row in enumerate(config.feed.replay.settlements):
        if config.feed.kind == "replay" and (row.underlying, row.date) not in expiries:
            known = ", ".join(f"{name} {expiry}" for name, expiry in sorted(expiries)) or "none"
            raise ConfigError(
                f"feed.replay.settlements[{number}]: no instrument of {row.underlying!r} expires "
                f"on {row.date}; the universe has {known}"
            )


def build_feed(config: Config, rules: Rulebook, *, data_dir: Path | None = None) -> Feed:
    """Build the feed that the configuration names. Raises ConfigError or FeedError."""
    make = kind_of(config.feed).make
    if make is None:
        kind = config.feed.kind
        raise ConfigError(
            f"feed.kind: {kind} is a live feed, there is nothing to replay or convert"
        )
    return make(config, rules, _reading(rules, data_dir))


def _reading(rules: Rulebook, data_dir: Path | None) -> Reading:
    """Return how recordings are read under the rulebook."""
    return Reading(
        contracts=rules,
        session=sessions_of(rules),
        data_dir=data_dir,
    )


def universe_to_read(config: Config, rules: Rulebook, data_dir: Path | None) -> UniverseConfig:
    """Return the universe of a configuration whose recording is only read, never traded.

    Raises ConfigError or FeedError as a replay would.
    """
    idle = replace(config, strategies=StrategiesConfig())
    return resolve_on_recording(idle, rules, sessions_of(rules), data_dir).config.universe


def sessions_of(rules: Rulebook) -> Callable[[Instrument, dt.date], tuple[int, int] | None]:
    """Return a look-up of sessions under the rulebook, as (open, close) in UTC ns."""
    return lambda instrument, date: _span(rules, date, instrument)


def _span(rules: Rulebook, date: dt.date, instrument: Instrument) -> tuple[int, int] | None:
    session = rules.session(date, instrument)
    return None if session is None else (session.open_ts, session.close_ts)


def add_to_lake(config: Config, lake: Path, *, data_dir: Path | None = None) -> LakeReport:
    """Write the replay files of a configuration into a lake. Raises ConfigError or FeedError."""
    rules = load_rules(config)
    return convert_to_lake(
        config.feed.replay,
        lake,
        universe=universe_to_read(config, rules, data_dir),
        **_reading(rules, data_dir),
    )


def convert_recording(config: Config, to: Path, *, data_dir: Path | None = None) -> ConvertReport:
    """Write the replay files of a configuration as one native file. Raises FeedError."""
    rules = load_rules(config)
    return convert(
        config.feed.replay,
        to,
        universe=universe_to_read(config, rules, data_dir),
        **_reading(rules, data_dir),
    )
