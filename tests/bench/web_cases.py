"""What other processes read of a run: the cost of offering it, and of reading it."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.journal.store import JournalStore
from daemon.market.rows import Rows
from daemon.quotes.reader import QuotesReader
from daemon.quotes.writer import QuotesMap
from daemon.web.sources.facts import Facts
from tests.bench.engine_cases import bracket_events
from tests.bench.system_cases import GROUP_EVENTS, META

INSTRUMENTS = 100
WRITTEN_ROWS = 100_000
TURNS = 10
START = 1_736_914_500_000_000_000


def quotes_map(size: int) -> dict[str, Any]:
    """Writing blocks of `size` rows with depth, all of other instruments while that is possible.

    The best of ten turns: other processes only ever add to it.
    """
    universe = Universe(
        Instrument(instrument_token=number + 1, tradingsymbol=f"S{number}")
        for number in range(INSTRUMENTS)
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "quotes.map"
        quotes = QuotesMap(path, universe, now=START)
        rows, blocks = _block(size), max(1, WRITTEN_ROWS // TURNS // size)
        quotes.write(rows)  # the pages are touched for the first time
        spent = min(_seconds(quotes, rows, blocks) for _ in range(TURNS))
        reader = QuotesReader(path)
        quote = reader.quote(int(rows.instrument[-1]))
        assert quote is not None
        assert quote.ltp == rows.ltp[-1]
        reader.close()
        quotes.close()
    return {"rows": blocks * size, "seconds": spent}


def _seconds(quotes: QuotesMap, rows: Rows, blocks: int) -> float:
    start = time.perf_counter()
    for _ in range(blocks):
        quotes.write(rows)
    return time.perf_counter() - start


def _block(size: int) -> Rows:
    draw = np.random.default_rng(size)
    column = draw.integers(10_000, 11_000, size)
    ts = START + np.arange(size)
    block = Ticks(
        ts=ts, exchange_ts=ts, instrument=(np.arange(size) % INSTRUMENTS).astype(np.int32),
        ltp=column, bid=column - 5, ask=column + 5, ltq=column, volume=np.arange(size), oi=column,
        depth=draw.integers(1, 10_000, (size, 10, 3)),
    )  # fmt: skip
    return Rows(block, 1)


def facts(count: int) -> dict[str, Any]:
    """All pages of a journal of `count` events, decoded and held against their chain."""
    events = bracket_events(count)[:count]
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "j"
        with JournalStore.create(directory, META) as store:
            for at in range(0, count, GROUP_EVENTS):
                group = events[at : at + GROUP_EVENTS]
                store.append(group, input_no=group[-1].input_no)
            del events
            followed = Facts(directory)
            start = time.perf_counter()
            followed.look()
            looked = time.perf_counter() - start
            pages, after = [], 0
            while True:
                start = time.perf_counter()
                page = followed.events(after)
                if not page:
                    break
                pages.append(time.perf_counter() - start)
                after = page[-1].seq
            followed.close()
    assert after == count, after
    spent = sorted(pages)
    return {
        "median_s": statistics.median(spent),
        "p99_s": spent[len(spent) * 99 // 100],
        "slowest_s": spent[-1],
        "look_s": looked,
        "seconds": sum(spent),
    }
