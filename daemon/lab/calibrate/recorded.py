"""Read recordings once, and keep the quotes around given times."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Final

import msgspec
import numpy as np

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.domain.ticks import Int64s
from daemon.lab.calibrate.quotes import Piece, Places, QuoteColumns, Silences, joined
from daemon.lab.calibrate.real_order import RealOrder
from daemon.market.intake import Intake
from daemon.market.rows import Rows
from daemon.market.schedule import Schedule
from feeds.replay import Recording

Span = tuple[int, int]
_MAX_TS: Final = 1 << 62
_HALF_A_SECOND_NS: Final = SECOND_NS // 2
_SPOT_MAX_AGE_NS: Final = MINUTE_NS


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What recordings show around the times that were asked for."""

    quotes: Mapping[int, QuoteColumns]
    """By instrument; one without any row there is absent."""
    silences: Silences
    universe: Universe
    dates: frozenset[str]
    """ISO dates of the sessions that have rows."""

    def contract(self, order: RealOrder) -> Instrument:
        """Return the contract of an order whose symbol is in the recordings."""
        at = self.universe.index_of(order.symbol)
        assert at is not None, order.symbol
        return self.universe[at]

    def spot(self, order: RealOrder) -> float:
        """Return the last price of an order's underlying then, paise; NaN where not recorded."""
        at = underlying_of(self.contract(order), self.universe)
        quotes = None if at is None else self.quotes.get(at)
        if quotes is None:
            return math.nan
        row = int(quotes.last_at(order.moment_ts + _HALF_A_SECOND_NS))
        is_recent = row >= 0 and order.moment_ts - quotes.ts[row] < _SPOT_MAX_AGE_NS
        return float(quotes.ltp[row]) if is_recent else math.nan


def underlying_of(contract: Instrument, universe: Universe) -> int | None:
    """Return the index or share under a contract, else its first future, None without any."""
    spot = universe.index_of(INDEX_SYMBOLS.get(contract.name, contract.name))
    if spot is not None:
        return spot
    futures = [
        (instrument.expiry, at)
        for at, instrument in enumerate(universe)
        if instrument.instrument_type == "FUT" and instrument.name == contract.name
    ]
    return min(futures)[1] if futures else None


class Gatherer:
    """Take blocks of rows; keep those of the instruments and spans that are asked for.

    `spans` are sorted and do not overlap; the rows next to them are kept too.
    """

    def __init__(
        self,
        universe: Universe,
        schedule: Schedule,
        spans: Mapping[int, Sequence[Span]],
        *,
        stale_after_ns: int,
    ) -> None:
        self._universe = universe
        self._schedule = schedule
        self._intake = Intake(schedule, len(universe), stale_after_ns=stale_after_ns, grace_ns=0)
        self._stale_after_ns = stale_after_ns
        self._spans = {at: np.array(each, dtype=np.int64).T for at, each in spans.items()}
        self._pieces: dict[int, list[Piece]] = defaultdict(list)
        self._days: dict[int, set[int]] = defaultdict(set)
        self._dates: set[str] = set()
        self._last_ts = -1
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, recording: Recording) -> Recorded:
        """Read a recording to its end. Raises FeedError where it is damaged."""
        with closing(recording.blocks()) as blocks:
            for block in blocks:
                for rows in self._intake.accept(
                    block, first_input_no=1, now=self._last_ts, feed_last=self._last_ts
                ):
                    self._take(rows)
        silences = Silences(
            starts=np.array([*self._starts, self._last_ts], dtype=np.int64),
            ends=np.array([*self._ends, _MAX_TS], dtype=np.int64),
            stale_after_ns=self._stale_after_ns,
        )
        quotes = {
            at: joined(self._universe[at], pieces, sorted(self._days[at]))
            for at, pieces in self._pieces.items()
        }
        return Recorded(
            quotes=quotes, silences=silences, universe=self._universe,
            dates=frozenset(self._dates),
        )  # fmt: skip

    def _take(self, rows: Rows) -> None:
        if not len(rows):
            return
        for row in sorted(rows.gaps):
            self._starts.append(int(rows.ts[row - 1]) if row else self._last_ts)
            self._ends.append(int(rows.ts[row]))
        self._last_ts = int(rows.ts[-1])
        day = self._schedule.day(ist_date(self._last_ts))
        present = np.bincount(rows.instrument, minlength=len(self._universe) + 1)
        if present[:-1].any():
            self._dates.add(day.date.isoformat())
        for at, spans in self._spans.items():
            if present[at]:
                self._days[at].add(int(day.opens[at]))
                kept = _kept(rows, at, spans)
                self._pieces[at].append(_piece(rows, kept))


def _kept(rows: Rows, instrument: int, spans: Int64s) -> Places:
    """Return the rows of an instrument to keep: in spans, next to them, and at its ends here."""
    own = np.flatnonzero(rows.instrument == instrument)
    ts = rows.ts[own]
    begins = np.maximum(np.searchsorted(ts, spans[0], side="left") - 1, 0)
    ends = np.minimum(np.searchsorted(ts, spans[1], side="right") + 1, len(own))
    edges = np.zeros(len(own) + 1, dtype=np.int64)
    np.add.at(edges, begins, 1)
    np.add.at(edges, ends, -1)
    keep = np.cumsum(edges[:-1]) > 0
    keep[0] = keep[-1] = True
    return own[keep]


def _piece(rows: Rows, kept: Places) -> Piece:
    nothing = np.zeros(len(kept), dtype=np.int64)
    sent = rows.sent
    return Piece(
        rows.ts[kept], rows.ltp[kept],
        nothing if rows.bid is None else rows.bid[kept],
        nothing if rows.ask is None else rows.ask[kept],
        nothing if sent.ltq is None else sent.ltq[kept],
        nothing - 1 if rows.volume is None else rows.volume[kept],
        None if sent.depth is None else sent.depth[kept],
    )  # fmt: skip


def merged_spans(spans: Iterable[Span]) -> list[Span]:
    """Return spans of time in order, those that touch as one."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
