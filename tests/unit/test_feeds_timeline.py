"""Rows with everything else that happens between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import ist_ns, parse_ts
from daemon.domain.inputs import Clock, Settlement
from daemon.domain.ticks import Ticks
from feeds.stream.timeline import no_closes, timeline

Told = list[int | tuple[str, int]]


def block(*times: str) -> Ticks:
    ts = np.array([parse_ts(each) for each in times], dtype=np.int64)
    return Ticks(ts=ts, instrument=np.zeros(len(ts), np.int32), ltp=np.full(len(ts), 100, np.int64))


def closes(date: dt.date) -> Sequence[int]:
    """15:30 on every day, and an earlier close at 15:15."""
    return [ist_ns(date, dt.time(15, 15)), ist_ns(date, dt.time(15, 30))]


def told(items: object) -> Told:
    lines: Told = []
    for each in items:  # type: ignore[attr-defined]
        if isinstance(each, Ticks):
            lines.extend(each.ts.tolist())
        else:
            lines.append((type(each).__name__, each.ts))
    return lines


def test_a_day_that_is_followed_by_another_is_closed_before_it() -> None:
    rows = block("2026-11-18 15:29:00", "2026-11-19 09:15:00")
    assert told(timeline([rows], (), closes)) == [
        parse_ts("2026-11-18 15:29:00"),
        ("Clock", parse_ts("2026-11-18 15:30:00")),
        parse_ts("2026-11-19 09:15:00"),
    ]


def test_a_row_after_the_close_comes_after_the_clock() -> None:
    rows = block("2026-11-18 15:00:00", "2026-11-18 15:42:00")
    assert [each for each in told(timeline([rows], (), closes)) if isinstance(each, tuple)] == [
        ("Clock", parse_ts("2026-11-18 15:15:00")),
        ("Clock", parse_ts("2026-11-18 15:30:00")),
    ]


def test_the_end_of_a_recording_is_not_the_end_of_its_session() -> None:
    rows = block("2026-11-18 10:00:00", "2026-11-18 11:00:00")
    assert len(told(timeline([rows], (), closes))) == 2


def test_a_settlement_after_the_last_row_brings_the_closes_before_it() -> None:
    settled = Settlement(
        ts=parse_ts("2026-11-18 15:45:00"), underlying="X", date="2026-11-18", close_paise=1
    )
    lines = told(timeline([block("2026-11-18 10:00:00")], [settled], closes))
    assert [name for name, _ in (each for each in lines if isinstance(each, tuple))] == [
        "Clock", "Clock", "Settlement",
    ]  # fmt: skip


def test_without_a_calendar_only_the_rows_are_told() -> None:
    rows = block("2026-11-18 15:00:00", "2026-11-20 15:42:00")
    assert told(timeline([rows], (), no_closes)) == rows.ts.tolist()


@given(
    minutes=st.lists(st.integers(0, 5 * 1440), min_size=1, max_size=40),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=40),
)
def test_the_timeline_does_not_depend_on_the_blocks(minutes: list[int], sizes: list[int]) -> None:
    base = parse_ts("2026-11-18 09:00:00")
    ts = np.array(sorted(base + each * 60_000_000_000 for each in minutes), dtype=np.int64)
    whole = Ticks(
        ts=ts, instrument=np.zeros(len(ts), np.int32), ltp=np.full(len(ts), 100, np.int64)
    )
    parts, at = [], 0
    for size in [*sizes, len(ts)]:
        parts.append(whole.rows(at, min(at + size, len(ts))))
        at += size
    parts = [each for each in parts if len(each)]
    expected = told(timeline([whole], (), closes))
    assert told(timeline(parts, (), closes)) == expected
    times = [each[1] if isinstance(each, tuple) else each for each in expected]
    assert times == sorted(times)
    assert all(isinstance(each, tuple) for each in expected if each not in ts.tolist())


def test_clocks_are_clocks() -> None:
    rows = block("2026-11-18 15:29:00", "2026-11-19 09:15:00")
    assert Clock(ts=parse_ts("2026-11-18 15:30:00")) in list(timeline([rows], (), closes))
