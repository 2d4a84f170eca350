"""Turn Kite's live ticks into a feed: frames in, inputs out, in order of arrival."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date
from daemon.domain.inputs import Clock, Gap, Input, Settlement
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError
from daemon.settings.config import KiteConfig
from feeds.kite.frames import FrameDecoder, FrameError
from feeds.kite.socket import LinkState
from feeds.kite.sockets import TickerSockets
from feeds.kite.wire import HEADER
from feeds.live.inbox import Frame, FrameInbox
from feeds.live.live_time import ExchangeTime, FeedTime, Jump, WallTime
from feeds.live.watchlist import Watchlist
from feeds.stream.depth_faults import DepthFaults
from feeds.stream.guard import FeedGuard, Note
from feeds.stream.timeline import Closes

SILENCE_S: Final = 0.25
"""Time without a frame after which the engine gets a Clock input (SEMANTICS, "Inputs and time")."""
CHECK_NS: Final = SECOND_NS
SETTLE_AFTER_NS: Final = 5 * MINUTE_NS
"""Wait after the last close of an expiry day: by then the index shows its closing value."""


class KiteFeed:
    """Yields ticks, the passing of time, and gaps, while its sockets run alongside.

    `first` are inputs that come before all others. `missed_since` is when an earlier process of the
    day took its last input (UTC ns, 0 = none); the time since then is a gap. `keep_right` makes
    `now_ns` follow the machine's clock and returns what time was missed.
    """

    name: Final = "kite"

    def __init__(
        self,
        universe: Universe,
        watchlist: Watchlist,
        *,
        config: KiteConfig,
        guard: FeedGuard,
        make_sockets: Callable[[FrameInbox, Callable[[int, LinkState, str], None]], TickerSockets],
        now_ns: Callable[[], int],
        keep_right: Callable[[], Jump | None],
        closes: Closes,
        first: Sequence[Input] = (),
        missed_since: int = 0,
        ends: bool = True,
    ) -> None:
        self.universe = universe
        self.guard = guard
        self.held: Callable[[], Iterable[int]] = tuple
        self.looked_at: Callable[[], Iterable[int]] = tuple
        """Returns the instruments (indices) of positions and waiting orders; set by the engine's
        owner."""
        self.is_over = False
        """True once the day's last session has ended."""
        self._config = config
        self._watchlist = watchlist
        self._inbox = FrameInbox(now_ns)
        self._sockets = make_sockets(self._inbox, self._on_link)
        self.has_depth = config.mode == "full"
        self._decoder = FrameDecoder(universe, depth=self.has_depth)
        self._depth_faults = DepthFaults()
        self._depth_faults.grow(len(universe))
        self._time: FeedTime = (
            ExchangeTime(now_ns) if config.clock == "exchange" else WallTime(now_ns, keep_right)
        )
        self._day = _Day(universe, closes) if ends else None
        self._first = tuple(first)
        self._links: dict[int, LinkState] = {}
        self._missed: dict[int, int] = {-1: missed_since} if missed_since else {}
        self._wanted: frozenset[int] = frozenset()
        self._next_check = 0
        self._refused: Counter[str] = Counter()
        self._frames = 0
        self._quiet = 0
        self._want()

    async def run(self) -> None:
        """Keep the connections up.

        Raises TokenRefused, or what reading the credentials raises.
        """
        await self._sockets.run()

    async def inputs(self) -> AsyncIterator[Input]:
        """Yield inputs until the day's last session is over; times never go back.

        Raises ClockError if the machine's clock was set back, or if the day ended while the machine
        was suspended.
        """
        for item in self._first:
            yield item
        while not self.is_over:
            block = await self._next_block()
            first = self._next_check if block is None else int(block.ts[0])
            if first >= self._next_check and (jump := self._time.jump()) is not None:
                yield self._skip(jump, block)
                block = None
            if block is not None:
                for gap in self._gaps(first):
                    yield gap
                self.guard.on_ticks(block)
                self._follow(block)
                yield block
            now = self._time.now()
            if now < 0:
                continue
            self.is_over = self._day is not None and self._day.is_over(now)
            if block is None or self.is_over:
                self._time.advance_to(now)
                yield Clock(ts=now)
            if now >= self._next_check or block is None:
                self._check(now)
            if self._day is not None and self.is_over:
                for item in self._day.settlements(self.guard, self._watchlist.spots, now):
                    yield item

    def wake(self) -> None:
        """Give the next input now, a Clock in a silent market: somebody waits between two."""
        self._inbox.wake()

    def state(self) -> str | None:
        """Return the guard's state."""
        return self.guard.state()

    def take_notes(self) -> list[Note]:
        """Return the feed's events since the last call."""
        return self.guard.take_notes()

    def quality(self) -> dict[str, int]:
        """Return counts since the start; packets that gave no tick are counted by reason."""
        return {
            "frames": self._frames,
            "quiet_instruments": self._quiet,
            "subscribed": len(self._wanted),
            "inbox_full": self._inbox.times_full,
            **self.guard.counters(),
            **self._depth_faults.rows,
            **{f"packets_{reason}": count for reason, count in sorted(self._all_refused().items())},
        }

    def _all_refused(self) -> Counter[str]:
        return self._refused + Counter(self._time.refused)

    # frames

    async def _next_block(self) -> Ticks | None:
        """Return the next ticks, None after `SILENCE_S` without any, whatever else has come."""
        until = time.monotonic() + SILENCE_S
        wait_s = SILENCE_S
        while wait_s > 0:
            frames = await self._inbox.take(wait_s)
            if not frames:
                return None
            block = self._decode(frames)
            if block is not None:
                return block
            wait_s = until - time.monotonic()
        return None

    def _decode(self, frames: list[Frame]) -> Ticks | None:
        self._frames += len(frames)
        try:
            decoded = self._decoder.decode(frames)
        except FrameError:
            readable = [frame for frame in frames if len(frame.data) >= HEADER]
            self._refused["bad_frame"] += len(frames) - len(readable)
            decoded = self._decoder.decode(readable)
        if decoded.refused:
            self._refused.update(decoded.refused)
        if decoded.trailing:
            self._refused["trailing_bytes"] += decoded.trailing
        block = decoded.ticks
        if block is None:
            return None
        if block.depth is not None:
            self._depth_faults.observe(block.depth, block.instrument)
        return self._time.stamp(block)

    # what is subscribed

    def _follow(self, block: Ticks) -> None:
        moved = False
        only = int(block.instrument[0]) if len(block) == 1 else -1
        for spot in self._watchlist.spots.values():
            if only >= 0:
                if only == spot:
                    moved |= self._watchlist.follow(spot, int(block.ltp[0]))
                continue
            rows = np.flatnonzero(block.instrument == spot)
            if len(rows):
                moved |= self._watchlist.follow(spot, int(block.ltp[rows[-1]]))
        if moved:
            self._want()

    def _want(self) -> None:
        wanted = self._watchlist.wanted(self.held(), self.looked_at())
        if wanted == self._wanted:
            return
        self._wanted = wanted
        mode = self._config.mode
        self._sockets.want(
            {self.universe[index].instrument_token: mode for index in sorted(wanted)}
        )

    def _check(self, now: int) -> None:
        """Once a second, update what is subscribed and how many instruments are quiet."""
        self._next_check = now + CHECK_NS
        self._want()
        for text in self._watchlist.take_notes():
            self.guard.note(now, "window", text=text)
        self.guard.check(now)
        self._quiet = self.guard.quiet(np.array(sorted(self._wanted), dtype=np.int64), now)

    # links and gaps

    def _on_link(self, number: int, state: LinkState, reason: str) -> None:
        before, self._links[number] = self._links.get(number), state
        if state == "reconnecting" and before == "live":
            self._missed.setdefault(number, max(self.guard.last_of(self._share(number)), 0))
        worst = next(
            (
                state
                for state in ("reconnecting", "connecting", "live")
                if state in self._links.values()
            ),
            "closed",
        )
        self.guard.on_link(max(self._time.now(), 0), worst, reason)  # type: ignore[arg-type]

    def _skip(self, jump: Jump, block: Ticks | None) -> Gap:
        """Continue on new connections after time that the run did not live through.

        Frames waiting in the old ones may be as old as the jump is long, so they are dropped and
        counted.
        """
        now = self._time.now()
        if self._day is not None and self._day.is_another(now):
            raise ClockError(
                f"the day is over: {round(jump.ns / SECOND_NS)} s are missing, the machine was "
                "suspended or its clock was wrong; start again for the new day"
            )
        self.guard.clock_jumped(now, jump.ns, jump.cause)
        for number, state in self._links.items():
            if state == "live":
                self._missed.setdefault(number, now)
        self._sockets.renew("the clock jumped")
        frames = self._inbox.take_waiting()
        waiting = (block, self._decode(frames) if frames else None)
        self._refused["before_jump"] += sum(len(ticks) for ticks in waiting if ticks is not None)
        return Gap(ts=now, since=now - jump.ns)

    def _gaps(self, ts: int) -> list[Gap]:
        """Return the gaps that end with this block: those of links that are live again."""
        ended = [number for number in self._missed if self._links.get(max(number, 0)) == "live"]
        gaps = []
        for number in ended:
            since = self._missed.pop(number)
            whole = number < 0 or len(self._links) == 1
            symbols = (
                ()
                if whole
                else tuple(self.universe[index].tradingsymbol for index in self._share(number))
            )
            gaps.append(Gap(ts=ts, since=min(since or ts, ts), symbols=symbols))
        return gaps

    def _share(self, number: int) -> list[int]:
        """Return the subscribed instruments that come over one connection."""
        return [
            index
            for index in sorted(self._wanted)
            if self._sockets.socket_of(self.universe[index].instrument_token) == number
        ]


class _Day:
    """Follows when a day's last session is over, and what its expiring contracts settle at."""

    def __init__(self, universe: Universe, closes: Closes) -> None:
        self._universe = universe
        self._closes = closes
        self._date: dt.date | None = None
        self._last_close = 0
        self._end = 0

    def is_over(self, now: int) -> bool:
        """Return whether nothing more comes on the day that `now` is in."""
        date = ist_date(now)
        if date != self._date:
            self._date = date
            self._last_close = max(self._closes(date), default=0)
            expiring = any(instrument.expiry == date.isoformat() for instrument in self._universe)
            self._end = self._last_close + (SETTLE_AFTER_NS if expiring else 0)
        return now > self._end

    def is_another(self, now: int) -> bool:
        """Return whether `now` is on another date than the day followed so far."""
        return self._date is not None and ist_date(now) != self._date

    def settlements(self, guard: FeedGuard, spots: Mapping[str, int], now: int) -> list[Settlement]:
        """Return closing values for contracts that expire today, as the spots showed after the
        close.
        """
        assert self._date is not None
        date = self._date.isoformat()
        expiring = {instrument.name for instrument in self._universe if instrument.expiry == date}
        return [
            Settlement(ts=now, underlying=name, date=date, close_paise=ltp)
            for name, spot in sorted(spots.items())
            for ltp, ts in [guard.last_price(spot)]
            if name in expiring and ts >= self._last_close
        ]
