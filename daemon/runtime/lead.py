"""The leader of a pass: it takes an input first, and its followers use what it found out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from daemon.clockwork.paper_engine import PIECE_ROWS
from daemon.domain.candle import Candle
from daemon.domain.inputs import Input
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies
from daemon.market.rows import Rows
from daemon.market.shared_market import SharedMarket
from daemon.plans.terms.plan import Plans
from daemon.rules import Rulebook
from daemon.runtime.machine import paper_engine
from daemon.runtime.minute_equity import PricedMinute
from daemon.runtime.series import PriceSampler
from daemon.settings.config import Config


class Led(NamedTuple):
    """An input as followers take it."""

    item: Input
    rows: Sequence[Rows]
    """Of a block the rows that were accepted; nothing of any other input."""
    input_no: int
    minutes: Sequence[PricedMinute]
    """The minutes of the rows, for the equity of each follower."""


class Lead:
    """An engine without orders that makes the candles of its followers and judges their rows.

    Followers have one `stale_after_s` and want the same candles (`timeframes`), so that each finds
    what it would find by itself.
    """

    def __init__(
        self,
        config: Config,
        rules: Rulebook,
        universe: Universe,
        timeframes: Mapping[str, frozenset[int]],
    ) -> None:
        self.market = SharedMarket(len(universe) + 1)
        self._sampler = PriceSampler(universe)
        self._rows: list[Rows] = []
        self.engine = paper_engine(
            replace(config, plans=Plans()), rules, universe, _CandleTap(timeframes, self.market),
            on_rows=self._observe,
        )  # fmt: skip
        self.engine.bars.tell_late(self.market.note_late)

    def take(self, item: Input) -> Led:
        """Take an input, of at most `PIECE_ROWS` rows if it is a block."""
        self.market.begin_input()
        self._rows = []
        self.engine.handle(item)
        return Led(item, self._rows, self.engine.input_no, list(self._sampler.priced()))

    def _observe(self, rows: Rows) -> None:
        self._rows.append(rows)
        self._sampler.observe(rows)


class _CandleTap(NoStrategies):
    """Wants candles, and puts them into a market."""

    def __init__(self, wanted: Mapping[str, frozenset[int]], market: SharedMarket) -> None:
        super().__init__()
        self.subscriptions = dict(wanted)
        self._market = market

    def on_candles(self, candles: Sequence[Candle], desk: Any, /) -> list[OrderIntent]:
        """Put them into the market, want nothing."""
        self._market.close(candles)
        return []


def pieces(inputs: Iterator[Input]) -> Iterator[Input]:
    """Yield the inputs, a large block in pieces of the size that the engine takes at once."""
    for item in inputs:
        if isinstance(item, Ticks) and len(item) > PIECE_ROWS:
            for start in range(0, len(item), PIECE_ROWS):
                yield item.rows(start, min(start + PIECE_ROWS, len(item)))
        else:
            yield item
