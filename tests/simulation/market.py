"""The simulator's market: an index, a future, options, and prices that walk."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any, Final

import numpy as np

from daemon.domain.dates import ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks

DAYS: Final = (dt.date(2026, 11, 17), dt.date(2026, 11, 18), dt.date(2026, 11, 19))
"""A Tuesday (NIFTY's expiry day) and the two trading days after it."""


def at_time(day: int, hour: int, minute: int, second: int = 0) -> int:
    """UTC ns of a time of the simulated days, IST."""
    return ist_ns(DAYS[day], dt.time(hour, minute, second))


class SimMarket:
    """Prices in paise, each a random walk on its tick; `rows` gives the next ticks."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        made = [
            Instrument(
                instrument_token=256265, tradingsymbol="NIFTY 50", exchange="NSE",
                segment="INDICES", name="NIFTY", instrument_type="INDEX",
            ),
            Instrument(
                instrument_token=3_000_001, tradingsymbol="NIFTY26NOVFUT", segment="NFO-FUT",
                name="NIFTY", instrument_type="FUT", lot_size=65, expiry="2026-11-24",
                tick_paise=10,
            ),
        ]  # fmt: skip
        prices = [2_500_000, 2_502_000]
        for number in range(draw.randint(1, 4)):
            expires = draw.random() < 0.4
            strike = 25_000 + 50 * number
            kind: Any = draw.choice(("CE", "PE"))
            made.append(
                Instrument(
                    instrument_token=4_000_001 + number,
                    tradingsymbol=f"NIFTY26N{17 if expires else 24}{strike}{kind}",
                    name="NIFTY", instrument_type=kind, lot_size=65, strike_paise=strike * 100,
                    expiry="2026-11-17" if expires else "2026-11-24",
                )
            )  # fmt: skip
            prices.append(draw.choice((500, 10_000, 20_000)))
        self.universe = Universe(made)
        self.prices = prices
        self.volumes = [0 for _ in made]
        self.has_depth = False
        """Whether rows show five thin levels a side; else the sockets show one of a lot."""

    def rows(self, now: int, count: int) -> Ticks:
        """The next `count` ticks, all received at `now`."""
        picked = [self.draw.randrange(len(self.prices)) for _ in range(count)]
        return self.of(picked, now)

    def of(self, picked: list[int], now: int) -> Ticks:
        """The next tick of each of the instruments (indices)."""
        draw = self.draw
        columns: list[tuple[int, int, int, int, int]] = []
        for at in picked:
            tick = self.universe[at].tick_paise
            steps = draw.choice((0, 1, 1, 2, 4)) if draw.random() < 0.97 else draw.randint(10, 80)
            scale = max(1, self.prices[at] // 20_000)
            moved = self.prices[at] + draw.choice((1, -1)) * steps * scale * tick
            self.prices[at] = ltp = max(moved, tick * draw.randint(1, 3))
            self.volumes[at] += draw.choice((0, 65, 650))
            bid = max(ltp - tick * draw.randint(0, 3), 0)
            columns.append((at, ltp, bid, ltp + tick * draw.randint(0, 3), self.volumes[at]))
        made = np.array(columns, dtype=np.int64).reshape(len(picked), 5)
        depth = None
        if self.has_depth:
            books = [self._book(at, bid, ask) for at, _, bid, ask, _ in columns]
            depth = np.array(books, dtype=np.int64).reshape(len(picked), 10, 3)
        lag = draw.choice((0, 300_000_000, 1_500_000_000))
        return Ticks(
            ts=np.full(len(picked), now, dtype=np.int64),
            instrument=made[:, 0].astype(np.int32),
            ltp=made[:, 1].copy(),
            exchange_ts=np.full(len(picked), now - lag, dtype=np.int64),
            bid=made[:, 2].copy(),
            ask=made[:, 3].copy(),
            volume=made[:, 4].copy(),
            depth=depth,
        )

    def _book(self, at: int, bid: int, ask: int) -> list[tuple[int, int, int]]:
        """Five bids and asks from the best on, of few lots; a side may be short, or absent."""
        draw, tick = self.draw, self.universe[at].tick_paise
        if self.universe[at].is_index:
            return [(0, 0, 0)] * 10
        book: list[tuple[int, int, int]] = []
        for best, sign in ((bid, -1), (ask, 1)):
            shown = draw.choice((5, 5, 3, 1, 1, 0))
            prices = [best + sign * tick * draw.randint(level, 2 * level) for level in range(5)]
            levels = [
                (draw.choice((65, 65, 65, 130)), price, 1) if price > 0 else (0, 0, 0)
                for price in sorted(set(prices), reverse=sign < 0)[:shown]
            ]
            book += levels + [(0, 0, 0)] * (5 - len(levels))
        return book
