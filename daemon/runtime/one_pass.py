"""Many variants of a run in one pass: their data are read, judged and made into candles once.

Each variant has an engine, a ledger and strategies of its own, and decides what it decides alone:
the events are those of `daemon.runtime.simulate.run`. Private, as that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import msgspec

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.candle import Candle
from daemon.domain.events import TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.risk_arrays import RiskArrays
from daemon.domain.statistics import MarginStatus
from daemon.domain.ticks import Ticks
from daemon.market.shared_market import SharedMarket
from daemon.rules import Rulebook
from daemon.runtime.build import build_feed, check_settlements, history_before, resolved
from daemon.runtime.configured_arrays import configured_arrays
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.lead import Lead, Led, pieces
from daemon.runtime.machine import Machine, StrategyClasses, machine
from daemon.runtime.minute_equity import MinuteEquity
from daemon.runtime.simulate import without_idle_margin
from daemon.settings.config import Config
from feeds.stream.feed import Playback
from strategies.engine import StrategyEngineV2


class Listener(Protocol):
    """Whoever hears what becomes of the variants of a pass, each by its place."""

    def enter(self, place: int, ledger: Ledger) -> Callable[[TradingEvent], None]:
        """Return what is to hear each event of a variant, when its ledger has taken it."""

    def fault(self, place: int, strategy_id: str, error: str) -> None:
        """Take an error of a variant's strategy, which has ended nothing."""

    def end(
        self, place: int, equity: MinuteEquity, calendar: Rulebook, margin: MarginStatus | None
    ) -> None:
        """Take that a variant has come to the end of the data."""

    def fail(self, place: int, error: Exception) -> None:
        """Take what has ended a variant."""


class Entry(NamedTuple):
    """A variant that can be run: its place among all, and its configuration as it will run."""

    place: int
    config: Config
    rules: Rulebook


def entries_by_data(
    variants: Sequence[tuple[int, Config]], listener: Listener, data_dir: Path | None
) -> list[list[Entry]]:
    """Return the variants that can share one pass, in groups; tell of those that cannot be run."""
    groups: dict[bytes, list[Entry]] = {}
    known: dict[bytes, Rulebook] = {}
    for place, config in variants:
        try:
            written = msgspec.msgpack.encode((config.rules, config.origin))
            rules = known.get(written)
            if rules is None:
                rules = known[written] = load_rules(config)
            found = resolved(without_idle_margin(config), rules, data_dir).config
        except Exception as error:  # noqa: BLE001 - whatever ends a variant ends it alone
            listener.fail(place, error)
            continue
        groups.setdefault(_data_key(found), []).append(Entry(place, found, rules))
    return list(groups.values())


def _data_key(config: Config) -> bytes:
    """Return what must be equal for configurations to share the reading of their data."""
    depth = config.execution.fill_mode == "depth"
    grace = config.execution.candle_grace_ms
    return msgspec.msgpack.encode(
        (config.feed, config.universe, config.rules, config.origin, depth, grace)
    )


class Pass:
    """One reading of the data for variants of one group."""

    def __init__(
        self,
        entries: Sequence[Entry],
        listener: Listener,
        *,
        data_dir: Path | None = None,
        classes: StrategyClasses | None = None,
    ) -> None:
        """Raises ConfigError or FeedError where the data cannot be read, which ends all of them."""
        self._listener = listener
        self._data_dir = data_dir
        self._classes = classes
        first = entries[0]
        self._rules = first.rules
        self._feed = cast(
            "Playback", build_feed(first.config, first.rules, data_dir=data_dir)
        )  # of a group that can be resolved, it is no live one
        self._universe: Universe = self._feed.universe
        self._shares_candles = not getattr(self._feed, "has_candles", False)
        self._leads: dict[Any, Lead] = {}
        self._arrays: dict[bytes, RiskArrays | None] = {}
        self._histories: dict[Any, list[Candle]] = {}
        self._flights: dict[Lead, list[_Flight]] = {}
        for entry in entries:
            self._enter(entry)

    def _enter(self, entry: Entry) -> None:
        """Build a variant's own parts and put it behind the leader that it can follow."""
        config, leads = entry.config, self._leads

        def market_of(timeframes: Any) -> SharedMarket | None:
            key = (config.execution.stale_after_s, tuple(sorted(timeframes.items())))
            if key not in leads:
                leads[key] = Lead(config, self._rules, self._universe, timeframes)
            followed.append((key, leads[key]))
            return leads[key].market if self._shares_candles else None

        followed: list[tuple[Any, Lead]] = []
        try:
            check_settlements(config, self._universe)
            built = machine(
                config, entry.rules, self._universe, arrays=self._arrays_of(config),
                classes=self._classes, market_of=market_of,
            )  # fmt: skip
            key, lead = followed[0]
            if config.feed.kind == "replay":
                built.strategies.warm(self._history_of(key, config, built))
        except Exception as error:  # noqa: BLE001 - whatever ends a variant ends it alone
            self._listener.fail(entry.place, error)
            return
        engine = built.engine
        engine.engine.lifecycle.tell(self._listener.enter(entry.place, engine.ledger))
        flight = _Flight(
            entry, engine, built.strategies, MinuteEquity(self._universe, keeps_points=False)
        )
        self._flights.setdefault(lead, []).append(flight)

    def _arrays_of(self, config: Config) -> RiskArrays | None:
        key = msgspec.msgpack.encode(config.margin)
        if key not in self._arrays:
            self._arrays[key] = configured_arrays(config, self._universe)
        return self._arrays[key]

    def _history_of(self, key: Any, config: Config, built: Machine) -> list[Candle]:
        if key not in self._histories:
            self._histories[key] = history_before(
                config, self._universe, self._rules, built.strategies, self._data_dir
            )
        return self._histories[key]

    def run(self) -> None:
        """Take all variants through the data; tell what becomes of each."""
        try:
            with closing(self._feed.unpaced()) as inputs:
                for item in pieces(inputs):
                    for lead, flights in self._flights.items():
                        if flights:
                            self._take(lead, lead.take(item))
        except Exception as error:  # noqa: BLE001 - the data or the leader: it ends all of them
            for flight in self._left():
                self._listener.fail(flight.entry.place, error)
            return
        self._end()

    def _left(self) -> Iterator[_Flight]:
        for flights in self._flights.values():
            yield from flights

    def _take(self, lead: Lead, led: Led) -> None:
        self._flights[lead] = [
            flight
            for flight in self._flights[lead]
            if self._guarded(flight, lambda flight: self._hear(flight, led))
        ]

    def _hear(self, flight: _Flight, led: Led) -> None:
        flight.take(led)
        if flight.strategies.faults:
            for fault in flight.strategies.take_faults():
                self._listener.fault(flight.entry.place, fault.strategy_id, fault.error)

    def _guarded(self, flight: _Flight, step: Callable[[_Flight], None]) -> bool:
        """Return whether a step of a variant went well; tell what has ended it if not."""
        try:
            step(flight)
        except Exception as error:  # noqa: BLE001 - whatever ends a variant ends it alone
            self._listener.fail(flight.entry.place, error)
            return False
        return True

    def _end(self) -> None:
        """Let what waits for the end of the last timestamp be decided, and tell of the end."""
        for lead, flights in self._flights.items():
            clocks = [clock for flight in flights if (clock := flight.engine.final_clock())]
            if clocks:
                led = lead.take(clocks[0])  # the last timestamp is the same for all
                self._take(lead, led)
        for flight in self._left():
            self._guarded(flight, self._tell_end)

    def _tell_end(self, flight: _Flight) -> None:
        margin = flight.engine.engine.account.margin_status
        self._listener.end(flight.entry.place, flight.equity, flight.entry.rules, margin)


class _Flight(NamedTuple):
    """A variant on its way through the data."""

    entry: Entry
    engine: PaperEngine
    strategies: StrategyEngineV2
    equity: MinuteEquity

    def take(self, led: Led) -> None:
        """Take an input that the leader has taken."""
        engine = self.engine
        if isinstance(led.item, Ticks):
            events = engine.follow([rows.again() for rows in led.rows], led.input_no)
        else:
            events = engine.handle(led.item)
        self.equity.take(events, led.minutes)
