"""What the paper API tells of the past, read by the page's charts: each day is folded once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.domain.dates import ist_date
from daemon.runtime.recordings import recordings_of
from daemon.settings.config import Config
from daemon.web.site import Site

Minute = tuple[int, int, int, int, int, int, int]
"""Minute since midnight; open, high, low, close in paise; units traded; open interest."""
_DATE: Final = len("2026-11-18")


def minutes_of(site: Site, symbol: str, day: str) -> Iterator[Minute]:
    """Yield a date's minutes of a symbol, as far as they were recorded. Raises DaemonError."""
    bars = site.past.bars(day).symbols.get(symbol)
    if bars is None:
        return
    at, volumes = bars.minutes(), bars.volumes()
    prices = (bars.open[at], bars.high[at], bars.low[at], bars.close[at])
    columns = [each.tolist() for each in (at, *prices, volumes[at], bars.oi[at])]
    yield from zip(*columns, strict=True)


def days_of(site: Site, config: Config) -> set[str]:
    """Return the dates (ISO) that something was recorded on.

    Recordings are named by the machine's date; where the market has dates of its own, only the
    present one is known.
    """
    clock = site.follower.market.clock_ns
    present = {ist_date(clock).isoformat()} if clock else set()
    if config.feed.kite.clock == "exchange":
        return present
    return present | {path.stem[:_DATE] for path in recordings_of(site.watched.directory)}


def dumps_of(site: Site, config: Config) -> Path:
    """Return the directory of Kite's daily lists of instruments."""
    return Path(config.feed.kite.instruments_cache or site.watched.out / "instruments")
