"""What is kept of a recording around orders answers as the whole recording does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from daemon.domain.ticks import Int64s
from daemon.lab.calibrate.quotes import QuoteColumns, Silences
from daemon.lab.calibrate.recorded import Gatherer, Recorded, merged_spans
from daemon.market.schedule import Schedule
from daemon.rules import load_rulebook
from daemon.runtime.build import sessions_of
from feeds.replay import Recording
from tests.lab.calibrate.kit import replay_of
from tests.lab.calibrate.made_up_books import SECOND, Terms, made_up_book

RULES = load_rulebook()


def gathered(path: Path, spans: list[tuple[int, int]], block_rows: int = 65_536) -> Recorded:
    replay = replace(replay_of(path).feed.replay, block_rows=block_rows)
    recording = Recording(replay, contracts=RULES, session=sessions_of(RULES), depth=True)
    schedule = Schedule(RULES, recording.universe)
    gatherer = Gatherer(recording.universe, schedule, {0: spans}, stale_after_ns=5 * SECOND)
    return gatherer.take(recording)


@pytest.mark.parametrize("block_rows", [97, 65_536])
def test_quotes_around_moments_are_those_of_the_whole_recording(
    block_rows: int, tmp_path: Path
) -> None:
    book = made_up_book(Terms(9, days=2, minutes=4))
    path = book.write(tmp_path)[0]
    draw = random.Random(9)
    moments = np.array([row.ts + draw.randint(0, SECOND) for row in draw.sample(book.rows, 20)])
    spans = merged_spans((int(at) - 2 * SECOND, int(at) + 2 * SECOND) for at in moments)
    whole = gathered(path, [(0, 1 << 62)])
    some = gathered(path, spans, block_rows)
    assert len(some.quotes[0].ts) < len(whole.quotes[0].ts) == len(book.rows)
    for shift in (-2 * SECOND, 0, 2 * SECOND):
        for wanted, kept in zip(
            seen_at(whole.quotes[0], moments + shift), seen_at(some.quotes[0], moments + shift),
            strict=True,
        ):  # fmt: skip
            assert np.array_equal(wanted, kept)


def seen_at(quotes: QuoteColumns, moments: Int64s) -> Iterator[Int64s]:
    """Yield what the rows in force at these moments, and the next ones, show."""
    later = np.minimum(quotes.next_from(moments), len(quotes.ts) - 1)
    for rows in (quotes.last_at(moments), later):
        yield from (quotes.ts[rows], quotes.ltp[rows], quotes.bid[rows], quotes.ask[rows])


def test_a_silence_of_the_recording_is_known_to_its_row(tmp_path: Path) -> None:
    book = made_up_book(Terms(9, days=2, minutes=4))
    recorded = gathered(book.write(tmp_path)[0], [(0, 1 << 62)])
    first_day = [row.ts for row in book.rows if row.ts < book.rows[0].ts + 3_600 * SECOND]
    assert recorded.silences.starts.tolist() == [first_day[-1], book.rows[-1].ts]
    assert recorded.dates == {"2026-10-05", "2026-10-06"}


def test_a_quote_before_a_silence_is_believed_until_it_is_too_long() -> None:
    silences = Silences(
        starts=np.array([100 * SECOND, 500 * SECOND]), ends=np.array([110 * SECOND, 1 << 62]),
        stale_after_ns=5 * SECOND,
    )  # fmt: skip
    rows = np.array([99, 99, 99, 110, 500, 500]) * SECOND
    moments = np.array([105, 106, 120, 120, 505, 506]) * SECOND
    assert silences.between(rows, moments).tolist() == [False, True, True, False, False, True]


def test_spans_that_touch_are_one() -> None:
    assert merged_spans([(5, 9), (1, 3), (3, 4), (20, 30), (8, 10)]) == [(1, 4), (5, 10), (20, 30)]
