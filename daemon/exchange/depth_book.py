"""The order book of one instrument as the exchange shows it, and what we took of it.

Rules F1 to F3 of SEMANTICS, "The exchange". Our own order changes no displayed size, because the
market data were recorded without it. `taken` remembers the units that are gone for our next orders.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from daemon.domain.instrument import Instrument

LEVELS: Final = 5
UNKNOWN_SIZE: Final = 1 << 60
"""The size of the only level of a feed that sends bid and ask without quantities."""

Levels = tuple[tuple[int, int], ...]
"""(price in paise, displayed units), the best first."""


class ContractDay(msgspec.Struct, frozen=True):
    """What the exchange fixes for a contract on one date; 0 = no session, or not known."""

    opens: int = 0
    closes: int = 0
    freeze_quantity: int = 0
    low_band_paise: int = 0
    high_band_paise: int = 0
    date: str = ""
    """ISO date; refusals are in force from a date on."""


NO_DAY: Final = ContractDay()


class MarketTick(NamedTuple):
    """One tick of an instrument in its session. Paise, units, UTC ns.

    `bids` and `asks` None: the row has no depth, or one that was dropped because it crosses; it
    keeps the depth before it. Bid and ask are 0 where absent, `ltq` 0 and `volume` -1 where not
    known.
    """

    ts: int
    ltp: int
    ltq: int = 0
    volume: int = -1
    bids: Levels | None = None
    asks: Levels | None = None
    bid: int = 0
    ask: int = 0


class DepthBook:
    """The last tick of an instrument with its displayed levels, taken units and today's volume.

    `changes` counts the ticks that changed ltp or levels. `stirred`: the last one may fill or move
    something that rests.
    """

    __slots__ = (
        "_forgot", "asks", "best_changed", "bids", "budget", "changes", "day", "growth",
        "has_volume", "instrument", "lot", "ltp", "ltq", "old_row", "sized", "step", "stirred",
        "taken_asks", "taken_bids", "volume",
    )  # fmt: skip

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.lot = instrument.lot_size
        self.step = instrument.tick_paise
        self.day = NO_DAY
        self._forgot = False
        self.changes = 0
        self.taken_bids: dict[int, int] = {}
        self.taken_asks: dict[int, int] = {}
        self.start_day(NO_DAY)

    def start_day(self, day: ContractDay) -> None:
        """Begin a date: no quote, no volume, nothing taken."""
        self.day = day
        self.ltp = 0
        self.ltq = 0
        self.bids: Levels = ()
        self.asks: Levels = ()
        self.sized = False
        self.volume = -1
        self.has_volume = False
        self.growth = 0
        self.budget = 0
        self.old_row = False
        self.best_changed = False
        self.stirred = True
        self.forget_taken()

    def forget_taken(self) -> None:
        """Forget what was taken: after a gap, a silence, or a session (F2)."""
        self._forgot = True
        self.taken_bids.clear()
        self.taken_asks.clear()

    # one tick

    def take_tick(self, tick: MarketTick) -> None:
        """Take a tick: its growth first, then the levels and what is still taken of them."""
        self.has_volume = tick.volume >= 0
        self._take_volume(tick.volume)
        ltp_before, self.ltp, self.ltq = self.ltp, tick.ltp, tick.ltq
        changed = tick.ltp != ltp_before
        self.best_changed = False
        if not self.sized or tick.bids is not None:
            bids, asks = self._levels(tick)
            changed = changed or bids != self.bids or asks != self.asks
            self.best_changed = bids[:1] != self.bids[:1] or asks[:1] != self.asks[:1]
            if self.taken_bids:
                _shrink(self.taken_bids, self.bids, bids, tick.ltp, self.growth)
            if self.taken_asks:
                _shrink(self.taken_asks, self.asks, asks, tick.ltp, self.growth)
            self.bids, self.asks = bids, asks
        self.changes += changed
        is_blind = not self.has_volume and self.is_bare  # the last price is all the evidence
        self.stirred = changed or self.growth > 0 or self._forgot or is_blind
        self._forgot = self.old_row  # resting orders do not look at an old row: the next one counts

    def show(self, tick: MarketTick) -> None:
        """Take a tick after rows that were not looked at: it has no growth of its own."""
        self.take_tick(tick)
        self.growth = self.budget = 0

    def pass_volume(self, highest: int) -> None:
        """Take the highest cumulative volume of rows that were not looked at."""
        self.volume = max(self.volume, highest)

    def _take_volume(self, total: int) -> None:
        before = self.volume
        self.old_row = 0 <= total < before
        self.growth = total - before if total > before >= 0 else 0
        self.budget = self.growth
        self.volume = max(total, before)

    def _levels(self, tick: MarketTick) -> tuple[Levels, Levels]:
        if tick.bids is not None or tick.asks is not None:
            if not self.sized:
                self.sized = True
                self.bids = self.asks = ()  # a size that was not known is no size to compare with
            return tick.bids or (), tick.asks or ()
        return unsized_levels(tick)

    # what it shows to an order

    def opposite(self, is_buy: bool) -> Levels:
        """Return the levels that an order takes from."""
        return self.asks if is_buy else self.bids

    def own(self, is_buy: bool) -> Levels:
        """Return the levels that an order joins."""
        return self.bids if is_buy else self.asks

    def to_take(self, is_buy: bool) -> Levels:
        """Return the levels that an order takes from; without a book the last price is one."""
        return ((self.ltp, UNKNOWN_SIZE),) if self.is_bare else self.opposite(is_buy)

    def best_opposite(self, is_buy: bool) -> int:
        """Return the best price of the other side, 0 if it is absent."""
        levels = self.asks if is_buy else self.bids
        return levels[0][0] if levels else 0

    @property
    def is_bare(self) -> bool:
        """True if the last tick has neither a book nor a size, and there was never a depth."""
        return not self.sized and not self.bids and not self.asks

    @property
    def has_taken(self) -> bool:
        """True while units that we took are remembered."""
        return bool(self.taken_bids) or bool(self.taken_asks)

    def available(self, is_buy: bool, level: tuple[int, int]) -> int:
        """Return what is displayed at a level of the other side and not taken yet (F2)."""
        taken = self.taken_asks if is_buy else self.taken_bids
        return max(level[1] - taken.get(level[0], 0), 0) if taken else level[1]

    def take(self, is_buy: bool, price: int, quantity: int) -> None:
        """Remember units that our order took from the other side."""
        if not self.sized:
            return
        taken = self.taken_asks if is_buy else self.taken_bids
        taken[price] = taken.get(price, 0) + quantity

    def spend(self, quantity: int) -> None:
        """Take units from the growth that resting orders share (F3)."""
        self.budget -= quantity

    def displayed(self, is_buy: bool, price: int) -> int | None:
        """Return the displayed units at a price of the order's own side, None if not visible.

        0 where the price is better than the best, or between the levels, or the side is whole.
        """
        levels = self.bids if is_buy else self.asks
        for level, size in levels:
            if level == price:
                return size if self.sized else None
            if (level < price) if is_buy else (level > price):
                return 0
        return 0 if self.sized and len(levels) < LEVELS else None


def unsized_levels(tick: MarketTick) -> tuple[Levels, Levels]:
    """Return the levels of a tick without depth: its bid and ask, of a size that is not known."""
    bids = ((tick.bid, UNKNOWN_SIZE),) if tick.bid else ()
    asks = ((tick.ask, UNKNOWN_SIZE),) if tick.ask else ()
    return bids, asks


def _shrink(taken: dict[int, int], before: Levels, now: Levels, ltp: int, growth: int) -> None:
    """Let taken units return as the market trades or withdraws what was displayed (F2)."""
    shown = dict(now)
    for price in list(taken):
        size = shown.get(price, 0)
        if not size:
            del taken[price]
            continue
        left = taken[price]
        if growth and price == ltp and size >= dict(before).get(price, 0):
            left -= growth
        left = min(left, size)
        if left > 0:
            taken[price] = left
        else:
            del taken[price]
