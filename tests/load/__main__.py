"""`make load`: what a page in heavy use does to the exits of the daemon, and what it weighs.

Sessions in pairs, one with the page and one without, in turns; the first of a pair alternates.
With `--api` it is the paper API that is used, by programs without rates.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from functools import partial
from typing import Any, Final

from tests.kit.figures import merge_figures
from tests.load.paging import page_through
from tests.load.rounds import UNIT_NICE, Session, Use, trade, use_api, use_page

RSS_MAX_MB: Final = 150.0
PAGE_MAX_MS: Final = 50.0
P50_MAX: Final = (0.02, 50.0)
P99_MAX: Final = (0.05, 300.0)
"""How much later an exit may be: a part of what it takes without a page, or microseconds."""
STREAMS: Final = {"200": 32, "503": 18}
Pair = tuple[Session, Session]
"""Without and with page or API."""


def pairs_of(rounds: int, seconds: float, use: Use) -> list[Pair]:
    """Trade all sessions."""
    pairs = []
    for number in range(rounds):
        order = (False, True) if number % 2 == 0 else (True, False)
        found = {is_used: trade(number, seconds, use=use if is_used else None) for is_used in order}
        pairs.append((found[False], found[True]))
        print(f"round {number + 1}: without {found[False].exits}", flush=True)
        print(f"         with    {found[True].exits} {found[True].page}", flush=True)
    return pairs


def exits_of(pairs: list[Pair]) -> tuple[dict[str, Any], bool]:
    """Return how much later exits were, medians of the differences, and whether they may be."""
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
    figures["exits"] = sum(session.exits.number for pair in pairs for session in pair)
    figures["rss_peak_mb"] = max(with_it.page["rss_peak_mb"] for _, with_it in pairs)
    return figures, passed and figures["rss_peak_mb"] <= RSS_MAX_MB


def figures_of(pairs: list[Pair]) -> dict[str, Any]:
    """Return what a page in heavy use did, and whether it is little enough."""
    figures, passed = exits_of(pairs)
    pages = [with_page.page for _, with_page in pairs]
    figures["slowest_answer_ms"] = max(page["slowest_ms"] for page in pages)
    figures["streams"] = [page["streams"] for page in pages]
    figures["passed"] = passed and all(each == STREAMS for each in figures["streams"])
    return figures


def api_figures_of(pairs: list[Pair]) -> dict[str, Any]:
    """Return what programs did, and whether all were answered and it is little enough."""
    figures, passed = exits_of(pairs)
    used = [with_api.page for _, with_api in pairs]
    for kind in ("reads", "orders"):
        figures[kind] = [each[kind] for each in used]
    figures["answers"] = [each["answers"] for each in used]
    figures["cpu_s"] = [each["cpu_s"] for each in used]
    figures["not_sent"] = sum(each["not_sent"] for each in used)
    is_well = all(name.endswith(" 200") for each in used for name in each["answers"])
    figures["passed"] = passed and is_well and not figures["not_sent"]
    return figures


def page_and_history(rounds: int, seconds: float, events: int) -> dict[str, Any]:
    """Return the figures of a page, and of a long history asked for page by page."""
    paging = page_through(events)
    print(f"paging: {paging}", flush=True)
    figures = figures_of(pairs_of(rounds, seconds, use_page)) | {"paging": paging}
    figures["passed"] &= paging["slowest_ms"] <= PAGE_MAX_MS and paging["rss_peak_mb"] <= RSS_MAX_MB
    return figures


def main() -> int:
    """0 if everything was small enough."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=10)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--api", action="store_true", help="Programs instead of a page.")
    arguments.add_argument("--nice", type=int, default=UNIT_NICE, help="Of the API's process.")
    wanted = arguments.parse_args()
    load = os.getloadavg()
    if wanted.api:
        use = partial(use_api, nice=wanted.nice)
        figures = api_figures_of(pairs_of(wanted.rounds, wanted.seconds, use))
    else:
        figures = page_and_history(wanted.rounds, wanted.seconds, wanted.events)
    figures |= {"seconds": wanted.seconds, "load_before": load}
    print(figures)
    merge_figures("load_api" if wanted.api else "load", figures)
    return int(not figures["passed"])


if __name__ == "__main__":
    sys.exit(main())
