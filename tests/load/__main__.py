"""`make load`: what a page in heavy use does to the exits of the daemon, and what it weighs.

Sessions in pairs, one with the page and one without, in turns; the first of a pair alternates.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from typing import Any, Final

from tests.kit.figures import merge_figures
from tests.load.paging import page_through
from tests.load.rounds import Session, trade

RSS_MAX_MB: Final = 150.0
PAGE_MAX_MS: Final = 50.0
P50_MAX: Final = (0.02, 50.0)
P99_MAX: Final = (0.05, 300.0)
"""How much later an exit may be: a part of what it takes without a page, or microseconds."""
STREAMS: Final = {"200": 32, "503": 18}
Pair = tuple[Session, Session]
"""Without and with the page."""


def pairs_of(rounds: int, seconds: float) -> list[Pair]:
    """Trade all sessions."""
    pairs = []
    for number in range(rounds):
        order = (False, True) if number % 2 == 0 else (True, False)
        found = {with_page: trade(number, seconds, with_page=with_page) for with_page in order}
        pairs.append((found[False], found[True]))
        print(f"round {number + 1}: without {found[False].exits}", flush=True)
        print(f"         with    {found[True].exits} {found[True].page}", flush=True)
    return pairs


def figures_of(pairs: list[Pair]) -> dict[str, Any]:
    """Return medians of the differences, and whether they are small enough."""
    figures: dict[str, Any] = {"rounds": len(pairs)}
    passed = True
    for name, (part, least_us) in (("p50_us", P50_MAX), ("p99_us", P99_MAX)):
        before = [getattr(without.exits, name) for without, _ in pairs]
        later = [getattr(b.exits, name) - getattr(a.exits, name) for a, b in pairs]
        known, more = statistics.median(before), statistics.median(later)
        allowed = max(part * known, least_us)
        figures[name] = {
            "without": round(known, 1), "later": round(more, 1), "allowed": round(allowed, 1),
            "differences": [round(each, 1) for each in later],
        }  # fmt: skip
        passed &= more <= allowed
    pages = [with_page.page for _, with_page in pairs]
    figures["exits"] = sum(session.exits.number for pair in pairs for session in pair)
    figures["rss_peak_mb"] = max(page["rss_peak_mb"] for page in pages)
    figures["slowest_answer_ms"] = max(page["slowest_ms"] for page in pages)
    figures["streams"] = [page["streams"] for page in pages]
    light = figures["rss_peak_mb"] <= RSS_MAX_MB
    figures["passed"] = passed and light and all(each == STREAMS for each in figures["streams"])
    return figures


def main() -> int:
    """0 if everything was small enough."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=10)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--events", type=int, default=1_000_000)
    wanted = arguments.parse_args()
    load = os.getloadavg()
    paging = page_through(wanted.events)
    print(f"paging: {paging}", flush=True)
    figures = figures_of(pairs_of(wanted.rounds, wanted.seconds))
    figures |= {"paging": paging, "seconds": wanted.seconds, "load_before": load}
    figures["passed"] &= paging["slowest_ms"] <= PAGE_MAX_MS and paging["rss_peak_mb"] <= RSS_MAX_MB
    print(figures)
    merge_figures("load", figures)
    return int(not figures["passed"])


if __name__ == "__main__":
    sys.exit(main())
