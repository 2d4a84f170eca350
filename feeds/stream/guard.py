"""Watch a live feed: its state, silent instruments, floods, and disagreeing clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.ticks import Int64s, Ticks

FeedState = Literal["connecting", "live", "stale", "reconnecting", "closed"]
LATE_NS: Final = 5 * SECOND_NS
"""A tick that arrives later than this after its exchange time is late."""
FLOOD_TICKS: Final = 1_000
"""Late ticks in one second that make a flood: the backlog of a receiver that had stalled."""
AHEAD_NS: Final = 2 * SECOND_NS
"""Exchange times have whole seconds; one further ahead than this means our clock is wrong."""
_NOTES_MAX: Final = 1_000


class Note(NamedTuple):
    """A feed event for the journal's operations and the log; `ts` is UTC ns."""

    ts: int
    kind: str
    detail: Mapping[str, int | float | str | bool | None]


class _Flood(NamedTuple):
    """Late ticks that arrived together: start (UTC ns), count, longest lag (ns)."""

    since: int
    ticks: int
    lag: int

    def more(self, now: int, ticks: int, lag: int) -> _Flood:
        """Return the flood with the late ticks that arrived at `now` added."""
        return _Flood(self.since if self.ticks else now, self.ticks + ticks, max(self.lag, lag))


_NONE_LATE: Final = _Flood(0, 0, 0)


class FeedGuard:
    """Watches what arrives and when; decides nothing about trades.

    `stale_after_ns` applies to the whole feed, `quiet_after_ns` to one instrument.
    """

    def __init__(self, size: int, *, stale_after_ns: int, quiet_after_ns: int) -> None:
        self._stale_after_ns = stale_after_ns
        self._quiet_after_ns = quiet_after_ns
        self._link: FeedState = "connecting"
        self._state: FeedState = "connecting"
        self._last_sign = -1
        """Time of the last tick or, if later, of the link coming up (UTC ns)."""
        self._seen: Int64s = np.full(size, -1, dtype=np.int64)
        self._ltp: Int64s = np.zeros(size, dtype=np.int64)
        self._notes: list[Note] = []
        self._second = -1
        self._late = _NONE_LATE
        """This second's late ticks, while they are not yet a flood."""
        self._flood: _Flood | None = None
        self._is_skewed = False
        self.reconnects = 0
        self.floods = 0
        self.late_ticks = 0
        self.clock_jumps = 0
        self.notes_lost = 0

    def on_link(self, ts: int, state: FeedState, reason: str = "") -> None:
        """Take a change of the connection's own state."""
        self.reconnects += state == "reconnecting" and self._link != "reconnecting"
        self._link = state
        if state == "live":
            self._last_sign = max(self._last_sign, ts)
        self._enter(ts, state, reason)

    def on_ticks(self, block: Ticks) -> None:
        """Take a block of ticks, all of known instruments."""
        now = int(block.ts[-1])
        self._last_sign = now
        if len(block) == 1:  # usual in a quiet market: scalars take a third of the time of arrays
            instrument = block.instrument[0]
            self._seen[instrument] = now
            self._ltp[instrument] = block.ltp[0]
        else:
            self._seen[block.instrument] = block.ts
            self._ltp[block.instrument] = block.ltp
        if self._state == "stale" or (self._state == "connecting" and self._link == "live"):
            self._enter(now, self._link, "ticks are back" if self._state == "stale" else "")
        if block.exchange_ts is not None:
            self._watch_lag(block, now)

    def check(self, now: int) -> None:
        """Take the passing of time without a tick."""
        if self._flood is not None:
            self._end_flood(now)
        silent = self._last_sign >= 0 and now - self._last_sign > self._stale_after_ns
        if silent and self._state == "live":
            self._enter(now, "stale", "")

    def state(self) -> FeedState:
        """Return the state as of the last tick or check."""
        return self._state

    def last_of(self, instruments: Sequence[int]) -> int:
        """Return the time (UTC ns) at which any of these instruments last ticked, -1 if never."""
        return int(self._seen[list(instruments)].max(initial=-1))

    def last_price(self, instrument: int) -> tuple[int, int]:
        """Return an instrument's last ltp (paise) and its time (UTC ns, -1 if never)."""
        return int(self._ltp[instrument]), int(self._seen[instrument])

    def quiet(self, wanted: Int64s, now: int) -> int:
        """Return how many of these instruments (indices) have not ticked lately, or ever."""
        return int((now - self._seen[wanted] > self._quiet_after_ns).sum())

    def clock_jumped(self, now: int, by_ns: int, cause: str) -> None:
        """Note that the run's time was moved on to `now`, by `by_ns`."""
        self.clock_jumps += 1
        self._note(now, "clock_jump", {"seconds": round(by_ns / SECOND_NS, 3), "cause": cause})

    def note(self, ts: int, kind: str, **detail: int | float | str | bool | None) -> None:
        """Add another event to the journal's operations."""
        self._note(ts, kind, detail)

    def take_notes(self) -> list[Note]:
        """Return the notes since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def counters(self) -> dict[str, int]:
        """Return counts since the start."""
        return {
            "reconnects": self.reconnects,
            "floods": self.floods,
            "late_ticks": self.late_ticks,
            "clock_jumps": self.clock_jumps,
            "notes_lost": self.notes_lost,
        }

    def _enter(self, ts: int, state: FeedState, reason: str) -> None:
        if state == self._state and not reason:
            return
        self._note(ts, "feed_state", {"from": self._state, "to": state, "reason": reason})
        self._state = state

    def _watch_lag(self, block: Ticks, now: int) -> None:
        assert block.exchange_ts is not None
        if len(block) == 1:
            stamp = int(block.exchange_ts[0])
            if stamp <= 0:
                return
            least = longest = now - stamp
            late = int(longest > LATE_NS)
        else:
            lag = (block.ts - block.exchange_ts)[block.exchange_ts > 0]
            if not len(lag):
                return
            least, longest = int(lag.min()), int(lag.max())
            late = int((lag > LATE_NS).sum()) if longest > LATE_NS else 0
        self._watch_skew(now, least)
        if now // SECOND_NS != self._second:
            if self._flood is not None and not late:
                self._end_flood(now)
            self._second, self._late = now // SECOND_NS, _NONE_LATE
        if not late:
            return
        self.late_ticks += late
        if self._flood is not None:
            self._flood = self._flood.more(now, late, longest)
            return
        self._late = self._late.more(now, late, longest)
        if self._late.ticks >= FLOOD_TICKS:
            self.floods += 1
            self._flood = self._late

    def _watch_skew(self, now: int, least: int) -> None:
        """Note when ticks start to come from the future: this machine's clock is then behind."""
        if (least < -AHEAD_NS) == self._is_skewed:
            return
        self._is_skewed = not self._is_skewed
        if self._is_skewed:
            self._note(now, "clock_behind", {"seconds": round(-least / SECOND_NS, 3)})

    def _end_flood(self, now: int) -> None:
        assert self._flood is not None
        since, ticks, lag = self._flood
        self._flood = None
        detail = {"since": since, "ticks": ticks, "longest_lag_s": round(lag / SECOND_NS, 3)}
        self._note(now, "flood", detail)

    def _note(
        self, ts: int, kind: str, detail: Mapping[str, int | float | str | bool | None]
    ) -> None:
        if len(self._notes) >= _NOTES_MAX:
            self.notes_lost += 1
            return
        self._notes.append(Note(ts, kind, detail))
