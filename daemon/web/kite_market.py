"""What the paper API tells of the past, read by the page's charts: each day is folded once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.domain.dates import ist_date
from daemon.runtime.recordings import recordings_of
from daemon.settings.config import Config
from daemon.web.kite.historical import Candle
from daemon.web.kite.market_data import Recorded
from daemon.web.site import Site

_DATE: Final = len("2026-11-18")


def recorded_of(site: Site, config: Config) -> Recorded:
    """Return the account's recordings as the API reads them, with the site's own charts."""
    watched, kite = site.watched, config.feed.kite

    def minutes_of(symbol: str, day: str) -> Iterator[Candle]:
        bars = site.past.bars(day).symbols.get(symbol)
        if bars is None:
            return
        at, volumes = bars.minutes(), bars.volumes()
        columns = (at, bars.open[at], bars.high[at], bars.low[at], bars.close[at], volumes[at])
        for row in zip(*(each.tolist() for each in (*columns, bars.oi[at])), strict=True):
            yield Candle(*row)

    def days_of() -> set[str]:
        clock = site.follower.market.clock_ns
        present = {ist_date(clock).isoformat()} if clock else set()
        if kite.clock == "exchange":  # recordings are named by another day than the market's
            return present
        return present | {path.stem[:_DATE] for path in recordings_of(watched.directory)}

    dumps = Path(kite.instruments_cache or watched.out / "instruments")
    return Recorded(dumps, minutes_of, days_of)
