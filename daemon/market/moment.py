"""The machine's place in its inputs: the time, the input's number, the block in work."""

from __future__ import annotations

import datetime as dt

from daemon.domain.dates import ist_date, ist_day
from daemon.market.rows import Rows


class Moment:
    """The one clock of the core. All times are UTC ns, -1 before the first.

    `stamp` is what events are stamped with: `now`, but for a look back at an earlier time.
    `date` is the Indian date whose ticks come now, None before the first input.
    `due_ts` is when the work in hand was due, 0 if that is now. `is_over` is set while candles of
    a session on an earlier date are shown: no order may follow from them. `feed_last` is the time
    of the last row of the feed, `resumed_ts` that of the row that ended its last silence. `rows`
    is the block in work, None between two inputs; `ticking` the instrument of its row in work.
    """

    __slots__ = (
        "_looks_from", "date", "due_ts", "feed_last", "input_no", "is_over", "now", "resumed_ts",
        "rows", "ticking",
    )  # fmt: skip

    def __init__(self) -> None:
        self.now = -1
        self._looks_from = -1
        self.date: dt.date | None = None
        self.input_no = 0
        self.due_ts = 0
        self.is_over = False
        self.feed_last = -1
        self.resumed_ts = -1
        self.rows: Rows | None = None
        self.ticking = -1

    @property
    def stamp(self) -> int:
        """Return the time that events are stamped with, UTC ns."""
        return self.now if self._looks_from < 0 else self._looks_from

    def look_back(self, ts: int) -> None:
        """Decide as of an earlier time: quotes, belief and gates are those of `ts`."""
        self._looks_from, self.now = self.stamp, ts

    def look_ahead(self) -> None:
        """Return to the present time after a look back."""
        self._looks_from, self.now = -1, self.stamp

    def move_to(self, ts: int) -> None:
        """Set the time."""
        self.now = ts

    def begin_date(self, date: dt.date) -> None:
        """Turn to the ticks of a date."""
        self.date = date

    def take_input(self, number: int) -> None:
        """Set the number of the input in work, which is no row."""
        self.input_no = number
        self.ticking = -1

    # rows

    def begin_rows(self, rows: Rows) -> None:
        """Take a block in work."""
        self.rows = rows

    def reach_row(self, rows: Rows, row: int) -> None:
        """Come to a row, which has not been seen yet: the feed's last is the one before it."""
        if row:
            self.feed_last = int(rows.ts[row - 1])
        self.input_no = rows.input_no(row)
        self.ticking = int(rows.instrument[row])

    def see_row(self, ts: int) -> None:
        """Take the row at `ts` as the feed's last."""
        self.feed_last = ts

    def end_silence(self, ts: int) -> None:
        """Note that the feed is back: quotes from before are not trusted."""
        self.resumed_ts = ts

    def end_rows(self, rows: Rows) -> None:
        """Leave the block behind."""
        self.rows = None
        self.now = self.feed_last = int(rows.ts[-1])

    # what is due

    def booking_date(self) -> dt.date:
        """Return the date of a fill: that of its due time if it was due earlier."""
        return ist_date(self.due_ts or self.now)

    def begin_due(self, due_ts: int, ts: int) -> None:
        """Turn to what was due at `due_ts`, at an input of `ts`."""
        self.due_ts = due_ts if due_ts < ts else 0

    def end_due(self) -> None:
        """Return to what happens now."""
        self.due_ts = 0

    def begin_candles(self, due_ts: int) -> None:
        """Show candles of a boundary; those of an earlier date are of a session that is over."""
        self.is_over = ist_day(due_ts) != ist_day(self.now)

    def end_candles(self) -> None:
        """Return to the session of now."""
        self.is_over = False
