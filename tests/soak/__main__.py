"""`make soak`: trading days on end; prints and keeps what they weigh.

`DAYS=5 OPENING=09:14` on a virtual clock, or `REAL_MINUTES=15`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loguru import logger

from tests.kit.figures import merge_figures
from tests.soak.days import OPENING, Soak, Weighed, trading_days

SLOPE_MAX: float = 1.0
WARM_UP_DAYS = 3
"""Of the compressed soak: until then each day reads one recording more than the one before
(`RECORDINGS_READ`), and memory that was asked for once is kept by the allocator."""
REAL_WARM_UP_PART = 0.25


def figures_of(weighed: Weighed, warm_up_h: float, seconds: float) -> dict[str, Any]:
    """The figures, and whether they are good."""
    slope = weighed.slope_mib_per_hour(warm_up_h)
    constant = all(weighed.is_constant(each, warm_up_h) for each in ("descriptors", "tasks"))
    between = {each.descriptors for each in weighed.between}
    return {
        "days": weighed.days,
        "session_hours": round(weighed.samples[-1].hours, 2),
        "events": weighed.events,
        "rows": weighed.rows,
        "rss_first_mib": round(weighed.samples[0].rss_mib, 1),
        "rss_last_mib": round(weighed.samples[-1].rss_mib, 1),
        "slope_mib_per_hour": round(slope, 3),
        "rss_between_days_mib": [round(each.rss_mib, 1) for each in weighed.between],
        "descriptors": weighed.spread("descriptors", warm_up_h),
        "descriptors_between_days": sorted(between),
        "tasks": weighed.spread("tasks", warm_up_h),
        "samples": len(weighed.after(warm_up_h)),
        "seconds": round(seconds, 1),
        "passed": slope <= SLOPE_MAX and constant and len(between) <= 1,
    }


def main() -> int:
    """0 if nothing grew."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--days", type=int, default=5)
    arguments.add_argument("--real-minutes", type=float, default=0.0)
    arguments.add_argument("--opening", type=dt.time.fromisoformat, default=OPENING)
    wanted = arguments.parse_args()
    if not wanted.real_minutes and wanted.days <= WARM_UP_DAYS:
        arguments.error(f"--days: expected more than the {WARM_UP_DAYS} of the warm-up")
    logger.remove()
    began = time.monotonic()
    with TemporaryDirectory(prefix="fno-soak-") as place:
        soak = Soak(Path(place))
        if wanted.real_minutes:
            [date] = trading_days(1)
            soak.real(date, 60 * wanted.real_minutes)
            warm_up_h = wanted.real_minutes / 60 * REAL_WARM_UP_PART
        else:
            for date in trading_days(wanted.days):
                soak.day(date, opening=wanted.opening)
                print(f"{date}: {soak.weighed.between[-1]}", flush=True)
            warm_up_h = soak.weighed.between[WARM_UP_DAYS - 1].hours
        figures = figures_of(soak.weighed, warm_up_h, time.monotonic() - began)
    print(figures)
    merge_figures("soak_real" if wanted.real_minutes else "soak", figures)
    return int(not figures["passed"])


if __name__ == "__main__":
    sys.exit(main())
