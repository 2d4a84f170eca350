"""Open the configured recordings, and gather what real orders need of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from daemon.domain.dates import DAY_NS, MILLISECOND_NS, SECOND_NS, ist_date, ist_midnight
from daemon.domain.instrument import Universe
from daemon.errors import UsageError
from daemon.lab.calibrate.clock_offset import REACH_MS
from daemon.lab.calibrate.limits import is_limit
from daemon.lab.calibrate.paper_prices import LATENCIES_MS
from daemon.lab.calibrate.real_order import RealOrder
from daemon.lab.calibrate.recorded import Gatherer, Recorded, Span, merged_spans, underlying_of
from daemon.market.schedule import Schedule
from daemon.runtime.build import sessions_of, universe_to_read
from daemon.runtime.configured_rules import load_rules
from daemon.settings.config import Config, ReplayConfig
from feeds.replay import Recording

_AROUND_NS: Final = (REACH_MS + LATENCIES_MS[-1]) * MILLISECOND_NS + 3 * SECOND_NS


def gather(
    config: Config, orders: Sequence[RealOrder], data_dir: Path | None
) -> tuple[Recorded, list[str]]:
    """Return the quotes around these orders, and a line about each day of a lake left out.

    Raises UsageError for candles, ConfigError or FeedError for what cannot be read.
    """
    replay = _cut(config.feed.replay, orders)
    config = replace(config, feed=replace(config.feed, replay=replay))
    rules = load_rules(config)
    recording = Recording(
        replay, universe_to_read(config, rules, data_dir), contracts=rules,
        session=sessions_of(rules), data_dir=data_dir, depth=True,
    )  # fmt: skip
    if recording.has_candles:
        raise UsageError(
            f"{recording.paths()[0]}: holds candles: what a second paid needs recorded ticks"
        )
    universe = recording.universe
    spans = _spans(orders, universe, config.execution.reject_after_ns)
    stale_after_ns = config.execution.stale_after_ns
    gatherer = Gatherer(universe, Schedule(rules, universe), spans, stale_after_ns=stale_after_ns)
    recorded = gatherer.take(recording)
    return recorded, recording.skipped()


def _cut(replay: ReplayConfig, orders: Sequence[RealOrder]) -> ReplayConfig:
    """Return the recordings from the first to the last date of the orders, unless others are set.

    A lake's missing day is left out: the orders of that day are told of.
    """
    dates = sorted(ist_date(order.moment_ts).isoformat() for order in orders)
    if not replay.lake:
        return replace(replay, start=replay.start or dates[0], end=replay.end or dates[-1])
    return replace(
        replay, from_=replay.from_ or dates[0], to=replay.to or dates[-1], unusable_days="skip"
    )


def _spans(
    orders: Sequence[RealOrder], universe: Universe, reject_after_ns: int
) -> dict[int, list[Span]]:
    """Return when the quotes of an order's contract and of its underlying are needed."""
    wanted: dict[int, list[Span]] = {}
    for order in orders:
        at = universe.index_of(order.symbol)
        if at is None:
            continue
        times = [ts for ts in (order.filled_ts, order.sent_ts, order.over_ts) if ts]
        begin, end = min(times) - _AROUND_NS, max(times) + _AROUND_NS + reject_after_ns
        spot = underlying_of(universe[at], universe)
        if spot is not None:
            wanted.setdefault(spot, []).append((begin, end))
        if is_limit(order):
            end = ist_midnight(ist_date(order.moment_ts)) + DAY_NS
        wanted.setdefault(at, []).append((begin, end))
    return {at: merged_spans(spans) for at, spans in wanted.items()}
