"""Simulate a seeded market: one seed gives the same ticks, whatever the block size or speed."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Final

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.settings.config import SyntheticConfig
from feeds.stream.blocks import join, reblock
from feeds.stream.feed import OfflineFeed
from feeds.stream.pacing import Pace, Pacer, parse_speed
from feeds.stream.quality import DataQuality
from feeds.stream.timeline import Moment, closes_of, timeline
from feeds.synthetic_contracts import (
    ExpiryShift,
    SessionTimes,
    Tokens,
    all_instruments,
    chain_of,
    default_session,
    no_shift,
    session_days,
)  # fmt: skip
from feeds.synthetic_market import activity, daily_levels, draw_path, generator
from feeds.synthetic_measured import CALM
from feeds.synthetic_trader import Trader

_CHUNK_ROWS: Final = 100_000
_CHUNK_SECONDS: Final = 60


class SyntheticMarket:
    """The sessions of a configuration as tick blocks.

    `session` gives an instrument's hours on a date, `shift` the actual day of an expiry. Raises
    ConfigError if the configured date has no session.
    """

    def __init__(
        self,
        config: SyntheticConfig,
        *,
        session: SessionTimes = default_session,
        shift: ExpiryShift = no_shift,
        depth: bool = False,
    ) -> None:
        self._config = config
        self._session = session
        self._depth = depth
        calm = CALM if config.book == "measured" else 1.0
        self._levels = daily_levels(
            config.spot, config.annual_volatility * calm, config.sessions, config.seed
        )
        tokens = Tokens()
        self._chains = [
            chain_of(config, day, float(np.exp(level[0])), shift, tokens)
            for day, level in zip(session_days(config, session), self._levels, strict=True)
        ]
        self.universe = Universe(all_instruments(self._chains))

    def blocks(self, rows: int = 65_536) -> Iterator[Ticks]:
        """Yield all sessions in blocks of `rows`."""
        return reblock(self._chunks(), rows)

    def _chunks(self) -> Iterator[Ticks]:
        """Yield spans of market time whose length depends on the configuration alone."""
        for number, (chain, level) in enumerate(zip(self._chains, self._levels, strict=True)):
            rng = generator(self._config.seed, number + 1, 0)
            traders = [
                Trader(self.universe, instrument, chain, times, self._config, number)
                for instrument in chain.instruments
                if (times := self._session(chain.date, instrument)) is not None
            ]
            opens = min(trader.open for trader in traders)
            closes = max(trader.close for trader in traders)
            calm = CALM if self._config.book == "measured" else 1.0
            path = draw_path(rng, level, (opens, closes), self._config.annual_volatility, calm=calm)
            step = self._chunk_seconds(sum(t.is_near for t in traders)) * SECOND_NS
            for at, start in enumerate(range(opens, closes, step)):
                rng = generator(self._config.seed, number + 1, at + 1)
                stop = min(start + step, closes)
                yield _in_order([t.rows(rng, path, start, stop, self._depth) for t in traders])

    def _chunk_seconds(self, instruments: int) -> int:
        rate = self._config.ticks_per_second * instruments * activity(np.zeros(1))[0]
        return int(max(1, min(_CHUNK_SECONDS, _CHUNK_ROWS / rate)))


class SyntheticFeed(OfflineFeed):
    """Feeds a synthetic market to the engine. Raises ConfigError."""

    name: Final = "synthetic"

    def __init__(
        self,
        config: SyntheticConfig,
        *,
        session: SessionTimes = default_session,
        shift: ExpiryShift = no_shift,
        speed: str = "max",
        block_rows: int = 65_536,
        depth: bool = False,
        grace_ns: int = 0,
    ) -> None:
        self._grace_ns = grace_ns
        self.pace: Pace = Pace(parse_speed(speed))
        self._block_rows = block_rows
        self._market = SyntheticMarket(config, session=session, shift=shift, depth=depth)
        self._quality = DataQuality()
        self.has_depth = depth and config.book == "measured"
        self.universe = self._market.universe
        self._session = session

    async def inputs(self) -> AsyncIterator[Input]:
        """Yield the blocks of all sessions in order."""
        pacer = Pacer(self.pace)
        for item in self._timeline():
            if not isinstance(item, Ticks):
                yield item
                continue
            for since, due, piece in pacer.pieces(item):
                await pacer.wait(since, due)
                self._quality.observe(piece)
                yield piece

    def unpaced(self) -> Generator[Input, None, None]:
        """Yield the same without waiting."""
        for each in self._timeline():
            if isinstance(each, Ticks):
                self._quality.observe(each)
            yield each

    def _timeline(self) -> Iterator[Ticks | Moment]:
        closes = closes_of(self.universe, self._close, self._grace_ns)
        return timeline(self._market.blocks(self._block_rows), (), closes)

    def _close(self, instrument: Instrument, date: dt.date) -> int | None:
        span = self._session(date, instrument)
        return None if span is None else span[1]

    def quality(self) -> dict[str, int]:
        """Return counts of anomalies in the rows given so far."""
        return self._quality.counters()


def _in_order(parts: list[Ticks]) -> Ticks:
    block = join(parts)
    return block.take(np.lexsort((block.instrument, block.ts)))
