"""The page of a sweep as one file that needs nothing else, with the report's look and rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.files.replace import replace_file
from daemon.lab.page import heat, periods, tables, top, walk
from daemon.lab.page.judged import Judged, judge
from daemon.lab.page.model import Sweep
from daemon.report.curve_data import packed
from daemon.report.document import document
from daemon.report.html import NO_SCRIPT
from daemon.report.model import Point

ASSETS: Final = Path(__file__).parent / "assets"
DATA_VERSION: Final = 1
"""Of the block of data that the page's script reads."""
_CLOSE: Final = dt.time(15, 30)


def write_page(out: Path, sweep: Sweep) -> Path:
    """Write the page to `out` in one step and return its path. Raises OSError."""
    replace_file(out, render_page(sweep).encode("utf-8", "replace"))
    return out


def render_page(sweep: Sweep) -> str:
    """Return the page as text: the same sweep, the same text."""
    judged = judge(sweep)
    curves = _curves(judged)
    body = [
        top.header(judged),
        top.tiles(judged),
        top.trust_box(judged),
        heat.map_card(judged),
        _curve_card(curves),
        walk.walk_card(judged),
        periods.periods_card(judged),
        tables.variants_card(judged),
        tables.profiles_card(judged),
        tables.failed_card(judged),
        "<footer>Paper trading: no order was sent to an exchange. Amounts are rupees, net of "
        "charges unless they are called gross. A number without a meaning is a dash. docs/LAB.md "
        "defines each.</footer>",
    ]
    block = {"version": DATA_VERSION, "curves": curves}
    style, script = (
        (ASSETS / name).read_text(encoding="utf-8") for name in ("sweep.css", "sweep.js")
    )
    return document(f"{sweep.name}: sweep report", "".join(body), block, style=style, script=script)


def _curve_card(curves: Mapping[str, Sequence[int]]) -> str:
    if not curves:
        return ""
    return (
        '<section class="card"><h2>Net P&amp;L by session</h2><div class="slot" id="equity" '
        f'data-line="Closes of each session, rupees."></div>{NO_SCRIPT}</section>'
    )


def _curves(judged: Judged) -> dict[str, list[int]]:
    """Return the closes of the best, of the best by neighbours, and of the joined tests, packed."""
    found: dict[str, list[int]] = {}
    for name, at in (("best", judged.best), ("steadiest", judged.best_by_neighbours)):
        if at is not None and (name == "best" or at != judged.best):
            found[name] = _closes(judged.variants[at].days)
    walked = judged.out_of_sample
    if walked is not None:
        dates = [date for window in walked.windows for date in judged.dates[slice(*window.test)]]
        found["walk forward"] = _closes(dict(zip(dates, walked.changes_paise, strict=True)))
    return found if len(judged.dates) > 1 else {}


def _closes(days: Mapping[dt.date, int]) -> list[int]:
    dates = sorted(days)
    points: list[Point] = [
        (ist_ns(date, _CLOSE), net)
        for date, net in zip(dates, accumulate(days[date] for date in dates), strict=True)
    ]
    assert all(ts % SECOND_NS == 0 for ts, _ in points)
    return packed(points)
