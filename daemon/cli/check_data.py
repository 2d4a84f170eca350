"""Warnings about the files of a replay, from the first and the last thousand rows of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from daemon.cli.data_notes import lost_book_texts, refused_texts, time_text
from daemon.domain.dates import DAY_NS, MINUTE_NS, parse_timeframe, parse_ts
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import PAISE_PER_RUPEE, rupees_text
from daemon.domain.ticks import Ticks
from daemon.errors import DaemonError
from daemon.market.intake import Intake
from daemon.market.refused_rows import NEAR_NS, SHIFTS
from daemon.market.schedule import Schedule
from daemon.report.text import count
from daemon.runtime.build import Parts
from daemon.settings.config import ReplayFile
from feeds.files.edges import Edges

ROWS: Final = 1_000
_FEW: Final = 0.6
_NEARLY_ALL: Final = 0.95
_SLOW_S: Final = 2
_ENOUGH: Final = 20
"""This many different prices, or candles, must agree before their unit or spacing is doubted."""
_BYTES_A_SECOND: Final = {"plain": 30_000_000, "gzip": 5_000_000}
"""How fast text is read through: measured on one core of a small machine, 600,000 rows a second."""


def slow_files(paths: Sequence[Path]) -> Iterator[str]:
    """Name each text file that takes long to read through, and about how long."""
    for path in paths:
        name = path.name.lower()
        if not path.is_file() or name.endswith((".parquet", ".pq")):
            continue
        size = path.stat().st_size
        seconds = size / _BYTES_A_SECOND["gzip" if name.endswith(".gz") else "plain"]
        if seconds >= _SLOW_S:
            yield (
                f"{path}: reading {count(size // 1_000_000)} MB to the end, which takes about "
                f"{round(seconds)} s"
            )


def file_warnings(parts: Parts, edges: Edges) -> Iterator[str]:
    """Say what is odd in the ends of one file."""
    where = edges.file.path
    if edges.error:
        yield f"the run will end where the file can no longer be read: {edges.error}"
    blocks = edges.blocks()
    if not blocks:
        if not edges.error:
            yield f"{where}: has no rows"
        return
    outside_span = _outside_the_span(parts, edges)
    if outside_span:
        yield f"{where}: {outside_span}"
        return
    zone = _zone(parts, blocks)
    if zone:
        yield f"{where}: {zone}"
    taken = _taken(parts, blocks)
    for text in (*refused_texts(taken, parts.feed.universe), *lost_book_texts(taken)):
        yield f"{where}: at its ends {text}"
    for text in _odd_scales(parts.feed.universe, edges):
        yield f"{where}: {text}"
    unknown = _unknown_symbols(parts.feed.universe, edges)
    if unknown:
        yield f"{where}: {unknown}"


def span_of(edges: Sequence[Edges]) -> tuple[int, int] | None:
    """Return the first and the last time of all files, UTC ns; None without rows."""
    blocks = [block for edge in edges for block in edge.blocks()]
    if not blocks:
        return None
    return min(int(block.ts.min()) for block in blocks), max(
        int(block.ts.max()) for block in blocks
    )


def _outside_the_span(parts: Parts, edges: Edges) -> str:
    """Tell of a file of which nothing lies between `start` and `end`."""
    replay = parts.config.feed.replay
    found = span_of([edges])
    assert found is not None
    first, last = found
    start = parse_ts(replay.start) if replay.start else 0
    end = parse_ts(replay.end) if replay.end else 1 << 62
    if len(replay.end) == len("2026-01-01"):
        end += DAY_NS
    if last >= start and first < end:
        return ""
    named = {"start": replay.start, "end": replay.end}
    wanted = " and ".join(f"{name} {text}" for name, text in named.items() if text)
    return f"has rows from {time_text(first)} to {time_text(last)}, none of them fits {wanted}"


def _zone(parts: Parts, blocks: Sequence[Ticks]) -> str:
    """Tell of times that are outside the session, and would be inside 5:30 later or earlier."""
    schedule = Schedule(parts.rules, parts.feed.universe)
    if _share_inside(schedule, blocks, 0) >= _FEW:
        return ""
    first = int(blocks[0].ts[0])
    for shift in SHIFTS:
        if _share_inside(schedule, blocks, shift) >= _NEARLY_ALL:
            if shift > 0:
                kind, todo = "UTC", "set `zone: UTC` for the file"
            else:
                kind = "Indian ones that were stored as UTC"
                todo = "set `epoch_zone: Asia/Kolkata` for the file"
            return (
                f"most rows are outside their session (the first at {time_text(first)}), and 5:30 "
                f"{'later' if shift > 0 else 'earlier'} they would be inside: the times look like "
                f"{kind}; {todo}"
            )
    if _share_inside(schedule, blocks, 0) == 0:
        return (
            f"no row is inside its session (the first at {time_text(first)}): nothing of it is "
            "traded; check the times and the dates"
        )
    return ""


def _share_inside(schedule: Schedule, blocks: Sequence[Ticks], shift: int) -> float:
    """Return the share of the rows that are in their session or near it, moved by `shift` ns."""
    inside = rows = 0
    for block in blocks:
        known = block.take(block.instrument >= 0)
        ts = known.ts + shift
        rows += len(known)
        days = (ts + SHIFTS[0]) // DAY_NS
        for day in sorted(set(days.tolist())):
            here = days == day
            sessions = schedule.day(dt.date(1970, 1, 1) + dt.timedelta(days=day))
            opens = sessions.opens[known.instrument[here]]
            closes = sessions.closes[known.instrument[here]]
            near = (ts[here] >= opens - NEAR_NS) & (ts[here] < closes + NEAR_NS) & (closes > 0)
            inside += int(near.sum())
    return inside / rows if rows else 1.0


def _taken(parts: Parts, blocks: Sequence[Ticks]) -> Intake:
    """Return an intake that has judged these rows as the engine's will."""
    universe, execution = parts.feed.universe, parts.config.execution
    intake = Intake(
        Schedule(parts.rules, universe),
        len(universe),
        stale_after_ns=execution.stale_after_ns,
        grace_ns=0,
    )
    now = -1
    for block in blocks:
        for rows in intake.accept(block, first_input_no=1, now=now, feed_last=-1):
            now = int(rows.ts[-1])
    return intake


def _odd_scales(universe: Universe, edges: Edges) -> Iterator[str]:
    """Tell of prices that look like paise, and of candles further apart than `timeframe`.

    The first instrument that shows it stands for the file.
    """
    blocks = edges.blocks()
    found = {at for block in blocks for at in block.instrument.tolist() if at >= 0}
    own = {at: [block.take(block.instrument == at) for block in blocks] for at in sorted(found)}
    in_paise = (_in_paise(universe[at], rows) for at, rows in own.items())
    apart = (_apart(universe[at], rows, edges.file) for at, rows in own.items())
    for texts in (in_paise, apart):
        if text := next(filter(None, texts), ""):
            yield text


def _in_paise(instrument: Instrument, rows: Sequence[Ticks]) -> str:
    unit = PAISE_PER_RUPEE * instrument.tick_paise
    prices = {price for row in rows for price in row.ltp.tolist()}
    if len(prices) < _ENOUGH or min(prices) <= 0 or any(price % unit for price in prices):
        return ""
    return (
        f"every price of {instrument.tradingsymbol} is a multiple of {rupees_text(unit)}, a "
        "hundred times its price step: if they are in paise, divide them by 100 (prices are in "
        "rupees)"
    )


def _apart(instrument: Instrument, rows: Sequence[Ticks], file: ReplayFile) -> str:
    length = parse_timeframe(file.timeframe)
    if file.kind != "candles" or length % MINUTE_NS or length >= DAY_NS:
        return ""
    bars = sorted({ts // length for row in rows for ts in row.ts.tolist()})
    apart = min(b - a for a, b in pairwise(bars)) if len(bars) >= _ENOUGH else 1
    if apart == 1:
        return ""
    minutes = apart * length // MINUTE_NS
    return (
        f"no two candles of {instrument.tradingsymbol} are less than {minutes} minutes apart, and "
        f"`timeframe` is {file.timeframe}: set `timeframe: {minutes}m` for the file if that is "
        "what they are"
    )


def _unknown_symbols(universe: Universe, edges: Edges) -> str:
    """Tell of a name in the file that differs from the universe's in case only."""
    if not any((block.instrument < 0).any() for block in edges.blocks()):
        return ""
    ours = {instrument.tradingsymbol.upper(): instrument.tradingsymbol for instrument in universe}
    try:
        named = edges.source.named()
    except DaemonError:
        return ""
    for row in named:
        theirs = row.tradingsymbol
        mine = ours.get(theirs.strip().upper())
        if universe.index_of(theirs) is None and mine is not None:
            return f"names {theirs!r}, the universe has {mine!r}: the case must be the same"
    return ""
