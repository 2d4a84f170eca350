from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.dates import SECOND_NS, parse_ts
from daemon.domain.ticks import ABSENT, Ticks
from feeds.stream.quality import FLOOD_ROWS, DataQuality
from tests.unit.test_feeds_kit import block_of, cut

DAY = parse_ts("2025-10-08T10:00:00+05:30")


def observed(block: Ticks, rows: int = 10**6) -> dict[str, int]:
    quality = DataQuality()
    for piece in cut(block, rows):
        quality.observe(piece)
    return quality.counters()


def oracle(block: Ticks, flood: int) -> dict[str, int]:
    """The counters row by row, as their description says."""
    c = dict.fromkeys(observed(block.rows(0, 0)), 0)
    key: int | None = None
    last: dict[int, tuple[int, ...]] = {}
    top: dict[tuple[int, int], int] = {}
    seconds: dict[tuple[int, int], int] = {}
    for at in range(len(block)):
        code, ts = int(block.instrument[at]), int(block.ts[at])
        c["rows"] += 1
        before, key = key, ts if key is None else max(key, ts)
        day = (key + 19_800 * SECOND_NS) // (86_400 * SECOND_NS)
        since = key if before is None else before
        same_day = day == (since + 19_800 * SECOND_NS) // (86_400 * SECOND_NS)
        if same_day and key - since > 5 * SECOND_NS:
            c["stalls"] += 1
            c["longest_stall_s"] = max(c["longest_stall_s"], (key - since) // SECOND_NS)
        assert block.bid is not None
        assert block.ask is not None
        assert block.volume is not None
        bid, ask, volume = int(block.bid[at]), int(block.ask[at]), int(block.volume[at])
        c["one_sided_rows"] += (bid > 0) != (ask > 0)
        c["crossed_rows"] += bid > ask > 0
        if code < 0:
            continue
        row = (int(block.ltp[at]), bid, ask, volume)
        c["duplicate_rows"] += last.get(code) == row
        last[code] = row
        highest = top.get((code, day), -1)
        c["backward_volume_rows"] += 0 <= volume < highest
        top[code, day] = max(highest, volume)
        second = key // SECOND_NS
        seconds[second, code] = seconds.get((second, code), 0) + 1
    flooded = {cell: n for cell, n in seconds.items() if n >= flood}
    c["flood_rows"] = sum(flooded.values())
    c["flood_seconds"] = len({second for second, _ in flooded})
    return c


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 20), st.integers(-1, 2), st.integers(1, 2),
            st.sampled_from([ABSENT, 0, 99, 101]), st.sampled_from([ABSENT, -5, 100]),
            st.integers(-1, 3),
        ),
        min_size=1, max_size=60,
    ),
    st.integers(1, 70),
    st.sampled_from([SECOND_NS // 4, 4 * SECOND_NS, 7 * 3600 * SECOND_NS]),
)  # fmt: skip
def test_counters_are_those_of_counting_row_by_row_at_any_block_size(
    rows: list[tuple[int, ...]], size: int, step: int
) -> None:
    ts, code, ltp, bid, ask, volume = (
        np.array(each, dtype=np.int64) for each in zip(*rows, strict=True)
    )
    block = Ticks(
        ts=DAY + ts * step, instrument=code.astype(np.int32), ltp=ltp, bid=bid, ask=ask,
        volume=volume,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feeds.stream.quality.FLOOD_ROWS", 3)
        found = observed(block, size)
    assert found == oracle(block, 3)


def test_a_burst_in_one_second_is_a_flood() -> None:
    ts = [DAY] * FLOOD_ROWS + [DAY + SECOND_NS] * (FLOOD_ROWS - 1)
    for rows in (1, 7, 1000):
        counters = observed(block_of(ts), rows)
        assert (counters["flood_seconds"], counters["flood_rows"]) == (1, FLOOD_ROWS)


def test_many_instruments_are_counted_like_few() -> None:
    ts = [DAY + n * SECOND_NS // 2 for n in range(300) for _ in range(2)]
    few = observed(block_of(ts, code=[n % 2 for n in range(600)]))
    many = observed(block_of(ts, code=[n % 2 * 40_000 for n in range(600)]))
    assert few == many


def test_the_night_is_no_stall_and_candles_have_none() -> None:
    assert observed(block_of([DAY, DAY + 24 * 3600 * SECOND_NS]))["stalls"] == 0
    candles = block_of([DAY, DAY + 600 * SECOND_NS])
    candles.walk = np.array([1, 4], dtype=np.int8)
    counters = observed(candles)
    assert (counters["rows"], counters["stalls"]) == (2, 0)
