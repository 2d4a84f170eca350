"""Make the sample sessions that ship: `python -m feeds.make_sample [OUT [OUT_WITH_DEPTH]]`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from daemon.domain.dates import ist_ns
from daemon.domain.instrument import Instrument
from daemon.settings.config import SyntheticConfig
from feeds.files.native_writer import write_ticks
from feeds.synthetic import SyntheticMarket

SAMPLE: Final = Path("configs/sample_session.parquet")
CONFIG: Final = SyntheticConfig(
    seed=1, date="2026-11-18", spot=25_000.0, strikes_each_side=2, ticks_per_second=0.35
)
DEPTH_SAMPLE: Final = Path("configs/sample_depth.parquet")
DEPTH_CONFIG: Final = replace(CONFIG, seed=2, book="measured", ticks_per_second=0.265)
"""The same day and contracts, with five levels that behave as measured."""
_HOLIDAYS: Final = (dt.date(2026, 11, 24),)


def session(date: dt.date, instrument: Instrument) -> tuple[int, int] | None:
    """Return the hours of November 2026: derivatives to 15:40, the cash market to 15:15."""
    close = dt.time(15, 15) if instrument.is_index else dt.time(15, 40)
    if date.weekday() >= 5 or date in _HOLIDAYS:
        return None
    return ist_ns(date, dt.time(9, 15)), ist_ns(date, close)


def shift(expiry: dt.date) -> dt.date:
    """Return the trading day before an expiry that would be a holiday."""
    while expiry.weekday() >= 5 or expiry in _HOLIDAYS:
        expiry -= dt.timedelta(days=1)
    return expiry


def make_sample(out: Path) -> int:
    """Write the sample and return its number of rows."""
    market = SyntheticMarket(CONFIG, session=session, shift=shift)
    return write_ticks(out, market.universe, market.blocks())


def make_depth_sample(out: Path) -> int:
    """Write the sample with five levels and the day's figures; return its number of rows."""
    market = SyntheticMarket(DEPTH_CONFIG, session=session, shift=shift, depth=True)
    return write_ticks(out, market.universe, market.blocks(), depth=True, day=True)


def main() -> None:
    """Write to the paths on the command line, or to where the samples are kept."""
    paths = [Path(each) for each in sys.argv[1:]] or [SAMPLE, DEPTH_SAMPLE]
    for make, path in zip((make_sample, make_depth_sample), paths, strict=False):
        make(path)


if __name__ == "__main__":
    main()
