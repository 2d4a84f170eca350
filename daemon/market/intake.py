"""Turn a block as delivered into rows that the engine takes (SEMANTICS, "Ticks").

Everything that can be checked without the engine's state is checked here, by column: refusals (each
row once, by its first reason), books that make no sense, rows outside their session, and the few
rows that need more care than the scan gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import DAY_NS, ist_date
from daemon.domain.ticks import ABSENT, NOT_PAISE, Int32s, Int64s, Ticks
from daemon.market.agenda import NEVER
from daemon.market.off_bar_rows import find_off_bar_rows
from daemon.market.plain_row import FUTURE_MAX_NS, PlainRows
from daemon.market.refused_rows import OutsideRows, RowExample, example
from daemon.market.rows import Rows
from daemon.market.schedule import Schedule, midnight_after

REFUSALS: Final = ("unknown_instrument", "bad_price", "not_paise", "late", "future")


class Intake:
    """Check blocks by column; count what is refused or dropped.

    `grid_ns` is the greatest common divisor of the timeframes in use, 0 if no candles are made.
    """

    def __init__(
        self, schedule: Schedule, size: int, *, stale_after_ns: int, grace_ns: int, grid_ns: int = 0
    ) -> None:
        self._schedule = schedule
        self._size = size
        self._stale_after_ns = stale_after_ns
        self._grace_ns = grace_ns
        self._grid_ns = grid_ns
        self._plain = PlainRows(
            size, stale_after_ns=stale_after_ns, grace_ns=grace_ns, grid_ns=grid_ns
        )
        self.refused = dict.fromkeys(REFUSALS, 0)
        self.first_refused: dict[str, RowExample] = {}
        """The first row that was refused for each reason that occurred."""
        self.outside = OutsideRows()
        self.dropped_books = 0
        self.bad_sides = 0
        self.rows = 0
        self.gaps = 0
        self.longest_gap_ns = 0

    @property
    def outside_session(self) -> int:
        """Return how many accepted rows were outside their instrument's session."""
        return self.outside.count

    def accept(
        self, block: Ticks, *, first_input_no: int, now: int, feed_last: int
    ) -> Iterable[Rows]:
        """Return the accepted rows, one `Rows` for a date, each judged when it is asked for.

        `now` and `feed_last` are UTC ns, -1 for none.
        """
        self.rows += len(block)
        if len(block) == 1:
            plain = self._plain.take(block, first_input_no, now, feed_last, self.outside.day)
            if plain is not None:
                return (plain,)
        return self._accept_columns(block, first_input_no, now, feed_last)

    def _accept_columns(
        self, block: Ticks, first_input_no: int, now: int, feed_last: int
    ) -> Iterator[Rows]:
        offsets: npt.NDArray[np.intp] | None = None
        longest = self._longest_step(block, now)
        if longest is None:
            offsets = np.flatnonzero(self._judge(block, now))
            block = block.take(offsets)
            longest = NEVER
        start = 0
        while start < len(block):
            midnight = midnight_after(int(block.ts[start]))
            stop = int(np.searchsorted(block.ts, midnight)) if block.ts[-1] >= midnight else None
            part = block.rows(start, len(block) if stop is None else stop)
            part_offsets = None if offsets is None else offsets[start : start + len(part)]
            base = first_input_no + (start if offsets is None else 0)
            rows_before = self.rows - len(block) + start
            yield self._prepare(part, base, part_offsets, feed_last, longest, rows_before)
            feed_last = int(part.ts[-1])
            start += len(part)

    def _longest_step(self, block: Ticks, now: int) -> int | None:
        """Return the longest time (ns) from row to row if all are accepted; None if unsure."""
        ts = block.ts
        first, last = int(ts[0]), int(ts[-1])
        if first < now or last > (first if now < 0 else now) + FUTURE_MAX_NS:
            return None
        if block.ltp.min() <= 0 or block.instrument.view(np.uint32).max() >= self._size:
            return None
        return block.longest_step()

    def _judge(self, block: Ticks, now: int) -> npt.NDArray[np.bool_]:
        """Return which rows are accepted; each other row is counted by its first reason."""
        unknown = (block.instrument < 0) | (block.instrument >= self._size)
        bad = ~unknown & (block.ltp <= 0)
        not_paise = bad & (block.ltp == NOT_PAISE)
        keep = ~(unknown | bad)
        self._refuse("unknown_instrument", block, np.flatnonzero(unknown), now)
        self._refuse("not_paise", block, np.flatnonzero(not_paise), now)
        self._refuse("bad_price", block, np.flatnonzero(bad & ~not_paise), now)
        rows = np.flatnonzero(keep)
        sound = Ticks(ts=block.ts[rows], instrument=block.instrument[rows], ltp=block.ltp[rows])
        keep[keep] = self._in_time(sound, now)
        return keep

    def _refuse(self, reason: str, block: Ticks, rows: npt.NDArray[np.intp], reached: int) -> None:
        """Count rows and keep the first of its reason; `reached` is the time reached before it."""
        if len(rows):
            self.first_refused.setdefault(reason, example(block, int(rows[0]), reached))
            self.refused[reason] += len(rows)

    def _in_time(self, sound: Ticks, now: int) -> npt.NDArray[np.bool_]:
        """Return which rows advance the time, and not too far; refused rows do not advance it."""
        ts = sound.ts
        if not len(ts):
            return np.ones(0, dtype=np.bool_)
        if int(ts.max()) <= (int(ts[0]) if now < 0 else now) + FUTURE_MAX_NS:
            # none is too far ahead, so the clock at a row is the latest time before it
            before = np.maximum.accumulate(np.concatenate(([now], ts[:-1])))
            on_time: npt.NDArray[np.bool_] = ts >= before
            late = np.flatnonzero(~on_time)
            self._refuse("late", sound, late, int(before[late[0]]) if len(late) else 0)
            return on_time
        return self._in_time_one_by_one(sound, now)

    def _in_time_one_by_one(self, sound: Ticks, now: int) -> npt.NDArray[np.bool_]:
        """Check row by row where one may be too far ahead; later rows are judged without it."""
        keep = np.ones(len(sound), dtype=np.bool_)
        last = now
        for row, at in enumerate(sound.ts.tolist()):
            reason = ""
            if at < last:
                reason = "late"
            elif last >= 0 and at > last + FUTURE_MAX_NS:
                reason = "future"
            if reason:
                keep[row] = False
                self._refuse(reason, sound, np.array([row]), last)
            else:
                last = at
        return keep

    def _prepare(
        self,
        part: Ticks,
        base: int,
        offsets: npt.NDArray[np.intp] | None,
        feed_last: int,
        longest_step: int,
        rows_before: int,
    ) -> Rows:
        sides = self._clean_sides(part)
        instrument = self._without_closed(part, rows_before)
        special: set[int] = set()
        gaps: frozenset[int] = frozenset()
        first_step = 0 if feed_last < 0 else int(part.ts[0]) - feed_last
        if max(first_step, longest_step) > self._stale_after_ns:
            gaps = frozenset(self._find_gaps(part, feed_last))
            special.update(gaps)
        bar_ts = self._bar_times(part) if self._grid_ns else None
        if bar_ts is not None:
            special.update(self._off_bar_rows(part.ts, bar_ts, instrument))
        return Rows(
            part, base, offsets, instrument=instrument, sides=sides, bar_ts=bar_ts, gaps=gaps,
            special=sorted(special) if special else (),
        )  # fmt: skip

    def _clean_sides(self, part: Ticks) -> tuple[Int64s | None, Int64s | None]:
        """Return bid and ask, 0 for a side that is no price; a crossed book has neither.

        Every mark for what is no price is negative, so a side is there if it is above 0.
        """
        bid, ask = part.bid, part.ask
        if bid is None and ask is None:
            return None, None
        if bid is None or ask is None:
            absent = np.full(len(part), ABSENT, dtype=np.int64)
            bid = absent if bid is None else bid
            ask = absent if ask is None else ask
        if bid.min() > 0 and (ask >= bid).all():
            return bid, ask
        crossed = (bid > ask) & (ask > 0)
        self.dropped_books += int(np.count_nonzero(crossed))
        self.bad_sides += _bad_sides(bid) + _bad_sides(ask)
        return np.where((bid <= 0) | crossed, 0, bid), np.where((ask <= 0) | crossed, 0, ask)

    def _without_closed(self, part: Ticks, rows_before: int) -> Int32s:
        """Return the instruments, with the idle book's for rows outside their session."""
        day = self._schedule.day(ist_date(int(part.ts[0])))
        if day is not self.outside.day:
            self.outside.begin(day, rows_before)
        instrument = part.instrument
        if part.ts[0] >= day.latest_open and part.ts[-1] < day.earliest_close:
            return instrument
        opens, closes = day.opens[instrument], day.closes[instrument]
        outside = (part.ts < opens) | (part.ts >= closes)
        self.outside.add(part, outside)
        return np.where(outside, self._size, instrument).astype(np.int32)

    def _find_gaps(self, part: Ticks, feed_last: int) -> list[int]:
        """Return rows that end a silence of the whole feed; silences over night do not count."""
        before = np.empty_like(part.ts)
        before[0] = feed_last if feed_last >= 0 else part.ts[0]
        before[1:] = part.ts[:-1]
        silence = part.ts - before
        if silence.max() <= self._stale_after_ns:
            return []
        rows = np.flatnonzero(silence > self._stale_after_ns)
        midnight = midnight_after(int(part.ts[0])) - DAY_NS
        counted = rows[before[rows] >= midnight]
        if len(counted):
            self.gaps += len(counted)
            self.longest_gap_ns = max(self.longest_gap_ns, int(silence[counted].max()))
        return [int(row) for row in rows]

    def _bar_times(self, part: Ticks) -> Int64s | None:
        """Return the time that decides each row's bar; None if every bar is the open one."""
        ts, exchange_ts = part.ts, part.exchange_ts
        if exchange_ts is not None and exchange_ts.max() > 0:
            bar_ts = np.minimum(exchange_ts, ts)
            return np.where(exchange_ts > 0, bar_ts, ts) if exchange_ts.min() <= 0 else bar_ts
        return ts if self._grace_ns else None

    def _off_bar_rows(self, ts: Int64s, bar_ts: Int64s, instrument: Int32s) -> list[int]:
        """Return the rows whose own bar is not the one that is open when they come."""
        day = self._schedule.day(ist_date(int(ts[0])))
        found: list[int] = find_off_bar_rows(
            bar_ts, ts, instrument, day, grid_ns=self._grid_ns, grace_ns=self._grace_ns
        ).tolist()
        return found


def _bad_sides(side: Int64s) -> int:
    """Count sides that are negative, infinite or not whole paise; 0 and ABSENT are just empty."""
    return int(np.count_nonzero((side < 0) & (side != ABSENT)))
