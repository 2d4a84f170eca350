"""From a block as it was delivered to rows that the engine takes (semantics.md section 2).

Everything that can be judged without the engine's state is judged here, by column: refusals
(each row once, by its first reason), books that make no sense, rows outside their session, and
the few rows that need more care than the scan gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Final

import numpy as np
import numpy.typing as npt

from daemon.domain.dates import DAY_NS, ist_date
from daemon.domain.ticks import ABSENT, NOT_PAISE, WALK_NONE, Int64s, Ticks
from daemon.market.agenda import NEVER
from daemon.market.left_out import OutsideRows, RowExample, example
from daemon.market.off_bar_rows import find_foreign
from daemon.market.schedule import Schedule, midnight_after

FUTURE_MAX_NS: Final = 400 * DAY_NS
REFUSALS: Final = ("unknown_instrument", "bad_price", "not_paise", "late", "future")


RowTuple = tuple[int, int, int, int, int]


class Rows:
    """Accepted rows of one date, as columns; single values and the scan's lists come from them.

    `instrument` is the number of instruments (the idle book) for a row outside its session.
    `special` are the rows, in order, that the engine must take by itself: the first after a
    silence, and those whose bar is not the one that is open. `input_no` of row k is
    `first_input_no + offsets[k]`.
    """

    __slots__ = (
        "_offsets", "ask", "bar_ts", "bid", "first_input_no", "gaps", "instrument", "ltp", "other",
        "special", "ts", "volume", "walk",
    )  # fmt: skip

    def __init__(
        self, block: Ticks, first_input_no: int, offsets: npt.NDArray[np.intp] | None
    ) -> None:
        self.ts = block.ts
        self.instrument = block.instrument
        # a candle's extremes may change places, which the feed's own block must not see
        self.ltp = block.ltp if block.walk is None else block.ltp.copy()
        self.volume = block.volume
        self.bid = block.bid
        self.ask = block.ask
        self.walk = block.walk
        self.other = block.other
        self.bar_ts: Int64s | None = None
        self.gaps: frozenset[int] = frozenset()
        self.special: list[int] = []
        self.first_input_no = first_input_no
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self.ts)

    def input_no(self, row: int) -> int:
        """The number of the input that this row is."""
        offset = row if self._offsets is None else int(self._offsets[row])
        return self.first_input_no + offset

    def volume_at(self, row: int) -> int:
        """The cumulative volume of a row, -1 if it has none."""
        return -1 if self.volume is None else int(self.volume[row])

    def cursor(self, start: int, stop: int) -> Iterator[RowTuple]:
        """(row, ts, instrument, ltp, volume) of the rows [start, stop), once."""
        volumes = repeat(-1) if self.volume is None else self.volume[start:stop].tolist()
        return zip(
            range(start, stop),
            self.ts[start:stop].tolist(),
            self.instrument[start:stop].tolist(),
            self.ltp[start:stop].tolist(),
            volumes,
            strict=False,
        )

    def first_at(self, ts: int, start: int, stop: int) -> int:
        """The first row of [start, stop) at or after `ts`, `stop` if there is none."""
        return start + int(self.ts[start:stop].searchsorted(ts))


class Intake:
    """Counts what it refuses or drops; keeps the time of the last accepted row."""

    def __init__(
        self, schedule: Schedule, size: int, *, stale_after_ns: int, grace_ns: int
    ) -> None:
        self._schedule = schedule
        self._size = size
        self._stale_after_ns = stale_after_ns
        self._grace_ns = grace_ns
        self.grid_ns = 0
        """The greatest common divisor of the timeframes in use; 0 = no candles are made."""
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
    ) -> Iterator[Rows]:
        """The accepted rows, one `Rows` per date. `now` and `feed_last` are UTC ns, -1 = none."""
        self.rows += len(block)
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
        """The longest time (ns) from row to row if all rows are accepted; None if unsure."""
        ts, ltp = block.ts, block.ltp
        first, last = int(ts[0]), int(ts[-1])
        if first < now or last > (first if now < 0 else now) + FUTURE_MAX_NS:
            return None
        if ltp.min() <= 0 or block.instrument.view(np.uint32).max() >= self._size:
            return None
        steps = ts[1:] - ts[:-1]
        # Read as unsigned, a step back is longer than all others. Where steps are so long that
        # differences may have wrapped around, `_judge` compares the times themselves.
        longest = int(steps.view(np.uint64).max(initial=0))
        return longest if first + longest * len(ts) < NEVER else None

    def _judge(self, block: Ticks, now: int) -> npt.NDArray[np.bool_]:
        """Which rows are accepted; each of the others is counted by its first reason."""
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

    def _refuse(self, reason: str, block: Ticks, rows: npt.NDArray[np.intp], clock: int) -> None:
        """Count rows and keep the first of its reason; `clock` is the time reached before it."""
        if len(rows):
            self.first_refused.setdefault(reason, example(block, int(rows[0]), clock))
            self.refused[reason] += len(rows)

    def _in_time(self, sound: Ticks, now: int) -> npt.NDArray[np.bool_]:
        """Which of these rows move the clock on and not too far; a refused one moves no clock."""
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
        """The same where a row may be too far ahead, and those after it are judged without it."""
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
        self._clean_books(part)
        self._leave_out_closed(part, rows_before)
        rows = Rows(part, base, offsets)
        first_step = 0 if feed_last < 0 else int(part.ts[0]) - feed_last
        special: set[int] = set()
        if max(first_step, longest_step) > self._stale_after_ns:
            rows.gaps = frozenset(self._find_gaps(part, feed_last))
            special.update(rows.gaps)
        if part.walk is not None:
            special.update(np.flatnonzero(part.walk != WALK_NONE).tolist())
        if self.grid_ns and (part.exchange_ts is not None or self._grace_ns):
            special.update(self._find_foreign_bars(part, rows))
        rows.special = sorted(special)
        return rows

    def _clean_books(self, part: Ticks) -> None:
        """A side that is no price becomes 0 (absent) and leaves the other; a crossed book has none.

        Every mark for what is no price is negative, so a side is there if it is above 0.
        """
        if part.bid is None and part.ask is None:
            return
        if part.bid is None or part.ask is None:
            absent = np.full(len(part), ABSENT, dtype=np.int64)
            part.bid = absent if part.bid is None else part.bid
            part.ask = absent if part.ask is None else part.ask
        bid, ask = part.bid, part.ask
        if bid.min() > 0 and (ask >= bid).all():
            return
        crossed = (bid > ask) & (ask > 0)
        self.dropped_books += int(np.count_nonzero(crossed))
        self.bad_sides += _bad_sides(bid) + _bad_sides(ask)
        part.bid = np.where((bid <= 0) | crossed, 0, bid)
        part.ask = np.where((ask <= 0) | crossed, 0, ask)

    def _leave_out_closed(self, part: Ticks, rows_before: int) -> None:
        """Rows outside their instrument's session go to the idle book."""
        day = self._schedule.day(ist_date(int(part.ts[0])))
        if day is not self.outside.day:
            self.outside.begin(day, rows_before)
        if part.ts[0] >= day.latest_open and part.ts[-1] < day.earliest_close:
            return
        opens, closes = day.opens[part.instrument], day.closes[part.instrument]
        outside = (part.ts < opens) | (part.ts >= closes)
        self.outside.add(part, outside)
        part.instrument = np.where(outside, self._size, part.instrument).astype(np.int32)

    def _find_gaps(self, part: Ticks, feed_last: int) -> list[int]:
        """Rows that end a silence of the whole feed; silences over night are not counted."""
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

    def _find_foreign_bars(self, part: Ticks, rows: Rows) -> list[int]:
        """Rows whose own bar is not the one that is open when they come; sets their times."""
        ts, exchange_ts = part.ts, part.exchange_ts
        bar_ts = ts
        if exchange_ts is not None and exchange_ts.max() > 0:
            bar_ts = np.minimum(exchange_ts, ts)
            if exchange_ts.min() <= 0:
                bar_ts = np.where(exchange_ts > 0, bar_ts, ts)
        elif not self._grace_ns:
            return []
        rows.bar_ts = bar_ts
        day = self._schedule.day(ist_date(int(ts[0])))
        found: list[int] = find_foreign(
            bar_ts, ts, part.instrument, day, grid_ns=self.grid_ns, grace_ns=self._grace_ns
        ).tolist()
        return found


def _bad_sides(side: Int64s) -> int:
    """Count sides that are negative, infinite or not whole paise; 0 and ABSENT are just empty."""
    return int(np.count_nonzero((side < 0) & (side != ABSENT)))
