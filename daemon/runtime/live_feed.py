"""The feed of a live run, connected to nothing yet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.inputs import Input
from daemon.process.clock import Clock
from daemon.runtime.build import sessions_of
from daemon.runtime.live_start import LiveStart
from daemon.runtime.machine import Machine
from daemon.runtime.resume import ResumedState, held_symbols, last_input_of_today
from feeds.kite.day import LiveDay
from feeds.kite.feed import KiteFeed
from feeds.kite.sockets import TickerSockets
from feeds.live.backoff import jitter_rng
from feeds.stream.guard import FeedGuard
from feeds.stream.timeline import closes_of, closing_time


def live_feed(
    start: LiveStart,
    day: LiveDay,
    decides: Machine,
    clock: Clock,
    *,
    first: Sequence[Input],
    resumed: ResumedState,
) -> KiteFeed:
    """Build the feed of a day; `first` are the inputs before its own."""
    config, execution = start.config.feed.kite, start.config.execution
    guard = FeedGuard(
        len(day.universe),
        stale_after_ns=execution.stale_after_ns,
        quiet_after_ns=execution.quote_max_age_ns,
    )
    feed = KiteFeed(
        day.universe,
        day.watchlist,
        config=config,
        guard=guard,
        make_sockets=lambda inbox, on_state: TickerSockets(
            url=config.ticker_url,
            read_credentials=day.read_credentials,
            inbox=inbox,
            on_state=on_state,
            config=config,
            rng=jitter_rng(),
            now=time.monotonic,
        ),
        now_ns=clock.now_ns,
        keep_right=clock.keep_right,
        closes=closes_of(
            day.universe,
            closing_time(sessions_of(start.rules)),
            execution.candle_grace_ns,
        ),
        first=first,
        missed_since=last_input_of_today(
            resumed, decides.engine, on_machine_time=start.is_on_machine_time
        ),
        ends=start.is_on_machine_time,
    )
    feed.held = lambda: held_instruments(decides.engine)
    feed.looked_at = lambda: looked_at(decides)
    return feed


def held_instruments(engine: PaperEngine) -> Iterable[int]:
    """Return the instruments (indices) of what is open and of what waits to be."""
    found = (engine.universe.index_of(symbol) for symbol in held_symbols(engine.ledger))
    return [index for index in found if index is not None]


def looked_at(decides: Machine) -> frozenset[int]:
    """Return what plans may choose now, and the chains that strategies look at, by index (P8)."""
    engine = decides.engine
    return engine.plans_want() | decides.strategies.wanted(engine.engine.desk)
